"""A run: what those who stay have lost against the share that has left."""

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.reports import svg
from looprisk.reports.layout import Axis, Key, head, legend, nice_end
from looprisk.reports.picture import MARGIN, Picture
from looprisk.reports.pictures.plot import LEFT, RIGHT, Plot, end_labels, frame, share_ticks
from looprisk.reports.svg import Markup
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.market_records import Left, Stayed
from looprisk.results.names import shown
from looprisk.results.numbers import share

_HIGH = 240.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One size of the run on one token, for the table."""

    label: str
    left: float
    lost: float


def run(found: Sequence[Stayed], scenario: str) -> Picture:
    """Draw the loss of those who stay; the ring is the run as written."""
    title = _title(found)
    sizes = len(found[0].steps)
    subtitle = (
        f"Loss of those who stay when the others leave at book price. {scenario}: {sizes} sizes "
        "solved (dots), lines only join them; ring: the run as written."
    )
    marks, y = head(title, subtitle)
    if any(step.lost for one in found for step in one.steps):
        body, height = _plotted(found, y)
        marks += body
    else:
        told = "Those who leave are paid from what is liquid; who stays keeps all of it."
        marks.append(svg.text(MARGIN, y + 26, told))
        height = y + 40
    rows = tuple(
        Step(label=one.label, left=step.share, lost=step.lost)
        for one in found
        for step in one.steps
    )
    return Picture(
        kind="run",
        title=title,
        subtitle=subtitle,
        height=height,
        marks=tuple(marks),
        table=table_of(title, rows, _FIELDS),
    )


def _plotted(found: Sequence[Stayed], y: float) -> tuple[list[Markup], float]:
    keys: list[Key] = [("line loss", "loss of those who stay"), ("ring", "as written")]
    marks, y = legend(keys, y)
    top = y + 40
    steps = [step for one in found for step in one.steps]
    right = nice_end(max(step.share for step in steps), 5)
    highest = nice_end(max(step.lost for step in steps), 4)
    plot = Plot(
        across=Axis(start=0.0, end=min(1.0, right), low=LEFT, high=RIGHT),
        up=Axis(start=0.0, end=min(1.0, highest), low=top + _HIGH, high=top),
    )
    named = ("share that has left at book price", "loss of those who stay")
    marks += frame(plot, share_ticks(plot.across), share_ticks(plot.up, 4), named)
    for one in found:
        marks += _line(one.steps, plot)
    ends = [(shown(one.label), _told(one.steps[-1]), one.steps[-1].lost) for one in found]
    return marks + end_labels(plot, ends), plot.bottom + 46


_FIELDS: tuple[Field[Step], ...] = (
    Field("token", "token", Kind.NAME, lambda row: row.label),
    Field("left", "has left", Kind.POINT, lambda row: row.left),
    Field("lost", "lost by those who stay", Kind.POINT, lambda row: row.lost),
)


def _told(last: Left) -> str:
    return f"{share(last.share)} left \u2192 {share(last.lost)}"


def _title(found: Sequence[Stayed]) -> str:
    most = max(found, key=lambda one: one.steps[-1].lost)
    last = most.steps[-1]
    if not last.lost:
        return "The run costs those who stay nothing"
    told = f"{share(last.share)} of {shown(most.label)} leaves at book price"
    return f"{told}, and those who stay lose {share(last.lost)}"


def _line(steps: Sequence[Left], plot: Plot) -> list[Markup]:
    points = [plot.at(step.share, step.lost) for step in steps]
    return [
        svg.polyline(points, "k-loss", 2.2),
        *(svg.circle(point, 2.6, "f-loss") for point in points[:-1]),
        svg.circle(points[-1], 4.5, "f-paper"),
        svg.circle(points[-1], 4.5, "k-ink", stroke=1.8),
    ]
