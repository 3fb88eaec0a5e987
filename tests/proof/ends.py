"""The greatest and the least solution of a right side, found without the engine.

By plain iteration in floats from far above, or from nothing, until it rests; then by one exact solve
of the straight piece found there, checked exactly: every claim is what the right side says it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from tests.proof.lines import Line, value_of

Claims = Mapping[str, object]
Side = Callable[[Claims], Claims]

FAR = 1e6
CLOSE = 1e-9


class NoEndError(ArithmeticError):
    """The iteration came to rest nowhere near an exact solution."""


def end(
    right_side: Side, sweep: Side, names: tuple[str, ...], *, greatest: bool
) -> dict[str, Fraction]:
    """Return the exact values of all claims at the greatest or the least solution."""
    z = dict.fromkeys(names, FAR if greatest else 0.0)
    for _ in range(40):
        z, moved = _rest(sweep, z)
        for nudge in (0.0, 1e-9, -1e-9):
            found = _exact(right_side, {name: value + nudge for name, value in z.items()})
            if found is not None and _distance(found, z) <= CLOSE * (1 + max(z.values())):
                return found
        if moved == 0 and greatest:
            break
        # below a threshold that is only reached in the limit: go on from just above it
        step = 1e-9 * (1 + max(z.values()))
        z = {name: value + (-step if greatest else step) for name, value in z.items()}
    raise NoEndError(z)


def _rest(sweep: Side, z: dict[str, float]) -> tuple[dict[str, float], float]:
    moved = 1.0
    for _ in range(4000):
        new = {name: float(value) for name, value in sweep(z).items()}
        moved = max(abs(new[name] - z[name]) for name in new)
        z = new
        if moved <= 1e-13 * (1 + max(z.values())):
            break
    return z, moved


def _distance(a: Claims, b: Claims) -> float:
    return max(abs(float(a[name]) - float(b[name])) for name in a)


def _exact(right_side: Side, near: dict[str, float]) -> dict[str, Fraction] | None:
    """Return the exact solution on the straight piece at a point; None where that is none."""
    z = {name: Fraction(value).limit_denominator(10**12) for name, value in near.items()}
    for _ in range(4):
        found = _solved(right_side, z)
        if found is None:
            return None
        if dict(right_side(found)) == found:
            return found
        z = found
    return None


def _solved(right_side: Side, z: dict[str, Fraction]) -> dict[str, Fraction] | None:
    lines = right_side({name: Line(value, {name: Fraction(1)}) for name, value in z.items()})
    rows: dict[str, dict[str, Fraction]] = {}
    rest: dict[str, Fraction] = {}
    for name, line in lines.items():
        slope = line.slope if isinstance(line, Line) else {}
        rows[name] = {name: Fraction(1)}
        for key, more in slope.items():
            rows[name][key] = rows[name].get(key, Fraction(0)) - more
        rest[name] = value_of(line) - sum((more * z[k] for k, more in slope.items()), Fraction(0))
    return _eliminated(rows, rest)


def _eliminated(
    rows: dict[str, dict[str, Fraction]], rest: dict[str, Fraction]
) -> dict[str, Fraction] | None:
    order = list(rows)
    for name in order:
        head = rows[name].get(name, Fraction(0))
        if not head:
            return None
        for key in rows[name]:
            rows[name][key] /= head
        rest[name] /= head
        for other in order:
            factor = rows[other].get(name, Fraction(0)) if other != name else Fraction(0)
            if factor:
                for key, more in rows[name].items():
                    rows[other][key] = rows[other].get(key, Fraction(0)) - factor * more
                rest[other] -= factor * rest[name]
    return {name: Fraction(rest[name]) for name in order}
