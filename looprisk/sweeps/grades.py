"""A limit from each of several starts: an LTV by the days to maturity, a cap by the depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Unpack

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.clearing import title
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.system import System
from looprisk.results.limits import Grade, Graded
from looprisk.sweeps.grid import SHOCK, points
from looprisk.sweeps.limit import limit


def graded(
    what: System | Case,
    path: str,
    keep: Mapping[str, object] | None = None,
    *,
    vary: Mapping[str, Sequence[object]],
    preset: str | None = None,
    of: str | None = None,
    between: tuple[object, object] | None = None,
    **asked: Unpack[Question],
) -> Graded:
    """Return the limit at ``path`` from every start of a grid, one row for each.

    ``vary`` maps paths to values as :func:`looprisk.sweep` takes them; all else is that of
    :func:`looprisk.limit`. Each row is bracketed by itself: it holds there, and not beyond.

    >>> import looprisk as lr
    >>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    >>> keep = {"of": "loop", "metric": "break_at", "event": "liquidated", "at_least": "5%"}
    >>> vary = {"wstETH-ETH/collateral/wstETH/lltv": ["91.5%", "94.5%"]}
    >>> found = graded(loop, "loop/loop/ltv", keep, vary=vary, price={"wstETH": -1})
    >>> [row.limit.recommended for row in found.rows]
    ['86.925%', '89.775%']

    Raises ModelError where a value is not possible, or the path itself or the shock is varied.
    """
    case = case_of(what, asked)
    if path in vary or SHOCK in vary:
        message = f"vary: `{path if path in vary else SHOCK}` is what is searched, or no start"
        raise ModelError([Problem(("vary",), message, "vary what the limit depends on")])
    rows = []
    for values in points(vary):
        start = replace(case, system=case.system.set(dict(zip(vary, values, strict=True))))
        found = limit(start, path, keep, preset=preset, of=of, between=between)
        rows.append(Grade(words=tuple(str(value) for value in values), limit=found))
    return Graded(scenario=title(case), path=path, varied=tuple(vary), rows=tuple(rows))
