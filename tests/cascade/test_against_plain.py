"""The examples by both programs: every number of every record alike."""

from __future__ import annotations

import pytest

from tests.cascade import examples
from tests.cascade.compare import differences, shown

CASES = {
    "hedged": examples.hedged(100, 110, 118, 100, 60),
    "hedged at home": examples.hedged(100, 110, 117, 100, 60),
    "queue": examples.deleveraged("queue"),
    "pro rata": examples.deleveraged("pro_rata"),
    "water": examples.deleveraged("water_filling"),
    "previous mark": examples.deleveraged("queue", at="previous_mark"),
    "fund": examples.deleveraged("pro_rata", fund="$20"),
    "thinning": examples.thinning(),
    "gas": examples.thinning(gas="$110"),
    "late book": examples.thinning(lag="1s"),
    "ladder": examples.ladder(0.937886193810 - 1e-10),
    "run": examples.run(together=False),
    "run together": examples.run(together=True),
    "late": examples.late(1),
    "unpaid": examples.unpaid("aave-v3.3"),
    "insured": examples.unpaid("morpho-blue", insurance="$50"),
    "adaptive": examples.unpaid("morpho-blue", adaptive=True),
    "circular": examples.circular("50%"),
    "quoted": examples.quoted("market"),
    "booked": examples.quoted("nav"),
    "funded": examples.funded("1d", 12),
    "pool": examples.shared_pool(),
}


@pytest.mark.parametrize("name", CASES)
def test_both_programs_say_the_same(name):
    found = differences(*CASES[name])
    assert not found, shown(found)
