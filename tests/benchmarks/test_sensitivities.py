"""All derivatives by one adjoint solve, beside changing one input after the other."""

import pytest

import looprisk as lr

PILES, FIRMS = 20, 50


@pytest.fixture(scope="module")
def firms():
    """50 firms in a ring, 1,000 piles and 150 more numbers."""
    issuers = {}
    for k in range(FIRMS):
        issuers[f"I{k}"] = lr.Issuer(
            outside={f"p{j}": 5 + j for j in range(PILES)},
            owns={f"s{(k + 1) % FIRMS}": 20},
            owes={"outside": 200},
            issues={f"s{k}": lr.Share(supply=100)},
            pays=["debts", f"s{k}"],
        )
    return lr.System(issuers=issuers)


def test_all_derivatives_at_once(benchmark, firms):
    benchmark.group = "how a loss moves with 1,150 inputs"
    found = benchmark.pedantic(lr.sensitivities, (firms, "s0"), {"loss": {"I0": "20%"}}, rounds=1)
    assert found.inputs == FIRMS * (PILES + 3) + 1


def test_one_input_after_the_other(benchmark, firms):
    """10 of the 1,150, one side only."""
    benchmark.group = "how a loss moves with 1,150 inputs"

    def bumps():
        for j in range(10):
            lr.run(firms.set({f"I0/outside/p{j}": 5.01 + j}), loss={"I0": "20%"})

    benchmark.pedantic(bumps, rounds=1)
