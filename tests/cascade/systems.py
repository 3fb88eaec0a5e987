"""Random systems in time that between them use every feature, and prices that break them."""

import random

from looprisk.model import Scenario, System
from tests.cascade import strikes
from tests.cascade.measured import more

ISOLATED = ("morpho-blue", "silo-v2", "abracadabra", "isolated", "euler-v2")
POOLED = ("aave-v2", "aave-v3", "aave-v3.3", "compound-v2", "pooled")
CURVES = ("exponential", "exponential", "linear", "square_root", "constant_product")
CONVENTIONS = ("hyperliquid", "binance", "bybit")


def usd(amount):
    return f"${amount:.6f}"


def percent(share):
    return f"{100 * share:.6f}%"


def random_case(seed, paths=6):
    """Return a system and several scenarios in it: the same stages, other prices."""
    draw = random.Random(seed)
    parts = {
        "as_of": "2025-10-01",
        "assets": _assets(draw),
        "oracles": _oracles(draw),
        "markets": _markets(draw),
        "venues": _venues(draw),
        "issuers": {},
        "positions": {},
        "liquidity": _liquidity(draw),
    }
    _accounts(draw, parts)
    _legs(draw, parts)
    _unlisted(draw, parts)
    _issuers(draw, parts)
    if "market_price" not in parts["issuers"]["Q"]["issues"]["Q"]:
        parts["liquidity"].pop("Q-pool", None)
    step = draw.choice((30, 3_600, 21_600, 86_400))
    steps = draw.randint(8, 14)
    stages = strikes.stages(draw, parts, step, steps)
    if seed % 4 == 1:
        stages += more(random.Random(seed), parts, step, steps)
    system = System(**parts)
    return system, [_scenario(draw, parts, stages, step, steps) for _ in range(paths)]


def _assets(draw):
    return {
        "USD": {"price": "$1"},
        "X": {"price": "$100"},
        "Y": {"price": draw.choice(("$20", "0.2 X"))},
        "W": {"price": "$50"},
    }


def _timing(draw):
    return {
        key: value
        for key, value, chance in (
            ("lag", draw.choice(("30s", "1h", "2d")), 0.4),
            ("heartbeat", draw.choice(("1h", "2d")), 0.3),
            ("deviation", draw.choice(("0.5%", "3%")), 0.3),
            ("window", draw.choice(("90s", "5h", "3d")), 0.2),
        )
        if draw.random() < chance
    }


def _oracles(draw):
    return {
        "slow": {"kind": "market", **_timing(draw)},
        "flat": {"kind": "fixed", "price": "$1"},
        "lid": {"kind": "capped", "cap": "$101", "base": draw.choice(("slow", "market", "nav"))},
        "mean": {"kind": "twap", "window": draw.choice(("2h", "90s", "2d")), "base": "market"},
        "pt": {"kind": "pt_discount", "discount": "8%/y", "matures": "2025-10-09", "of": "D"},
    }


def _terms(draw, oracle, *, absorbs=False):
    lltv = draw.choice((0.75, 0.8, 0.86, 0.9))
    terms = {"lltv": percent(lltv), "oracle": oracle}
    if absorbs:
        return {**terms, "liquidation_factor": "93%", "storefront": "60%"}
    return {**terms, "incentive": percent(draw.uniform(0.02, 0.95 * (1 / lltv - 1)))}


def _rate(draw):
    if draw.random() < 0.4:
        return {"kind": "adaptive", "base": draw.choice(("4%/y", "8%/y"))}
    return {"kind": "kinked", "base": "1%/y", "slope_1": "5%/y", "slope_2": "90%/y", "kink": "80%"}


def _market(draw, rules, lends, collateral):
    absorbs = rules in {"compound-v3", "absorbing"}
    market = {
        "rules": rules,
        "liquidators": draw.choice(("when_paid", "when_paid", "when_paid", "always")),
        "lends": {
            token: {"cash": cash, **({"rate": _rate(draw)} if draw.random() < 0.7 else {})}
            for token, cash in lends.items()
        },
        "collateral": {
            c: _terms(draw, oracle, absorbs=absorbs) for c, oracle in collateral.items()
        },
    }
    if draw.random() < 0.4:
        market["gas"] = usd(draw.choice((5, 80)))
    if draw.random() < 0.4:
        for lending in market["lends"].values():
            lending["insurance"] = usd(draw.choice((50, 2_000)))
    if rules == "isolated":
        market |= {"realises": draw.random() < 0.5, "close_factor": draw.choice(("100%", "40%"))}
    if rules == "pooled":
        market |= {"realises": draw.random() < 0.5, "close_factor": "60%"}
    if rules == "euler-v2":
        market["max_discount"] = "12%"
        for terms in market["collateral"].values():
            del terms["incentive"]
    if rules == "morpho-blue" and draw.random() < 0.5:
        for terms in market["collateral"].values():
            del terms["incentive"]
    return market


def _markets(draw):
    own = draw.choice(("slow", "market", "lid", "mean"))
    vault = draw.choice(("nav", "market", "flat"))
    markets = {
        "iso": _market(draw, draw.choice(ISOLATED), {"USD": 9_000}, {"X": own}),
        "pool": _market(
            draw,
            draw.choice(POOLED),
            {"USD": 12_000, "W": 150},
            {"X": "slow", "Y": "market", "V": vault, "iso": "market"},
        ),
        "comet": _market(
            draw, draw.choice(("compound-v3", "absorbing")), {"USD": 8_000}, {"X": own, "Y": "slow"}
        ),
        "notes": _market(
            draw,
            draw.choice(ISOLATED[:4]),
            {"USD": 6_000},
            {"Q": draw.choice(("market", "nav", "lid")), "D": draw.choice(("pt", "market", "nav"))},
        ),
    }
    strong = {**_terms(draw, "market"), "lltv": "93%", "incentive": "2%"}
    markets["pool"]["e_modes"] = {"near": {"borrows": ["USD"], "collateral": {"Y": strong}}}
    if draw.random() < 0.25:
        lent = _market(draw, draw.choice(("isolated", "aave-v3")), {"Q": 0}, {"X": "market"})
        lent["lends"]["Q"].pop("insurance", None)
        lent["lends"]["Q"]["cash"] = 100
        markets["short"] = lent
    return markets


def _venues(draw):
    venues = {}
    for name in ("one", "two"):
        convention = draw.choice(CONVENTIONS)
        venue = {
            "convention": convention,
            "mode": draw.choice(("isolated", "cross")),
            "initial": "10%",
            "taker_fee": draw.choice(("0%", "5bps")),
            "insurance": usd(draw.choice((0, 300, 20_000))),
            "adl": draw.choice(("queue", "pro_rata", "water_filling")),
            "haircut": {"W": "20%"},
        }
        if draw.random() < 0.4:
            venue["adl_at"] = draw.choice(("previous_mark", "bankruptcy"))
        if convention == "binance":
            venue["tiers"] = [
                {"up_to": "$8_000", "maintenance": "2%"},
                {"up_to": "$60_000", "maintenance": "4%", "constant": "$160"},
                {"maintenance": "6%", "constant": "$1_360"},
            ]
        else:
            venue["maintenance"] = draw.choice(("2%", "4%"))
        if convention == "hyperliquid" and draw.random() < 0.6:
            venue["partial"] = {"above": "$6_000", "share": "20%", "cooldown": "2m"}
        venues[name] = venue
    return venues


def _liquidity(draw):
    pools = {}
    for token, chance in (("X", 0.9), ("Y", 0.4), ("Q", 0.5)):
        if draw.random() < chance:
            thins = {"with_price": f"{draw.choice((0, 0.5, 1, 2))}x"}
            if draw.random() < 0.4:
                thins |= {"with_volatility": "0.5x", "calm": "60%/y", "window": "6h"}
            if draw.random() < 0.5:
                thins["refills_in"] = draw.choice(("2m", "5h", "4d"))
            kind = draw.choice(CURVES)
            depth = draw.choice((30_000, 90_000)) * (1 if kind == "exponential" else 5)
            curve = {"kind": kind, "depth": usd(depth)}
            pools[f"{token}-pool"] = {"of": token, "into": "USD", "curve": curve, "thins": thins}
    return pools


def _accounts(draw, parts):
    """Enter borrowers, some close to their threshold."""
    start = {"X": 100.0, "Y": 20.0, "V": 1.0, "iso": 1.0, "Q": 1.0, "D": 1.0, "W": 50.0, "USD": 1.0}
    for market, count in (("iso", 3), ("pool", 5), ("comet", 3), ("notes", 3), ("short", 1)):
        if market not in parts["markets"]:
            continue
        part = parts["markets"][market]
        for i in range(count):
            chosen = draw.sample(
                sorted(part["collateral"]), draw.randint(1, min(2, len(part["collateral"])))
            )
            worth = {c: draw.uniform(800, 3_000) for c in chosen}
            near = market == "pool" and i == 4
            if near:
                worth = {"Y": 2_000.0}
            limit = sum(w * _lltv(part, c, near=near) for c, w in worth.items())
            owed = limit * draw.uniform(0.75, 0.99)
            tokens = (
                list(part["lends"])
                if market == "pool" and not near and draw.random() < 0.5
                else None
            )
            debts = tokens or [next(iter(part["lends"]))]
            parts["positions"][f"{market}-{i}"] = {
                "market": market,
                "collateral": {c: w / start[c] for c, w in worth.items()},
                "debt": {t: owed / len(debts) / start[t] for t in debts},
                **({"e_mode": "near"} if near else {}),
                **_owner(draw, market),
            }


def _lltv(part, collateral, *, near):
    terms = part["e_modes"]["near"]["collateral"] if near else part["collateral"]
    return float(terms[collateral]["lltv"].rstrip("%")) / 100


def _owner(draw, market):
    if market == "notes" and draw.random() < 0.5:
        return {"owner": "Q"}
    if market == "short":
        return {"owner": "A"}
    return {"owner": "Q"} if draw.random() < 0.15 else {}


def _legs(draw, parts):
    """Enter legs of both sides, with leverage between 3 and 20."""
    for i in range(12):
        token, price = draw.choice((("X", 100.0), ("X", 100.0), ("Y", 20.0)))
        units = draw.uniform(1_000, 12_000) / price
        side = draw.choice(("long", "short"))
        entry = price * draw.uniform(0.97, 1.03)
        drift = units * (price - entry) * (1 if side == "long" else -1)
        margin = max(units * price * draw.uniform(0.08, 0.35) - drift, 0.08 * units * price)
        tokens = {"W": margin / 50 / 0.8} if draw.random() < 0.15 else {"USD": margin}
        parts["positions"][f"leg-{i}"] = {
            "venue": draw.choice(("one", "two")),
            side: f"{units:.6f} {token}",
            "entry": usd(entry),
            "margin": tokens,
            **({"funding": percent(draw.uniform(-0.4, 0.4)) + "/y"} if draw.random() < 0.5 else {}),
        }
    for i, venue in enumerate(("one", "two", "one")):
        token, price = (("X", 100.0), ("X", 100.0), ("Y", 20.0))[i]
        units = (60.0, 40.0, 100.0)[i]
        parts["positions"][f"hedge-{i}"] = {
            "venue": venue,
            "owner": "D",
            "short": f"{units} {token}",
            "entry": usd(price),
            "margin": {"USD": units * price * draw.uniform(0.1, 0.3)},
            "funding": "9%/y",
        }


def _redeems(draw):
    terms = {"at": "book", "from": "cash"}
    if draw.random() < 0.4:
        terms["delay"] = draw.choice(("45s", "2h", "2d"))
    if draw.random() < 0.4:
        terms["limit"] = draw.choice(("30%/d", "10%"))
    return terms


def _issuers(draw, parts):
    """Enter a hedged issuer, a vault on the markets, a fund that owes, and what holds them."""
    supplied = {m: _supplied(parts, m) for m in ("iso", "comet", "notes")}
    rule = draw.choice(("none", {"band": "2%", "by": "short"}, {"band": "5%", "by": "sell"}))
    issuers = parts["issuers"]
    issuers["D"] = {
        "owns": {"X": 100, "Y": 100, "USD": 800},
        "issues": {"D": {"kind": "par", "par": "$1", "supply": 12_500, "redeems": _redeems(draw)}},
        "pays": ["D", "equity"],
        "rebalance": rule,
    }
    owns = {"USD": 300, "iso": percent(0.25), "comet": percent(0.4), "notes": percent(0.5)}
    total = 300 + 0.25 * supplied["iso"] + 0.4 * supplied["comet"] + 0.5 * supplied["notes"]
    feeds = {
        "iso": {"up_to": 200, "at_utilisation": "40%"},
        "comet": {"up_to": 50, "at_utilisation": "20%"},
    }
    issuers["V"] = {
        "owns": owns,
        "issues": {"V": {"kind": "share", "supply": total + 2_000, "redeems": _redeems(draw)}},
        "owes": {},
        **({"feeds": feeds} if draw.random() < 0.6 else {}),
    }
    _fund(draw, issuers)
    if "short" in parts["markets"]:
        issuers["A"] = {"issues": {"A": {"kind": "share", "supply": 100}}}
        issuers["Q"]["owns"]["A"] = 40
        issuers["A"]["outside"] = {"till": "$500"}


def _fund(draw, issuers):
    loan = {"to": "V", "amount": "$2_000", "rate": "6%/y"}
    token = {"kind": "share", "supply": 20_000}
    book = draw.choice(("posted", "computed"))
    if book == "posted":
        token["book_price"] = "$1"
    if draw.random() < 0.5:
        token["market_price"] = "$0.98"
    issuers["Q"] = {
        "outside": {"desk": "$14_000", "bank": "$3_000"},
        "owns": {"V": 1_500, "USD": 500},
        "owes": {"V": loan, "bonds": {"to": "outside", "amount": "$1_500"}},
        "issues": {"Q": token},
        "pays": draw.choice((["debts", "Q"], ["V", "bonds", "Q"], [["V", "bonds"], "Q"])),
    }
    if draw.random() < 0.3:
        issuers["Q"]["default_recovery"] = {"outside": "90%", "claims": "80%"}


def _unlisted(draw, parts):
    """Let a market have borrowers that nobody lists, and another own more than it owes."""
    if draw.random() < 0.4:
        more = _supplied(parts, "iso") + 2_500
        parts["markets"]["iso"]["lends"]["USD"] |= {"supplied": more, "unlisted_debt": "sound"}
    if draw.random() < 0.4:
        parts["markets"]["comet"]["lends"]["USD"]["supplied"] = _supplied(parts, "comet") - 400


def _supplied(parts, market):
    part = parts["markets"][market]
    if "supplied" in part["lends"]["USD"]:
        return part["lends"]["USD"]["supplied"]
    debts = sum(p["debt"]["USD"] for p in parts["positions"].values() if p.get("market") == market)
    return part["lends"]["USD"]["cash"] + debts


def _walk(draw, steps, size):
    level, path = 1.0, []
    turn = draw.randint(1, steps)
    crash = draw.choice((-0.35, -0.2, -0.1, 0.1, 0.25))
    for k in range(steps + 1):
        if k:
            level *= 1 + draw.gauss(0, size) + (crash if k == turn else 0)
        path.append(max(level, 0.05))
    return path


def _scenario(draw, parts, stages, step, steps):
    moves = {name: _walk(draw, steps, draw.choice((0.01, 0.05))) for name in ("X", "Y", "W")}
    unit = {
        "X": (100, ""),
        "Y": (20, "") if "$" in parts["assets"]["Y"]["price"] else (0.2, " X"),
        "W": (50, ""),
    }
    struck = {
        name for stage in stages for verb in ("price", "depeg") for name in stage.get(verb, {})
    }
    points = {
        name: {
            f"{k * step}s": f"{'' if mark else '$'}{base * level:.9f}{mark}"
            for k, level in enumerate(moves[name])
            if draw.random() < 0.8 or k in {0, steps}
        }
        for name, (base, mark) in unit.items()
        if name not in struck
    }
    if "market_price" in parts["issuers"]["Q"]["issues"]["Q"] and "Q" not in struck:
        points["Q"] = {f"{k * step}s": usd(x) for k, x in enumerate(_walk(draw, steps, 0.03))}
    return Scenario(
        time={"start": "2025-10-01", "step": f"{step}s", "horizon": f"{steps * step}s"},
        paths={"between": draw.choice(("linear", "hold")), "points": points},
        stages=stages,
    )
