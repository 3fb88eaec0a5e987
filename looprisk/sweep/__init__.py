"""Many starts and sizes of a shock at once: a table with one row each, as single solves give it."""

from looprisk.sweep.grid import SHOCK, spread
from looprisk.sweep.limit import limit
from looprisk.sweep.sweep import sweep

__all__ = ["SHOCK", "limit", "spread", "sweep"]
