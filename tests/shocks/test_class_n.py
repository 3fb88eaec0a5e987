"""Every shock whose response is a ratio (SEMANTICS 8, class N): exact at each share.

Each answer is a closed form in the share ``s`` of the shock, worked out by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.clearing import breaks_of
from looprisk.engine.curved import WIDTH
from looprisk.errors import NotCarriedError
from tests.semantics.build import DOLLAR, F, account, at, case, market, share, solved

SHARES = [F(0), F(1, 7), F(1, 3), F(1, 2), F(2, 3), F(19, 20), F(1)]


def breaks_at(found, of: str, event: str, root: Fraction, kind: str = "exact") -> None:
    """The break point is where the closed form is zero: exactly, or in the width of a bracket."""
    first = found.broken[of, event][0].lo
    assert abs(first - root) <= WIDTH, float(first)
    row = next(r for r in breaks_of(found).rows if (r.of, r.event) == (of, event))
    assert (row.kind, row.exact) == (kind, str(root) if kind == "exact" else None)


def test_an_unbacked_mint():
    """100 dollars back 100 tokens and 50 s more: p = 100 / (100 + 50 s)."""
    system = System(
        assets=DOLLAR,
        issuers={"I": {"outside": {"x": "$100"}, "issues": {"T": share(100)}}},
        markets={"m": market("T")},
        positions={"p": account("m", "T", 50, 40)},
    )
    found = solved(system, {"mint": {"T": 50}})
    for s in SHARES:
        price = F(100) / (100 + 50 * s)
        assert at(found, s).token("T") == price
        unhealthy = F(86, 100) * 50 * price < 40
        lender = min(F(40), 50 * price / F(105, 100)) if unhealthy else 40
        assert at(found, s).claim("m") == lender
    # 43 p = 40, and 50 p = 42
    breaks_at(found, "p", "liquidated", F(3, 20))
    breaks_at(found, "p", "bad_debt", (F(5000, 42) - 100) / 50)


def test_a_run_as_a_stage():
    """90 dollars are behind 100 shares at a book of one, of which 50 s leave: (90-50s)/(100-50s)."""
    posted = share(100, book_price="$1")
    system = System(
        assets=DOLLAR,
        issuers={"V": {"outside": {"bad": 10}, "owns": {"USDC": 90}, "issues": {"v": posted}}},
    )
    found = solved(system, {"loss": {"V": "100%"}}, {"run": {"v": {"wants_out": "50%"}}})
    for s in SHARES:
        assert at(found, s).token("v") == (90 - 50 * s) / (100 - 50 * s)
    depegged = {"of": "v", "metric": "break_fraction", "event": "depegged", "below": "$0.85"}
    stages = ({"loss": {"V": "100%"}}, {"run": {"v": {"wants_out": "50%"}}})
    (row,) = lr.check(case(system, *stages, expect=[{**depegged, "is": "66.666_666_666_667%"}]))
    assert row.outcome == "ok"


def test_a_parameter_that_moves():
    """The LLTV falls from 0.9 to 0.7 and the incentive rises from 5 % to 45 %, at once."""
    system = System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        markets={"m": market("A", lltv="90%")},
        positions={"p": account("m", "A", 100, 80)},
    )
    moves = {"m/collateral/A/lltv": "68%", "m/collateral/A/incentive": "45%"}
    found = solved(system, {"change": moves})
    for s in SHARES:
        lltv, phi = F(90, 100) - s * F(22, 100), F(105, 100) + s * F(40, 100)
        unhealthy = 100 * lltv < 80
        lender = min(F(80), 100 / phi) if unhealthy else 80
        owner = max(F(0), 100 - 80 * phi) if unhealthy else 20
        assert [at(found, s).claim(c) for c in ("m", "p/equity")] == [lender, owner]
    breaks_at(found, "p", "liquidated", F(5, 11))
    # 100 / (1.05 + 0.4 s) = 80
    breaks_at(found, "p", "bad_debt", F(1, 2))


def test_a_promise_that_moves():
    """The par of 100 tokens rises from 0.8 to 1.2 dollars over a backing of 100."""
    issues = {"T": {"kind": "par", "supply": 100, "par": "$0.8"}}
    system = System(
        assets=DOLLAR,
        issuers={"I": {"outside": {"x": "$100"}, "issues": issues, "pays": ["T", "equity"]}},
    )
    found = solved(system, {"change": {"T/par": "$1.2"}})
    for s in SHARES:
        face = 80 + 40 * s
        assert at(found, s).claim("T") == min(face, F(100))
        assert at(found, s).claim("I/equity") == max(F(0), 100 - face)
    breaks_at(found, "I", "insolvent", F(1, 2))


def test_liquidity_withdrawn():
    """Half of the suppliers leave with the cash; those who stay share a loan that is worth 40."""
    system = System(
        assets={**DOLLAR, "A": {"price": "$0.4"}},
        oracles={"stale": {"kind": "fixed", "price": "$1"}},
        issuers={"V": {"owns": {"m": 40}, "issues": {"v": share(40)}}},
        markets={"m": market("A", oracle="stale", cash=50)},
        positions={"p": account("m", "A", 100, 50)},
    )
    found = solved(system, {"run": {"m": {"wants_out": 50}}})
    for s in SHARES:
        unit = (50 - 50 * s + 40) / (100 - 50 * s)
        assert at(found, s).token("v") == unit
        assert at(found, s).claim("m") == unit * (100 - 50 * s)
    assert ("m", "gated") not in found.broken
    gone = solved(system, {"run": {"m": {"wants_out": 60}}})
    breaks_at(gone, "m", "gated", F(50, 60), "bracket")


def pool_of_two() -> System:
    terms: Mapping[str, object] = {"lltv": "80%", "incentive": "20%", "oracle": "market"}
    return System(
        assets={**DOLLAR, "ETH": {"price": "$2000"}, "A": {"price": "$1"}},
        markets={
            "m": {
                "rules": "pooled",
                "lends": {"USDC": {"cash": 10}, "ETH": {"cash": 1}},
                "collateral": {"A": terms},
            }
        },
        positions={
            "p": {"market": "m", "collateral": {"A": 100}, "debt": {"USDC": 30, "ETH": F(1, 100)}}
        },
    )


def test_a_debt_mix_that_moves():
    """30 dollars and 0.01 ETH are owed, 50 + 40 s in all, and lenders share by what they are owed."""
    found = solved(pool_of_two(), {"price": {"ETH": "+200%"}})
    for s in SHARES:
        ether = 20 * (1 + 2 * s)
        owed = 30 + ether
        paid = min(owed, F(100) / F(12, 10)) if owed > 80 else owed
        point = at(found, s)
        debts = found.catalogue.debt_claims("p")
        assert point.claim(debts["USDC"]) == paid * 30 / owed
        assert point.claim(debts["ETH"]) == paid * ether / owed
        assert point.claim("m/USDC") == 10 + paid * 30 / owed
    # 80 = 50 + 40 s, and 100 / 1.2 = 50 + 40 s: no claim decides these
    breaks_at(found, "p", "liquidated", F(3, 4))
    breaks_at(found, "p", "bad_debt", F(5, 6))


def test_depth_that_leaves_moves_no_price_here():
    """A drain makes the next sale dearer (DYNAMICS 3), and statics sell without depth."""
    pool = {"of": "A", "into": "USDC", "curve": {"kind": "exponential", "depth": "$12M"}}
    system = System(assets={**DOLLAR, "A": {"price": "$1"}}, liquidity={"pool": pool})
    with pytest.raises(NotCarriedError, match=r"drain/pool: .*add `time`.*`depeg`.*`run`"):
        lr.run(system, drain={"pool": "85%"})


def test_several_ratios_in_one_step_of_the_scan_are_each_found():
    """Ten accounts break close to each other in a mint, each where 43 p is its debt."""
    debts = [F(40) - F(k, 1000) for k in range(10)]
    system = System(
        assets=DOLLAR,
        issuers={"I": {"outside": {"x": "$100"}, "issues": {"T": share(1000)}}},
        markets={"m": market("T")},
        positions={f"p{i}": account("m", "T", 50, debt) for i, debt in enumerate(debts)},
    )
    system = system.set({"I/outside/x": "$1000"})
    found = solved(system, {"mint": {"T": 500}})
    for i, debt in enumerate(debts):
        breaks_at(found, f"p{i}", "liquidated", (F(43) / debt * 1000 - 1000) / 500)
