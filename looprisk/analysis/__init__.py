"""Questions to a system.

What a shock costs whom, how far it goes before things break, and judgement.
"""

from looprisk.analysis.api import break_points, run
from looprisk.analysis.check import check

__all__ = ["break_points", "check", "run"]
