"""Many starts and sizes of a shock at once: a table with one row each, as single solves give it."""

from looprisk.sweeps.allocations import allocations
from looprisk.sweeps.frontier import frontier
from looprisk.sweeps.grades import graded
from looprisk.sweeps.grid import SHOCK, spread
from looprisk.sweeps.limit import limit
from looprisk.sweeps.promised import check, check_bounds, limits_of, named, shocks_of
from looprisk.sweeps.restaking import restaking
from looprisk.sweeps.reverse import reverse
from looprisk.sweeps.sensitivities import sensitivities
from looprisk.sweeps.sweep import sweep

__all__ = [
    "SHOCK",
    "allocations",
    "check",
    "check_bounds",
    "frontier",
    "graded",
    "limit",
    "limits_of",
    "named",
    "restaking",
    "reverse",
    "sensitivities",
    "shocks_of",
    "spread",
    "sweep",
]
