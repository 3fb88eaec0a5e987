"""Cliffs: the envelope against stepping, against a loop over positions, and where it only brackets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from looprisk.cascade import envelope as env
from looprisk.cascade.pools import Pool

J = np.arange(40)
THRESHOLDS = 0.98 - 0.012 * J
UNITS = 30 + 15.0 * (7 * J % 5) + 400.0 * (J == 12)
KINDS = ["linear", "square_root", "constant_product", "table"]


def pool(kind="exponential", depth=6000.0, start=1.0, **more):
    knots = np.array([[0.0, 1.0], [0.3, 0.9], [0.8, 0.5], [1.5, 0.2]])
    return Pool(kind=kind, depth=depth, start_price=start, knots=knots, **more)


def bisected(holds, low, high):
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high


@pytest.mark.parametrize(
    ("eta", "border", "last", "after"),
    [(0.0, 0.937886193810, 25, 0.683319094150), (2.0, 0.963792508790, 40, 0.0)],
)
def test_the_fourth_example(eta, border, last, after):
    """40 longs: twelve go one by one or few by few, then thirteen, or all that are left, at once."""
    book = env.releases(THRESHOLDS, UNITS)
    found = env.cliffs(book, pool(eta=eta))
    at = found.first.tolist().index(12)
    assert found.external[at] == pytest.approx(border, abs=5e-13)
    assert found.last[at] == last
    assert found.before[at] == pytest.approx(0.836, rel=1e-12)
    below = np.array([found.external[at] * (1 - 1e-9)])
    count = env.gone(env.envelope(book, pool(eta=eta)), below)
    assert env.price_at(book, pool(eta=eta), below, count).item() == pytest.approx(
        after, abs=1e-8 if eta else 5e-13
    )
    assert found.after[at] == pytest.approx(after, rel=2e-9, abs=1e-8)
    assert found.dry[at] == (eta == 2.0)

    def goes(external):
        (count,), _ = env.stepped(book, pool(eta=eta), np.array([external]))
        return count > 12

    by_stepping = bisected(goes, 0.8, 0.98)
    assert by_stepping == pytest.approx(found.external[at], abs=1e-9)
    just_above, just_below = found.external[at] + 1e-9, found.external[at] - 1e-9
    counts, _ = env.stepped(book, pool(eta=eta), np.array([just_above, just_below]))
    assert counts.tolist() == [12, last]


def one_by_one(thresholds, units, external, price_of):
    """The plain loop: sell the next position while the price is below its threshold."""
    order = sorted(range(len(units)), key=lambda j: -thresholds[j])
    sold, count = 0.0, 0
    for j in order:
        if price_of(external, sold) >= thresholds[j]:
            break
        sold += units[j]
        count += 1
    return count


PLAIN = {
    "exponential": lambda e, q: e * np.exp(-q / 50),
    "linear": lambda e, q: e * max(1 - q / 50, 1e-9),
    "square_root": lambda e, q: e * max(1 - np.sqrt(q / 50), 1e-9),
    "constant_product": lambda e, q: e / (1 + q / 50) ** 2,
    "thinning": lambda e, q: max(e**1.5 - 1.5 * q / 50, 1e-13) ** (1 / 1.5),
}


@settings(deadline=None)
@given(
    st.sampled_from([*PLAIN]),
    st.lists(st.tuples(st.integers(300, 999), st.integers(1, 60)), min_size=1, max_size=30),
    st.lists(st.integers(3000, 10050), min_size=1, max_size=6),
)
def test_envelope_stepping_and_loop_agree(kind, rows, prices):
    thresholds = np.array([t / 1000 for t, _ in rows])
    units = np.array([n / 10 for _, n in rows])
    external = np.array([p / 10_000 + 3e-7 for p in prices])
    thins = {"eta": 1.5} if kind == "thinning" else {}
    terms = pool("exponential" if thins else kind, depth=50.0, **thins)
    book = env.releases(thresholds, units)
    found = env.gone(env.envelope(book, terms), external)
    counts, rounds = env.stepped(book, terms, external)
    assert found.tolist() == counts.tolist()
    assert rounds <= len(rows)
    plain = [one_by_one(thresholds, units, e, PLAIN[kind]) for e in external]
    assert found.tolist() == plain
    # a batch is its paths one by one
    alone = [env.stepped(book, terms, external[i : i + 1])[0].item() for i in range(len(external))]
    assert counts.tolist() == alone


@pytest.mark.parametrize("kind", KINDS)
def test_other_curves_have_cliffs_too_but_not_when_their_depth_follows_the_price(kind):
    book = env.releases(THRESHOLDS, UNITS)
    found = env.cliffs(book, pool(kind, depth=12_000.0))
    for external, first, last in zip(found.external, found.first, found.last, strict=True):
        around = np.array([external + 1e-10, external - 1e-10])
        counts, _ = env.stepped(book, pool(kind, depth=12_000.0), around)
        assert counts.tolist() == [first, last]
    with pytest.raises(ValueError, match="has no single envelope"):
        env.envelope(book, pool(kind, eta=1.0))


def test_a_rally_squeezes_shorts():
    """The mirror: bought back as the price rises, each purchase lifting it for the next."""
    thresholds = 1.02 + 0.012 * J
    for eta in (0.0, 1.0):
        terms = pool(eta=eta)
        book = env.releases(thresholds, UNITS, rising=True)
        border = env.envelope(book, terms)
        external = np.linspace(1.0, 1.4, 200)
        found = env.gone(border, external, rising=True)
        counts, _ = env.stepped(book, terms, external)
        assert found.tolist() == counts.tolist()
        cliffs = env.cliffs(book, terms)
        assert 12 in cliffs.first.tolist()
        assert (cliffs.after > cliffs.before).all()


def test_less_depth_moves_the_cliff_up():
    book = env.releases(THRESHOLDS, UNITS)
    thin, half = env.envelope(book, pool(), share=0.5), env.envelope(book, pool(depth=3000.0))
    assert thin == pytest.approx(half, rel=1e-14)
    calm = pool(zeta=1.0, calm=0.5)
    assert env.envelope(book, calm, sigma=1.0) == pytest.approx(half, rel=1e-14)
    assert (thin >= env.envelope(book, pool())).all()


def loans(seed, count=200):
    dice = np.random.default_rng(seed)
    units = np.exp(dice.normal(1.0, 0.8, count))
    threshold = dice.uniform(0.55, 0.96, count)
    return units, threshold, threshold * 0.86 * units


PHI = 1.05


def sold_at(units, debt, price):
    return np.minimum(units, PHI * debt / price)


def stepped_loans(units, threshold, debt, external, depth):
    """Each loan sells phi d / P at the price at which it is reached."""
    left = np.ones(len(units), dtype=bool)
    price, sold = external, 0.0
    while True:
        now = left & (threshold > price)
        if not now.any():
            return price
        sold += sold_at(units, debt, price)[now].sum()
        left &= ~now
        price = external * np.exp(-sold / depth)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("depth", [200.0, 400.0, 900.0])
def test_two_envelopes_bracket_loans_whose_quantity_moves(seed, depth):
    """v = phi d / thr is the least that a loan sells, v = N the most: the end lies between."""
    units, threshold, debt = loans(seed)
    terms = pool(depth=depth)
    least = env.releases(threshold, np.minimum(units, PHI * debt / threshold))
    most = env.releases(threshold, units)
    for external in (0.97, 0.93, 0.9):
        outside = np.array([external])
        ends = []
        for book in (most, least):
            count = env.gone(env.envelope(book, terms), outside)
            ends.append(env.price_at(book, terms, outside, count).item())
        by_steps = stepped_loans(units, threshold, debt, external, depth)
        assert ends[0] - 1e-12 <= by_steps <= ends[1] + 1e-12
        # all of them sold at the last price, as a static fixed point has it, is more than was sold
        price = external
        for _ in range(10_000):
            sold = sold_at(units, debt, price)[threshold > price].sum()
            lower = external * np.exp(-sold / depth)
            if lower == price:
                break
            price = lower
        assert price <= by_steps + 1e-9


def test_g_is_one_at_the_cliff_of_many_small_positions():
    """10,000 equal positions, density 1 / (threshold): P exp(Q/S) is lowest where g crosses 1."""
    count, depth = 20_000, 1000.0
    threshold = np.linspace(0.99, 0.5, count)
    weight = 1 + 0.9 * np.sin(12 * threshold)
    units = weight / weight.sum() * 700.0
    book = env.releases(threshold, units)
    terms = pool(depth=depth)
    found = env.cliffs(book, terms)
    widest = np.argmax(found.last - found.first)
    start = found.before[widest]
    # per unit of ln P the book sells density x P; where that is the depth, g = 1
    density = units / (threshold[0] - threshold[1])
    g = np.interp(start, threshold[::-1], (density * threshold / depth)[::-1])
    assert g == pytest.approx(1, abs=0.01)
    assert env.black_hole(book, terms, np.array([start * 0.99])).all()
    assert not env.black_hole(book, terms, np.array([start * 1.05])).any()


def test_what_a_fall_of_one_percent_releases():
    book = env.releases(np.array([1.0, 0.995, 0.99, 0.98]), np.array([1.0, 2.0, 4.0, 8.0]))
    assert env.released_below(book, np.array([1.0, 0.999, 0.985, 0.5])).tolist() == [7, 6, 8, 0]
    shorts = env.releases(np.array([1.0, 1.005, 1.02]), np.array([1.0, 2.0, 4.0]), rising=True)
    assert env.released_below(shorts, np.array([1.0, 1.0051, 1.015])).tolist() == [3, 0, 4]
