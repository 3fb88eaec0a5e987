"""A sweep over one number: how what is measured answers to it."""

from looprisk.errors import ModelError, Problem
from looprisk.reports import svg
from looprisk.reports.layout import Axis, head, nice_end
from looprisk.reports.picture import Picture
from looprisk.reports.pictures.plot import (
    LEFT,
    RIGHT,
    Plot,
    Ticks,
    end_labels,
    frame,
    money_ticks,
    share_ticks,
)
from looprisk.results.names import shown
from looprisk.results.numbers import quantity
from looprisk.results.sweeps import Sweep

_HIGH = 250.0
_MOST = 6


def response(sweep: Sweep, of: str = "") -> Picture:
    """Draw what a sweep over one number measured; ``of`` names one measure, else all of one unit.

    Points are joined by straight lines, which the answer between them need not follow. Raises
    ModelError for a sweep over words or over several values.
    """
    if len(sweep.varied) != 1 or sweep.varied[0].unit is None:
        advice = "a sweep over two numbers is a heat map: picture(sweep, 'heat')"
        raise ModelError([Problem((), "this needs a sweep over one number", advice)])
    unit = sweep.measured[0].unit
    chosen = [
        at for at, one in enumerate(sweep.measured) if (one.words == of if of else one.unit == unit)
    ]
    if not chosen:
        words = ", ".join(one.words for one in sweep.measured[:6])
        raise ModelError([Problem((of,), f"`{of}` is not measured in this sweep", words)])
    unit = sweep.measured[chosen[0]].unit
    rows = sorted(sweep.rows[1:] or sweep.rows, key=lambda row: float(row.values[0]))
    series = {at: [(float(row.values[0]), row.numbers[at]) for row in rows] for at in chosen}
    largest = sorted(chosen, key=lambda at: -max((abs(y or 0.0) for _, y in series[at])))[:_MOST]
    values = [y for at in largest for _, y in series[at] if y is not None]
    xs = [x for x, _ in series[chosen[0]]]
    first = sweep.measured[largest[0]]
    title = _title(sweep, series[largest[0]], largest[0])
    subtitle = f"{sweep.scenario}: {len(rows)} values of {_name(sweep)}, solved one by one."
    marks, y = head(title, subtitle)
    top = y + 40
    up = Axis(
        start=min(0.0, *values) if values else 0.0,
        end=nice_end(max([0.0, *values]), 4),
        low=top + _HIGH,
        high=top,
    )
    plot = Plot(across=Axis(start=min(xs), end=max(xs), low=LEFT, high=RIGHT), up=up)
    across, up_ticks, told = _ticks(plot, sweep, first.unit)
    named = (_name(sweep), f"{shown(first.words.replace('_', ' '))}{told}")
    marks += frame(plot, across, up_ticks, named)
    ends = []
    for at in largest:
        points = [plot.at(x, y_) for x, y_ in series[at] if y_ is not None]
        if points:
            marks.append(svg.polyline(points, "k-loss", 2.2))
            marks += [svg.circle(point, 2.6, "f-loss") for point in points if len(points) <= 40]
            last = [y_ for _, y_ in series[at] if y_ is not None][-1]
            name = shown(sweep.measured[at].words.replace("_", " "))
            ends.append((name, quantity(last, unit), last))
    marks += end_labels(plot, ends)
    return Picture(
        kind="response",
        title=title,
        subtitle=subtitle,
        height=plot.bottom + 46,
        marks=tuple(marks),
        table=sweep.table,
    )


def _name(sweep: Sweep) -> str:
    path = sweep.varied[0].path
    return "share of the shock as written" if path == "shock" else shown(path)


def _ticks(plot: Plot, sweep: Sweep, unit: str) -> tuple[Ticks, Ticks, str]:
    def of(axis: Axis, what: str | None) -> tuple[Ticks, str]:
        if what == "usd":
            found, words = money_ticks(axis)
            return found, f", {words}"
        if what == "fraction":
            return share_ticks(axis), ""
        return [(value, f"{value:,.6g}") for value in axis.ticks()], ""

    across, _ = of(plot.across, sweep.varied[0].unit)
    up, told = of(plot.up, unit)
    return across, up, told


def _title(sweep: Sweep, series: list[tuple[float, float | None]], at: int) -> str:
    measured = sweep.measured[at]
    known = [(x, y) for x, y in series if y is not None]
    words = shown(measured.words.replace("_", " "))
    if not known:
        return f"{words} is defined at no value of {_name(sweep)}"
    (_, low), (_, high) = known[0], known[-1]
    one, other = quantity(low, measured.unit), quantity(high, measured.unit)
    return f"{words}: {one} at the lowest {_name(sweep)}, {other} at the highest"
