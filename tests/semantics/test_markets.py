"""Isolated markets: cash, insurance, who is short when collateral falls, what the books say."""

from looprisk import System
from looprisk.engine.book import book
from tests.semantics.build import DOLLAR, F, account, at, breaks, market, share, solved, values


def vault_over_two_markets() -> System:
    """A vault holds 60 of a Morpho market with insurance, all of one with a fixed oracle, and cash."""
    return System(
        assets={**DOLLAR, "A1": {"price": "$1"}, "A3": {"price": "$1"}},
        oracles={"still": {"kind": "fixed", "price": "$1"}},
        issuers={
            "V": {
                "outside": {"safe": "$30", "idle": "$10"},
                "owns": {"M1": 60, "M3": 50},
                "issues": {"v": share(150)},
            }
        },
        markets={
            "M1": market("A1", incentive=None, cash=20, insurance="$10"),
            "M3": market("A3", oracle="still"),
        },
        positions={
            "p1": account("M1", "A1", 100, 80),
            "p3": account("M3", "A3", 60, 50),
        },
    )


FALL = {"price": {"A1": "-100%", "A3": "-100%"}}


def test_insurance_pays_before_suppliers():
    found = solved(vault_over_two_markets(), FALL)
    broken = breaks(found)
    assert broken[("p1", "liquidated")] == F(3, 43)
    assert broken[("p1", "bad_debt")] == F(79, 479)
    assert broken[("M3", "impaired")] == F(1, 6)
    assert broken[("M1", "impaired")] == F(129, 479)
    assert ("p3", "liquidated") not in broken
    point = at(found, "1/4")
    assert values(point, "M1", "M1/insurance", "M3", "v") == [100, F(37, 20), 45, 145]
    assert book(point).assets["V"] == 150
    assert book(point).prices["v"] == 1
    point = at(found, "2/5")
    assert values(point, "M1", "M1/insurance", "M3", "v") == [
        F(2187, 25),
        0,
        36,
        F(16061, 125),
    ]
    assert book(point).assets["V"] == F(17811, 125)
    assert book(point).supplies == {"M1": F(2187, 25), "M3": 50}


def test_the_owner_keeps_what_a_liquidation_leaves():
    found = solved(vault_over_two_markets(), {"price": {"A1": "-10%"}})
    repaid_with_incentive = F(500, 479) * 80
    assert found.end.claim("p1/equity") == 90 - repaid_with_incentive
    assert found.end.claim("p1/debt") == 80


def two_accounts(**more: object) -> System:
    """Two accounts with different cushions in one market of an asset."""
    return System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        markets={"M": market("A", **more)},
        positions={"near": account("M", "A", 100, 80), "far": account("M", "A", 100, 40)},
    )


def test_each_account_breaks_by_itself_and_the_market_at_the_first():
    broken = breaks(solved(two_accounts(), {"price": {"A": "-100%"}}))
    assert broken[("near", "liquidated")] == 1 - F(80, 86)
    assert broken[("far", "liquidated")] == 1 - F(40, 86)
    assert broken[("M", "liquidated")] == 1 - F(80, 86)
    assert broken[("near", "bad_debt")] == F(16, 100)
    assert broken[("far", "bad_debt")] == F(58, 100)
    assert broken[("M", "impaired")] == F(16, 100)


def test_nobody_liquidates():
    system = two_accounts(liquidators="absent")
    found = solved(system, {"price": {"A": "-70%"}})
    assert values(found.end, "near/debt", "far/debt", "M") == [30, 30, 60]
    assert not {key for key in breaks(found) if key[1] in {"liquidated", "bad_debt"}}


def test_liquidators_come_where_it_pays_or_always():
    """A fixed oracle above the price: at a fifth below nobody is paid for coming."""
    for liquidators, expected in (("when_paid", [75, F(0)]), ("always", [F(100, 21) * 18, F(0)])):
        system = System(
            assets={**DOLLAR, "A": {"price": "$1"}},
            oracles={"high": {"kind": "fixed", "price": "$0.9"}},
            markets={"M": market("A", oracle="high", liquidators=liquidators)},
            positions={"p": account("M", "A", 100, 90)},
        )
        found = solved(system, {"price": {"A": "-25%"}})
        assert values(found.end, "p/debt", "p/equity") == expected
        acted = liquidators == "always"
        assert ("liquidated" in found.end.state_of("p")) == acted


def test_a_loan_in_another_asset():
    """Collateral in ETH, debt in BTC: both move."""
    system = System(
        assets={"ETH": {"price": "$2000"}, "BTC": {"price": "$40_000"}},
        markets={"M": market("ETH", token="BTC")},
        positions={"p": account("M", "ETH", 100, 3, lent="BTC")},
    )
    found = solved(system, {"price": {"ETH": "-50%", "BTC": "+50%"}})
    # 0.86 x 100 x 2000 (1 - s/2) = 3 x 40000 (1 + s/2)
    assert breaks(found)[("p", "liquidated")] == F(52, 146)
    assert found.end.claim("p/debt") == F(100_000) / F(21, 20)
    assert found.end.claim("M") == found.end.claim("p/debt")


def test_unlisted_debt_that_is_sound_is_whole():
    system = System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        markets={"M": market("A", cash=10, lends={"supplied": 200, "unlisted_debt": "sound"})},
        positions={"p": account("M", "A", 100, 80)},
    )
    found = solved(system, {"price": {"A": "-100%"}})
    assert found.start.claim("M") == 200
    assert found.end.claim("M") == 120
    assert breaks(found)[("M", "impaired")] == F(16, 100)


def test_a_supply_that_is_rounded_is_whole():
    system = System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        markets={"M": market("A", cash=10, lends={"supplied": "90.00001"})},
        positions={"p": account("M", "A", 100, 80)},
    )
    assert breaks(solved(system, {"price": {"A": "-100%"}}))[("M", "impaired")] == F(16, 100)


def test_no_rounding_leaves_a_market_with_less_than_nothing():
    system = System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        markets={"M": market("A", lends={"supplied": "79.99999"})},
        positions={"p": account("M", "A", 100, 80)},
    )
    assert solved(system, {"price": {"A": "-100%"}}).end.claim("M") == 0
