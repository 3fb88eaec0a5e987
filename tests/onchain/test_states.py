"""Generated states: each account in each block, equal to the contracts to the last unit.

A few hundred in every run. ``LOOPRISK_STATES=10000 pytest tests/onchain/test_states.py -s`` walks
on until there are so many and a third more, and says what was done on the way.
"""

import os
import random
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.onchain.walk import ACTS, Act, begun

STATES = int(os.environ.get("LOOPRISK_STATES", "120"))
FEW = 4
MOST = 12
"""Accounts of a walk, in every run and in a long one."""
LONG = 2_000
pytestmark = pytest.mark.timeout(3_600 if STATES >= LONG else 300)


@pytest.fixture(scope="module")
def crowd(built, shop):
    """A walk that has begun; what is done to it is undone by whoever does it."""
    before = built.node.rpc("evm_snapshot")
    yield begun(built, shop, MOST if STATES >= LONG else FEW)
    built.node.rpc("anvil_autoImpersonateAccount", False)
    built.node.rpc("evm_revert", before)


@pytest.fixture
def walk(crowd):
    before = crowd.town.node.rpc("evm_snapshot")
    yield crowd
    crowd.town.node.rpc("evm_revert", before)


acts = st.builds(
    Act,
    st.sampled_from(sorted(ACTS)),
    st.integers(0, MOST - 1),
    st.integers(0, 5),
    st.floats(0, 1, allow_nan=False),
)


def test_a_random_walk_is_the_contracts_at_every_step(walk):
    """Deposit, borrow, repay, withdraw, liquidate, e-mode, time and price."""
    chance = random.Random(20251104)
    kinds = [*ACTS, "price", "liquidate", "mliquidate", "borrow", "mborrow"]
    start = walk.states
    while walk.states - start < STATES:
        act = Act(
            chance.choice(kinds), chance.randrange(MOST), chance.randrange(6), chance.random()
        )
        walk.act(act)
    if STATES >= LONG:
        sys.stdout.write(f"{walk.states - start} states; {walk.done}\n")


def test_whatever_is_done_the_figures_are_the_contracts(crowd):
    """Hypothesis looks for a short way to a state that differs."""
    node, start = crowd.town.node, crowd.states
    steps, wanted = 4, STATES // 3
    examples = max(2, wanted // (steps * len(crowd.users) * 2))

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(acts, min_size=steps, max_size=steps))
    def walked(some):
        before = node.rpc("evm_snapshot")
        try:
            for act in some:
                crowd.act(act)
        finally:
            node.rpc("evm_revert", before)

    walked()
    if STATES >= LONG:
        sys.stdout.write(f"{crowd.states - start} states by hypothesis; {crowd.done}\n")
    assert crowd.states - start >= wanted // 2
