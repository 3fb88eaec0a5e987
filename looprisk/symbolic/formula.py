"""The formula of a layer: its loss, price and break points in named parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Unpack

from sympy import QQ, Symbol
from sympy.polys.fields import FracElement, FracField
from sympy.polys.orderings import lex

from looprisk.analysis.api import Question, case_of, exactly
from looprisk.analysis.asked import claim_named
from looprisk.analysis.clearing import title
from looprisk.analysis.solve import Solved, solve
from looprisk.engine.compile import skeleton
from looprisk.engine.monitors import monitors
from looprisk.engine.point import Compiled, Point
from looprisk.engine.skeleton import Skeleton, assemble
from looprisk.engine.stage import StageRun
from looprisk.engine.state import ONE, ZERO
from looprisk.errors import ModelError, NoSolutionError, NotCarriedError, NotExactError, Problem
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.paths import text_of, value_at
from looprisk.model.system import System
from looprisk.model.tree import dump, leaves
from looprisk.model.values import Value
from looprisk.model.vocabulary import SECTIONS
from looprisk.symbolic.number import Comparison, Tracked, form_of, recorded
from looprisk.symbolic.region import region
from looprisk.symbolic.result import BreakFormula, Formula, RegimeFormula
from looprisk.symbolic.solving import Values, cell_conditions, number_at, solved

SHOCK = "s"
"""The symbol of the shock: the share of it as written."""
MOST_SYMBOLS = 8
"""Symbols beyond which a formula is no longer read."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,19}")
NUDGE = Fraction(1, 10**9)
"""How far the self-check moves every symbol, as a share of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """A case with its parameters as symbols."""

    case: Case
    """The case with the numbers as they are."""
    of: str
    paths: Mapping[str, str]
    """Symbol: path."""
    space: FracField
    numbers: tuple[Fraction, ...]
    """The value of every symbol but the shock."""

    def tracked(self) -> Case:
        """Return the case in which every parameter remembers its symbol."""
        gens = self.space.gens[1:]
        changes = {
            path: _with(self.case, path, Tracked(number, gen))
            for (path, number, gen) in zip(self.paths.values(), self.numbers, gens, strict=True)
        }
        return replace(self.case, system=self.case.system.set(changes))

    def moved(self, numbers: Sequence[Fraction]) -> Case:
        """Return the case with other numbers in place of the symbols."""
        changes = {
            path: _with(self.case, path, number)
            for path, number in zip(self.paths.values(), numbers, strict=True)
        }
        return replace(self.case, system=self.case.system.set(changes))

    def shock(self, s: Fraction) -> Tracked:
        """Return the size of the shock as a number with its symbol."""
        return Tracked(s, self.space.gens[0])


def formula(
    what: System | Case,
    of: str,
    symbols: Mapping[str, str] | None = None,
    at: float | Fraction = ONE,
    beside: Sequence[str] = (),
    **question: Unpack[Question],
) -> Formula:
    """Return the loss, value and price of a claim as rational functions of named parameters.

    ``what`` and the shock as keywords are those of :func:`looprisk.run`.

    ``symbols`` maps names to paths, ``{"l": "plume-xusd/collateral/xUSD/lltv"}``; without it every
    number of the system is one, if they are few. ``s`` is the share of the shock as written.
    ``at`` chooses the regime in force; ``beside`` names others whose break points are wanted too,
    in the order in which they come. Each formula holds inside its inequalities, for positive
    symbols; it is checked against the engine at its own numbers and a little beside them.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700}, owes={"outside": 530})})
    >>> symbols = {"A": "S/outside/book", "D": "S/owes/outside"}
    >>> found = formula(fund, "S", symbols, at=0.5, loss={"S": 200})
    >>> found.value, found.breaks[0].at
    (A - D - 200*s, (A - D)/200)

    Raises NotCarriedError for several stages, tables and books that oracles compute, NotExactError
    on a border between regimes, ModelError for names and paths that do not exist.
    """
    case = in_fractions(only_run(case_of(what, question)))
    at = Fraction(repr(at)) if isinstance(at, float) else Fraction(at)
    asked = _question(case, of, symbols)
    numeric = solve(asked.case)
    tracked = solve(asked.tracked())
    run = _one_stage(tracked)
    start = _at(asked, replace(run, after=run.before), numeric.start, ZERO)
    force = _regime(asked, run, start, numeric.scaled.at(at), at)
    spans = _spans(numeric)
    regimes = tuple(
        replace(_regime(asked, run, start, numeric.scaled.at(middle), middle), lo=lo, hi=hi)
        for lo, hi in spans
        for middle in [(lo + hi) / 2]
    )
    return Formula(
        scenario=title(case),
        of=of,
        paths=dict(asked.paths),
        numbers=dict(zip(asked.paths, asked.numbers, strict=True)),
        at=at,
        regime=force,
        checked=_checked(asked, force, at),
        regimes=regimes,
        breaks=_breaks(asked, run, numeric, spans, beside),
    )


def in_fractions(case: Case) -> Case:
    """Return a case that is solved in fractions, however large; raises where no formula can be."""
    if case.scenario.time is not None:
        raise NotCarriedError(
            f"{case.name}: `time` steps the system, and a formula is of one clearing: leave `time` "
            "out, or ask for what stands at one moment"
        )
    return exactly(case)


def _question(case: Case, of: str, symbols: Mapping[str, str] | None) -> _Question:
    paths = dict(symbols) if symbols is not None else _every_number(case)
    problems = [
        Problem((), f"`{name}` is no name for a symbol", "letters, digits and _; `s` is the shock")
        for name in paths
        if not _NAME.fullmatch(name) or name == SHOCK
    ]
    if problems:
        raise ModelError(problems)
    numbers = tuple(_number(case, path) for path in paths.values())
    space = FracField((Symbol(SHOCK), *(Symbol(name) for name in paths)), QQ, lex)
    return _Question(case=case, of=of, paths=paths, space=space, numbers=numbers)


def _every_number(case: Case) -> dict[str, str]:
    tree = {key: part for key, part in dump(case.system).items() if key in SECTIONS}
    found = [
        text_of(path)
        for path, leaf in leaves(tree)
        if isinstance(leaf, Value) and leaf.known and leaf.number != 0 and leaf.unit != "time"
    ]
    if len(found) > MOST_SYMBOLS:
        message = f"this system has {len(found)} numbers, too many for a formula that is read"
        example = f"symbols={{'a': '{found[0]}', 'b': '{found[1]}'}}"
        raise ModelError([Problem((), message, f"name those that matter: {example}")])
    names = {path: re.sub(r"[^A-Za-z0-9]+", "_", path.rpartition("/")[2]) for path in found}
    several = [name for name in names.values() if list(names.values()).count(name) > 1]
    return {
        re.sub(r"[^A-Za-z0-9]+", "_", path)[-20:].lstrip("_0123456789")
        if name in several or not _NAME.fullmatch(name)
        else name: path
        for path, name in names.items()
    }


def _number(case: Case, path: str) -> Fraction:
    value = value_at(dump(case.system), path)
    if not isinstance(value, Value) or not value.known:
        raise ModelError([Problem((), f"{path}: a symbol stands for a number; here stands none")])
    return value.number


def _with(case: Case, path: str, number: Fraction) -> Value:
    value = value_at(dump(case.system), path)
    assert isinstance(value, Value)  # noqa: S101  (asked before)
    return replace(value, low=number, high=number)


def _one_stage(solved_case: Solved) -> StageRun:
    if len(solved_case.runs) != 1:
        raise NotCarriedError(
            "a formula is of one stage: what an earlier stage left is a number, not a formula; "
            "write the shocks into one stage, or start from what it leaves under `set`"
        )
    run = solved_case.runs[0]
    if run.catalogue.summed or run.navs or run.weights:
        what = (
            "tables of accounts"
            if run.catalogue.summed
            else "books that oracles compute"
            if run.navs
            else "accounts whose collaterals differ in their incentive"
        )
        raise NotCarriedError(
            f"{what} have no formula: `sensitivities` tells how an answer moves with their inputs"
        )
    return run


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A regime solved with symbols, and what it rests on."""

    values: Values
    compiled: Skeleton
    cells: tuple[int, ...]
    comparisons: tuple[Comparison, ...]
    point: tuple[Fraction, ...]


def _at(asked: _Question, run: StageRun, seen: Point, s: Fraction) -> _Found:
    """Solve the regime that a solution is in, with symbols."""
    size = asked.shock(s) if s else ZERO
    with recorded() as record:
        parts = skeleton(run.world(size, size, still=size))
    starts = seen.compiled.form.cell_ptr
    cells = tuple(int(c - first) for c, first in zip(seen.solution.cells, starts[:-1], strict=True))
    point = (s, *asked.numbers)
    try:
        values = solved(parts, cells, asked.space, point)
    except ZeroDivisionError:
        message = "this regime has no single solution: a loop returns every dollar"
        raise NotExactError(message) from None
    comparisons = (*record.comparisons, *cell_conditions(parts, cells, values, point))
    return _Found(values=values, compiled=parts, cells=cells, comparisons=comparisons, point=point)


def _regime(
    asked: _Question, run: StageRun, start: _Found, seen: Point, s: Fraction
) -> RegimeFormula:
    found = _at(asked, run, seen, s)
    claim = _claim(asked, found)
    value = found.values.claim[claim]
    exact = number_at(value, found.point)
    if exact != seen.claim(claim):
        raise NoSolutionError(f"the formula gives {exact} where the engine has {seen.claim(claim)}")
    units = next(c.units for node in found.compiled.nodes for c in node.claims if c.id == claim)
    price = value / form_of(units, asked.space)
    return RegimeFormula(
        value=value,
        loss=start.values.claim[claim] - value,
        price=price,
        inequalities=region((*start.comparisons, *found.comparisons), found.point),
    )


def _claim(asked: _Question, found: _Found) -> str:
    claims = found.values.claim
    for name in (asked.of, f"{asked.of}/equity"):
        if name in claims:
            return name
    message = f"`{asked.of}` is no claim of this system"
    raise ModelError([Problem((), message, f"its claims: {', '.join(claims)}")])


def _checked(asked: _Question, regime: RegimeFormula, s: Fraction) -> bool:
    """Compare with the engine a little beside the numbers, where a lost symbol would show.

    Returns whether there was a place to compare: on a border of the regime, and where the numbers
    are tied to others of the system, there may be none.
    """
    for nudge in (NUDGE, -NUDGE):
        numbers = tuple(x * (1 + nudge * (k + 1)) for k, x in enumerate(asked.numbers))
        point = (s, *numbers)
        if not all(inequality.holds(point) for inequality in regime.inequalities):
            continue
        try:
            moved = solve(asked.moved(numbers))
        except ModelError:
            continue
        seen = moved.scaled.at(s)
        claim = asked.of if asked.of in seen.compiled.index.claim else f"{asked.of}/equity"
        expected, got = seen.claim(claim), number_at(regime.value, point)
        if got != expected:
            raise NoSolutionError(
                f"the formula of {asked.of} does not stand its own check: beside its numbers it "
                f"gives {float(got):.12g}, the engine {float(expected):.12g}"
            )
        return True
    return False


def _spans(numeric: Solved) -> list[tuple[Fraction, Fraction]]:
    """Return the stretches of the shock as written on which no cell changes."""
    borders = {ZERO, ONE}
    for segment in numeric.segments:
        borders |= {Fraction(p.lo) for p in segment.pieces if 0 < p.lo < 1}
    return list(pairwise(sorted(borders))) if numeric.segments else []


def _breaks(
    asked: _Question,
    run: StageRun,
    numeric: Solved,
    spans: Sequence[tuple[Fraction, Fraction]],
    beside: Sequence[str],
) -> tuple[BreakFormula, ...]:
    """Return where each event of the claim, its issuer or its account comes, as a formula.

    And of what is asked beside it.
    """
    if not spans:
        return ()
    found = []
    wanted = (asked.of, *(claim_named(numeric, of) for of in beside))
    names = {*wanted, *(numeric.catalogue.issuer_of.get(of, of) for of in wanted)}
    for (of, event), stretches in numeric.broken_as_written.items():
        first = Fraction(stretches[0].lo)
        if of not in names or not first:
            continue
        before = next(((lo, hi) for lo, hi in spans if hi >= first), None)
        if before is None:
            continue
        middle = (before[0] + min(first, before[1])) / 2
        at = _at(asked, run, numeric.scaled.at(middle), middle)
        root = _root(asked, run, at, (of, event), first)
        if root is not None:
            found.append(BreakFormula(of=of, event=event, at=root, fraction=first))
    return tuple(sorted(found, key=lambda one: (one.fraction, one.of, one.event)))


def _root(
    asked: _Question, run: StageRun, at: _Found, key: tuple[str, str], first: Fraction
) -> FracElement | None:
    """Return where the line that decides an event meets zero: the root that is the place seen."""
    size = asked.shock(at.point[0])
    world = run.world(size, size, still=size)
    form, index = assemble(at.compiled)
    compiled = Compiled(world=world, skeleton=at.compiled, form=form, index=index, minus_cycle="")
    candidates = []
    for monitor in monitors(compiled, {}):
        if (monitor.of, monitor.event) == key and monitor.short_of is not None:
            value = (
                at.values.claim[monitor.claim] if monitor.claim else at.values.node[monitor.node]
            )
            candidates.append(value - at.values.line(monitor.short_of))
    candidates += [one.form for one in at.comparisons]
    for candidate in candidates:
        root = _linear_root(candidate, asked.space)
        if root is not None and number_at(root, (ZERO, *asked.numbers)) == first:
            return root
    return None


def _linear_root(form: FracElement, space: FracField) -> FracElement | None:
    """Return the zero of a form in the shock, where its numerator is linear in it."""
    top = form.numer
    s = top.ring.gens[0]
    if top.degree(s) != 1:
        return None
    slope = top.diff(s)
    const = top.evaluate(s, 0) if top.ring.ngens == 1 else top.subs(s, 0)
    return -space.field_new(const) / space.field_new(slope)
