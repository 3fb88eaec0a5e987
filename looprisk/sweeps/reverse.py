"""Reverse stress: the smallest shock of any mixture that breaks something, with its proof."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Unpack, get_args

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.asked import claim_named
from looprisk.analysis.clearing import proven, title
from looprisk.analysis.solve import Solved, solve
from looprisk.engine.clear import Selection
from looprisk.engine.monitors import monitors
from looprisk.engine.state import ONE, ZERO
from looprisk.errors import ModelError, NoSolutionError, Problem
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.model.scenario import Stage
from looprisk.model.system import System
from looprisk.model.values import read
from looprisk.results.reverse import FactorSize, Norm, Radius, Reverse
from looprisk.sweeps.factors import Factors, Sizes, factors_of
from looprisk.sweeps.nearest import Length, Nearest, along_corner, inverse, searched
from looprisk.sweeps.proof import bound
from looprisk.sweeps.rays import Target

HAIR = Fraction(1, 10**6)
"""How far beyond and before the border the proof is solved, as a share of the shock."""
Covariance = Mapping[str, Mapping[str, object]]


def reverse(
    what: System | Case,
    of: str,
    event: str,
    *,
    norm: Norm = "max",
    covariance: Covariance | None = None,
    **asked: Unpack[Question],
) -> Reverse:
    """Return the smallest shock, mixed of all that the last stage strikes with, that breaks ``of``.

    ``what`` and the shock as keywords are those of :func:`looprisk.run`. Every target of ``price``,
    ``depeg``, ``loss``, ``default`` and ``misprice`` is a factor that grows by itself, in the
    direction written; its size as written is the unit. ``norm`` measures a mixture: ``max`` takes
    the largest size, ``sum`` adds them, ``mahalanobis`` is the distance under ``covariance``, in
    those units (``{"ETH": {"stETH": 0.9}}``; a diagonal left out is 1, all else 0): what was
    written is then one standard deviation, and the answer the most likely shock that breaks.

    ``robust`` is the answer where nothing fails that need not, ``fragile`` where everything fails
    that can: from there on a panic alone is enough. Each is solved again from its typed text, a
    hair beyond and before.

    >>> import looprisk as lr
    >>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    >>> found = reverse(loop, "loop", "bad_debt", price={"wstETH": "-50%"})
    >>> found.robust.exact, found.robust.factors[0].text, found.robust.proven
    ('334/1967', '-8.490086426029%', True)

    Raises ModelError for things and events that do not exist, NotCarriedError for shocks without a
    size, NoSolutionError where the answer does not stand its own check.
    """
    case = only_run(case_of(what, asked))
    solved = solve(case)
    key = (claim_named(solved, of), event)
    refuse_unknown(solved, key)
    factors = factors_of(solved)
    length, metric = _measured(factors, norm, covariance)
    robust = _nearest(Target(factors=factors, key=key, selection="greatest"), norm, length, metric)
    straight = bool(solved.segments) and solved.end.compiled.form.exact
    least: Selection = "least"
    fragile = (
        _nearest(Target(factors=factors, key=key, selection=least), norm, length, metric, robust)
        if straight
        else None
    )
    if robust is not None and fragile is None and straight:
        raise NoSolutionError(f"{of} breaks although nothing fails, and not if everything does")
    return Reverse(
        scenario=title(case),
        of=of,
        event=event,
        norm=norm,
        robust=_radius(factors, key, robust, length, norm, "greatest")
        if robust is not None
        else None,
        fragile=_radius(factors, key, fragile, length, norm, least)
        if fragile is not None
        else None,
    )


def _nearest(
    target: Target,
    norm: Norm,
    length: Length,
    metric: Sequence[Sequence[Fraction]] | None,
    known: Nearest | None = None,
) -> Nearest | None:
    if norm == "max":
        return along_corner(target, length)
    starts = () if known is None else (known.hit.sizes,)
    least = bound(target, "sum") if norm == "sum" else None
    if least is not None and any(least.sizes):
        starts = (*starts, least.sizes)
    return searched(target, length, metric, starts, least)


def refuse_unknown(solved: Solved, key: tuple[str, str]) -> None:
    """Raise ModelError for an event that cannot happen, or that holds before any shock."""
    every = {(m.of, m.event) for m in monitors(solved.end.compiled, solved.baseline)}
    if key not in every:
        events = sorted(event for of, event in every if of == key[0])
        message = f"{key[0]}: `{key[1]}` is nothing that can happen to it"
        help_ = f"what can: {', '.join(events)}" if events else "name a claim, issuer or market"
        raise ModelError([Problem((), message, help_)])
    if key in {(m.of, m.event) for m in solved.holding(solved.start)}:
        message = f"{key[0]} {key[1]}: already before any shock"
        raise ModelError([Problem((), message)])


def _measured(
    factors: Factors, norm: Norm, covariance: Covariance | None
) -> tuple[Length, list[list[Fraction]] | None]:
    """Return the norm, and the covariance of the factors where it has one."""
    if norm not in get_args(Norm):
        message = f"norm: `{norm}` is not known here; it is one of {', '.join(get_args(Norm))}"
        raise ModelError([Problem((), message)])
    if covariance is not None and norm != "mahalanobis":
        message = f"a covariance is for norm='mahalanobis', not `{norm}`"
        raise ModelError([Problem((), message)])
    if norm == "max":
        return lambda sizes: float(max(sizes)), None
    if norm == "sum":
        return lambda sizes: float(sum(sizes)), None
    metric = _matrix(factors, covariance or {})
    whole = inverse(metric)

    def distance(sizes: Sequence[Fraction]) -> float:
        square = sum(a * whole[i][j] * b for i, a in enumerate(sizes) for j, b in enumerate(sizes))
        return math.sqrt(square)

    return distance, metric


def _matrix(factors: Factors, covariance: Covariance) -> list[list[Fraction]]:
    """Return the covariance as a matrix over the factors; raises ModelError if it is none."""
    names = {f"{f.verb}/{f.target}": k for k, f in enumerate(factors.every)}
    short: dict[str, int] = {}
    for k, factor in enumerate(factors.every):
        short.setdefault(factor.target, k)
    count = len(factors.every)
    matrix = [[ONE if i == j else ZERO for j in range(count)] for i in range(count)]
    for one, row in covariance.items():
        for other, number in row.items():
            for name in (one, other):
                if name not in names and name not in short:
                    message = f"covariance: `{name}` is no factor"
                    raise ModelError([Problem((), message, f"the factors are {', '.join(names)}")])
            i, j = (names.get(name, short.get(name, 0)) for name in (one, other))
            reading = read(number)
            if reading.low is None or reading.low != reading.high or reading.unit:
                message = f"covariance: `{reading.text}` is no plain number"
                raise ModelError([Problem((), message, "{ETH: {stETH: 0.9}}")])
            matrix[i][j] = matrix[j][i] = reading.low
    if not _positive(matrix):
        message = "covariance: no covariance, some mixture of the factors would have no variance"
        raise ModelError(
            [Problem((), message, "correlations lie between -1 and 1, and hang together")]
        )
    return matrix


def _positive(matrix: Sequence[Sequence[Fraction]]) -> bool:
    """Return whether a symmetric matrix is positive definite: every pivot is above zero."""
    rows = [list(row) for row in matrix]
    for k in range(len(rows)):
        if rows[k][k] <= 0:
            return False
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [x - factor * y for x, y in zip(rows[i], rows[k], strict=True)]
    return True


def _radius(
    factors: Factors,
    key: tuple[str, str],
    found: Nearest,
    length: Length,
    norm: Norm,
    selection: Selection,
) -> Radius:
    sizes = found.hit.sizes
    exact = factors.solved.end.compiled.form.exact and not found.hit.bracket
    fraction = max(sizes) if norm == "max" else sum(sizes, ZERO)
    shock, residual = _checked(factors, key, sizes, selection)
    return Radius(
        radius=length(sizes),
        exact=str(fraction) if exact and norm != "mahalanobis" else None,
        factors=tuple(
            FactorSize(
                factor=f"{f.verb}/{f.target}",
                written=getattr(factors.stage, f.verb)[f.target].text or f.sized(ONE).text,
                size=float(size),
                text=f.sized(size).text,
            )
            for f, size in zip(factors.every, sizes, strict=True)
        ),
        shock=shock,
        proven=found.proven,
        how=found.how,
        rays=found.rays,
        residual=residual,
    )


def _checked(
    factors: Factors, key: tuple[str, str], sizes: Sizes, selection: Selection
) -> tuple[Mapping[str, Mapping[str, str]], float]:
    """Solve the typed shock again, a hair beyond and before: it breaks, and it does not."""
    beyond = tuple(
        min(reach, size * (1 + HAIR)) for size, reach in zip(sizes, factors.reach, strict=True)
    )
    within = tuple(size * (1 - HAIR) for size in sizes)
    residual = 0.0
    if not any(sizes):  # a panic that needs no shock: nothing is before it
        beyond = tuple(HAIR for _ in sizes)
    for there, expected in ((within, False), (beyond, True)) if any(sizes) else ((beyond, True),):
        again = _again(factors, there, selection)
        residual = max(residual, proven(again.end)[0])
        held = key in {(m.of, m.event) for m in again.holding(again.end)}
        if held is not expected:
            place = "beyond" if expected else "before"
            raise NoSolutionError(
                f"{key[0]} {key[1]}: the shock found does not stand its own check: solved again "
                f"a hair {place}, it {'breaks' if held else 'does not break'}"
            )
    return factors.typed(beyond), residual


def _again(factors: Factors, sizes: Sizes, selection: Selection) -> Solved:
    case = factors.solved.case
    stages = (*case.scenario.stages[:-1], Stage(**factors.typed(sizes)))
    changes = {"stages": stages, "solution": selection, "ray": None, "expect": ()}
    scenario = case.scenario.model_copy(update=changes)
    return solve(replace(case, scenario=scenario, expect_lines=()))
