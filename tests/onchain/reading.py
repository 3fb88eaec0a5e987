"""What tests of readers share: a snapshot of the town, and our engine's figure for a position."""

from contextlib import contextmanager

from looprisk.analysis import check
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario
from looprisk.onchain.endpoint import Endpoint
from looprisk.onchain.http import HttpNode
from looprisk.onchain.snapshot import Snapshot, pin


@contextmanager
def snapshot_of(town, block="latest"):
    node = HttpNode(Endpoint(town.url, "test"))
    try:
        made = Snapshot(node, pin(node, block))
        made.settle()
        yield made
    finally:
        node.close()


def health_by_the_engine(system, position, price=None):
    """Return the health factor of a position, after a fall of prices where some are given."""
    stages = [{"price": price}] if price else [{"price": {next(iter(system.assets)): "0%"}}]
    asked = {"of": position, "metric": "health_factor", "at_least": 0}
    scenario = Scenario(stages=stages, expect=[asked])
    (verdict,) = check(Case(system, scenario, "test")).rows
    return verdict.got
