"""Published figures of static cases that no other test carries, each with its source."""

from math import sqrt

import pytest

from looprisk import System
from looprisk.model.protocols import morpho_incentive
from tests.semantics.build import DOLLAR, F, account, at, breaks, market, share, solved

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
