"""The ladder: on one axis of the shock, where each avalanche starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from looprisk.results.answers import BreakPoints
from looprisk.results.cells import Screen, cells, fit, pad
from looprisk.results.names import for_log, shown
from looprisk.results.numbers import Scale, fixed, scale_for
from looprisk.results.phrases import axis_word
from looprisk.results.records import AxisMark, BreakPoint, Shock

_MOST_STEPS = 8
_WIDEST_BAR = 80
_LEAST_BAR = 12
_GAP = 3
_NEAR = 0.02  # if half the breaks lie in this part of the axis, they get an axis of their own
_BEYOND = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """A stretch of the shock on so many cells."""

    start: float
    end: float
    width: int
    scale: Scale
    unit: str

    def part(self, value: float) -> float:
        return (value - self.start) / (self.end - self.start)

    def cell(self, value: float) -> int:
        return min(self.width - 1, int(self.part(value) * self.width))

    def number(self, value: float) -> str:
        if self.unit == "usd":
            return fixed(value / self.scale.factor, 1)
        return fixed(value, 4) if self.unit == "price" else fixed(value * 100, 1)

    def tick(self, value: float) -> str:
        text = self.number(value)
        return text.rstrip("0").rstrip(".") if "." in text else text


def ladder(
    points: BreakPoints, groups: Sequence[Sequence[BreakPoint]], screen: Screen
) -> list[str]:
    """Return the lines of the ladder: nothing where no axis was traced or there is no room.

    Where half of the avalanches lie at the very beginning, an axis of their own stands above.
    """
    shock = points.shock
    end = shock.as_written if shock.searched_to is None else shock.searched_to
    if not groups or end == shock.start:
        return []
    near = [
        group
        for group in groups
        if (_value(shock, group[0]) - shock.start) / (end - shock.start) <= _NEAR
    ]
    lines: list[str] = []
    if 2 * len(near) >= len(groups):
        largest = _value(shock, near[-1][0])
        close = shock.start + _BEYOND * (largest - shock.start)
        if close != shock.start:
            lines += [*_ladder(points, near, close, screen), ""]
    return lines + _ladder(points, groups, end, screen)


def _value(shock: Shock, point: BreakPoint) -> float:
    if point.at is not None:
        return point.at.value
    return _on_axis(shock, point.fraction or 0.0)


def _on_axis(shock: Shock, fraction: float) -> float:
    return shock.start + fraction * (shock.as_written - shock.start)


def _ladder(
    points: BreakPoints, groups: Sequence[Sequence[BreakPoint]], end: float, screen: Screen
) -> list[str]:
    shock = points.shock
    scale = scale_for([shock.start, end])
    units = {"usd": scale.header, "price": "$"}
    head = screen.show(f"{axis_word(shock)}, {units.get(shock.unit, '%')}")
    steps = groups[:_MOST_STEPS]
    labels = [screen.show(_label(points, group)) for group in steps]
    widest = max(cells(head), *(cells(label) for label in labels))
    room = min(widest, max(screen.width // 3, cells(head)))
    probe = _Axis(start=shock.start, end=end, width=1, scale=scale, unit=shock.unit)
    values = [screen.show(probe.number(_value(shock, group[0]))) for group in steps]
    tail = max(cells(value) for value in values)
    width = min(_WIDEST_BAR, screen.width - room - _GAP - 1 - tail)
    if width < _LEAST_BAR:
        return []
    axis = _Axis(start=shock.start, end=end, width=width, scale=scale, unit=shock.unit)
    ends = screen.show(axis.tick(shock.start)), screen.show(axis.tick(end))
    blanks = " " * _GAP
    lines = [pad(head, room) + blanks + ends[0] + pad(ends[1], width - cells(ends[0]), right=True)]
    for group, label, value in zip(steps, labels, values, strict=True):
        name = pad(fit(label, room, screen.ellipsis), room)
        bar = _bar(shock, group[0], axis, screen)
        lines.append(for_log(f"{name}{blanks}{bar} {pad(value, tail, right=True)}"))
    if len(groups) > len(steps):
        lines.append(screen.show(f"{len(groups) - len(steps)} later breaks stand in the table"))
    margin = room + _GAP
    written = AxisMark(label="as written", value=shock.as_written)
    marks = sorted((*points.marks, written), key=lambda mark: axis.part(mark.value))
    reached = [mark for mark in marks if 0 <= axis.part(mark.value) <= 1]
    return lines + [_mark(mark, axis, margin, screen) for mark in reached]


def _label(points: BreakPoints, group: Sequence[BreakPoint]) -> str:
    first = group[0].of
    others = len({point.of for point in group} - {first})
    name = shown(points.labels.get(first, first))
    return f"{name} + {others}" if others else name


def _bar(shock: Shock, point: BreakPoint, axis: _Axis, screen: Screen) -> str:
    letters = [screen.rule] * axis.width
    starts = []
    for first, last in point.intervals or ((point.fraction or 0.0, float("inf")),):
        start = axis.cell(_on_axis(shock, first))
        part = axis.part(_on_axis(shock, last)) if last < float("inf") else 1.0
        # a stretch that reaches the end of what was traced goes on, as far as anybody knows
        stop = axis.width if part >= 1 - 1e-12 else int(part * axis.width)
        if axis.part(_on_axis(shock, first)) > 1:
            continue
        letters[start:stop] = [screen.bar] * max(0, stop - start)
        starts.append(start)
    for start in starts:
        letters[start] = "x"
    return "".join(
        screen.paint("".join(run), "red" if broken else "")
        for broken, run in groupby(letters, key=lambda letter: letter != screen.rule)
    )


def _mark(mark: AxisMark, axis: _Axis, margin: int, screen: Screen) -> str:
    words = screen.show(f"{shown(mark.label)} {axis.number(mark.value)}")
    place = margin + axis.cell(mark.value)
    after = f"{' ' * place}^ {words}"
    if cells(after) <= screen.width:
        return after
    before = fit(words, place - 1, screen.ellipsis)
    return pad(before, place - 1, right=True) + " ^"
