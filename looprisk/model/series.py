"""Series of numbers over time, or over what was sold: points in a file, or a table beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Self

from pydantic import PlainValidator, WithJsonSchema

from looprisk.errors import ModelError, Problem
from looprisk.model import units
from looprisk.model.fields import Word, text
from looprisk.model.frozen import FrozenMap
from looprisk.model.values import Value, decimal_text, split_source

Path = tuple[str, ...]
TIME, SOLD, PRICE = "time", "sold", "price"
"""First columns of a table of prices and of a measured depth, and the second one of the latter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The rows of a table: its first column rises.

    Prices: ``time`` in seconds since the start, then a column an id, in dollars. Depth: ``sold``,
    worth in dollars at the start price, and ``price``, the share of the start price that is left.
    ``digest`` is the ``sha256:`` of the uncompressed file.
    """

    digest: str
    columns: Mapping[str, tuple[Fraction, ...]] = field(repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", FrozenMap(self.columns))


class SeriesName(Word):
    """The name of a table file, with the series that were read from it."""

    __slots__ = ("series",)
    series: Series | None

    def __new__(cls, text: str, source: str | None = None, series: Series | None = None) -> Self:
        """Return ``text`` as a name that carries its ``source`` and the ``series`` read."""
        name = super().__new__(cls, text, source)
        name.series = series
        return name


def series_name(raw: object) -> SeriesName:
    """Read the name of a table of numbers; one that carries its series keeps them."""
    if isinstance(raw, SeriesName):
        return raw
    written, source = split_source(text(raw))
    if not written:
        raise ValueError("no value; name a file such as tables/prices.csv")
    return SeriesName(written, source)


SeriesRef = Annotated[
    SeriesName,
    PlainValidator(series_name),
    WithJsonSchema({"type": "string", "examples": ["tables/prices.csv"]}),
]


def with_depth(name: SeriesName, sold: str, left: object) -> SeriesName:
    """Return a measured depth whose row ``sold`` leaves another share of the price.

    The name says so, for what it names is another table. Raises ModelError where the price would
    no longer fall from 1 with what is sold.
    """
    series = name.series
    assert series is not None  # noqa: S101  (the path led into its rows)
    try:
        share = units.fraction(left)
        given = share.number
    except ValueError as error:
        raise ModelError([Problem((), f"{sold}: {error}", on_key=False)]) from None
    prices = tuple(
        given if decimal_text(at) == sold else price
        for at, price in zip(series.columns[SOLD], series.columns[PRICE], strict=True)
    )
    if prices[0] != 1 or any(after >= before for before, after in pairwise(prices)):
        message = f"{sold}: with {share.text} left the price would not fall as more is sold"
        help_ = f"its rows leave {', '.join(map(decimal_text, series.columns[PRICE]))}"
        raise ModelError([Problem((), message, help_, on_key=False)])
    changed = Series(
        digest=f"{series.digest} {sold}: {decimal_text(given)}",
        columns={SOLD: series.columns[SOLD], PRICE: prices},
    )
    return SeriesName(f"{name} ({sold}: {decimal_text(given)})", name.source, changed)


def in_order(points: Mapping[str, Value]) -> list[tuple[Fraction, Value]]:
    """Return the points of a path as (seconds since the start, price), first to last.

    >>> from looprisk.model.units import price
    >>> [int(at) for at, _ in in_order({"1h": price("$2"), "30m": price("$1")})]
    [1800, 3600]
    """
    found = [(units.duration(moment).number, level) for moment, level in points.items()]
    return sorted(found, key=lambda point: point[0])


def point_problems(
    name: str, points: Mapping[str, Value], horizon: Fraction, place: Path
) -> Iterator[Problem]:
    """Yield what keeps the points of ``name`` from being one path from 0 to the horizon, in s."""
    met: dict[Fraction, str] = {}
    for moment in points:
        at = units.duration(moment).number
        if at in met:
            message = f"{name}: {moment} and {met[at]} are one moment"
            yield Problem((*place, moment), message, "leave one of the two out")
        met[at] = moment
    written_in = sorted({level.of or "dollars" for level in points.values()})
    if len(written_in) > 1:
        message = f"{name}: one path is written in {' and '.join(written_in)}"
        yield Problem(place, message, "write all its points in one unit")
    yield from cover_problems(name, min(met), max(met), horizon, place)


def cover_problems(
    name: str, first: Fraction, last: Fraction, horizon: Fraction, place: Path
) -> Iterator[Problem]:
    """Yield where a path from ``first`` to ``last`` leaves a time without a price, in seconds."""
    if first > 0:
        message = f"{name}: the path starts {_shown(first)} after the start"
        yield Problem(place, message, "give its price at 0h")
    if last < horizon:
        message = (
            f"{name}: the path ends at {_shown(last)}, before the horizon of {_shown(horizon)}"
        )
        yield Problem(place, message, f"give its price at {_shown(horizon)}, or end there")


def _shown(seconds: Fraction) -> str:
    hours = seconds / 3600
    return f"{hours.numerator}h" if hours.denominator == 1 else f"{float(seconds):g}s"
