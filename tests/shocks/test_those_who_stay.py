"""Who leaves is paid; only those who stay can be hurt, each by what a unit is worth."""

import pytest

import looprisk as lr
from tests.semantics.build import DOLLAR, share

VAULT = lr.System(
    assets=DOLLAR,
    issuers={
        "V": {"owns": {"USDC": 50}, "outside": {"fund": "$50"}, "issues": {"v": share(100)}},
    },
)
LEAVE = lr.Stage(name="run", run={"v": {"wants_out": "30%"}})


def rows(*stages):
    return {(r.of, r.event): r for r in lr.break_points(VAULT, stages=list(stages)).rows}


def test_a_run_at_a_fair_price_hurts_nobody():
    found = lr.run(VAULT, stages=[LEAVE])
    assert found.event_rows == ()
    assert found.layer("v").economic_loss_usd == 0
    assert rows(LEAVE)["v", "impaired"].fraction is None


def test_after_a_run_a_loss_counts_from_what_was_left():
    """70 units of a dollar; half of the fund, 25, is gone: none is lost just before."""
    row = rows(LEAVE, lr.Stage(loss={"V": "50%"}))["v", "impaired"]
    assert (row.fraction, row.loss_before_usd, row.loss_after_usd) == (0, 0, 0)
    curves = lr.break_points(VAULT, stages=[LEAVE, lr.Stage(loss={"V": "50%"})]).curves
    (curve,) = (c for c in curves if c.of == "v")
    # straight, to the end of the fund: half of it at the shock as written
    assert (curve.fractions, curve.loss_usd) == ((0, 2), (0, 50))


def test_units_without_backing_impair_those_there_are():
    """100 more units: a unit is worth half, though all of them together are worth the same."""
    row = rows(lr.Stage(mint={"v": 100}))["v", "impaired"]
    assert row.fraction == pytest.approx(0, abs=1e-9)
    found = lr.run(VAULT, mint={"v": 100})
    assert ("v", "impaired") in {(e.of, e.event) for e in found.event_rows}
