"""What every venue keeps, whatever its accounts: contracts and money balance, batches are singles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looprisk.cascade.orders import HEALTHY, VenueState, place
from looprisk.cascade.settling import settle
from looprisk.cascade.venues import equity, terms_of
from looprisk.model import Venue

amount = st.integers(-30, 30).map(float)


@st.composite
def venues(draw):
    """A venue with two instruments, isolated or cross, and two prices of each."""
    convention = draw(st.sampled_from(["hyperliquid", "binance", "bybit"]))
    written = Venue(
        convention=convention,
        mode="cross",
        maintenance=draw(st.sampled_from(["2%", "5%"])),
        adl=draw(st.sampled_from(["queue", "pro_rata", "water_filling"])),
        adl_at=draw(st.sampled_from([None, "previous_mark", "bankruptcy"])),
        taker_fee=draw(st.sampled_from([None, "5bps"])),
        partial=draw(st.sampled_from([None, {"above": "$500", "share": "20%", "cooldown": "30s"}])),
    )
    legs = draw(st.integers(1, 7))
    wallets = draw(st.permutations([*range(legs)]) | st.just([*range(legs)]))
    if draw(st.booleans()):
        wallets = [w // 2 for w in wallets]
    terms = terms_of(
        written, wallet_of=wallets, instrument_of=[draw(st.integers(0, 1)) for _ in wallets]
    )
    shape = (draw(st.integers(1, 4)), legs)
    row = lambda values, n: np.array(  # noqa: E731
        draw(
            st.lists(st.lists(values, min_size=n, max_size=n), min_size=shape[0], max_size=shape[0])
        )
    )
    marks = row(st.sampled_from([70.0, 85.0, 97.0, 103.0, 120.0]), 2)
    befores = row(st.sampled_from([90.0, 100.0, 110.0]), 2)
    slips = row(st.sampled_from([0.8, 0.99, 1.0, 1.05]), 2)
    state = VenueState(
        size=row(amount, legs),
        entry=row(st.sampled_from([80.0, 95.0, 100.0, 110.0]), legs),
        margin=row(st.integers(-20, 600).map(float), terms.wallets),
        posted=row(st.sampled_from([0.0, 0.0, 50.0]), terms.wallets),
        fund=row(st.sampled_from([0.0, 25.0, 1000.0]), 1)[:, 0],
        ordered=row(st.sampled_from([-np.inf, 0.0, 20.0]), legs),
    )
    on_leg = lambda prices: np.take(prices, terms.instrument_of, axis=-1)  # noqa: E731
    return terms, state, on_leg(marks), on_leg(befores), on_leg(marks * slips)


def after(state, settled):
    return VenueState(
        size=settled.size,
        entry=state.entry,
        margin=settled.margin,
        posted=np.where(settled.ended, 0.0, state.posted),
        fund=settled.fund,
        ordered=settled.ordered,
    )


def worth_of(terms, state, mark):
    return (
        equity(
            terms,
            size=state.size,
            entry=state.entry,
            margin=state.margin,
            posted=state.posted,
            mark=mark,
        ).sum(axis=-1)
        + state.fund
    )


@settings(max_examples=300, deadline=None)
@given(venues())
def test_contracts_and_money_balance(venue):
    terms, state, mark, before, fill = venue
    orders = place(terms, state, mark=mark, before=before, now=40.0)
    settled = settle(terms, state, orders, mark=mark, fill=fill)
    sold = orders.market + orders.by_fund
    gone = sold + orders.adl + orders.taken
    scale = 1 + np.abs(state.size).max()
    # nobody is closed by more than he has, and what is left is what there was less what was closed
    assert (gone * state.size >= 0).all()
    assert (np.abs(gone) <= np.abs(state.size) * (1 + 1e-12)).all()
    assert settled.size == pytest.approx(state.size - gone, abs=1e-12 * scale)
    # every contract closed by deleveraging has two sides
    for instrument in range(orders.others_units.shape[1]):
        legs = terms.instrument_of == instrument
        net = (orders.adl + orders.taken)[:, legs].sum(axis=1) + orders.others_units[:, instrument]
        assert net == pytest.approx(0, abs=1e-11 * scale)
    # winners are healthy and on the other side
    assert (orders.taken[terms.of_leg(orders.state) != HEALTHY] == 0).all()
    # money: before, and what the sale brought against the mark, is after
    slipped = (sold * (fill - mark)).sum(axis=1)
    tokens_home = (np.where(settled.ended, state.posted, 0) * (1 - settled.seized)).sum(axis=1)
    later = after(state, settled)
    total = worth_of(terms, later, mark) + settled.home.sum(axis=1) + tokens_home
    had = worth_of(terms, state, mark) + slipped - settled.others
    size = (
        1 + np.abs(state.margin).sum(axis=1) + state.fund + (np.abs(state.size) * 120).sum(axis=1)
    )
    assert (np.abs(total + settled.fees - had) <= 1e-12 * size).all()
    # nobody ends with less than nothing, nor does the fund
    assert (settled.fund >= 0).all()
    assert (settled.home >= 0).all()
    assert ((settled.seized >= 0) & (settled.seized <= 1 + 1e-15)).all()
    assert (settled.margin[settled.ended] == 0).all()


@settings(max_examples=150, deadline=None)
@given(venues())
def test_a_path_of_a_batch_has_the_bits_it_has_alone(venue):
    terms, state, mark, before, fill = venue
    batch = place(terms, state, mark=mark, before=before, now=40.0)
    settled = settle(terms, state, batch, mark=mark, fill=fill)
    for path in range(len(state.fund)):
        one = slice(path, path + 1)
        single = VenueState(**{name: getattr(state, name)[one] for name in state.__slots__})
        alone = place(terms, single, mark=mark[one], before=before[one], now=40.0)
        done = settle(terms, single, alone, mark=mark[one], fill=fill[one])
        for name in settled.__slots__:
            assert getattr(settled, name)[one].tobytes() == getattr(done, name).tobytes(), name


@settings(max_examples=100, deadline=None)
@given(venues())
def test_where_all_are_healthy_nothing_moves(venue):
    terms, state, mark, before, fill = venue
    orders = place(terms, state, mark=mark, before=before, now=40.0)
    settled = settle(terms, state, orders, mark=mark, fill=fill)
    quiet = (orders.state == HEALTHY).all(axis=1)
    for name in ("size", "margin", "fund", "ordered"):
        assert getattr(settled, name)[quiet].tobytes() == getattr(state, name)[quiet].tobytes()
