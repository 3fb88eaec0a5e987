"""Pools: a sale against integrals, against a real x y = k, and whatever it is cut into."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from looprisk.cascade import curves, pools
from looprisk.cascade.pools import Pool, capacity, sell, trade
from looprisk.model import Liquidity

KNOTS = np.array([[0.0, 1.0], [0.2, 0.97], [0.5, 0.9], [1.0, 0.6], [1.6, 0.1]])
KINDS = ["exponential", "linear", "square_root", "constant_product", "table"]


def pool(kind="exponential", depth=1000.0, start=2.0, **more):
    return Pool(kind=kind, depth=depth, start_price=start, knots=KNOTS, **more)


def state(price=2.0, external=2.0, share=1.0, sigma=1.0):
    return {
        "price": np.array([price]),
        "external": np.array([external]),
        "share": np.array([share]),
        "sigma": np.array([sigma]),
    }


def sold(terms, units, **at):
    return trade(terms, **state(**at), units=np.array([float(units)]))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("eta", [0.0, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("units", [1e-6, 3.0, 77.0, 130.0, -1e-6, -20.0])
def test_proceeds_are_the_integral_of_the_marginal_price(kind, eta, units):
    """The average price against quadrature over the price that a little more would move to."""
    terms = pool(kind, eta=eta)
    at = {"price": 1.7, "external": 1.9, "share": 0.8}

    def marginal(q):
        return sold(terms, q, **at).price.item()

    done = sold(terms, units, **at)
    assert not done.dry.item()
    points = None
    if kind == "table":
        here = pools.units_of_depth(terms, np.array([0.8]), np.ones(1)).item() * (1.7 / 2) ** eta
        start = curves.sold_at(kind, np.array([1.7 / 1.9]), KNOTS).item()
        ends = (KNOTS[:, 0] - start) * here
        points = [q for q in ends if min(0, units) < q < max(0, units)] or None
    money, _ = quad(marginal, 0, units, points=points, epsabs=0, epsrel=1e-10, limit=200)
    assert done.average.item() * units == pytest.approx(money, rel=1e-9)


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0, 2.0])
def test_the_exponential_pool_thins_as_its_equation_says(eta):
    """dQ = -D a c (P/P0)^eta dlnP / P0."""
    terms = pool(eta=eta, zeta=0.5, calm=0.6)
    at = {"price": 1.6, "external": 1.8, "share": 0.9, "sigma": 1.2}
    lower = sold(terms, 30, **at).price.item()
    depth = 1000 * 0.9 * (0.6 / 1.2) ** 0.5 / 2
    units, _ = quad(lambda p: depth * (p / 2) ** eta / p, lower, 1.6, epsrel=1e-12)
    assert units == pytest.approx(30, rel=1e-11)


@pytest.mark.parametrize("eta", [0.0, 0.3, 1.0, 2.5])
@given(pieces=st.lists(st.floats(-20, 40), min_size=1, max_size=10))
def test_an_exponential_sale_may_be_cut_into_any_pieces(eta, pieces):
    terms = pool(eta=eta)
    whole = sold(terms, sum(pieces))
    price, money = 2.0, 0.0
    for units in pieces:
        done = sold(terms, units, price=price)
        price = done.price.item()
        money += done.average.item() * units
        if done.dry.item():
            return
    assert price == pytest.approx(whole.price.item(), rel=1e-9)
    assert money == pytest.approx(whole.average.item() * sum(pieces), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("kind", ["linear", "square_root", "constant_product", "table"])
def test_the_other_curves_may_be_cut_too_while_depth_does_not_follow_the_price(kind):
    terms = pool(kind)
    whole, price = sold(terms, 120), 2.0
    money = 0.0
    for _ in range(10):
        done = sold(terms, 12, price=price)
        price = done.price.item()
        money += done.average.item() * 12
    assert price == pytest.approx(whole.price.item(), rel=1e-12)
    assert money == pytest.approx(whole.average.item() * 120, rel=1e-12)


@given(
    st.integers(10**6, 10**12),
    st.integers(10**6, 10**12),
    st.lists(st.integers(1, 10**6), max_size=6),
)
def test_constant_product_against_reserves_in_integers(base, quote, sales):
    """An explicit pool x y = k without a fee, in fractions."""
    terms = Pool(kind="constant_product", depth=float(quote), start_price=quote / base)
    price = start = quote / base
    x, y = Fraction(base), Fraction(quote)
    for units in sales:
        out = y - x * y / (x + units)
        done = sold(terms, units, price=price, external=start)
        assert done.average.item() * units == pytest.approx(float(out), rel=1e-11)
        x, y = x + units, y - out
        price = done.price.item()
        assert price == pytest.approx(float(y / x), rel=1e-11)


def test_a_tenth_of_the_reserve():
    done = sold(pool("constant_product", depth=1000.0, start=1.0), 100, price=1.0, external=1.0)
    assert done.average.item() == pytest.approx(0.9090909090909091, rel=1e-15)
    assert done.price.item() == pytest.approx(0.8264462809917354, rel=1e-15)


@pytest.mark.parametrize(
    ("kind", "left"),
    [("exponential", np.exp(-1)), ("linear", 0), ("square_root", 0), ("constant_product", 0.25)],
)
def test_what_depth_means(kind, left):
    """Worth of the depth, sold at once at the start price."""
    done = sold(pool(kind), 500)
    assert done.price.item() / 2 == pytest.approx(left, abs=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_drain_moves_no_price_and_makes_the_next_sale_dearer(kind):
    full, thin = sold(pool(kind), 40), sold(pool(kind), 40, share=0.25)
    assert sold(pool(kind), 0, share=0.25).price.item() == 2
    assert thin.price < full.price
    assert thin.price.item() == pytest.approx(sold(pool(kind), 160).price.item(), rel=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_the_floor(kind, eta):
    """Beyond it nothing is paid, and the sale says that it is dry; so does an empty pool."""
    terms = pool(kind, eta=eta)
    for done in (sold(terms, 1e9), sold(terms, 1.0, share=0.0)):
        assert done.dry.item()
        assert done.price.item() == pytest.approx(2e-9, rel=1e-6)
        assert np.isfinite(done.average).all()
    everything = sold(terms, 1e9).average.item() * 1e9
    more = sold(terms, 2e9).average.item() * 2e9
    assert everything == pytest.approx(more, rel=1e-12)
    high = sold(terms, -1.0, share=0.0)
    assert high.dry.item()
    assert np.isfinite(high.price).all()


@pytest.mark.parametrize("kind", KINDS)
@given(st.floats(0.05, 1.3), st.floats(0.3, 1.5))
def test_capacity_is_the_sale_inverted(kind, aim, multiplier):
    terms = pool(kind, eta=0.5)
    at = {"price": 2 * multiplier, "external": 2.0, "share": 0.7}
    aims = np.array([[2 * aim]])
    units = capacity(terms, **state(**at), down_to=aims).item()
    if aim >= multiplier:
        assert units == 0
    else:
        done = sold(terms, units, **at)
        assert done.price.item() == pytest.approx(2 * aim, rel=1e-9)


def one_pace(terms, at, wanted, reserve):
    """The rule as written: highest reservation first, each stop found from those before."""
    units_to = lambda r: (  # noqa: E731
        capacity(terms, **state(**at), down_to=np.array([[r]])).item() if r > 0 else np.inf
    )
    order = sorted(range(len(wanted)), key=lambda i: -reserve[i])
    stops, last, gone, left = [0.0] * len(wanted), 0.0, 0.0, sum(wanted)
    for i in order:
        last = min(1.0, max(last, (units_to(reserve[i]) - gone) / left)) if left > 1e-12 else 1.0
        stops[i] = last
        gone += wanted[i] * last
        left -= wanted[i]
    return [q * f for q, f in zip(wanted, stops, strict=True)]


sellers = st.lists(
    st.tuples(st.floats(0.001, 60), st.sampled_from([0.0, 0.0, 0.9, 1.2, 1.5, 1.6, 1.7, 1.9, 2.2])),
    min_size=1,
    max_size=8,
)


@settings(deadline=None)
@given(sellers, st.sampled_from(KINDS), st.sampled_from([0.0, 1.0]))
def test_several_sellers_against_the_rule_one_by_one(rows, kind, eta):
    terms, at = pool(kind, depth=400.0, eta=eta), {"price": 1.8, "share": 0.9}
    wanted, reserve = [q for q, _ in rows], [r for _, r in rows]
    done = sell(terms, **state(**at), wanted=np.array([wanted]), reserve=np.array([reserve]))
    assert done.sold[0] == pytest.approx(one_pace(terms, at, wanted, reserve), abs=1e-9)
    assert done.proceeds.sum() == pytest.approx(
        sold(terms, done.sold.sum(), **at).average.item() * done.sold.sum(), rel=1e-12
    )
    # nobody who need not sells below his price, and nobody stops above it with units left
    stopped = (done.sold[0] < np.array(wanted) * (1 - 1e-9)) & (np.array(reserve) > 0)
    assert (done.price.item() <= np.array(reserve)[stopped] * (1 + 1e-9)).all()
    free = np.array(reserve) == 0
    assert done.sold[0][free].tolist() == np.array(wanted)[free].tolist()


def test_a_liquidator_of_the_third_example_stops_at_o_over_phi():
    terms = Pool(kind="exponential", depth=50_000.0, start_price=1.0)
    at = state(price=0.93, external=0.93)
    wanted = 4050 * 1.05 / 0.93
    done = sell(terms, **at, wanted=np.array([[wanted]]), reserve=np.array([[0.93 / 1.05]]))
    assert done.price.item() == pytest.approx(0.93 / 1.05, rel=1e-14)
    assert 10_000 - done.sold.item() == pytest.approx(7560.49179153, abs=1e-8)
    assert 8_100 - done.sold.item() * 0.93 / 1.05 == pytest.approx(5939.29272964, abs=1e-8)


@settings(deadline=None)
@given(
    st.sampled_from(KINDS),
    st.sampled_from([0.0, 0.8]),
    st.integers(1, 6),
    st.integers(1, 5),
    st.randoms(use_true_random=False),
)
def test_a_path_of_a_batch_has_the_bits_it_has_alone(kind, eta, paths, n, dice):
    terms = pool(kind, depth=300.0, eta=eta, zeta=0.5)
    draw = lambda low, high, *shape: np.array(  # noqa: E731
        [dice.uniform(low, high) for _ in range(int(np.prod(shape)))]
    ).reshape(shape)
    at = {
        "price": draw(0.8, 2.5, paths),
        "external": draw(1.5, 2.5, paths),
        "share": draw(0.1, 1, paths),
        "sigma": draw(0.3, 2, paths),
    }
    more = {"wanted": draw(0, 30, paths, n), "reserve": draw(-0.5, 2, paths, n)}
    batch = sell(terms, **at, **more)
    for path in range(paths):
        one = slice(path, path + 1)
        alone = sell(terms, **{name: array[one] for name, array in (at | more).items()})
        for name in batch.__slots__:
            assert getattr(batch, name)[one].tobytes() == getattr(alone, name).tobytes(), name


def test_nothing_sold_leaves_the_price_to_the_bit():
    price = np.random.default_rng(1).uniform(0.1, 3, 1000)
    for kind in KINDS:
        done = trade(
            pool(kind, eta=0.7),
            price=price,
            external=np.full(1000, 1.9),
            share=np.ones(1000),
            sigma=np.ones(1000),
            units=np.zeros(1000),
        )
        assert done.price.tobytes() == price.tobytes()
        assert done.average.tobytes() == price.tobytes()
        assert not done.dry.any()


def test_refill_has_a_time_constant():
    terms = replace(pool(), refill=7200.0)
    m, share = np.array([0.8, 1.0]), np.array([0.3, 1.0])
    for _ in range(4):
        m, share = pools.refilled(terms, m, share, 1800.0)
    assert m == pytest.approx([np.exp(np.log(0.8) / np.e), 1], rel=1e-14)
    assert share == pytest.approx([1 - 0.7 / np.e, 1], rel=1e-14)
    same = pools.refilled(pool(), np.array([0.8]), np.array([0.3]), 1e9)
    assert (same[0].item(), same[1].item()) == (0.8, 0.3)


def test_volatility_is_an_exponential_average_without_look_ahead():
    terms = replace(pool(), window=3600.0, zeta=1.0, calm=0.6)
    sigma = np.array([0.6])
    assert pools.volatility(terms, sigma, np.array([1.0]), np.array([2.0]), 0.0) is sigma
    kept = np.exp(-60 / 3600)
    year = 365 * 86400
    moved = pools.volatility(terms, sigma, np.array([100.0]), np.array([99.0]), 60.0)
    expected = np.sqrt(0.36 * kept + (1 - kept) * np.log(0.99) ** 2 * year / 60)
    assert moved.item() == pytest.approx(expected, rel=1e-13)
    assert pools.units_of_depth(terms, np.ones(1), np.array([1.2])).item() == 250
    # a constant move of s sqrt(dt) each step converges to s
    for _ in range(2000):
        sigma = pools.volatility(
            terms, sigma, np.ones(1), np.array([np.exp(0.9 * np.sqrt(60 / year))]), 60.0
        )
    assert sigma.item() == pytest.approx(0.9, rel=1e-9)


def test_gain_compares_what_a_fall_releases_with_what_it_takes_to_fall():
    terms = pool(depth=6000.0, start=1.0, eta=2.0)
    at = {"price": np.array([0.5]), "share": np.array([0.8]), "sigma": np.ones(1)}
    g = pools.gain(terms, **at, released=np.array([12.0])).item()
    assert g == pytest.approx(12 / 0.01 / (6000 * 0.8 * 0.25), rel=1e-14)


def test_a_part_of_the_language_becomes_numbers():
    part = Liquidity(
        of="sETH",
        into="ETH",
        curve={"kind": "exponential", "depth": "$12M"},
        thins={
            "with_price": "1.5x",
            "with_volatility": "0.5x",
            "calm": "60%/y",
            "window": "1h",
            "refills_in": "6h",
        },
    )
    found = pools.pool_of(part, 3000.0)
    assert (found.depth, found.eta, found.zeta, found.calm) == (12e6, 1.5, 0.5, 0.6)
    assert (found.window, found.refill, found.start_price) == (3600, 21600, 3000)
    bare = pools.pool_of(Liquidity(of="a", into="b", curve={"kind": "linear", "depth": "$1"}), 1.0)
    assert (bare.eta, bare.zeta, bare.window, bare.refill) == (0, 0, None, None)
