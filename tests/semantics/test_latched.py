"""Liquidations that stay: the latched mode, by hand and against a walk along the shock."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import looprisk as lr
from looprisk import System
from looprisk.analysis.solve import Solved, solve
from looprisk.errors import NotCarriedError
from looprisk.results import phrases
from tests.semantics.build import (
    DOLLAR,
    F,
    account,
    at,
    breaks,
    case,
    keeps_every_dollar,
    market,
    share,
    values,
)
from tests.tables.twins import Row, table_of

RALLY = {"price": {"ETH": "40%"}}


def hedged() -> System:
    """A fund of 1 ETH and a short of 1 ETH, 120 tokens; 30 of them pledged for a debt of 25.

    The venue closes the short at 12000/103 dollars and keeps the margin (SEMANTICS, example A).
    """
    terms = {"initial": "20%", "maintenance": "3%", "taker_fee": "0%"}
    return System(
        assets={**DOLLAR, "ETH": {"price": "$100"}},
        venues={"hl": {"convention": "hyperliquid", "mode": "isolated", **terms}},
        issuers={"Fund": {"owns": {"ETH": 1}, "issues": {"T": share(120)}}},
        markets={"M": market("T", lltv="85%")},
        positions={
            "hedge": {
                "venue": "hl",
                "owner": "Fund",
                "short": "1 ETH",
                "entry": "$100",
                "margin": {"USDC": 20},
            },
            "p": account("M", "T", 30, 25),
        },
    )


def both(system: System, *stages: dict) -> tuple[Solved, Solved]:
    found = tuple(solve(case(system, *stages, mode=m)) for m in ("equilibrium", "latched"))
    for one in found:
        for point in (*one.ends, one.least):
            keeps_every_dollar(point)
    return found


def test_what_is_liquidated_on_the_way_stays_so():
    """The short dies at 85/206, the token is worth 100/103 just after, and 7/6 in the end."""
    free, held = both(hedged(), RALLY)
    stretch = free.broken["p", "liquidated"][0]
    # 30 p x 0.85 covers 25 again from p = 50/51 on: 100 (1 + 0.4 s) = 120 x 50/51
    assert (stretch.lo, stretch.hi, stretch.attained) == (F(85, 206), F(15, 34), False)
    assert values(free.end, "M", "p/equity") == [25, 10]
    stretch = held.broken["p", "liquidated"][0]
    assert (stretch.lo, stretch.hi, stretch.attained) == (F(85, 206), 1, False)
    # settled where the shock stands: 35 less 1.05 x 25
    assert values(held.end, "M", "p/equity") == [25, F(35, 4)]
    assert values(at(held, "85/206"), "p/equity") == [5]
    assert breaks(free) == breaks(held)


def test_a_liquidation_that_stays_brings_on_another_later():
    """The owner of p is a fund that lives on it: with the incentive gone its own tokens fall too.

    F has 12 (1 - s) and 25 + 10 s - 25 of p, or 25 + 10 s - 26.25 after the liquidation; q needs
    its token at 0.85, so F at 9.35.
    """
    tree = hedged().tree()
    tree["issuers"]["F"] = {"outside": {"x": "$12"}, "issues": {"f": share(11)}}
    tree["markets"]["N"] = market("f", lltv="80%")
    tree["positions"]["p"]["owner"] = "F"
    tree["positions"]["q"] = account("N", "f", 1, "0.68")
    free, held = both(System(**tree), {**RALLY, "loss": {"F": "$12"}})
    assert ("q", "liquidated") not in free.broken
    assert values(free.end, "f") == [10]
    assert held.broken["q", "liquidated"][0].lo == F(7, 10)
    assert values(held.end, "f") == [F(35, 4)]


def test_both_modes_are_one_where_values_only_fall():
    free, held = both(hedged(), {"price": {"ETH": "-60%"}})
    assert free.broken == held.broken
    assert [free.end.claim(c) for c in ("M", "p/equity", "T")] == [
        held.end.claim(c) for c in ("M", "p/equity", "T")
    ]


def test_a_next_stage_starts_from_what_was_latched():
    free, held = both(hedged(), RALLY, {"price": {"ETH": "0%"}})
    assert free.scaled.before.accounts["p"].debts == {"USDC": 25}
    # 26.25 dollars of tokens at 7/6 were sold
    assert held.scaled.before.accounts["p"].debts == {"USDC": 0}
    assert held.scaled.before.accounts["p"].collateral == {"T": 30 - F(105, 4) * F(6, 7)}


def test_where_the_response_is_curved_the_scan_latches_too():
    free, held = both(hedged(), {**RALLY, "change": {"M/collateral/T/lltv": "84%"}})
    assert not held.segments
    assert [float(found.broken["p", "liquidated"][0].lo) for found in (free, held)] == [
        pytest.approx(85 / 206, abs=1e-11)
    ] * 2
    assert free.broken["p", "liquidated"][0].hi < 1
    assert held.broken["p", "liquidated"][-1].hi == 1
    assert len(held.broken["p", "liquidated"]) == 1
    assert [f.end.claim("p/equity") for f in (free, held)] == [10, F(35, 4)]


def test_a_table_of_accounts_is_refused():
    tree = hedged().tree()
    tree["positions"]["book"] = table_of([Row({"T": "1"}, {"USDC": "0.5"})], "M")
    with pytest.raises(NotCarriedError, match="mode/latched: book is a table"):
        solve(case(System(**tree), RALLY, mode="latched"))


def test_the_answer_says_in_which_mode_it_is():
    found = lr.run(case(hedged(), RALLY, mode="latched"))
    assert found.certificate.mode == "latched"
    assert "liquidations latched" in phrases.certified(found.certificate)
    assert found.layer("M").economic_loss_usd == 0


UP = st.fractions(F(1, 10), 1, max_denominator=20)


@given(
    pile=st.integers(5, 60),
    excess=st.fractions(F(1), 4, max_denominator=5),
    rise=UP,
    debts=st.lists(st.integers(5, 18), min_size=1, max_size=3),
    inside=st.integers(0, 7),
)
@settings(max_examples=40, deadline=None)
def test_against_a_walk_along_the_shock(pile, excess, rise, debts, inside):
    """A pile is lost faster than an asset rises, until it is gone: the token falls, then rises.

    The walk knows nothing of the engine: at each share of the shock it iterates from the top, with
    what was liquidated before kept so, over a grid that has the turning point in it.
    """
    owners = {"owner": "I"}
    loans = {
        f"p{i}": account("M", "T", 20, d, **(owners if inside >> i & 1 else {}))
        for i, d in enumerate(debts)
    }
    system = System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        issuers={
            "I": {"outside": {"x": f"${pile}"}, "owns": {"A": 60}, "issues": {"T": share(100)}}
        },
        markets={"M": market("T", lltv="80%", incentive="5%")},
        positions=loans,
    )
    stage = {"loss": {"I": f"${float(pile * excess)}"}, "price": {"A": f"{float(rise):.2f}"}}
    rise = F(f"{float(rise):.2f}")
    lost = F(f"{float(pile * excess)}")
    held = solve(case(system, stage, mode="latched"))
    turn = F(pile) / lost
    grid = sorted({F(k, 8) for k in range(9)} | {turn})
    liquidated: set[int] = set()
    for s in grid:
        b = max(F(0), pile - s * lost) + 60 * (1 + s * rise)
        price, splits = _walk(float(b), debts, inside, liquidated)
        point = held.scaled.at(s)
        assert float(point.token("T")) == pytest.approx(price, rel=1e-9)
        for i, (lender, owner) in enumerate(splits):
            assert float(point.claim(f"p{i}/debt")) == pytest.approx(lender, rel=1e-9, abs=1e-9)
            assert float(point.claim(f"p{i}/equity")) == pytest.approx(owner, rel=1e-9, abs=1e-9)
        liquidated |= {i for i, d in enumerate(debts) if 16 * price < d - 1e-9}


def _walk(
    b: float, debts: list[int], inside: int, before: set[int]
) -> tuple[float, list[tuple[float, float]]]:
    value = 1e4
    for _ in range(3000):
        price = value / 100
        splits = []
        for i, d in enumerate(debts):
            y = 20 * price
            if i in before or 0.8 * y < d - 1e-9:
                splits.append((min(d, y / 1.05), max(0.0, y - 1.05 * d)))
            else:
                splits.append((float(d), y - d))
        value = b + sum(owner for i, (_, owner) in enumerate(splits) if inside >> i & 1)
    return value / 100, splits
