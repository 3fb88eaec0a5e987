"""Where the boxes of a network stand: rows by layer, members of a loop on a ring or in a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil

from looprisk.results.travel import Circle, Stop, Tie, Travel

WIDEST, LEAST, GAP = 120.0, 73.5, 10.0
TALL, BETWEEN = 50.0, 40.0
_RING_GAP, _SIDE, _TOP, _FOOT = 28.0, 18.0, 16.0, 16.0
_BESIDE = 20.0
_MOST_ON_RING = 12
_SWEEPS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One stop on the paper."""

    stop: Stop
    x: float
    y: float
    wide: float
    high: float = TALL
    ring: int | None = None
    """The loop on whose ring it stands."""
    is_far: bool = False
    """It stands in the upper row of its ring, away from what is below."""

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return self.x + self.wide / 2

    @property
    def foot(self) -> float:
        """The y of its lower edge."""
        return self.y + self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The dashed frame of a loop."""

    circle: Circle
    x: float
    y: float
    wide: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All boxes and frames in an area that starts at 0, and how high it is."""

    boxes: Mapping[str, Box]
    frames: tuple[Frame, ...]
    labels: tuple[tuple[str, float], ...]
    """``L1`` and the y of the middle of its first row."""
    high: float


@dataclass(slots=True)
class _Row:
    """One row of boxes, or one loop; the order of ``stops`` is improved in place."""

    layer: int
    stops: list[Stop]
    circle: Circle | None = None
    order: dict[str, float] = field(default_factory=dict)


def plan_of(travel: Travel, stops: Sequence[Stop], wide: float) -> Plan:
    """Return where everything stands in an area so wide."""
    rows = _rows(travel, stops, wide)
    _untangle(rows, travel.ties)
    boxes: dict[str, Box] = {}
    frames: list[Frame] = []
    labels: list[tuple[str, float]] = []
    y = 0.0
    told: set[int] = set()
    for row in reversed(rows):
        if row.circle is None:
            _stand(row.stops, y, wide, boxes)
            high = TALL
        else:
            frame = _ring(row, y, wide, boxes)
            frames.append(frame)
            high = frame.high
        if row.layer not in told:
            labels.append((f"L{row.layer}", y + (TALL / 2 if row.circle is None else 31)))
            told.add(row.layer)
        y += high + BETWEEN
    return Plan(boxes=boxes, frames=tuple(frames), labels=tuple(labels), high=y - BETWEEN)


def _rows(travel: Travel, stops: Sequence[Stop], wide: float) -> list[_Row]:
    """Return the rows from the bottom up: of a layer first accounts, then the rest, then loops."""
    circles = {circle.number: circle for circle in travel.circles}
    most = max(1, int((wide + GAP) // (LEAST + GAP)))
    rows: list[_Row] = []
    for layer in sorted({stop.layer for stop in stops}):
        here = [stop for stop in stops if stop.layer == layer]
        single = [stop for stop in here if stop.loop is None]
        accounts = [stop for stop in single if stop.kind == "account"]
        for several in (accounts, [stop for stop in single if stop.kind != "account"]):
            count = ceil(len(several) / most)
            # interleaved, so that halves of a layer do not cross each other's ties
            rows += [_Row(layer=layer, stops=list(several[k::count])) for k in range(count)]
        for number in sorted({stop.loop for stop in here if stop.loop is not None}):
            circle = circles[number]
            members = {stop.id: stop for stop in here if stop.loop == number}
            order = _walk(circle, members, travel.ties)
            rows.append(_Row(layer=layer, stops=[members[id_] for id_ in order], circle=circle))
    return rows


def _walk(circle: Circle, members: Mapping[str, Stop], ties: Sequence[Tie]) -> list[str]:
    """Return the members as a walk meets them that follows the largest tie first."""
    onward: dict[str, list[tuple[float, str]]] = {}
    for tie in ties:
        if {tie.source, tie.target} <= members.keys():
            onward.setdefault(tie.source, []).append((tie.before_usd, tie.target))
    met: dict[str, None] = {}
    todo = [id_ for id_ in reversed(circle.members) if id_ in members]
    while todo:
        here = todo.pop()
        if here not in met:
            met[here] = None
            todo += [to for _, to in sorted(onward.get(here, ()))]
    return [*met, *(id_ for id_ in members if id_ not in met)]


def _untangle(rows: Sequence[_Row], ties: Sequence[Tie]) -> None:
    """Order every row by the middle of what feeds it and what it feeds, in sweeps."""
    near: dict[str, list[str]] = {}
    for tie in ties:
        near.setdefault(tie.target, []).append(tie.source)
        near.setdefault(tie.source, []).append(tie.target)
    place = {
        stop.id: (i + 0.5) / len(row.stops) for row in rows for i, stop in enumerate(row.stops)
    }
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 == 0 else list(reversed(rows)):
            if row.circle is not None:
                continue
            inside = {stop.id for stop in row.stops}
            middle = {
                stop.id: _mean(
                    [place[n] for n in near.get(stop.id, ()) if n in place and n not in inside],
                    place[stop.id],
                )
                for stop in row.stops
            }
            order = sorted(middle, key=lambda id_: (round(middle[id_], 9), id_))
            by = {stop.id: stop for stop in row.stops}
            row.stops = [by[id_] for id_ in order]
            place |= {stop.id: (i + 0.5) / len(row.stops) for i, stop in enumerate(row.stops)}


def _mean(values: Sequence[float], without: float) -> float:
    return sum(values) / len(values) if values else without


def _stand(stops: Sequence[Stop], y: float, wide: float, boxes: dict[str, Box]) -> None:
    each = min(WIDEST, (wide - GAP * (len(stops) - 1)) / len(stops))
    x = (wide - each * len(stops) - GAP * (len(stops) - 1)) / 2
    for stop in stops:
        boxes[stop.id] = Box(stop=stop, x=x, y=y, wide=each)
        x += each + GAP


def _ring(row: _Row, y: float, wide: float, boxes: dict[str, Box]) -> Frame:
    """Stand the members of a loop clockwise on two rows; too many stand in rows."""
    count = len(row.stops)
    circle = row.circle
    if circle is None:
        raise ValueError("a row without a loop has no ring")
    across = (count + 1) // 2
    most = max(2, int((wide - 2 * _SIDE + _BESIDE) // (LEAST + _BESIDE)))
    depth = 2
    if count > _MOST_ON_RING or across > most:
        across, depth = most, ceil(count / most)
    gap = _BESIDE if across > 2 else 30.0
    room = wide - 2 * _SIDE
    each = min(WIDEST - 18, (room - gap * (across - 1)) / across)
    depth = min(depth, ceil(count / across))
    inner = each * across + gap * (across - 1)
    x = (wide - inner) / 2
    for place, stop in enumerate(row.stops):
        level, column = divmod(place, across)
        if level % 2:  # clockwise: back on the way down
            column = across - 1 - column
        boxes[stop.id] = Box(
            stop=stop,
            x=x + column * (each + gap),
            y=y + _TOP + level * (TALL + _RING_GAP),
            wide=each,
            ring=circle.number,
            is_far=level < depth - 1,
        )
    high = _TOP + depth * TALL + (depth - 1) * _RING_GAP + _FOOT
    return Frame(
        circle=circle,
        x=x - _SIDE,
        y=y,
        wide=inner + 2 * _SIDE,
        high=high,
        count=count,
    )
