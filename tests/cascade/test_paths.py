"""Paths of prices: between points, and drawn; moments to a stated number of deviations."""

from fractions import Fraction

import numpy as np
import pytest

from looprisk.cascade import paths
from looprisk.cascade.draws import draws
from looprisk.cascade.paths import cholesky, generated, path_prices
from looprisk.errors import FileError, ModelError
from looprisk.files import load
from looprisk.model.generator import Generator
from looprisk.model.scenario import Paths
from looprisk.model.series import Series, SeriesName

HOUR, YEAR = 3600.0, 365 * 86400.0
DAY = np.arange(25) * HOUR


def generator(**fields):
    return Generator(**{"kind": "gbm_jumps", "seed": 7, "count": 8, **fields})


def test_points_on_a_line_or_held():
    points = {"sETH": {"0h": "0.998 ETH", "4h": "0.94 ETH", "24h": "0.97 ETH"}}
    drawn = path_prices(Paths(between="linear", points=points), times=DAY, start={})
    assert (drawn.ids, drawn.written_in, drawn.values.shape) == (("sETH",), ("ETH",), (1, 25, 1))
    levels = drawn.values[0, :, 0]
    assert levels[[0, 4, 24]].tolist() == [0.998, 0.94, 0.97]
    assert levels[1] == pytest.approx(0.998 - 0.058 / 4, rel=1e-15)
    held = path_prices(Paths(between="hold", points=points), times=DAY, start={}).values[0, :, 0]
    assert held.tolist() == [0.998] * 4 + [0.94] * 20 + [0.97]


def test_points_may_stand_in_any_order_and_unit_of_time():
    one = Paths(between="linear", points={"X": {"90m": "$3", "0s": "$1", "1d": "$2"}})
    two = Paths(between="linear", points={"X": {"0h": "$1", "5400s": "$3", "24h": "$2"}})
    found = [path_prices(given, times=DAY, start={}).values for given in (one, two)]
    assert found[0].tobytes() == found[1].tobytes()


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ({"1h": "$1", "24h": "$1"}, "X: the path starts 1h after the start"),
        ({"0h": "$1", "4h": "$1"}, "X: the path ends at 4h, before the horizon of 24h"),
        ({"0h": "$1", "60m": "$1", "1h": "$2", "24h": "$1"}, "X: 1h and 60m are one moment"),
        ({"0h": "$1", "24h": "1 ETH"}, "X: one path is written in ETH and dollars"),
    ],
)
@pytest.mark.parametrize("between", ["linear", "hold"])
def test_points_that_leave_a_time_without_a_price(points, message, between):
    with pytest.raises(ModelError) as raised:
        path_prices(Paths(between=between, points={"X": points}), times=DAY, start={})
    (problem,) = raised.value.problems
    assert problem.message == message
    assert problem.path[:3] == ("paths", "points", "X")


def test_a_table_of_prices():
    written = {"time": (0, 43_200, 86_400), "A": (1, 2, 3), "B": (5, 4, 3)}
    columns = {name: tuple(map(Fraction, column)) for name, column in written.items()}
    name = SeriesName("p.csv", None, Series(digest="", columns=columns))
    drawn = path_prices(Paths(between="linear", table=name), times=DAY, start={})
    assert (drawn.ids, drawn.written_in) == (("A", "B"), (None, None))
    assert drawn.values[0, 6].tolist() == [1.5, 4.5]
    with pytest.raises(ModelError, match="the table: the path ends at 24h, before the horizon"):
        path_prices(Paths(between="hold", table=name), times=2 * DAY, start={})
    with pytest.raises(ModelError, match="has not been read"):
        path_prices(Paths(between="hold", table="p.csv"), times=DAY, start={})


RULE = {
    "volatility": {"ETH": "80%/y", "BTC": "60%/y", "SOL": "110%/y"},
    "drift": {"BTC": "-20%/y"},
    "jumps": {"ETH": {"rate": "900", "mean": "-2%", "size": "3%"}},
    "correlation": {"ETH": {"BTC": "80%", "SOL": "50%"}, "BTC": {"SOL": "40%"}},
}
START = {"ETH": 4000.0, "BTC": 1e5, "SOL": 200.0}


def test_path_7_is_the_same_in_any_batch():
    few = generated(generator(**RULE), times=DAY, start=START).values
    many = generated(generator(**{**RULE, "count": 1_000}), times=DAY, start=START).values
    alone = generated(generator(**RULE), times=DAY, start=START, paths=range(7, 8)).values
    assert few.shape == (8, 25, 3)
    assert few[7].tobytes() == many[7].tobytes() == alone[0].tobytes()
    again = generated(generator(**RULE), times=DAY, start=START).values
    assert again.tobytes() == few.tobytes()
    other = generated(generator(**{**RULE, "seed": 8}), times=DAY, start=START).values
    assert other.tobytes() != few.tobytes()
    longer = generated(generator(**RULE), times=np.arange(50) * HOUR, start=START).values
    assert longer[:, :25].tobytes() == few.tobytes()


def test_the_formula_by_hand():
    """One path, one asset after another, in plain Python on the same draws."""
    rule = generator(**RULE)
    found = generated(rule, times=DAY, start=START)
    assert found.ids == ("ETH", "BTC", "SOL")
    uniform = draws(7, range(2, 3), 25, 3)[0]
    from scipy.stats import norm, poisson

    corr = np.linalg.cholesky(np.array([[1, 0.8, 0.5], [0.8, 1, 0.4], [0.5, 0.4, 1]]))
    y = HOUR / YEAR
    price = np.array([4000.0, 1e5, 200.0])
    for k in range(1, 25):
        z = corr @ norm.ppf(uniform[k, :, 0])
        jumps = poisson.ppf(uniform[k, 0, 1], 900 * y)
        jump = jumps * -0.02 + np.sqrt(jumps) * 0.03 * norm.ppf(uniform[k, 0, 2])
        vol, drift = np.array([0.8, 0.6, 1.1]), np.array([0, -0.2, 0])
        moved = (drift - vol**2 / 2) * y + vol * np.sqrt(y) * z + np.array([jump, 0, 0])
        price = price * np.exp(moved)
        assert found.values[2, k] == pytest.approx(price, rel=1e-12)


def test_moments_to_five_deviations():
    """20,000 paths of one month in one step, seed fixed: mean, variance, correlation, jumps."""
    count, y = 20_000, 1 / 12
    rule = generator(**{**RULE, "count": count})
    drawn = generated(rule, times=np.array([0, y * YEAR]), start=START)
    moved = np.log(drawn.values[:, 1] / drawn.values[:, 0])
    rate = 900 * y
    variance = np.array([0.64, 0.36, 1.21]) * y + [rate * (0.02**2 + 0.03**2), 0, 0]
    mean = np.array([-0.32 * y - rate * 0.02, (-0.2 - 0.18) * y, -0.605 * y])
    assert (abs(moved.mean(axis=0) - mean) < 5 * np.sqrt(variance / count)).all()
    spread = moved.var(axis=0)
    assert (abs(spread - variance) < 5 * variance * np.sqrt(2 / count) * 1.1).all()
    found = np.corrcoef(moved[:, 1], moved[:, 2])[0, 1]
    assert abs(found - 0.4) < 5 * (1 - 0.16) / np.sqrt(count)
    # without jumps the price is a martingale
    flat = generator(volatility={"SOL": "110%/y"}, count=count, seed=3)
    last = generated(flat, times=np.array([0, y * YEAR]), start=START).values[:, 1, 0]
    deviation = 200 * np.sqrt((np.exp(1.21 * y) - 1) / count)
    assert abs(last.mean() - 200) < 5 * deviation


def test_the_law_does_not_depend_on_the_step():
    """Variance over a day in 24 steps and in one: both within five deviations."""
    for steps in (1, 24):
        rule = generator(volatility={"ETH": "80%/y"}, count=20_000, seed=5)
        times = np.linspace(0, 24 * HOUR, steps + 1)
        moved = np.log(generated(rule, times=times, start=START).values[:, -1, 0] / 4000)
        variance = 0.64 / 365
        assert abs(moved.var() - variance) < 5 * variance * np.sqrt(2 / 20_000)


@pytest.mark.parametrize("seed", range(5))
def test_the_factor_is_that_of_the_library(seed):
    dice = np.random.default_rng(seed)
    mixed = dice.normal(size=(4, 9))
    correlation = np.corrcoef(mixed)
    assert cholesky(correlation) == pytest.approx(np.linalg.cholesky(correlation), abs=1e-14)


def test_perfect_correlation_is_allowed_and_contradictions_are_not():
    twins = cholesky(np.ones((3, 3)))
    assert twins @ twins.T == pytest.approx(np.ones((3, 3)))
    for wrong in (
        [[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]],
        [[1.0, 1.0, 0.5], [1.0, 1.0, 0.4], [0.5, 0.4, 1.0]],
    ):
        with pytest.raises(ValueError, match="contradict each other"):
            cholesky(np.array(wrong))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"correlation": {"ETH": {"DOGE": "10%"}}}, "`DOGE` has no volatility"),
        ({"correlation": {"ETH": {"BTC": "120%"}}}, "`120%` is no correlation"),
        (
            {"correlation": {"ETH": {"BTC": "10%"}, "BTC": {"ETH": "20%"}}},
            "ETH and BTC have two correlations",
        ),
        (
            {"correlation": {"ETH": {"BTC": "90%", "SOL": "90%"}, "BTC": {"SOL": "-90%"}}},
            "these correlations contradict each other",
        ),
    ],
)
def test_correlations_that_cannot_be(fields, message):
    with pytest.raises(ModelError, match=message):
        generated(generator(**{**RULE, **fields}), times=DAY, start=START)


def test_an_asset_without_a_price_has_no_path():
    with pytest.raises(ModelError, match="`ETH` has no price at the start"):
        generated(generator(**RULE), times=DAY, start={})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"count": 0}, "no path is drawn"),
        ({"seed": 2**64}, "at most 2"),
        ({"volatility": {"ETH": "-80%/y"}}, "a volatility is not below zero"),
        ({"kind": "gbm"}, "a path of gbm has none"),
        ({"correlation": {"ETH": {"ETH": "50%"}}}, "ETH moves as itself"),
        ({"volatility": {}, "drift": {}, "jumps": {}, "correlation": {}}, "no asset is drawn"),
    ],
)
def test_a_generator_that_cannot_be_drawn(fields, message):
    with pytest.raises(ModelError, match=message):
        generator(**{**RULE, **fields})


def test_a_path_of_nothing_is_named_at_its_place(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(
        "looprisk: 1\nassets: {ETH: {price: $3_000}}\nscenarios:\n  s:\n"
        "    time: {start: 2025-01-01T00:00Z, step: 1h, horizon: 2h}\n"
        "    paths:\n      between: hold\n"
        "      generate: {kind: gbm, seed: 1, count: 2, volatility: {ETHH: 80%/y}}\n"
    )
    with pytest.raises(FileError) as raised:
        load(file)
    assert "x.yaml:8:61: error: `ETHH` is no asset of this system" in str(raised.value)
    assert "did you mean ETH?" in str(raised.value)


def test_a_jump_is_a_share_of_the_price():
    with pytest.raises(ModelError, match="a jump moves a price by a share of it"):
        Generator(kind="gbm_jumps", seed=1, count=1, jumps={"ETH": {"mean": "$3"}})


def test_steps_of_several_lengths():
    """The moves of a longer step are those of its length."""
    rule = generator(**RULE)
    times = np.array([0, HOUR, 3 * HOUR])
    uniform = draws(7, range(8), 3, 3)
    motion = paths.motion_of(rule, ("ETH", "BTC", "SOL"))
    both = paths.moves(motion, uniform[:, 1:], np.diff(times))
    second = paths.moves(motion, uniform[:, 2:], np.array([2 * HOUR]))
    assert both[:, 1:].tobytes() == second.tobytes()
