"""The frame of a plot: ticks, grid and the names of both axes."""

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.reports import svg
from looprisk.reports.layout import Axis, measure, spread
from looprisk.reports.letters import ends, lines, width
from looprisk.reports.picture import MARGIN, WIDE
from looprisk.reports.svg import Markup, Point

LEFT, RIGHT = 66.0, 620.0
Ticks = Sequence[tuple[float, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """Two axes on the paper; ``up`` grows towards the top."""

    across: Axis
    up: Axis

    def at(self, x: float, y: float) -> Point:
        """Return where a pair of values stands."""
        return self.across.at(x), self.up.at(y)

    @property
    def top(self) -> float:
        """The upper end of the paper of the plot."""
        return min(self.up.low, self.up.high)

    @property
    def bottom(self) -> float:
        """Its lower end."""
        return max(self.up.low, self.up.high)


def money_ticks(axis: Axis, about: int = 5) -> tuple[Ticks, str]:
    """Return the ticks of an axis of US dollars, and the words of its unit."""
    values = axis.ticks(about)
    told = measure("usd", values, axis.end)
    return [(value, told.tick(value)) for value in values], told.words


def share_ticks(axis: Axis, about: int = 5) -> Ticks:
    """Return the ticks of an axis of fractions, as percentages."""
    values = axis.ticks(about)
    told = measure("fraction", values)
    return [(value, told.tick(value)) for value in values]


def price_ticks(axis: Axis, about: int = 4) -> Ticks:
    """Return the ticks of an axis of prices."""
    values = axis.ticks(about)
    told = measure("price", values)
    return [(value, f"${told.tick(value)}") for value in values]


def time_ticks(axis: Axis) -> tuple[Ticks, str]:
    """Return the ticks of an axis of seconds from the start, and the words of its unit."""
    unit, word = next(
        ((size, name) for size, name in _UNITS if axis.end - axis.start >= 2 * size), _UNITS[-1]
    )
    scaled = Axis(start=axis.start / unit, end=axis.end / unit, low=0, high=1)
    return [(v * unit, f"{v:g}") for v in scaled.ticks(8)], f"{word} from the start"


_UNITS = ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes"), (1.0, "seconds"))


def frame(
    plot: Plot, across: Ticks, up: Ticks, named: tuple[str, str], above: float = 12
) -> list[Markup]:
    """Return grid, ticks and the names of the axes, ``named`` (across, up).

    The upper name stands ``above`` the plot by so much.
    """
    low, high = plot.across.low, plot.across.high
    marks = []
    for value, words in up:
        y = plot.up.at(value)
        marks.append(svg.line((low, y), (high, y), "k-grid"))
        marks.append(svg.text(low - 8, y + 4, words, "s m r"))
    marks.append(svg.text(MARGIN, plot.top - above, named[1], "s m"))
    marks.append(svg.line((low, plot.bottom), (high, plot.bottom), "k-rule"))
    marks += below(plot, across, named[0])
    return marks


def below(plot: Plot, across: Ticks, name: str) -> list[Markup]:
    """Return the ticks and the name of the axis at the bottom."""
    marks = []
    for value, words in across:
        x = plot.across.at(value)
        marks.append(svg.line((x, plot.bottom), (x, plot.bottom + 4), "k-rule"))
        marks.append(svg.text(x, plot.bottom + 17, words, "s m c"))
    if name:
        high = plot.across.high
        marks.append(svg.text(high, plot.bottom + 34, ends(name, high - MARGIN, 11), "s m r"))
    return marks


def end_labels(plot: Plot, found: Sequence[tuple[str, str, float]]) -> list[Markup]:
    """Return (name, value, height on the axis) at the right end, pushed apart, with leaders."""
    wanted = [plot.up.at(y) for _, _, y in found]
    places = spread(wanted, 30.0, plot.top + 6, plot.bottom - 18)
    marks = []
    x = plot.across.high
    for (name, value, _), at, y in zip(found, wanted, places, strict=True):
        if abs(at - y) > 3:
            marks.append(svg.line((x + 2, at), (x + 11, y), "k-rule", 0.8))
        room = WIDE - MARGIN - x - 14
        short = ends(name, room, 12, bold=True)
        marks.append(svg.text(x + 14, y + 1, short, "b", title=name))
        marks.append(svg.text(x + 14, y + 15, ends(value, room, 12)))
    return marks


def straight(points: Sequence[Point]) -> list[Point]:
    """Return the points without those that lie on the way between their neighbours."""
    kept: list[Point] = []
    for point in points:
        while len(kept) > 1 and _between(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return kept


def _between(one: Point, middle: Point, other: Point) -> bool:
    cross = (middle[0] - one[0]) * (other[1] - one[1]) - (middle[1] - one[1]) * (other[0] - one[0])
    return abs(cross) < 0.02


def note(at: Point, words: str, plot: Plot) -> list[Markup]:
    """Return a note with a ring at its place, on a plate where it does not cover the place."""
    told = lines(words, 190, 11, bold=True)
    wide = max(width(line, 11, bold=True) for line in told) + 12
    left = at[0] + 18 if at[0] + 18 + wide < plot.across.high else at[0] - 18 - wide
    top = at[1] - 60 if at[1] - 60 > plot.top + 4 else at[1] + 26
    high = 15.0 * len(told) + 8
    near = (left if left > at[0] else left + wide, top + high / 2)
    marks = [
        svg.line(at, near, "k-ink", 1),
        svg.rect(left, top, wide, high, "f-paper"),
        svg.rect(left, top, wide, high, "k-rule", stroke=0.8),
        svg.circle(at, 4, "f-paper"),
        svg.circle(at, 4, "k-ink", stroke=1.6),
    ]
    return marks + [
        svg.text(left + 6, top + 15 + 15 * row, line, "s b") for row, line in enumerate(told)
    ]
