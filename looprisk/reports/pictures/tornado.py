"""What moves an answer most: the inputs by how far one percent of them moves it."""

from collections.abc import Sequence

from looprisk.reports import svg
from looprisk.reports.layout import Axis, head, measure
from looprisk.reports.letters import ends
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.svg import Markup
from looprisk.reports.words import counted, dollars, in_cents
from looprisk.results.names import shown
from looprisk.results.numbers import quantity
from looprisk.results.sensitivities import Sensitivities, Sensitivity

_NAMES, _LOW, _HIGH = 236.0, 292.0, 600.0
_PITCH = 26.0
_MOST = 12


def tornado(found: Sensitivities) -> Picture:
    """Draw the moves of an answer when each input is 1 % less or more, the largest on top."""
    rows = sorted(found.rows, key=lambda row: -_swing(row))[:_MOST]
    title = _title(found)
    subtitle = (
        f"{_what(found)} of {shown(found.of)} when one input is 1% less or 1% more and all others "
        f"stay. {found.scenario}. Exact while no layer changes its state."
    )
    marks, y = head(title, subtitle)
    steady = [row for row in rows if row.down is not None and row.up is not None]
    if not rows:
        marks.append(svg.text(MARGIN, y + 26, "No input moves this answer."))
        height = y + 40
    else:
        body, height = _bars(found, rows, steady, y)
        marks += body
    return Picture(
        kind="tornado",
        title=title,
        subtitle=subtitle,
        height=height,
        marks=tuple(marks),
        table=found.table,
    )


def _swing(row: Sensitivity) -> float:
    """Return how far apart the two ends are; a jump is further than any."""
    return float("inf") if row.down is None or row.up is None else abs(row.up - row.down)


def _what(found: Sensitivities) -> str:
    if found.what == "loss_usd":
        return "Loss"
    return f"Break point ({found.what.replace('_', ' ')})"


def _written(found: Sensitivities, value: float) -> str:
    if found.unit == "usd":
        return dollars(value, cents=in_cents([found.value]))
    return quantity(value, found.unit)


def _title(found: Sensitivities) -> str:
    if not found.rows:
        return f"Nothing moves the {_what(found).lower()} of {shown(found.of)}"
    first = max(found.rows, key=_swing)
    name = "the shock" if first.input == "shock" else shown(first.input)
    if first.down is None or first.up is None:
        return f"{name} decides: at its value the answer jumps"
    what = "loss" if found.what == "loss_usd" else "break point"
    swing = _written(found, first.swing)
    return f"1% of {name} moves the {what} of {shown(found.of)} by up to {swing}"


def _bars(
    found: Sensitivities,
    rows: Sequence[Sensitivity],
    steady: Sequence[Sensitivity],
    y: float,
) -> tuple[list[Markup], float]:
    moves = [found.value + m for row in steady for m in (row.down, row.up) if m is not None]
    low, high = min([found.value, *moves]), max([found.value, *moves])
    span = (high - low) or abs(found.value) or 1.0
    axis = Axis(start=low - 0.06 * span, end=high + 0.06 * span, low=_LOW, high=_HIGH)
    top = y + 44
    bottom = top + _PITCH * len(rows)
    x = axis.at(found.value)
    marks = [
        svg.text(x, y + 30, f"as written: {_written(found, found.value)}", "s b c"),
        svg.text(WIDE - MARGIN, y + 30, "swing", "s m r"),
    ]
    values = axis.ticks(5)
    told = measure(found.unit, values, axis.end)
    for value in values:
        at = axis.at(value)
        marks.append(svg.line((at, top), (at, bottom + 4), "k-grid"))
        marks.append(svg.text(at, bottom + 18, told.tick(value), "s m c"))
    marks.append(svg.text(_NAMES, bottom + 18, told.words, "s m r"))
    for place, row in enumerate(rows):
        marks += _range(found, row, axis, top + place * _PITCH)
    marks.append(svg.line((x, top - 8), (x, bottom), "k-ink", 1.6))
    for place, row in enumerate(rows):
        marks += _words(found, row, axis, top + place * _PITCH)
    more = len(found.rows) - len(rows)
    if more:
        words = f"{counted(more, 'more input')} in the table"
        marks.append(svg.text(MARGIN, bottom + 36, words, "s m"))
    return marks, bottom + (46 if more else 30)


def _range(found: Sensitivities, row: Sensitivity, axis: Axis, y: float) -> list[Markup]:
    """Return the neutral bar of one input, with a tick at both ends."""
    if row.down is None or row.up is None:
        return []
    left, right = sorted(axis.at(found.value + move) for move in (row.down, row.up))
    bar = svg.rect(left, y + 4, right - left, 16, "f-claim")
    return [bar, *(svg.line((x, y + 4), (x, y + 20), "k-ink", 1.6) for x in (left, right))]


def _words(found: Sensitivities, row: Sensitivity, axis: Axis, y: float) -> list[Markup]:
    """Return its name, the words of both ends and its swing, over all lines."""
    name = shown(row.input)
    short = ends(name, _NAMES - MARGIN, 12)
    marks = [svg.text(_NAMES, y + 16, short, "r", title=name)]
    right = WIDE - MARGIN
    if row.down is None or row.up is None:
        marks.append(svg.text(axis.at(found.value) + 8, y + 16, "jumps here", "s b"))
        return [*marks, svg.text(right, y + 16, "jump", "b r")]
    (low, before), (high, after) = sorted(((row.down, "1% less"), (row.up, "1% more")))
    marks.append(svg.text(axis.at(found.value + low) - 5, y + 16, before, "s m r halo"))
    marks.append(svg.text(axis.at(found.value + high) + 5, y + 16, after, "s m halo"))
    return [*marks, svg.text(right, y + 16, _written(found, _swing(row)), "b r")]
