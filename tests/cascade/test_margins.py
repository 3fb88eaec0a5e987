"""Margins of perpetual futures against the figures that the exchanges print."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looprisk.cascade import margins
from looprisk.cascade.margins import Ladder, flat, liquidation_price, maintenance_of
from looprisk.cascade.venues import equity, ladder_of, maintenance, terms_of, token_margin
from looprisk.engine.affine import affine
from looprisk.engine.perps import Leg
from looprisk.engine.perps import liquidation_price as exact_price
from looprisk.errors import ModelError
from looprisk.model import Venue


def one(*numbers):
    return tuple(np.array([float(number)]) for number in numbers)


@pytest.mark.parametrize(
    ("side", "entry", "size", "margin", "leverage", "expected"),
    [
        (1, 50_000, 0.2, 1_000, 40, 45569.620253164554),
        (-1, 50_000, 0.2, 1_000, 40, 54320.98765432099),
        (-1, 3_000, 10, 6_000, 25, 3529.4117647058824),
    ],
)
def test_hyperliquid_liquidates_where_its_documents_say(
    side, entry, size, margin, leverage, expected
):
    ladder = flat(1 / (2 * leverage))
    (found,) = liquidation_price(ladder, *one(side * size, entry, margin))
    assert found == pytest.approx(expected, rel=1e-15)
    share = margin / (size * entry)
    identity = entry * (1 - side * share) / (1 - side / (2 * leverage))
    assert found == pytest.approx(identity, rel=1e-14)


# Binance's example of a cross wallet: brackets of the two contracts that matter there
BTC = Ladder(
    rates=np.array([0.004, 0.005, 0.01, 0.025, 0.05]),
    constants=np.array([0.0, 50.0, 1_300.0, 16_300.0, 266_300.0]),
    up_to=np.array([50_000.0, 250_000.0, 1_000_000.0, 10_000_000.0, np.inf]),
)
ETH = Ladder(
    rates=np.array([0.0065, 0.01, 0.02, 0.05, 0.1]),
    constants=np.array([0.0, 35.0, 1_035.0, 15_365.0, 135_365.0]),
    up_to=np.array([10_000.0, 100_000.0, 477_666.67, 2_400_000.0, np.inf]),
)
WALLET = 1535443.01
LEGS = {"BTC": (BTC, 109.488, 32481.98, 31967.27), "ETH": (ETH, 3683.979, 1456.84, 1335.18)}


@pytest.mark.parametrize(("name", "expected"), [("BTC", 26316.89), ("ETH", 1153.26)])
def test_binance_liquidates_a_cross_wallet_where_its_example_says(name, expected):
    profits = {leg: margins.profit(*one(n, e, p)) for leg, (_, n, e, p) in LEGS.items()}
    kept = {leg: maintenance_of(lad, *one(n, e, p)) for leg, (lad, n, e, p) in LEGS.items()}
    assert kept["ETH"].item() == pytest.approx(356512.508, abs=0.001)
    assert profits["ETH"].item() == pytest.approx(-448192.89, abs=0.01)
    worth = np.array([WALLET]) + profits["BTC"] + profits["ETH"]
    cash = margins.left_for_leg(worth, kept["BTC"] + kept["ETH"], profits[name], kept[name])
    ladder, size, entry, _ = LEGS[name]
    (found,) = liquidation_price(ladder, *one(size, entry), cash)
    assert found == pytest.approx(expected, abs=0.01)
    # at that price of this leg, the others at their marks, the account is down to its maintenance
    other = next(leg for leg in LEGS if leg != name)
    at = margins.profit(*one(size, entry, found)) + profits[other] + WALLET
    assert at.item() == pytest.approx(
        (maintenance_of(ladder, *one(size, entry, found)) + kept[other]).item(), rel=1e-12
    )


def test_bybit_liquidates_on_entry_notional():
    ladder = flat(0.005, on_entry=True)
    assert liquidation_price(ladder, *one(1, 20_000, 400)).item() == 19_700
    assert maintenance_of(ladder, *one(1, 20_000, 15_000)).item() == 100
    on_mark = liquidation_price(flat(0.005), *one(1, 20_000, 400)).item()
    assert on_mark == pytest.approx(19698.49, abs=0.005)


def test_bybit_inverse_contracts():
    cross = one(10_000, 8_000, 0.5)
    bankrupt = margins.inverse_bankruptcy_price(*cross, taker_fee=0.00075).item()
    assert bankrupt == pytest.approx(5718.571428571428, rel=1e-14)
    found = margins.inverse_liquidation_price(*cross, maintenance=0.005, taker_fee=0.00075).item()
    assert found == pytest.approx(5739.0835, abs=1e-4)
    assert np.ceil(found * 2) / 2 == 5739.5  # as the document prints it, on a tick of half a dollar
    value = 1 / 7890.08
    article = margins.inverse_bankruptcy_price(*one(1, 7890.08, value / 50)).item()
    assert article == pytest.approx(7735.372549, abs=1e-6)
    for side, expected in ((-1, 55248.618784530394), (1, 45662.100456621)):
        isolated = one(side * 60_000, 50_000, 0.12)
        price = margins.inverse_liquidation_price(*isolated, maintenance=0.005).item()
        assert price == pytest.approx(expected, rel=1e-13)
        contracts, entry, margin = (a.item() for a in isolated)
        equity_there = margin + contracts * (1 / entry - 1 / price)
        assert equity_there == pytest.approx(0.006, rel=1e-12)


def test_margin_in_tokens_counts_after_its_haircut():
    worth = token_margin(np.array([[2.0, 100.0]]), np.array([[3000.0, 1.0]]), np.array([0.1, 0.0]))
    assert worth.item() == 5500


TIERED = [
    {"up_to": "$50k", "maintenance": "1%"},
    {"up_to": "$250k", "maintenance": "2.5%", "constant": "$750"},
    {"maintenance": "5%", "constant": "$7_000"},
]


@pytest.mark.parametrize("convention", ["hyperliquid", "binance", "bybit"])
@given(
    side=st.sampled_from([-1, 1]),
    size=st.integers(1, 5_000),
    entry=st.integers(20, 200),
    share=st.integers(6, 90),
)
def test_the_price_is_the_exact_one_of_the_static_engine(convention, side, size, entry, share):
    """One formula, two arithmetics; and at that price equity is maintenance, on every tier."""
    venue = Venue(convention=convention, mode="isolated", tiers=TIERED)
    margin = Fraction(size * entry * share, 100)
    leg = Leg(side=side, size=Fraction(size), entry=Fraction(entry), venue=venue)
    exact = exact_price(leg, affine(margin)).const
    ladder = ladder_of(venue)
    units, prices, cash = one(side * size, entry, margin)
    found = liquidation_price(ladder, units, prices, cash)
    assert found.item() == pytest.approx(float(exact), rel=1e-12, abs=1e-12)
    if exact > 0:
        worth = cash + margins.profit(units, prices, found)
        kept = maintenance_of(ladder, units, prices, found)
        assert worth.item() == pytest.approx(kept.item(), rel=1e-9, abs=1e-6)


def test_a_notional_on_the_border_belongs_to_the_tier_below():
    ladder = ladder_of(Venue(convention="binance", mode="isolated", tiers=TIERED))
    notional = np.array([50_000.0, np.nextafter(50_000, np.inf), 250_000.0, 250_001.0])
    assert margins.tier_of(ladder, notional).tolist() == [0, 1, 1, 2]
    # the constants make the maintenance continuous there
    kept = maintenance_of(ladder, notional, np.ones(4), np.ones(4))
    assert kept[0] == pytest.approx(kept[1], rel=1e-12)


def test_a_cross_account_adds_its_legs_up():
    venue = Venue(convention="binance", mode="cross", maintenance="2%")
    terms = terms_of(venue, wallet_of=[1, 0, 1], instrument_of=[0, 0, 1])
    size, entry = np.array([[10.0, -4.0, -2.0]]), np.array([[100.0, 100.0, 50.0]])
    mark = np.array([[90.0, 90.0, 60.0]])
    money = {"margin": np.array([[30.0, 500.0]]), "posted": np.array([[0.0, 7.0]])}
    worth = equity(terms, size=size, entry=entry, mark=mark, **money)
    assert worth.tolist() == [[70.0, 500 + 7 - 100 - 20]]
    kept = maintenance(terms, size=size, entry=entry, mark=mark)
    assert kept == pytest.approx(np.array([[7.2, 18 + 2.4]]))


def test_coins_with_tables_of_their_own_are_as_if_each_stood_alone():
    """Tiers of different lengths side by side, on both sides of every border; and exactly."""
    coins = {"A": {"maintenance": "5%"}, "B": {"tiers": TIERED}}
    venue = Venue(convention="binance", mode="isolated", maintenance="1%", coins=coins)
    assets = ["B", "A", "C", "B"]
    ladder = ladder_of(venue, assets)
    size = np.array([[600.0, -7.0, 11.0, -30.0], [2600.0, 7000.0, -11.0, 0.5]])
    entry, mark, cash = np.full(4, 100.0), np.full((2, 4), 97.0), np.full((2, 4), 900.0)
    kept = maintenance_of(ladder, size, entry, mark)
    closes = liquidation_price(ladder, size, entry, cash)
    for at, asset in enumerate(assets):
        terms = coins.get(asset, {"maintenance": "1%"})
        alone = ladder_of(Venue(convention="binance", mode="isolated", **terms))
        of_leg = (size[:, at], entry[at])
        assert kept[:, at].tolist() == maintenance_of(alone, *of_leg, mark[:, at]).tolist()
        price = liquidation_price(alone, *of_leg, cash[:, at])
        assert closes[:, at].tolist() == price.tolist()
        for units, found in zip(size[:, at], price, strict=True):
            words = {"size": Fraction(abs(units)), "entry": Fraction(100), "venue": venue}
            leg = Leg(side=1 if units > 0 else -1, asset=asset, **words)
            assert float(exact_price(leg, affine(900)).const) == pytest.approx(found, rel=1e-12)


def test_a_coin_that_says_no_margin_is_told():
    with pytest.raises(ModelError, match="`maintenance` is missing"):
        Venue(convention="hyperliquid", mode="cross", maintenance="1%", coins={"A": {}})


def test_a_leg_without_units_has_no_liquidation_price():
    found = liquidation_price(flat(0.02), np.array([0.0, 1.0]), np.array([5.0, 5.0]), np.array(1.0))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(4 / 0.98)


@pytest.mark.parametrize(
    ("tiers", "message", "advice"),
    [
        ([{"maintenance": "1%"}, {"maintenance": "2%"}], "`up_to` is missing", "but the last"),
        ([{"up_to": "$1k", "maintenance": "1%"}], "the last tier has no `up_to`", ""),
        (
            [
                {"up_to": "$2k", "maintenance": "1%"},
                {"up_to": "$1k", "maintenance": "2%"},
                {"maintenance": "3%"},
            ],
            "`$1k` is not above the tier before",
            "rising order",
        ),
        (
            [
                {"up_to": "$50k", "maintenance": "1%"},
                {"maintenance": "2.5%", "constant": "$800"},
            ],
            "a position above 50000 USD would need less margin",
            "the constant is $750",
        ),
    ],
)
def test_tiers_that_cannot_be(tiers, message, advice):
    with pytest.raises(ModelError) as raised:
        Venue(convention="binance", mode="isolated", tiers=tiers)
    assert message in str(raised.value)
    assert advice in str(raised.value)


def test_a_part_of_nothing_is_no_part():
    with pytest.raises(ModelError, match="nothing would ever be closed"):
        Venue(
            convention="hyperliquid",
            mode="isolated",
            maintenance="2%",
            partial={"above": "$100k", "share": "0%"},
        )
