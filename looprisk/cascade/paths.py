"""Prices in time: given points, a table, or drawn by a seeded generator.

Every path of a batch depends on its own number alone. Levels are in the unit that they were written
in; what that unit is worth is another price.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np

from looprisk.cascade.arrays import YEAR, Floats
from looprisk.cascade.draws import DIFFUSION, NUMBER, SIZE, draws, normals, poissons
from looprisk.errors import ModelError, Problem
from looprisk.model.generator import Generator
from looprisk.model.scenario import Paths
from looprisk.model.series import TIME, SeriesName, cover_problems, in_order, point_problems
from looprisk.model.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """The prices of a batch: ``values`` is (path, record, id).

    ``written_in`` names for each id the token that its prices are written in, None for dollars; a
    generated path has the unit of the start.
    """

    ids: tuple[str, ...]
    written_in: tuple[str | None, ...]
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """A jump diffusion of several assets; numbers per year, in the order of the assets.

    ``jump_mean`` and ``jump_size`` are mean and deviation of the logarithm of one jump; ``factor``
    is the Cholesky factor of the correlation of the diffusions.
    """

    volatility: Floats
    drift: Floats
    jump_rate: Floats
    jump_mean: Floats
    jump_size: Floats
    factor: Floats = field(default_factory=lambda: np.ones((1, 1)))


def path_prices(paths: Paths, *, times: Floats, start: Mapping[str, float]) -> Drawn:
    """Return the price of every id that has a path, at ``times`` in seconds since the start.

    ``start`` is the price of each asset there, in its own unit: a generated path begins with it.
    Points and tables are the same in every path of a batch: they are one path. Raises ModelError
    where a path does not cover the time from 0 to the horizon.

    >>> from looprisk.model.scenario import Paths
    >>> given = Paths(between="linear", points={"X": {"0h": "$1", "2h": "$0.8"}})
    >>> path_prices(given, times=np.array([0, 3600, 7200.0]), start={}).values[0, :, 0]
    array([1. , 0.9, 0.8])
    """
    if paths.generate is not None:
        return generated(paths.generate, times=times, start=start)
    horizon = Fraction(float(times[-1]))
    if paths.table is not None:
        return _from_table(paths.table, times, paths.between, horizon)
    columns = []
    for name, points in paths.points.items():
        _refuse(point_problems(name, points, horizon, ("paths", "points", name)))
        found = in_order(points)
        moments = np.array([float(moment) for moment, _ in found])
        levels = np.array([float(level.number) for _, level in found])
        columns.append(interpolated(moments, levels, times, paths.between))
    return Drawn(
        ids=tuple(paths.points),
        written_in=tuple(next(iter(points.values())).of for points in paths.points.values()),
        values=_one_path(columns),
    )


def _from_table(
    name: SeriesName, times: Floats, between: Literal["linear", "hold"], horizon: Fraction
) -> Drawn:
    if name.series is None:
        message = f"table: `{name}` has not been read"
        raise ModelError([Problem(("paths", "table"), message, "load the file that names it")])
    seconds, *_ = name.series.columns.values()
    _refuse(cover_problems("the table", seconds[0], seconds[-1], horizon, ("paths", "table")))
    moments = np.array([float(moment) for moment in seconds])
    ids = tuple(column for column in name.series.columns if column != TIME)
    columns = [
        interpolated(moments, np.array([float(x) for x in name.series.columns[i]]), times, between)
        for i in ids
    ]
    return Drawn(ids=ids, written_in=(None,) * len(ids), values=_one_path(columns))


def _refuse(problems: Iterable[Problem]) -> None:
    found = tuple(problems)
    if found:
        raise ModelError(found)


def interpolated(
    moments: Floats, levels: Floats, times: Floats, between: Literal["linear", "hold"]
) -> Floats:
    """Return the level at each time: on the line between its neighbours, or the last one.

    >>> at = np.array([0.0, 1.0, 1.5, 2.0])
    >>> interpolated(np.array([0.0, 2.0]), np.array([10.0, 20.0]), at, "linear")
    array([10. , 15. , 17.5, 20. ])
    >>> interpolated(np.array([0.0, 2.0]), np.array([10.0, 20.0]), at, "hold")
    array([10., 10., 10., 20.])
    """
    if between == "linear":
        return np.interp(times, moments, levels)
    last = np.searchsorted(moments, times, side="right") - 1
    return np.take(levels, np.maximum(last, 0))


def _one_path(columns: list[Floats]) -> Floats:
    return np.stack(columns, axis=-1)[None]


def generated(
    rule: Generator, *, times: Floats, start: Mapping[str, float], paths: range | None = None
) -> Drawn:
    """Return the paths of a generator, or those of them that ``paths`` says.

    ``E_k = E_(k-1) exp((drift - vol^2/2) y + vol sqrt(y) sum_b C_ab Z_b + J)``, ``y`` the step in
    years, J the sum of a Poisson number n of jumps: ``n mean + sqrt(n) size Z``. The drift is not
    corrected for jumps. Assets stand in the order in which ``volatility``, ``drift`` and ``jumps``
    name them first.
    """
    ids = rule.ids
    missing = [name for name in ids if name not in start]
    if missing:
        message = f"`{missing[0]}` has no price at the start"
        place = ("paths", "generate", "volatility", missing[0])
        raise ModelError([Problem(place, message, "a path is drawn of an asset with a price")])
    chosen = range(rule.count) if paths is None else paths
    uniform = draws(rule.seed, chosen, len(times), len(ids))
    moved = moves(motion_of(rule, ids), uniform[:, 1:], np.diff(times))
    first = np.broadcast_to(np.array([start[name] for name in ids]), (len(chosen), 1, len(ids)))
    values = np.cumprod(np.concatenate([first, np.exp(moved)], axis=1), axis=1)
    return Drawn(ids=ids, written_in=(None,) * len(ids), values=values)


def motion_of(rule: Generator, ids: tuple[str, ...]) -> Motion:
    """Return the numbers of a generator in the order of ``ids``; what is not given is nothing."""
    jumps = [rule.jumps.get(name) for name in ids]
    return Motion(
        volatility=_numbers([rule.volatility.get(name) for name in ids]),
        drift=_numbers([rule.drift.get(name) for name in ids]),
        jump_rate=_numbers([jump.rate if jump else None for jump in jumps]),
        jump_mean=_numbers([jump.mean if jump else None for jump in jumps]),
        jump_size=_numbers([jump.size if jump else None for jump in jumps]),
        factor=_factor(rule, ids),
    )


def moves(motion: Motion, uniform: Floats, elapsed: Floats) -> Floats:
    """Return the logarithmic moves, (path, step, asset), from draws (path, step, asset, slot).

    ``elapsed`` is the length of each step in seconds. The correlated sum runs over the assets in
    their order, so that it has the same bits for one path as for many.
    """
    years = elapsed / YEAR
    free = normals(uniform[..., DIFFUSION])
    steps = np.empty_like(free)
    for a in range(free.shape[-1]):
        mixed = motion.factor[a, 0] * free[..., 0]
        for b in range(1, a + 1):
            mixed = mixed + motion.factor[a, b] * free[..., b]
        volatility, drift = motion.volatility[a], motion.drift[a]
        trend = (drift - volatility * volatility / 2) * years
        steps[..., a] = trend + volatility * np.sqrt(years) * mixed
        if motion.jump_rate[a]:
            steps[..., a] += _jumps(motion, a, uniform[:, :, a], years)
    return steps


def _jumps(motion: Motion, asset: int, uniform: Floats, years: Floats) -> Floats:
    """Return what the jumps of one asset add, (path, step)."""
    number = np.empty(uniform.shape[:2])
    for length in np.unique(years):
        at = years == length
        found = poissons(uniform[:, at, NUMBER], float(motion.jump_rate[asset] * length))
        number[:, at] = found
    size: Floats = motion.jump_size[asset] * normals(uniform[..., SIZE])
    return np.asarray(number * motion.jump_mean[asset] + np.sqrt(number) * size)


def cholesky(correlation: Floats) -> Floats:
    """Return the lower factor C with ``C C' = correlation``, row by row.

    Raises ValueError where the correlations contradict each other.

    >>> cholesky(np.array([[1.0, 0.6], [0.6, 1.0]]))
    array([[1. , 0. ],
           [0.6, 0.8]])
    """
    size = len(correlation)
    factor = np.zeros((size, size))
    for a in range(size):
        for b in range(a + 1):
            rest = float(correlation[a, b])
            for c in range(b):
                rest -= float(factor[a, c]) * float(factor[b, c])
            pivot = float(factor[b, b])
            if rest < -_ROUNDING if a == b else (not pivot and abs(rest) > _ROUNDING):
                raise ValueError("these correlations contradict each other")
            if a == b:
                factor[a, a] = np.sqrt(np.float64(rest)) if rest > _ROUNDING else 0.0
            elif pivot:
                factor[a, b] = rest / pivot
    return factor


_ROUNDING = 1e-12


def _factor(rule: Generator, ids: tuple[str, ...]) -> Floats:
    correlation = _correlation(rule, ids)
    try:
        return cholesky(correlation)
    except ValueError as error:
        raise ModelError([Problem(("paths", "generate", "correlation"), str(error))]) from None


def _correlation(rule: Generator, ids: tuple[str, ...]) -> Floats:
    """Return the matrix of a generator; a pair that is not written moves independently."""
    found = np.eye(len(ids))
    for a, row in rule.correlation.items():
        for b, value in row.items():
            here, there = ids.index(a), ids.index(b)
            found[here, there] = found[there, here] = float(value.number)
    return found


def _numbers(values: list[Value | None]) -> Floats:
    return np.array([0.0 if value is None else float(value.number) for value in values])
