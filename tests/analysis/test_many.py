"""Many scenarios at once: the same as each by itself, and each with its certificate."""

from fractions import Fraction

import numpy as np
import pytest

import looprisk as lr
from looprisk.analysis.solve import solve
from tests.files.corpus import SCENARIOS

CASES = {
    "stream-2025": "how-far",
    "stream-aggregate": "how-far",
    "cycle": "base-falls",
    "pyramid": "base-falls",
    "ring": "how-far",
    "delta-neutral": "rally",
    "three-firms": "default-costs-how-far",
    "stream-set-off": "set-off-honoured",
    "usde-october-2025": "as-it-was",
    "accounts-table": "minus-20",
    "pooled": "ether-falls",
}
SIZES = [0.0, 0.02, 0.35, 0.61, 0.9, 1.0]


@pytest.mark.parametrize("name", CASES)
def test_sizes_of_a_shock_equal_single_solutions(name):
    case = lr.load(SCENARIOS / f"{name}.yaml")[CASES[name]]
    many = lr.run_many(case, sizes=SIZES)
    scaled = solve(case).scaled
    for size, row in zip(SIZES, many.economic_usd, strict=True):
        point = scaled.at(Fraction(repr(size)))
        one = [float(point.claim(id_)) for id_ in many.ids]
        assert row == pytest.approx(one, rel=1e-9, abs=1e-6)
    assert many.residual.max() < 1e-12
    assert np.abs(many.conservation_gap).max() < 1e-12


DRAWS = {
    "stream-2025": {
        "loss": {"Stream": [93e6, 0, 150e6, 40e6]},
        "depeg": {"xUSD": [0, 0.1, 0.4, 0.8]},
    },
    "three-firms": {"loss": {"S": [5, 93, 300, 459], "E": [0.5, 2, 0, 3]}},
    "delta-neutral": {"price": {"ETH": [-0.3, 0.05, 0.11, 0.5], "SOL": [0.01, -0.4, 0.1, -0.2]}},
    "pooled": {"price": {"ETH": [-0.1, -0.2, 0.3, -0.6], "USDC": [-0.01, 0.0, -0.3, 0.02]}},
    "wsteth-loop": {"price": {"wstETH": [-0.01, -0.04, -0.2, 0.0], "ETH": [-0.3, 0.2, 0.0, -0.5]}},
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws_of_several_shocks_equal_single_runs(name):
    system = lr.load(SCENARIOS / f"{name}.yaml").system
    draws = DRAWS[name]
    many = lr.run_many(system, **draws)
    for i in range(4):
        shock = {
            verb: {target: x[i] for target, x in targets.items() if x[i]}
            for verb, targets in draws.items()
        }
        one = lr.run(system, **shock)
        rows = {row.id: row for row in one.layer_rows}
        ids = [id_ for id_ in many.ids if id_ in rows]
        assert ids
        for id_ in ids:
            assert many.loss(id_)[i] == pytest.approx(
                rows[id_].economic_loss_usd, rel=1e-9, abs=1e-5
            )
    assert many.residual.max() < 1e-12
    assert np.abs(many.conservation_gap).max() < 1e-12


def test_most_draws_are_solved_together():
    system = lr.load(SCENARIOS / "three-firms.yaml").system
    random = np.random.default_rng(2)
    many = lr.run_many(
        system, loss={"S": random.uniform(0, 470, 3000), "E": random.uniform(0, 15, 3000)}
    )
    assert 0 < many.alone.mean() < 0.5
    assert not many.alone[many.loss("S/owes/outside") == 0].any()
    lost = many.loss_usd
    assert (lost >= -1e-9).all()
    assert "3,000 scenarios" in repr(many)
    assert len(many) == 3000


def test_losses_grow_with_the_shock_and_add_up():
    """In a ring of debts what holders outside lose is what the assets lost."""
    case = lr.load(SCENARIOS / "ring.yaml")["how-far"]
    sizes = np.linspace(0, 1, 50)
    many = lr.run_many(case, sizes=sizes)
    assert (np.diff(many.loss_usd, axis=0) >= -1e-9).all()
    whole = lr.run(case).shock.loss_usd
    outside = [id_ for id_ in many.ids if id_.endswith(("/owes/outside", "/equity"))]
    assert sum(many.loss(id_) for id_ in outside) == pytest.approx(whole * sizes, rel=1e-9)


def test_answers_are_frozen():
    file = lr.load(SCENARIOS / "ring.yaml")
    many = lr.run_many(file["how-far"], sizes=[0.5])
    with pytest.raises(ValueError, match="read-only"):
        many.economic_usd[0, 0] = 1.0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"loss": {"S": [1.0], "E": [1.0, 2.0]}}, "as many numbers for every target"),
        ({}, "as many numbers for every target"),
        ({"sizes": [1.0]}, "`sizes` scale the shock of a scenario"),
        ({"loss": {"Q": [1.0]}}, "Q"),
        ({"loss": {"S": [1.0, float("nan")]}}, "finite"),
        ({"price": {"S": [1.0]}}, "S"),
    ],
)
def test_what_cannot_be_asked(asked, said):
    system = lr.load(SCENARIOS / "three-firms.yaml").system
    with pytest.raises(lr.ModelError, match=said):
        lr.run_many(system, **asked)


def test_a_scenario_is_asked_by_sizes():
    case = lr.load(SCENARIOS / "ring.yaml")["how-far"]
    with pytest.raises(lr.ModelError, match="pass `sizes`"):
        lr.run_many(case)
    with pytest.raises(lr.ModelError, match="below 0"):
        lr.run_many(case, sizes=[-0.1])
    with pytest.raises(lr.ModelError, match="no layer `Stre`"):
        lr.run_many(case, sizes=[0.1]).loss("Stre")


def test_runs_are_asked_one_by_one():
    case = lr.load(SCENARIOS / "stream-runs.yaml")["after-93M"]
    with pytest.raises(lr.NotCarriedError, match="size by size"):
        lr.run_many(case, sizes=[0.5])


def test_what_was_latched_on_the_way_is_asked_one_by_one():
    case = lr.load(SCENARIOS / "rally.yaml")["stays"]
    with pytest.raises(lr.NotCarriedError, match="size by size"):
        lr.run_many(case, sizes=[0.5])
