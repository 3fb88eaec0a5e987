"""A sweep: every point of a grid solved as a single question would be, and labelled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Unpack

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.asked import number_of, unit_of
from looprisk.analysis.axis import axis_of, shock_of
from looprisk.analysis.bearing import loss_put_in
from looprisk.analysis.clearing import layer_ids, proven, title
from looprisk.analysis.solve import Solved, solve
from looprisk.engine.state import ONE
from looprisk.errors import (
    ModelError,
    NoSolutionError,
    NotCarriedError,
    NotExactError,
    Problem,
    UnknownValueError,
)
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.measure import Measure, parse_measure
from looprisk.model.paths import value_at
from looprisk.model.positions import LoanPosition, TablePosition
from looprisk.model.system import System
from looprisk.model.tree import dump, in_words, texts
from looprisk.model.units import fraction
from looprisk.model.values import Value
from looprisk.model.vocabulary import Unit
from looprisk.results.sweeps import Measured, Sweep, SweepRow, Varied
from looprisk.sweeps.grid import SHOCK, points

NO_ANSWER = (NotExactError, NoSolutionError, UnknownValueError, NotCarriedError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of the system, with the sizes of the shock that are asked from it."""

    case: Case
    words: tuple[object, ...]
    sizes: tuple[Fraction, ...]

    @property
    def name(self) -> str:
        """The values it starts from, as they were written."""
        return ", ".join(str(word) for word in self.words)


def sweep(
    what: System | Case,
    vary: Mapping[str, Sequence[object]],
    *,
    measure: Sequence[str] = (),
    watch: Callable[[Sequence[Start]], Iterable[Start]] = iter,
    **asked_of: Unpack[Question],
) -> Sweep:
    """Return a table of answers over a grid: the first row as given, then every combination.

    ``what`` and the shock as keywords are those of :func:`looprisk.run`.

    ``vary`` maps paths to values as ``set`` takes them; ``shock`` varies the size of the last stage
    as a share of it as written. ``measure`` names metrics, ``OF METRIC`` or ``OF METRIC EVENT``;
    without it the economic loss of every layer and what every market liquidates, in US dollars.
    Every row is what a single solve gives; one without a certified answer says why. ``watch`` sees
    the starts go by.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700}, owes={"outside": 530})})
    >>> found = sweep(fund, {"S/owes/outside": [530, 600]}, measure=["S recovery"], loss={"S": 140})
    >>> [row.numbers[0] for row in found.rows]
    [1.0, 1.0, 0.9333333333333333]

    Raises ModelError where a value is not possible, before anything is solved.
    """
    case = only_run(case_of(what, asked_of))
    asked = tuple(_parsed(text) for text in measure)
    combinations = list(points(vary))
    paths = [path for path in vary if path != SHOCK]
    starts = _starts(case, vary, combinations, paths)
    first = solve(case)
    asked = asked or (*_every_loss(first), *_liquidations(first))
    rows = [_row(first, asked, ONE, _given(case.system, vary))]
    for start in watch(starts):
        rows += _rows(start, asked, vary, paths)
    return Sweep(
        scenario=title(case),
        varied=tuple(Varied(path=path, unit=_unit(case.system, path)) for path in vary),
        measured=tuple(Measured(words=str(one), unit=unit_of(first, one)) for one in asked),
        rows=tuple(rows),
        shock=shock_of(first, axis_of(first), loss_put_in(first)) if SHOCK in vary else None,
    )


def _every_loss(solved: Solved) -> tuple[Measure, ...]:
    """Return the loss of every layer, the largest first."""
    every = [Measure(of=name, metric="economic_loss_usd") for name in layer_ids(solved)]
    return tuple(sorted(every, key=lambda one: -(number_of(solved, one, solved.end) or 0)))


def _liquidations(solved: Solved) -> tuple[Measure, ...]:
    """Return what is liquidated in every market with accounts."""
    positions = solved.catalogue.system.positions.values()
    lent = (one for one in positions if isinstance(one, LoanPosition | TablePosition))
    markets = dict.fromkeys(str(one.market) for one in lent)
    return tuple(Measure(of=name, metric="liquidated_usd") for name in markets)


def _parsed(text: str) -> Measure:
    try:
        return parse_measure(text)
    except ValueError as error:
        raise ModelError([Problem((), f"measure: {error}")]) from None


def _starts(
    case: Case,
    vary: Mapping[str, Sequence[object]],
    combinations: Sequence[tuple[object, ...]],
    paths: Sequence[str],
) -> list[Start]:
    """Return each start once, with all sizes asked from it, in the order of the grid."""
    at_shock = list(vary).index(SHOCK) if SHOCK in vary else None
    grouped: dict[str, tuple[tuple[object, ...], list[Fraction]]] = {}
    for combination in combinations:
        words = tuple(v for k, v in enumerate(combination) if k != at_shock)
        size = ONE if at_shock is None else _size(combination[at_shock])
        grouped.setdefault(repr(words), (words, []))[1].append(size)
    return [
        Start(
            case=replace(case, system=_changed(case.system, dict(zip(paths, words, strict=True)))),
            words=words,
            sizes=tuple(sizes),
        )
        for words, sizes in grouped.values()
    ]


def _size(raw: object) -> Fraction:
    try:
        return fraction(raw).number
    except ValueError as error:
        raise ModelError([Problem((), f"{SHOCK}: {error}")]) from None


def _changed(system: System, changes: Mapping[str, object]) -> System:
    return system.set(changes) if changes else system


def _rows(
    start: Start, asked: tuple[Measure, ...], vary: Mapping[str, object], paths: Sequence[str]
) -> list[SweepRow]:
    read = {path: _value(start.case.system, path) for path in paths}
    values = [{**read, SHOCK: float(size)} for size in start.sizes]
    labels = [tuple(known[path] for path in vary) for known in values]
    try:
        solved = solve(start.case)
    except NO_ANSWER as error:
        return [_refused(label, asked, error) for label in labels]
    return [
        _row(solved, asked, size, label) for size, label in zip(start.sizes, labels, strict=True)
    ]


def _row(
    solved: Solved, asked: tuple[Measure, ...], size: Fraction, label: tuple[float | str, ...]
) -> SweepRow:
    try:
        point = solved.end if size == ONE else solved.scaled.at(size, solved.selection)
        residual, gap = proven(point)
        found = [number_of(solved, one, point) for one in asked]
    except NO_ANSWER as error:
        return _refused(label, asked, error)
    return SweepRow(
        values=label,
        numbers=tuple(None if number is None else float(number) for number in found),
        residual=residual,
        conservation_gap=gap,
    )


def _refused(
    label: tuple[float | str, ...], asked: tuple[Measure, ...], error: Exception
) -> SweepRow:
    return SweepRow(
        values=label,
        numbers=(None,) * len(asked),
        residual=None,
        conservation_gap=None,
        refused=str(error).splitlines()[0],
    )


def _given(system: System, vary: Mapping[str, object]) -> tuple[float | str, ...]:
    return tuple(1.0 if path == SHOCK else _value(system, path) for path in vary)


def _value(system: System, path: str) -> float | str:
    """Return what stands at a path: its number in its unit, else its words."""
    node = value_at(dump(system), path)
    if isinstance(node, Value) and node.known and _unit_of(node, path) is not None:
        return float(node.number)
    return "absent" if node is None else in_words(texts(node))


_UNITS: dict[str, Unit] = {
    "usd": "usd",
    "fraction": "fraction",
    "share": "fraction",
    "multiple": "multiple",
    "tokens": "tokens",
    "seconds": "seconds",
    "per_year": "rate",
}
_PRICES = frozenset({"price", "par", "book_price", "market_price", "cap", "entry"})
"""The last keys of paths at which dollars are dollars a token."""


def _unit(system: System, path: str) -> Unit | None:
    return "fraction" if path == SHOCK else _unit_of(value_at(dump(system), path), path)


def _unit_of(node: object, path: str) -> Unit | None:
    """Return the unit of the numbers at a path, None where its values are shown as words."""
    if not isinstance(node, Value) or (node.of is not None and path.rpartition("/")[2] in _PRICES):
        return None
    is_price = node.unit == "usd" and path.rpartition("/")[2] in _PRICES
    return "price" if is_price else _UNITS.get(node.unit)
