"""What pictures share: the head, the legend, axes and their ticks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, assert_never

from looprisk.model.vocabulary import Unit
from looprisk.reports import svg
from looprisk.reports.letters import lines, width
from looprisk.reports.picture import MARGIN, WIDE
from looprisk.reports.svg import Markup
from looprisk.results.numbers import Scale, fixed, scale_for, share

Symbol = Literal[
    "equity",
    "value",
    "loss",
    "claim",
    "hatch",
    "tint",
    "outline",
    "reached",
    "not reached",
    "line value",
    "line loss",
    "line rule",
    "dash book",
    "dash loss",
    "dash market",
    "line market",
    "dots market",
    "dash ink",
    "dash equity",
    "ring",
    "diamond",
    "cross",
]
Key = tuple[Symbol, str]


def head(title: str, subtitle: str, wide: float = WIDE) -> tuple[list[Markup], float]:
    """Return title and subtitle, and the base line of their last line."""
    room = wide - 2 * MARGIN
    marks, y = [], 26.0
    for at, words in enumerate(lines(title, room, 17, bold=True)):
        y += 21 if at else 0
        marks.append(svg.text(MARGIN, y, words, "h"))
    y += 4
    for words in lines(subtitle, room, 13):
        y += 17
        marks.append(svg.text(MARGIN, y, words, "u"))
    return marks, y


def legend(keys: Sequence[Key], y: float, wide: float = WIDE) -> tuple[list[Markup], float]:
    """Return the legend under ``y``, left to right, wrapped, and the base line of its last row."""
    marks: list[Markup] = []
    x, base = MARGIN, y + 29
    for symbol, words in keys:
        step = 20.0 + width(words, 11)
        if x > MARGIN and x + step > wide - MARGIN:
            x, base = MARGIN, base + 17
        marks += _symbol(symbol, x, base - 4)
        marks.append(svg.text(x + 20, base, words, "s m"))
        x += step + 18
    return marks, base


def _symbol(symbol: Symbol, x: float, y: float) -> list[Markup]:
    start, end, middle = (x, y), (x + 15, y), (x + 7, y)
    match symbol:
        case "equity" | "value" | "loss" | "claim":
            return [svg.rect(x, y - 5, 14, 10, f"f-{symbol}")]
        case "hatch":
            return [svg.rect(x, y - 5, 14, 10, "hatch")]
        case "tint":
            return [svg.rect(x, y - 5, 14, 10, "tint")]
        case "outline":
            return [svg.rect(x + 0.5, y - 4.5, 13, 9, "k-book", stroke=1.2, dash="3 2")]
        case "reached" | "diamond":
            return [svg.diamond(middle, 5, "f-loss")]
        case "not reached":
            return [svg.diamond(middle, 5, "f-paper"), svg.diamond(middle, 5, "k-ink")]
        case "line value" | "line loss" | "line rule" | "line market":
            return [svg.line(start, end, f"k-{symbol[5:]}", 2.5)]
        case "dash book" | "dash market" | "dash loss" | "dash ink" | "dash equity":
            return [svg.line(start, end, f"k-{symbol[5:]}", 2, dash="4 3")]
        case "dots market":
            return [svg.line(start, end, "k-market", 2.5, dash="1.5 3")]
        case "ring":
            return [svg.circle(middle, 4, "k-ink", stroke=1.6)]
        case "cross":
            return [svg.cross(middle, 4, "k-loss", 2)]
    assert_never(symbol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """A stretch of values on a stretch of the paper."""

    start: float
    end: float
    low: float
    """Where ``start`` stands on the paper."""
    high: float

    def at(self, value: float) -> float:
        """Return where a value stands."""
        if self.end == self.start:
            return self.low
        return self.low + (value - self.start) / (self.end - self.start) * (self.high - self.low)

    def ticks(self, about: int = 5) -> list[float]:
        """Return round values on the axis, about so many."""
        return ticks(min(self.start, self.end), max(self.start, self.end), about)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round values from ``low`` to ``high``.

    >>> ticks(0, 625e6, 4)
    [0.0, 200000000.0, 400000000.0, 600000000.0]
    """
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(k * power for k in (1, 2, 2.5, 5, 10) if k * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) for k in range(first, last + 1)]


def nice_end(value: float, about: int = 5) -> float:
    """Return a round end of an axis that is not under ``value``."""
    if value <= 0:
        return 1.0
    steps = ticks(0.0, value, about)
    step = steps[1] if len(steps) > 1 else value
    return value if value <= steps[-1] * (1 + 1e-9) else steps[-1] + step


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """How the values of an axis are written: one unit, the decimals that the steps need."""

    unit: Unit
    scale: Scale
    digits: int

    def tick(self, value: float) -> str:
        """Return a value as it stands at a tick, the unit left to the name of the axis."""
        if self.unit == "fraction":
            text = share(value, digits=self.digits)
            return "0%" if value == 0 else text
        size = value / self.scale.factor if self.unit == "usd" else value
        return "0" if size == 0 else f"{fixed(size, self.digits)}"

    @property
    def words(self) -> str:
        """What the axis is in: ``US dollars, million``."""
        names: dict[str, str] = {
            "usd": self.scale.words,
            "fraction": "%",
            "price": "US dollars",
            "multiple": "×",
            "rate": "% a year",
            "tokens": "tokens",
        }
        return names.get(self.unit, "")


def measure(unit: Unit, values: Sequence[float], end: float = 0.0) -> Measure:
    """Return how to write ``values``, the ticks of one axis that ends at ``end``."""
    scale = scale_for([*values, end])
    factor = {"usd": 1 / scale.factor, "fraction": 100.0}.get(unit, 1.0)
    written = [value * factor for value in values]
    digits = next(
        (
            d
            for d in range(5)
            if all(
                math.isclose(round(v, d), v, abs_tol=1e-9 * max(map(abs, written))) for v in written
            )
        ),
        4,
    )
    return Measure(unit=unit, scale=scale, digits=digits)


def spread(wanted: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Return places near the wanted ones, at least ``least`` apart, between two ends.

    >>> spread([10, 12, 50], 15, 0, 100)
    [3.5, 18.5, 50.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    groups: list[tuple[float, list[int]]] = []
    for i in order:
        groups.append((wanted[i], [i]))
        while len(groups) > 1:
            (one, first), (two, second) = groups[-2], groups[-1]
            reach = (len(first) + len(second)) / 2 * least
            if two - one >= reach - 1e-9:
                break
            both = [*first, *second]
            middle = sum(wanted[k] for k in both) / len(both)
            groups[-2:] = [(middle, both)]
    places = [0.0] * len(wanted)
    for middle, members in groups:
        half = (len(members) - 1) / 2 * least
        start = max(low, min(middle - half, high - 2 * half))
        for k, i in enumerate(members):
            places[i] = start + k * least
    return places
