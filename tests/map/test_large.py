"""A map in floats says what the map in fractions says: a small system, alone and in a crowd."""

import random

import pytest

import looprisk as lr
from looprisk.engine.backing import EXACT_PARTIES
from looprisk.results.map_json import common_json, exposure_json, map_json

FIRMS, MARKETS = 12, 3


def parts(seed):
    """Firms that hold, lend and pledge each other's claims, with loans and numbers unknown."""
    dice = random.Random(seed)
    assets = {
        "ETH": {"price": "$3_000", "depends_on": {"custodian": "acme"}},
        "USDC": {"price": "$1", "depends_on": {"custodian": "acme"}},
        "OLD": {"price": "$2"},
    }
    markets = {
        f"M{m}": {
            "rules": "morpho-blue",
            "lends": {"USDC": {"cash": dice.randint(500, 900)}},
            "collateral": {
                "ETH": {"lltv": "80%", "oracle": "market"},
                f"t{m}": {"lltv": "70%", "oracle": "market"},
            },
            **({"insurance": "$50"} if m else {}),
        }
        for m in range(MARKETS)
    }
    issuers = {}
    for i in range(FIRMS):
        others = [j for j in range(FIRMS) if j != i]
        owns = {f"t{j}": dice.choice([5, "3%", "7%"]) for j in dice.sample(others, 3)}
        owns[dice.choice(["ETH", "USDC", "OLD"])] = dice.randint(1, 9)
        if dice.random() < 0.4:
            owns[f"M{dice.randrange(MARKETS)}"] = "4%"
        token = {"kind": "share", "supply": 100}
        if i % 3 == 0:
            token = {"kind": "par", "par": "$1", "supply": 100}
        elif i % 3 == 1:
            token["book_price"] = "$2"
        cash = "unknown" if seed % 2 and i == 4 else f"${dice.randint(0, 500)}"
        issuers[f"I{i}"] = {
            "label": f"Firm {i}" if i % 4 == 0 else f"I{i}",
            "outside": {"cash": cash},
            "owns": owns,
            "owes": {
                "outside": f"${dice.randint(1, 60)}",
                "loan": {"to": f"I{dice.choice(others)}", "amount": "$9"},
            },
            "pays": ["debts", f"t{i}"],
            "issues": {f"t{i}": token},
        }
    positions = {
        f"P{p}": {
            "market": f"M{p % MARKETS}",
            "collateral": {"ETH": 1, f"t{p % MARKETS}": 2},
            "debt": {"USDC": dice.randint(1, 90)},
            **({"owner": f"I{FIRMS - 1 - p}"} if p % 2 else {}),
        }
        for p in range(5)
    }
    return {"assets": assets, "issuers": issuers, "markets": markets, "positions": positions}


def crowd():
    """Vaults that hold nothing of the others."""
    return {
        f"crowd{i}": {
            "outside": {"cash": "$1"},
            "issues": {f"c{i}": {"kind": "share", "supply": 1}},
        }
        for i in range(EXACT_PARTIES)
    }


def name(row):
    """Return what tells a row of a document from the others."""
    if not isinstance(row, dict):
        return str(row)
    keys = ("id", "names", "way", "kind", "value", "closes", "number", "says")
    return str([row.get(key) for key in keys])


def same(small, large):
    """Compare two documents of JSON, floats up to rounding."""
    if isinstance(small, dict):
        assert list(small) == list(large)
        for key in small:
            same(small[key], large[key])
    elif isinstance(small, list):
        # rows of equal size stand in the order of their last digits
        assert len(small) == len(large)
        for a, b in zip(sorted(small, key=name), sorted(large, key=name), strict=True):
            same(a, b)
    elif isinstance(small, float):
        assert large == pytest.approx(small, rel=1e-9, abs=1e-9)
    else:
        assert small == large


@pytest.mark.parametrize("seed", range(2))
def test_floats_say_what_fractions_say(seed):
    small = parts(seed)
    alone = lr.System(**small)
    crowded = lr.System(**small | {"issuers": small["issuers"] | crowd()})
    whole, much = map_json(lr.exposure(alone)), map_json(lr.exposure(crowded))
    far = ("crowd", "c")
    same(whole["loops"], much["loops"])
    same(whole["backing"], [row for row in much["backing"] if not row["id"].startswith(far)])

    def named(rows):
        return {(row["claim"], row["holder"]): row for row in rows}

    held, met = named(whole["holdings"]), named(much["holdings"])
    assert held.keys() <= met.keys()
    for key, row in held.items():
        same(row, met[key])
    for of in ("t0", "I5", "P1", "ETH"):
        same(exposure_json(lr.exposure(alone, of)), exposure_json(lr.exposure(crowded, of)))
        same(common_json(lr.common(alone, of)), common_json(lr.common(crowded, of)))
