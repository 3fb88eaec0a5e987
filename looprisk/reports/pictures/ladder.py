"""The ladder: on one axis of the shock, where each layer breaks and which break together."""

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.model.vocabulary import EventName
from looprisk.reports import svg
from looprisk.reports.layout import Axis, Key, Symbol, head, legend, measure
from looprisk.reports.letters import ends, width
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.pictures.reference import Spot, mark_words
from looprisk.reports.pictures.rungs import BROKEN, RINGS, Rung, rungs_of, value_of
from looprisk.reports.svg import Markup
from looprisk.reports.words import axis_name, counted, end_of, in_cents, place
from looprisk.results.answers import BreakPoints, Clearing
from looprisk.results.break_phrases import at_once
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.phrases import axis_word, same_place
from looprisk.results.records import AxisMark, BreakPoint, Shock

_NAMES, _LOW, _HIGH = 196.0, 206.0, 664.0
_MOST_WHOLE = 16
_NEAR, _BEYOND = 0.02, 1.2
_AT_ALL = 1e-6
"""What breaks at less of the axis breaks at once, and no axis shows it better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """The axis of one panel and what is written on it."""

    shock: Shock
    axis: Axis
    marks: tuple[AxisMark, ...]
    pitch: float
    cents: bool

    def at(self, fraction: float) -> float:
        return min(_HIGH, max(_LOW, self.axis.at(value_of(self.shock, fraction))))


def ladder(answer: Clearing | BreakPoints, *, live: bool = False) -> Picture:
    """Draw where each layer breaks along the shock; layers that break together are tied.

    ``live`` calls the vertical line the shock now, for a page that moves it.
    """
    rows, labels, reference = _rows(answer)
    shock = answer.shock
    rungs = rungs_of(rows, labels)
    cents = in_cents([shock.as_written, end_of(shock)])
    title = _title(shock, rungs, cents=cents)
    solution = answer.certificate.selection
    exact = "exact" if all(row.kind == "exact" for row in rows) else "bracketed where curved"
    name = axis_name(shock)
    subtitle = (
        f"{name[:1].upper()}{name[1:]} at which each layer breaks. {answer.scenario}: "
        f"{solution} solution, {exact}."
    )
    if live:
        title = "Where each layer breaks"
        subtitle = "The vertical line is the slider. Layers tied by a thick bar break together."
    marks, y = head(title, subtitle)
    keys, y = legend(_keys(rungs), y)
    table = table_of(title, rungs, _fields(shock))
    if end_of(shock) == shock.start or not rungs:
        marks += [svg.text(MARGIN, y + 20, "No shock to scale: nothing to break.", "")]
        height = y + 36
    else:
        marks += keys
        for near, end in _panels(shock, rungs):
            drawn, y = _panel(shock, near, end, reference, y, cents=cents, live=live)
            marks += drawn
        height = y + 12
    return Picture(
        kind="ladder",
        title=title,
        subtitle=subtitle,
        height=height,
        marks=tuple(marks),
        table=table,
    )


def _rows(
    answer: Clearing | BreakPoints,
) -> tuple[tuple[BreakPoint, ...], dict[str, str], tuple[AxisMark, ...]]:
    if isinstance(answer, BreakPoints):
        return answer.rows, dict(answer.labels), answer.marks
    return answer.break_point_rows, answer.labels, ()


def _fields(shock: Shock) -> tuple[Field[Rung], ...]:
    def at(rung: Rung) -> str | None:
        if rung.first is None:
            return None
        return place(value_of(shock, rung.first), shock, cents=in_cents([shock.as_written]))

    return (
        Field("layer", "layer", Kind.NAME, lambda row: row.label),
        Field("at", "breaks at", Kind.FIGURE, at, none="never"),
        Field("fraction", "of the shock", Kind.POINT, lambda row: row.first, none="never"),
        Field("events", "events", Kind.TEXT, lambda row: row.words),
    )


def _title(shock: Shock, rungs: Sequence[Rung], *, cents: bool) -> str:
    """Return the finding: what breaks, and what breaks with it; else what is only liquidated."""
    count = _layers(rungs)
    broken = [rung for rung in rungs if rung.broken]
    groups = _groups(broken or [rung for rung in rungs if rung.events])
    if not groups:
        return f"Nothing breaks, up to {place(end_of(shock), shock, cents=cents)}"
    first = groups[0]
    at = place(value_of(shock, first[0].first or 0.0), shock, cents=cents)
    if first[0].first == 0:
        points = [e for rung in first for e in rung.events if e.fraction == 0]
        together, told = at_once(points) if count == len(rungs) else (_layers(first), _AT_ONCE)
        return f"{together} of {counted(count, 'layer')} {told}"
    if not broken:
        words = "The first liquidation is" if set(_kinds(first)) == {"liquidated"} else "It starts"
        return f"{words} at {at}: {_who(first)}; nothing breaks"
    most = max(groups, key=_layers)
    together = _layers(most)
    if together == 1:
        spared = count - _layers(broken)
        rest = f"; {counted(spared, 'layer')} of {count} never {_breaks(spared)}" if spared else ""
        return f"{shown(first[0].label)} breaks first, at {at}{rest}"
    where = place(value_of(shock, most[0].first or 0.0), shock, cents=cents)
    if together == count:
        whose = "Both" if count == 2 else f"All {count}"
        told = "two" if count == 2 else str(count)
        return f"{whose} layers break at the same {where}: one event, not {told}"
    before = "" if most is first else f"The first break is at {at}; "
    told = f"{together} of {count} layers break at the same {where}: one event, not {together}"
    return f"{before}{told}"


_AT_ONCE = "broken as soon as the shock begins, or before"


def _layers(rungs: Sequence[Rung]) -> int:
    return sum(1 + rung.more for rung in rungs)


def _kinds(rungs: Sequence[Rung]) -> list[str]:
    return [event.event for rung in rungs for event in rung.events[:1]]


def _who(rungs: Sequence[Rung]) -> str:
    name = shown(rungs[0].label)
    more = _layers(rungs) - 1 - rungs[0].more
    return f"{name} and {counted(more, 'other')}" if more else name


def _groups(rungs: Sequence[Rung]) -> list[list[Rung]]:
    """Return the rows that break at one shock together, in order."""
    groups: list[list[Rung]] = []
    for rung in rungs:
        if groups and same_place(groups[-1][0].first, rung.first):
            groups[-1].append(rung)
        else:
            groups.append([rung])
    return groups


def _breaks(count: int) -> str:
    return "breaks" if count == 1 else "break"


def _keys(rungs: Sequence[Rung]) -> list[Key]:
    happening = {event.event for rung in rungs for event in rung.events}
    keys: list[Key] = [("line value", "intact")]
    if any(rung.broken for rung in rungs):
        keys.append(("line loss", "broken"))
    named: list[tuple[Symbol, tuple[EventName, ...], str]] = [
        ("ring", RINGS, "liquidated, or a hedge closed"),
        ("diamond", ("impaired", "bad_debt", "depegged", "gated"), "impaired or bad debt"),
        ("cross", ("insolvent",), "insolvent: equity gone"),
    ]
    keys += [(symbol, words) for symbol, events, words in named if happening & set(events)]
    return keys


def _panels(shock: Shock, rungs: Sequence[Rung]) -> list[tuple[tuple[Rung, ...], float]]:
    """Return the rows and the end of each axis: what breaks early has an axis of its own."""
    end = end_of(shock)
    span = (end - shock.start) or 1.0
    broken = [rung for rung in rungs if rung.first is not None]
    near = [
        rung
        for rung in broken
        if _AT_ALL < (value_of(shock, rung.first or 0.0) - shock.start) / span <= _NEAR
    ]
    if not near or 2 * len(near) < len(broken):
        return [(tuple(rungs), end)]
    largest = value_of(shock, near[-1].first or 0.0)
    rest = tuple(rung for rung in rungs if rung not in near)
    close = (tuple(near), shock.start + _BEYOND * (largest - shock.start))
    return [close, (rest, end)] if rest else [close]


def _panel(
    shock: Shock,
    rungs: Sequence[Rung],
    end: float,
    reference: tuple[AxisMark, ...],
    y: float,
    *,
    cents: bool,
    live: bool,
) -> tuple[list[Markup], float]:
    low, high = shock.start, end
    written = AxisMark(label="now" if live else "as written", value=shock.as_written)
    marks = tuple(
        mark for mark in (*reference, written) if min(low, high) <= mark.value <= max(low, high)
    )
    sheet = _Sheet(
        shock=shock,
        axis=Axis(start=low, end=high, low=_LOW, high=_HIGH),
        marks=marks,
        pitch=24.0 if len(rungs) <= _MOST_WHOLE else 18.0,
        cents=cents,
    )
    cursor = _cursor(sheet.axis) if live else {}
    spots = [
        Spot(
            x=sheet.axis.at(mark.value),
            words=f"{shown(mark.label)} {place(mark.value, shock, cents=cents)}",
            data=cursor if mark is written else {},
        )
        for mark in marks
    ]
    words, top = mark_words(spots, y + 12)
    if end != end_of(shock):
        told = f"axis ends at {place(end, shock, cents=cents)}"
        words.append(svg.text(MARGIN, top - 6, told, "s m"))
    bottom = top + sheet.pitch * len(rungs) + 8
    drawn = [*words, *_grid(sheet, top, bottom)]
    for row, rung in enumerate(rungs):
        drawn += _rail(rung, top + 16 + row * sheet.pitch, sheet)
    drawn += _ties(rungs, top + 16, sheet)
    lines = [sheet.axis.at(mark.value) for mark in marks]
    drawn += [svg.line((x, top), (x, bottom), "k-ink", 1.6, data=cursor) for x in lines[-1:]]
    drawn += [svg.line((x, top), (x, bottom), "k-ink", 1.2, dash="5 3") for x in lines[:-1]]
    for row, rung in enumerate(rungs):
        drawn += _events(rung, top + 16 + row * sheet.pitch, sheet)
    drawn += _tie_words(rungs, top + 16, sheet, lines)
    return drawn, bottom + 16


def _cursor(axis: Axis) -> dict[str, str]:
    """Return what a script needs to move the line: the ends of the axis and where they stand."""
    ends_ = (axis.low, axis.high, axis.start, axis.end)
    return {"data-cur": " ".join(repr(value) for value in ends_)}


def _grid(sheet: _Sheet, top: float, bottom: float) -> list[Markup]:
    values = sheet.axis.ticks(4)
    told = measure(sheet.shock.unit, values)
    drawn = []
    for value in values:
        x = sheet.axis.at(value)
        drawn.append(svg.line((x, top), (x, bottom), "k-grid"))
        drawn.append(svg.text(x, bottom + 14, told.tick(value), "s m c"))
    words = axis_word(sheet.shock) if sheet.shock.unit == "fraction" else told.words
    return [*drawn, svg.text(_NAMES - 14, bottom + 14, words, "s m r")]


def _rail(rung: Rung, y: float, sheet: _Sheet) -> list[Markup]:
    name = shown(rung.label)
    short = ends(name, _NAMES - MARGIN, 12)
    drawn = [svg.text(_NAMES, y + 4, short, "r", title=name)]
    x = _LOW
    for start, stop in rung.broken:
        left, right = sheet.at(start), sheet.at(stop)
        if left > x:
            drawn.append(svg.line((x, y), (left, y), "k-value", 3))
        if right > left:
            drawn.append(svg.line((left, y), (right, y), "k-loss", 3))
        x = max(x, right)
    if x < _HIGH - 0.01:
        drawn.append(svg.line((x, y), (_HIGH, y), "k-value", 3))
    first = rung.first
    if first is None:
        return [*drawn, svg.text(WIDE - MARGIN, y + 4, "never", "r m")]
    words = place(value_of(sheet.shock, first), sheet.shock, cents=sheet.cents)
    return [*drawn, svg.text(WIDE - MARGIN, y + 4, words, "r b")]


def _together(rungs: Sequence[Rung]) -> list[tuple[int, int, float]]:
    """Return (first row, last row, fraction) of every run of rows that break at one shock."""
    found: list[tuple[int, int, float]] = []
    for row, rung in enumerate(rungs):
        if not rung.broken:
            continue
        first = rung.broken[0][0]
        if found and found[-1][1] == row - 1 and same_place(found[-1][2], first):
            found[-1] = (found[-1][0], row, first)
        else:
            found.append((row, row, first))
    return [group for group in found if group[1] > group[0]]


def _ties(rungs: Sequence[Rung], top: float, sheet: _Sheet) -> list[Markup]:
    return [
        svg.line(
            (sheet.at(at), top + first * sheet.pitch),
            (sheet.at(at), top + last * sheet.pitch),
            "k-loss",
            6,
        )
        for first, last, at in _together(rungs)
    ]


def _tie_words(
    rungs: Sequence[Rung], top: float, sheet: _Sheet, lines: Sequence[float]
) -> list[Markup]:
    drawn = []
    for first, last, at in _together(rungs):
        words = (
            f"{last - first + 1} break together at "
            f"{place(value_of(sheet.shock, at), sheet.shock, cents=sheet.cents)}"
        )
        wide = width(words, 12, bold=True)
        x = sheet.at(at)
        places = [x + 12, *(line + 8 for line in lines if line > x), x - 12 - wide]
        free = [
            left
            for left in places
            if left >= _LOW
            and left + wide <= _HIGH
            and not any(left - 6 < line < left + wide + 6 for line in lines)
        ]
        if free:
            y = top + (first + (last - first) // 2 + 0.5) * sheet.pitch + 4
            drawn.append(svg.text(free[0], y, words, "b halo"))
    return drawn


def _events(rung: Rung, y: float, sheet: _Sheet) -> list[Markup]:
    drawn: list[Markup] = []
    serious = [event for event in rung.events if event.event in BROKEN]
    for event in rung.events:
        if event.fraction is None or not _on_paper(event.fraction, sheet):
            continue
        at = (sheet.at(event.fraction), y)
        if event.event in RINGS:
            near = any(same_place(other.fraction, event.fraction) for other in serious)
            if not near:
                drawn.append(svg.circle(at, 4.5, "f-paper"))
                drawn.append(svg.circle(at, 4.5, "k-ink", stroke=1.8))
    for start, _ in rung.broken:
        if not _on_paper(start, sheet):
            continue
        at = (sheet.at(start), y)
        gone = any(
            event.event == "insolvent" and any(same_place(lo, start) for lo, _ in event.intervals)
            for event in serious
        )
        if gone:
            drawn += [svg.circle(at, 6.5, "f-paper"), svg.cross(at, 4.5, "k-loss")]
        else:
            drawn += [svg.diamond(at, 6, "f-paper"), svg.diamond(at, 4.6, "f-loss")]
    return drawn


def _on_paper(fraction: float, sheet: _Sheet) -> bool:
    x = sheet.axis.at(value_of(sheet.shock, fraction))
    return _LOW - 0.5 <= x <= _HIGH + 0.5
