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
from looprisk.reports.pictures.swept import (
    factor_of,
    metric_words,
    name_of,
    of_what,
    place_of,
    said,
    unit_of,
    value_of,
)
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
    name = name_of(sweep, 0)
    what = f"the {name}" if sweep.varied[0].path == "shock" else name
    subtitle = f"{sweep.scenario}: {len(rows)} values of {what}, solved one by one."
    marks, y = head(title, subtitle)
    top = y + 40
    lowest = min([0.0, *values])
    up = Axis(
        start=-nice_end(-lowest, 4) if lowest < 0 else 0.0,
        end=nice_end(max([0.0, *values]), 4),
        low=top + _HIGH,
        high=top,
    )
    factor = factor_of(sweep, 0)
    across_axis = Axis(start=min(xs) * factor, end=max(xs) * factor, low=LEFT, high=RIGHT)
    plot = Plot(across=across_axis, up=up)
    across, below = _ticks(plot.across, unit_of(sweep, 0))
    up_ticks, told = _ticks(plot.up, first.unit)
    alike = {metric_words(sweep.measured[at]) for at in largest}
    up_name = alike.copy().pop() if len(alike) == 1 else "what was measured"
    marks += frame(plot, across, up_ticks, (f"{name}{below}", f"{up_name}{told}"))
    ends = []
    for at in largest:
        points = [plot.at(x * factor, y_) for x, y_ in series[at] if y_ is not None]
        if points:
            marks.append(svg.polyline(points, "k-loss", 2.2))
            marks += [svg.circle(point, 2.6, "f-loss") for point in points if len(points) <= 40]
            last = [y_ for _, y_ in series[at] if y_ is not None][-1]
            one = sweep.measured[at]
            label = of_what(one) if len(alike) == 1 else said(one)
            ends.append((label, quantity(last, unit), last))
    marks += end_labels(plot, ends)
    return Picture(
        kind="response",
        title=title,
        subtitle=subtitle,
        height=plot.bottom + 46,
        marks=tuple(marks),
        table=sweep.table,
    )


def _ticks(axis: Axis, unit: str | None) -> tuple[Ticks, str]:
    if unit == "usd":
        found, words = money_ticks(axis)
        return found, f", {words}"
    if unit == "fraction":
        return share_ticks(axis), ""
    return [(value, f"{value:,.6g}") for value in axis.ticks()], ""


def _title(sweep: Sweep, series: list[tuple[float, float | None]], at: int) -> str:
    measured = sweep.measured[at]
    known = [(x, y) for x, y in series if y is not None]
    if not known:
        return f"{said(measured)} is defined at no value of {name_of(sweep, 0)}"
    (first, low), (last, high) = known[0], known[-1]
    one, other = quantity(low, measured.unit), quantity(high, measured.unit)
    where = place_of(first, sweep, 0)
    return f"{said(measured)}: {one} at {where}, {other} at {value_of(last, sweep, 0)}"
