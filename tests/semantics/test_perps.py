"""Hedges: when a venue closes a leg, what comes back, and what that leaves of a hedged book."""

import pytest

import looprisk as lr
from looprisk import System
from looprisk.engine.affine import affine
from looprisk.engine.perps import Leg, closed_value, liquidation_price
from looprisk.engine.state import Cut
from looprisk.model import Venue
from tests.semantics.build import DOLLAR, F, at, breaks, share, solved

USD = {**DOLLAR, "ETH": {"price": "$100"}}


def hedged(
    convention: str = "hyperliquid", side: str = "short", spot: int = 1, **venue: object
) -> System:
    """One ETH at 100, one short at 100 with 20 of margin, maintenance 3 %; 120 tokens."""
    return System(
        assets=USD,
        venues={"v": {"convention": convention, "mode": "isolated", "maintenance": "3%", **venue}},
        issuers={"N": {"owns": {"ETH": spot, "USDC": 0}, "issues": {"n": share(120)}}},
        positions={
            "leg": {
                "venue": "v",
                "owner": "N",
                side: "1 ETH",
                "entry": "$100",
                "margin": {"USDC": 20},
            }
        },
    )


def test_a_rally_closes_the_short():
    found = solved(hedged(), {"price": {"ETH": "+40%"}})
    world = found.scaled.world(F(0), F(1))
    limit = liquidation_price(world.leg("leg"), world.margin("leg"))
    assert limit.const == F(12000, 103)
    assert breaks(found)[("leg", "hedge_closed")] == F(85, 206)
    assert at(found, "85/206").token("n") == 1
    just = next(p for seg in found.segments for p in seg.pieces if p.lo == F(85, 206))
    assert just.z(F(85, 206))[found.end.compiled.index.claim["n"]] / 120 == F(100, 103)
    (below,) = found.broken[("n", "impaired")]
    assert (below.lo, below.hi, below.attained) == (F(85, 206), F(1, 2), False)


def test_there_and_back_costs_the_margin():
    found = solved(hedged(), {"price": {"ETH": "+40%"}}, {"price": {"ETH": "0%"}})
    assert found.end.token("n") == F(5, 6)
    assert 1 - float(found.end.token("n")) == pytest.approx(0.16666666666666666, rel=1e-15)
    alive = solved(hedged(), {"price": {"ETH": "+16%"}}, {"price": {"ETH": "0%"}})
    assert alive.end.token("n") == 1


@pytest.mark.parametrize("fall", [F(1, 10), F(2, 5)])
def test_after_a_knock_out_the_book_is_long(fall):
    """(m + z) / (1 + m) at a final price of P0 (1 - z)."""
    down = {"price": {"ETH": -fall}}
    found = solved(hedged(), {"price": {"ETH": "+40%"}}, down)
    assert 1 - found.end.token("n") == (F(1, 5) + fall) / (1 + F(1, 5))


def test_other_venues_return_the_maintenance_margin_less_the_fee():
    found = solved(hedged("binance", taker_fee="5bps"), {"price": {"ETH": "+40%"}})
    limit = F(12000, 103)
    back = limit * F(3, 100) - limit * F(5, 10000)
    assert found.end.token("n") == (140 + back) / 120


def test_a_long_is_closed_from_below():
    found = solved(hedged(side="long", spot=0), {"price": {"ETH": "-40%"}})
    limit = F(80) / F(97, 100)
    assert breaks(found)[("leg", "hedge_closed")] == (100 - limit) / 40
    assert found.end.token("n") == 0
    up = solved(hedged(side="long", spot=0), {"price": {"ETH": "+40%"}})
    assert up.end.token("n") == F(60, 120)


def test_a_leg_is_cut_by_deleveraging():
    """0.7 of the short closed at 80, final price 60: 0.7 x (80 - 60) = 14 is lost."""
    stage = {"price": {"ETH": "-40%"}, "adl": {"leg": {"share": "70%", "at": "$80"}}}
    found = solved(hedged(), stage)
    assert found.start.claim("n") - found.end.claim("n") == 14
    assert breaks(found)[("leg", "deleveraged")] == 0
    apart = solved(
        hedged(), {"price": {"ETH": "-20%"}, "adl": stage["adl"]}, {"price": {"ETH": "-40%"}}
    )
    assert [p.claim("n") for p in apart.ends] == [120, 106]


def test_a_leg_closed_by_the_scenario():
    found = solved(hedged(), {"close": ["leg"]}, {"price": {"ETH": "-33%"}})
    assert [p.claim("n") for p in found.ends] == [100, 67]


def test_a_leg_beyond_its_price_at_the_start_is_closed():
    system = hedged().set({"ETH/price": "$117"})
    found = solved(system)
    assert found.start.claim("n") == 117
    assert ("leg", "hedge_closed") in {(m.of, m.event) for m in found.holding(found.start)}


def venue(convention: str, maintenance: object, **more: object) -> Venue:
    return Venue(convention=convention, mode="isolated", maintenance=maintenance, **more)


@pytest.mark.parametrize(
    ("side", "price", "size", "margin", "leverage", "expected"),
    [
        (1, 50000, "0.2", 1000, 40, 45569.620253164554),
        (-1, 50000, "0.2", 1000, 40, 54320.98765432099),
        (-1, 3000, "10", 6000, 25, 3529.4117647058824),
    ],
)
def test_hyperliquids_liquidation_price(side, price, size, margin, leverage, expected):
    rate = F(1, 2 * leverage)  # maintenance is half of the initial margin at full leverage
    leg = Leg(side=side, size=F(size), entry=F(price), venue=venue("hyperliquid", rate))
    limit = liquidation_price(leg, affine(margin)).const
    assert float(limit) == pytest.approx(expected, rel=1e-14)
    share_of = F(margin) / (F(size) * price)
    assert limit == price * (1 - side * share_of) / (1 - side * rate)


def test_bybit_counts_maintenance_on_entry():
    leg = Leg(side=1, size=F(1), entry=F(20000), venue=venue("bybit", "0.5%"))
    assert liquidation_price(leg, affine(400)).const == 19700
    on_mark = Leg(side=1, size=F(1), entry=F(20000), venue=venue("binance", "0.5%"))
    assert float(liquidation_price(on_mark, affine(400)).const) == pytest.approx(19698.49, abs=0.01)
    assert closed_value(leg, affine(400), ()).const == 100


def test_tiers_are_chosen_by_the_notional_at_the_closing_price():
    """Binance: 2.5 % less 16,300 up to 5M, the numbers of its FAQ with the margin that is left."""
    tiers = (
        {"up_to": "$1M", "maintenance": "1%", "constant": "$1_300"},
        {"up_to": "$5M", "maintenance": "2.5%", "constant": "$16_300"},
        {"maintenance": "10%", "constant": "$391_300"},
    )
    faq = Venue(convention="binance", mode="isolated", tiers=tiers)
    margin = F("1535443.01") - F("356512.508") - F("448192.885")
    leg = Leg(side=1, size=F("109.488"), entry=F("32481.98"), venue=faq)
    assert float(liquidation_price(leg, affine(margin)).const) == pytest.approx(26316.89, abs=0.01)


def test_what_deleveraging_realised_counts_as_margin():
    leg = Leg(side=-1, size=F(2), entry=F(100), venue=venue("binance", "3%"))
    half = (Cut(share=F(1, 2), price=F(80)),)
    # one unit left, margin 20 and 20 realised
    assert liquidation_price(leg, affine(20), half).const == F(140) / F(103, 100)


def test_what_is_left_of_a_cut_leg_is_closed_at_a_price_of_its_own():
    """Half of 10 ETH is cut at 90: margin 250 carries the other half to 750 / 5.05, less 1 %."""
    book = lr.System(
        assets={"ETH": {"price": 100}, "USDT": {"price": 1}},
        issuers={"N": {"owns": {"ETH": 10}, "issues": {"n": {"kind": "share", "supply": 1000}}}},
        venues={"b": {"convention": "binance", "mode": "isolated", "maintenance": "1%"}},
        positions={
            "leg": {
                "venue": "b",
                "owner": "N",
                "short": "10 ETH",
                "entry": 100,
                "margin": {"USDT": 200},
            }
        },
    )
    cut = lr.Stage(price={"ETH": "-10%"}, adl={"leg": {"share": "50%", "at": "$90"}})
    closed = lr.run(book, stages=[cut, lr.Stage(close=["leg"])])
    # the maintenance margin comes back: 1 % of what five were worth where they were closed
    assert closed.layer("n").economic_usd == pytest.approx(900 + 750 / 101, abs=1e-9)
    assert lr.run(book, stages=[cut]).layer("n").economic_usd == 900 + 200 + 100
