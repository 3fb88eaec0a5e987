"""What a scenario file promises, judged: its expectations, and the results expected beside it.

The command line and the pytest plugin both judge here, so that they say the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from looprisk.analysis.api import answer
from looprisk.analysis.cascading import Watch
from looprisk.files.expected import Expected, gone, judged, read_expected, renewed
from looprisk.model.case import Case
from looprisk.model.groups import runs
from looprisk.results.records import Verdict
from looprisk.sweeps import check, check_bounds


def verdicts(
    case: Case, expected: Expected | None, watch: Watch | None = None, *, bounds: bool = False
) -> tuple[Verdict, ...]:
    """Return the verdict on every expectation of a case, and on each of its expected results.

    ``bounds`` judges over all that nobody knows; results are then compared where they are known.
    """
    rows = (check_bounds(case) if bounds else check(case, watch)).rows
    if expected is None:
        return rows
    return (*rows, *(judged(expected, run.name, answer(run, watch)) for run in runs(case)))


def left_over(expected: Expected | None, cases: Collection[Case]) -> Iterator[Verdict]:
    """Yield a failure for each expected result whose run is gone; ``cases`` are all of the file."""
    if expected is not None:
        yield from gone(expected, {run.name for case in cases for run in runs(case)})


def update(path: Path, cases: Collection[Case], *, whole: bool) -> tuple[Path, str]:
    """Return where the expected results of a file stand, and their text as the runs are now."""
    answers = {run.name: answer(run) for case in cases for run in runs(case)}
    return renewed(path, read_expected(path), answers, whole=whole)
