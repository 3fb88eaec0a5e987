"""Oracles whose values a stage moves: a cap is raised, a window is cut, a fixed price is let go."""

from __future__ import annotations

import random

import numpy as np
import pytest

import looprisk as lr
from looprisk import System
from looprisk.cascade.paths import Drawn
from looprisk.cascade.run import run
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario, Stage
from tests.cascade.compare import compared, other_events, shown
from tests.cascade.plain.run import run as simulate
from tests.cascade.systems import random_case
from tests.cascade.test_random_against_plain import drawn


def motions(draw, system, step):
    """Return changes of every kind of value that an oracle has."""
    some = [
        {"lid/cap": f"${draw.uniform(60, 110):.2f}"},
        {"mean/window": f"{draw.randint(1, 3) * step}s"},
        {"slow/lag": f"{draw.randint(0, 3) * step}s"},
        {"slow/deviation": f"{draw.uniform(0, 4):.3f}%"},
        {"slow/heartbeat": f"{draw.randint(1, 5) * step}s"},
        {"pt/discount": f"{draw.uniform(1, 60):.2f}%/y"},
        {"pt/matures": "2025-12-01"},
        {"flat/price": f"${draw.uniform(0.9, 1.1):.3f}"},
        {"lid/base": draw.choice(("market", "slow"))},
        {"flat/kind": "market", "flat/price": "absent"},
        {"mean/base": "nav"},
    ]
    return draw.sample(some, 4)


def governed(seed):
    """Return a random case with four more stages that move oracles."""
    draw = random.Random(10_000 + seed)
    system, scenarios = random_case(seed, 2)
    step = int(scenarios[0].time.step.number)
    last = int(scenarios[0].time.horizon.number) // step
    more = tuple(
        Stage(at=f"{draw.randint(0, last) * step}s", change=change)
        for change in motions(draw, system, step)
    )
    return system, [s.model_copy(update={"stages": (*s.stages, *more)}) for s in scenarios]


@pytest.mark.parametrize("block", range(2))
def test_both_programs_agree_where_oracles_are_governed(block):
    for seed in range(block, 12, 2):
        system, scenarios = governed(seed)
        done = run(system, scenarios[0], drawn=drawn(system, scenarios))
        for path, scenario in enumerate(scenarios):
            world = simulate(system, scenario)
            found = compared(done, world, path)
            assert not found, f"seed {seed}, path {path}\n{shown(found)}"
            assert world.counts.get("dry") or not other_events(done, world, path), (seed, path)


def hard_coded(*stages, oracle="stuck"):
    parts = System(
        assets={"USD": {"price": "$1"}, "X": {"price": "$1"}},
        oracles={
            "stuck": {"kind": "fixed", "price": "$1"},
            "lid": {"kind": "capped", "cap": "$1.1", "base": "market"},
        },
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USD": {"cash": 10}},
                "liquidators": "always",
                "collateral": {"X": {"lltv": "86%", "incentive": "5%", "oracle": oracle}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"X": 1_000}, "debt": {"USD": 800}}},
    )
    points = {"0s": "$1", "2s": "$0.9", "6s": "$0.9"}
    return Case(
        system=parts,
        scenario=Scenario(
            time={"step": "1s", "horizon": "6s"},
            paths={"between": "linear", "points": {"X": points}},
            stages=list(stages),
        ),
        name="hard-coded",
    )


def test_a_hard_coded_price_holds_until_governance_moves_it():
    still = lr.run(hard_coded())
    assert not [row for row in still.event_rows if row.event == "liquidated"]
    moved = lr.run(hard_coded({"at": "4s", "change": {"stuck/price": "$0.9"}}))
    (gone,) = [row for row in moved.event_rows if row.event == "liquidated"]
    assert (gone.step, gone.amount_usd) == (4, pytest.approx(800))
    # .9 x 1,000 x .86 = 774 < 800: the same at the market that it is pointed to
    let_go = lr.run(
        hard_coded({"at": "5s", "change": {"stuck/kind": "market", "stuck/price": "absent"}})
    )
    assert [row.step for row in let_go.event_rows if row.event == "liquidated"] == [5]


def test_two_changes_of_one_oracle_add_up_in_each_path_by_itself():
    stages = (
        {"at": "1s", "change": {"lid/cap": "$0.95"}},
        {"when": {"price": "X", "below": "$0.92"}, "change": {"lid/heartbeat": "1h"}},
    )
    case = hard_coded(*stages, oracle="lid")
    done = run(case.system, case.scenario)
    at = done.plan.readings.index(("lid", "X"))
    seen = [float(record.state.reading[0, at]) for record in done.records]
    assert seen == pytest.approx([1, 0.95, 0.9, 0.9, 0.9, 0.9, 0.9])
    assert done.end.state.terms[1][-1].cap.number == pytest.approx(0.95)
    assert done.end.state.terms[1][-1].heartbeat is not None
    both = np.repeat(np.array([[1.0], [0.99]])[:, None], 7, axis=1)
    both[0, 2:] = 0.9
    done = run(case.system, case.scenario, drawn=Drawn(ids=("X",), written_in=(None,), values=both))
    assert done.end.state.version[:, 1].tolist() == [2, 1]
