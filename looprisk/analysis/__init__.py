"""Questions to a system.

What a shock costs whom, how far it goes before things break, and judgement.
"""

from looprisk.analysis.api import answer, break_points, breaks, run
from looprisk.analysis.judging import check
from looprisk.analysis.many import run_many

__all__ = ["answer", "break_points", "breaks", "check", "run", "run_many"]
