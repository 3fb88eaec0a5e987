"""Pictures of a large system, and the report on 200 nodes."""

import pytest

import looprisk as lr
from looprisk.model import Case, Scenario
from looprisk.reports import PICTURES
from looprisk.reports.study import Study


def tower(count, width):
    """``count`` leveraged vaults in rows of ``width``, each on the one below."""
    return lr.System(
        name=f"tower of {count}",
        issuers={
            f"vault-{at:04}": {
                "outside": {"book": "$1M"},
                "owns": {f"t{at - width:04}": 4} if at >= width else {},
                "owes": {"outside": "$0.5M"},
                "issues": {f"t{at:04}": {"kind": "share", "supply": 10}},
                "pays": ["debts", f"t{at:04}"],
            }
            for at in range(count)
        },
    )


def study(count, width):
    shock = {"loss": {f"vault-{at:04}": "$0.9M" for at in range(width // 2)}}
    case = Case(system=tower(count, width), scenario=Scenario(stages=[shock]), name="falls")
    found = Study(what=case)
    assert found.clearing.layer_rows
    assert found.breaks.rows
    assert found.travel.stops
    return found


@pytest.fixture(scope="module")
def large():
    return study(1000, 100)


@pytest.mark.parametrize("kind", ["pyramid", "waterfall", "ladder", "curve", "network", "reported"])
def test_a_picture_of_1000_nodes(benchmark, large, kind):
    text = benchmark(lambda: PICTURES[kind](large, "").svg())
    assert len(text) < 250_000


def test_the_report_of_200_nodes(benchmark):
    found = study(200, 20)
    text = benchmark.pedantic(lambda: lr.report(found.what).html(), rounds=3)
    assert len(text.encode()) < 500_000
