"""A venue under stress: the second example of the dynamics by these functions alone, and invariants."""

from fractions import Fraction

import numpy as np
import pytest

from looprisk.cascade.orders import (
    BACKSTOP,
    BANKRUPT,
    HEALTHY,
    ORDER,
    VenueState,
    place,
    uncovered_share,
)
from looprisk.cascade.settling import average_entry, close_share, settle
from looprisk.cascade.venues import equity, terms_of
from looprisk.model import Venue


def state_of(size, entry, margin, *, posted=None, fund=0.0, ordered=None):
    """One path of accounts."""
    row = np.array([[float(n) for n in margin]])
    return VenueState(
        size=np.array([[float(n) for n in size]]),
        entry=np.array([[float(n) for n in entry]]),
        margin=row,
        posted=np.zeros_like(row) if posted is None else np.array([posted]),
        fund=np.array([float(fund)]),
        ordered=np.full((1, len(size)), -np.inf) if ordered is None else np.array([ordered]),
    )


def step(terms, state, mark, before, *, fill=None, now=0.0):
    """One phase without a pool, or with every leg filled at ``fill``."""
    marks = np.broadcast_to(np.asarray(mark, dtype=float), state.size.shape)
    befores = np.broadcast_to(np.asarray(before, dtype=float), state.size.shape)
    orders = place(terms, state, mark=marks, before=befores, now=now)
    fills = marks if fill is None else np.broadcast_to(np.asarray(fill, float), state.size.shape)
    return orders, settle(terms, state, orders, mark=marks, fill=fills)


def after(state, settled):
    return VenueState(
        size=settled.size,
        entry=state.entry,
        margin=settled.margin,
        posted=np.where(settled.ended, 0.0, state.posted),
        fund=settled.fund,
        ordered=settled.ordered,
    )


SIZES, ENTRIES, MARGINS = (
    [-10, -10, -10, -10, 15],
    [120, 110, 130, 105, 110],
    [100, 50, 600, 400, 240],
)


def second_example(policy, *, convention="binance", fund=0.0, **venue):
    """Shorts of 10 each and a long of 15, at 100, 90 and 70; what an issuer of 10 ETH is worth."""
    written = Venue(convention=convention, mode="isolated", maintenance="2%", adl=policy, **venue)
    terms = terms_of(written, wallet_of=range(5), instrument_of=[0] * 5)
    state = state_of(SIZES, ENTRIES, MARGINS, fund=fund)
    worth, taken, cash, before = [], [], 0.0, 100.0
    kept = []
    for mark in (90.0, 70.0):
        orders, settled = step(terms, state, mark, before)
        state = after(state, settled)
        cash += settled.home[0, 1]
        leg = equity(
            terms,
            size=state.size,
            entry=state.entry,
            margin=state.margin,
            posted=state.posted,
            mark=np.full((1, 5), mark),
        )[0, 1]
        worth.append(10 * mark + cash + leg)
        taken.append(-orders.taken[0, :4])
        kept.append(settled.home[0, 4])
        before = mark
    return worth, taken, state, kept


@pytest.mark.parametrize(
    ("policy", "taken", "at_90", "at_70"),
    [
        ("queue", [5, 10, 0, 0], 1110, Fraction(91, 110)),
        ("pro_rata", [3.75] * 4, 1135, Fraction(53, 55)),
        ("water_filling", [5, 6.875, 0, 3.125], Fraction(2245, 2), Fraction(197, 220)),
    ],
)
def test_the_second_example_at_the_bankruptcy_price(policy, taken, at_90, at_70):
    worth, gave, state, _ = second_example(policy)
    assert gave[0] == pytest.approx(np.array(taken, dtype=float), rel=1e-12)
    assert worth[0] == pytest.approx(float(at_90), rel=1e-13)
    assert worth[1] / 1100 == pytest.approx(float(at_70), rel=1e-13)
    assert state.size.sum() == pytest.approx(-25, rel=1e-13)
    # winners close at 94 what is worth 90: 60 together
    assert (gave[0] * 4).sum() == pytest.approx(60, rel=1e-13)


def test_the_second_example_at_the_previous_mark():
    worth, gave, _, kept = second_example("queue", convention="hyperliquid")
    assert gave[0].tolist() == [5, 10, 0, 0]
    assert worth[0] == 1050
    assert worth[1] / 1100 == pytest.approx(17 / 22, rel=1e-13)
    assert kept[0] == 90


def test_the_second_example_with_a_fund():
    _, gave, state, _ = second_example("pro_rata", fund=20)
    assert gave[0].tolist() == [2.5] * 4
    assert state.fund.item() == pytest.approx(0, abs=1e-12)


def test_the_lender_of_the_second_example():
    """900 against 1000 of 1100 tokens, fixed oracle: the lender is the last of 100 tokens."""
    for policy, expected in (
        ("queue", Fraction(9100, 11)),
        ("pro_rata", 900),
        ("water_filling", Fraction(9850, 11)),
    ):
        worth, *_ = second_example(policy)
        assert min(900, worth[1] * 1000 / 1100) == pytest.approx(float(expected), rel=1e-13)


@pytest.mark.parametrize("mark", [118.0, 117.0])
def test_the_first_example_backstop_and_order(mark):
    """A short of 10 at 100 with 200: at 118 the vault takes 20, at 117 the 30 left come home."""
    venue = Venue(convention="hyperliquid", mode="isolated", maintenance="3%")
    terms = terms_of(venue, wallet_of=[0], instrument_of=[0])
    state = state_of([-10], [100], [200])
    orders, settled = step(terms, state, mark, 110)
    assert settled.size.item() == 0
    if mark == 118.0:
        assert orders.state.item() == BACKSTOP
        assert (settled.fund.item(), settled.home.item()) == (20, 0)
    else:
        assert orders.state.item() == ORDER
        assert (settled.fund.item(), settled.home.item()) == (0, 30)


def test_large_positions_are_closed_in_parts_and_then_at_once():
    """20 % of what is worth more than $100k; within 30 s the next order is for everything."""
    venue = Venue(convention="hyperliquid", mode="isolated", maintenance="3%")
    terms = terms_of(venue, wallet_of=[0, 1], instrument_of=[0, 0])
    state = state_of([2_000, 900], [100, 100], [5_900, 2_655])
    orders, settled = step(terms, state, 100, 100, now=0)
    assert orders.state.tolist() == [[ORDER, ORDER]]
    assert orders.market.tolist() == [[400, 900]]
    assert settled.size.tolist() == [[1_600, 0]]
    assert settled.ordered.tolist() == [[0, -np.inf]]
    assert settled.home.tolist() == [[0, 2_655]]
    # 5,900 is now enough for 160,000; a fall by 1 makes it too little again
    left = after(state, settled)
    assert step(terms, left, 100, 100, now=15)[0].state.tolist() == [[HEALTHY, HEALTHY]]
    soon, _ = step(terms, left, 99, 100, now=29)
    assert soon.market.tolist() == [[1_600, 0]]
    later, kept = step(terms, left, 99, 100, now=30)
    assert later.market.tolist() == [[320, 0]]
    assert kept.ordered.tolist() == [[30, -np.inf]]


def test_binance_keeps_what_is_left_and_hyperliquid_returns_it():
    for convention, home, fund in (("binance", 0, 18), ("bybit", 0, 18), ("hyperliquid", 18, 0)):
        venue = Venue(convention=convention, mode="isolated", maintenance="20%", backstop="1%",
                      taker_fee="1%")  # fmt: skip
        terms = terms_of(venue, wallet_of=[0], instrument_of=[0])
        _, settled = step(terms, state_of([2], [100], [20]), 100, 100)
        assert settled.fees.item() == 2
        assert (settled.home.item(), settled.fund.item()) == (home, fund)


def test_a_sale_below_bankruptcy_is_socialised_and_others_pay_the_rest():
    venue = Venue(convention="binance", mode="isolated", maintenance="10%")
    terms = terms_of(venue, wallet_of=range(3), instrument_of=[0] * 3)
    state = state_of([10, -10, -10], [100, 100, 100], [90, 100, 300])
    orders, settled = step(terms, state, 100, 100, fill=[70, 100, 100])
    assert orders.state.tolist() == [[ORDER, HEALTHY, HEALTHY]]
    # 90 - 300: 210 are missing; equities of 100 and 300 share it
    assert settled.socialised[0] == pytest.approx([0, 52.5, 157.5])
    assert settled.margin[0] == pytest.approx([0, 47.5, 142.5])
    assert settled.others.item() == 0
    _, poor = step(terms, state, 100, 100, fill=[40, 100, 100])
    assert poor.socialised[0].tolist() == [0, 100, 300]
    assert poor.others.item() == -110


def test_others_give_what_modelled_winners_cannot():
    venue = Venue(convention="binance", mode="isolated", maintenance="2%")
    terms = terms_of(venue, wallet_of=range(2), instrument_of=[0, 0])
    state = state_of([15, -6], [110, 120], [240, 500])
    orders, settled = step(terms, state, 90, 100)
    assert orders.taken.tolist() == [[0, -6]]
    assert orders.others_units.tolist() == [[-9]]
    assert settled.others.item() == pytest.approx(-9 * 4, rel=1e-13)


def test_negative_margin_of_a_live_leg_is_no_hole():
    """Funding was paid out of open profit."""
    venue = Venue(convention="binance", mode="isolated", maintenance="2%")
    terms = terms_of(venue, wallet_of=[0], instrument_of=[0])
    orders, settled = step(terms, state_of([10], [50], [-40]), 100, 100)
    assert orders.state.item() == HEALTHY
    assert (settled.margin.item(), settled.others.item()) == (-40, 0)


def test_posted_tokens_pay_what_cash_lacks():
    venue = Venue(convention="hyperliquid", mode="isolated", maintenance="10%", backstop="1%")
    terms = terms_of(venue, wallet_of=[0], instrument_of=[0])
    state = state_of([10], [100], [-100.0], posted=[150.0])
    _, settled = step(terms, state, 100, 100)
    assert settled.home.item() == 0
    assert settled.seized.item() == pytest.approx(2 / 3)
    assert settled.others.item() == 0


def test_the_fund_pays_all_alike():
    missing = np.array([[60.0, 20.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert uncovered_share(missing, np.array([20.0, 5.0, 5.0])).tolist() == [0.75, 0, 0]


def test_a_stage_closes_a_share_at_a_price():
    venue = Venue(convention="binance", mode="isolated", maintenance="2%", taker_fee="1%")
    terms = terms_of(venue, wallet_of=[0, 1], instrument_of=[0, 0])
    state = state_of([-10, 4], [100, 100], [200, 50])
    cut = close_share(
        terms, state, share=np.array([[0.7, 0.0]]), price=np.array([[80.0, 90.0]]), fee=False
    )
    assert cut.size[0] == pytest.approx([-3, 4])
    assert cut.margin[0] == pytest.approx([340, 50])
    whole = close_share(
        terms, state, share=np.array([[1.0, 0.0]]), price=np.array([[110.0, 90.0]]), fee=True
    )
    assert whole.size.tolist() == [[0, 4]]
    assert whole.left[0] == pytest.approx([200 - 100 - 11, 0])
    assert whole.ended.tolist() == [[True, False]]
    assert whole.fees[0] == pytest.approx([11, 0])


def test_a_leg_that_grows_has_the_average_entry():
    grown = average_entry(
        np.array([-10.0, 5.0]), np.array([100.0, 7.0]), np.array([-30.0, 0.0]), 80.0
    )
    assert grown.tolist() == [85, 7]


def test_a_bankrupt_account_splits_over_its_legs_by_notional():
    venue = Venue(convention="binance", mode="cross", maintenance="2%")
    terms = terms_of(venue, wallet_of=[0, 0, 1, 2], instrument_of=[0, 1, 0, 1])
    state = state_of([10, 5, -20, -20], [120, 130, 120, 130], [200, 900, 900])
    orders, settled = step(terms, state, [90, 90, 90, 90], 100)
    assert orders.state.tolist() == [[BANKRUPT, HEALTHY, HEALTHY]]
    # 200 - 300 - 200: 300 are missing, two thirds on the leg of two thirds of the notional
    assert orders.price_loser[0, :2] == pytest.approx([90 + 20, 90 + 20])
    assert orders.taken.tolist() == [[0, 0, -10, -5]]
    assert settled.margin[0] == pytest.approx([0, 900 + 10 * 10, 900 + 5 * 20])
