"""Many scenarios asked the public way, beside a loop of single runs.

Timed with everything that belongs to an answer: compiling, auditing, labels, certificates.
"""

import numpy as np
import pytest

import looprisk as lr
from tests.files.corpus import SCENARIOS


@pytest.fixture(scope="module")
def draws():
    """10,000 joint losses of the fund and slips of the token's quote."""
    random = np.random.default_rng(0)
    return {
        "loss": {"S": random.uniform(0, 200, 10_000), "E": random.uniform(0, 4, 10_000)},
    }


def test_draws_at_once(benchmark, draws):
    benchmark.group = "10,000 draws of two losses in a network of three firms"
    system = lr.load(SCENARIOS / "three-firms.yaml").system
    many = benchmark.pedantic(lr.run_many, (system,), draws, rounds=3, warmup_rounds=1)
    assert not many.alone.any()
    assert many.residual.max() < 1e-12


def test_draws_run_by_run(benchmark, draws):
    """20 of the 10,000."""
    benchmark.group = "10,000 draws of two losses in a network of three firms"
    system = lr.load(SCENARIOS / "three-firms.yaml").system
    shocks = [{"loss": {name: float(x[i]) for name, x in draws["loss"].items()}} for i in range(20)]
    benchmark.pedantic(lambda: [lr.run(system, **shock) for shock in shocks], rounds=1)
