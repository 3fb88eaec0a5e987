"""Published figures of static cases that no other test carries, each with its source."""

from math import sqrt

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.solve import solve
from looprisk.model.protocols import morpho_incentive
from looprisk.symbolic import forms
from tests.semantics.build import DOLLAR, F, account, at, breaks, case, market, share, solved

# docs.morpho.org, liquidation; Morpho.sol: LIQUIDATION_CURSOR 0.3, at most 1.15
MORPHO = {
    "0.385": 1.15,
    "0.625": 1.1267605633802817,
    "0.77": 1.0741138560687433,
    "0.86": 1.0438413361169103,
    "0.915": 1.0261672652642382,
    "0.945": 1.0167768174885614,
    "0.965": 1.010611419909045,
    "0.98": 1.0060362173038229,
}


def one_loan(debt: F, **terms: object) -> System:
    return System(
        assets={**DOLLAR, "C": {"price": "$1"}},
        markets={"m": market("C", **terms)},
        positions={"p": account("m", "C", 1, debt)},
    )


@pytest.mark.parametrize(("lltv", "factor"), MORPHO.items())
def test_the_liquidation_incentive_of_morpho(lltv, factor):
    """The formula, and what follows: bad debt from a loan to value of 0.3 LLTV + 0.7."""
    phi = 1 + morpho_incentive(F(lltv))
    assert float(phi) == pytest.approx(factor, rel=1e-15)
    if phi < F(115, 100):
        assert 1 / phi - F(lltv) == F(7, 10) * (1 - F(lltv))
    debt = F(lltv) * F(9, 10)
    broken = breaks(solved(one_loan(debt, lltv=lltv, incentive=None), {"price": {"C": "-100%"}}))
    assert broken["p", "liquidated"] == F(1, 10)
    assert broken["p", "bad_debt"] == 1 - phi * debt


@pytest.mark.parametrize(
    ("ltv", "bad"), [("0.90", "0"), ("0.9534", "0.00101905"), ("0.97", "0.01761905")]
)
def test_beyond_the_toxic_frontier_a_liquidation_ends_with_bad_debt(ltv, bad):
    """Warmuz, Chaudhary and Pinna 2022 (arXiv:2212.07306): max(LTV - 1/phi, 0) per collateral."""
    start = solved(one_loan(F(ltv), lltv="86%", incentive="5%")).start
    assert float(F(ltv) - start.claim("p/debt")) == pytest.approx(float(bad), abs=1e-8)


@pytest.mark.parametrize("lltv", ["0.75", "0.9", "0.93"])
def test_euler_repays_in_full_up_to_the_root_of_its_threshold(lltv):
    """Euler v2, Liquidation.sol: the discount is the health; above, lenders get LLTV C^2 / D."""
    root = sqrt(float(lltv))
    for debt, whole in ((F(str(root - 1e-9)), True), (F(str(root + 1e-9)), False)):
        system = System(
            assets={**DOLLAR, "C": {"price": "$1"}},
            markets={
                "m": {
                    "rules": "euler-v2",
                    "max_discount": "20%",
                    "lends": {"USDC": {"cash": 0}},
                    "collateral": {"C": {"lltv": lltv, "oracle": "market"}},
                }
            },
            positions={"p": account("m", "C", 1, debt)},
        )
        paid = solved(system).start.claim("p/debt")
        assert paid == (debt if whole else F(lltv) / debt)


@pytest.mark.parametrize(
    ("left", "rest"),
    [
        ("0%", 0.65),
        ("10%", 0.6111111),
        ("20%", 0.5625),
        ("30%", 0.5),
        ("40%", 0.4166667),
        ("50%", 0.3),
    ],
)
def test_what_a_run_at_par_leaves(left, rest):
    """(nu - w) / (1 - w): a vault that is worth 0.65 and pays 1 to those who come first."""
    vault = {
        "outside": {"fund": "$35"},
        "owns": {"USDC": 65},
        "issues": {"v": share(100, book_price="$1")},
    }
    system = System(assets=DOLLAR, issuers={"V": vault})
    found = solved(system, {"loss": {"V": "100%"}}, {"run": {"v": {"wants_out": left}}})
    assert float(found.end.token("v")) == pytest.approx(rest, abs=1e-6)


def test_the_wipeout_of_a_looped_token_is_where_its_leverage_says():
    """x_liq = 1 - LTV/LLTV before x_bad = 1 - phi LTV before x_wipe = 1 - LTV."""
    found = solved(one_loan(F(4, 5), lltv="86%", incentive="5%"), {"price": {"C": "-100%"}})
    broken = breaks(found)
    assert broken["p", "liquidated"] == 1 - F(80, 86)
    assert broken["p", "bad_debt"] == 1 - F(105, 100) * F(8, 10)
    assert at(found, "1/5").claim("p/debt") == F(16, 21)


@pytest.mark.parametrize(("cursor", "factor"), [("0.5", 1.444043321299639), ("0.3", 1 / 0.8155)])
def test_the_cursor_of_midnight(cursor, factor):
    """morpho midnight: maxLif = 1 / (1 - cursor (1 - LLTV)), at 38.5 %."""
    found = forms.midnight_terms().at(cursor=F(cursor), lam=F("0.385"))["factor"]
    assert float(found) == pytest.approx(factor, rel=1e-15)


def test_the_health_factor_of_aave():
    """aave.com: 10,000 at a threshold of 80 % against 6,000."""
    system = one_loan(F(6000), lltv="80%").set({"p/collateral/C": 10_000})
    asked = case(
        system, expect=[{"of": "p", "metric": "health_factor", "is": "1.3333333333333333x"}]
    )
    assert lr.check(asked).rows[0].outcome == "ok"


@pytest.mark.parametrize(("bonus", "claimed"), [("5%", 2.625), ("15%", 2.875)])
def test_half_of_a_debt_is_repaid_in_the_manner_of_aave_v2(bonus, claimed):
    """docs.cavus.finance: 10 of collateral, 5 of debt, half repaid, 5 % or 15 % on top."""
    system = System(
        assets={**DOLLAR, "C": {"price": "$1"}},
        markets={
            "m": {
                "rules": "aave-v2",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"C": {"lltv": "45%", "incentive": bonus, "oracle": "market"}},
            }
        },
        positions={"p": account("m", "C", 10, 5)},
    )
    expect = [
        {"of": "p", "metric": "debt_repaid", "is": "2.5"},
        {"of": "p", "metric": "collateral_seized", "is": str(claimed)},
    ]
    clock = {"start": "2022-01-01T00:00Z", "step": "1h", "horizon": "1h"}
    found = lr.check(case(system, time=clock, expect=expect))
    assert [row.outcome for row in found.rows] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("assets", "iterates"),
    [
        ([1, 1, 1], [["0.8", "12.5", "8.4"], ["0.8", "9.5", "8.4"]]),
        (
            [0, 0, "0.1"],
            [["0.8", "12.5", "8.4"], ["0.8", "8.5", "8.4"], ["0.8", "5.625", "5.525"]],
        ),
    ],
)
def test_fictitious_defaults_end_where_the_engine_does(assets, iterates):
    """FinNetValu.jl, test 'rogers': each round those found short pay out of the others' promises."""
    owed = [[F(0), F("0.1"), F("0.7")], [F(2), F(0), F("10.5")], [F(0), F("8.4"), F(0)]]
    e, due = [F(a) for a in assets], [sum(row) for row in owed]
    short: set[int] = set()
    seen = [due]
    while True:
        paid = paying(owed, e, due, short)
        if paid != seen[-1]:
            seen.append(paid)
        has = [e[i] + sum(owed[j][i] / due[j] * paid[j] for j in range(3)) for i in range(3)]
        more = {i for i in range(3) if has[i] < due[i]}
        if more == short:
            break
        short = more
    assert seen == [[F(x) for x in row] for row in iterates]
    names = "ABC"
    system = System(
        issuers={
            names[i]: {
                "outside": {"book": e[i]},
                "owes": {names[j]: owed[i][j] for j in range(3) if owed[i][j]},
                "pays": ["debts", "equity"],
            }
            for i in range(3)
        }
    )
    start = solve(case(system)).start
    got = [
        sum(start.claim(f"{names[i]}/owes/{names[j]}") for j in range(3) if owed[i][j])
        for i in range(3)
    ]
    assert got == seen[-1]


def paying(owed, e, due, short):
    """What all pay where those in ``short`` pay all they have: solved by elimination."""
    rows = []
    for i in range(3):
        row = [F(int(i == j)) for j in range(3)]
        rest = due[i]
        if i in short:
            row = [row[j] - owed[j][i] / due[j] for j in range(3)]
            rest = e[i]
        rows.append([*row, rest])
    for k in range(3):
        pivot = next(r for r in range(k, 3) if rows[r][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for r in range(3):
            if r != k:
                rows[r] = [a - rows[r][k] * b for a, b in zip(rows[r], rows[k], strict=True)]
    return [row[3] for row in rows]


BANKS = {
    "a": {"outside": {"x": "$14"}, "owes": {"b": "$10", "c": "$3"}, "pays": ["debts"]},
    "b": {"owes": {"a": "$1", "c": "$2", "outside": "$5"}, "pays": ["debts"]},
    "c": {"owes": {"b": "$3"}},
}
WEIGHTS = {"a": 10, "b": 100, "c": 30}


@pytest.mark.parametrize(
    ("who", "stress", "defaults"),
    [("a", 0.9285714285714286, 2), ("c", 0.6642857142857143, 0), ("b", 0.25, 1)],
)
def test_debt_rank_of_one_bank(who, stress, defaults):
    """R package NetworkRiskMeasures: equity 2, 5, 2; b has 10 of a, 3 of c, and so on."""
    found = lr.debt_rank(System(issuers=BANKS), {who: 1}, weights=WEIGHTS)
    assert found.additional_stress == pytest.approx(stress, abs=1e-15)
    assert len(found.additional_defaults) == defaults


def test_debt_rank_of_a_shock_to_all():
    found = lr.debt_rank(System(issuers=BANKS), dict.fromkeys("abc", 0.1), weights=WEIGHTS)
    assert list(found.distress.values()) == pytest.approx([0.15, 0.26, 0.30], abs=1e-15)
    assert found.additional_stress == pytest.approx(0.16071428571428573, abs=1e-15)
    with pytest.raises(lr.ModelError, match="`d` is no issuer"):
        lr.debt_rank(System(issuers=BANKS), {"d": 1})
