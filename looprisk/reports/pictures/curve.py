"""The loss curve: straight pieces, a dot at each kink, a full dot and a ring at each jump."""

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.reports import svg
from looprisk.reports.layout import Axis, Key, head, legend, measure, nice_end, spread, ticks
from looprisk.reports.letters import ends, width
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.pictures.rungs import value_of
from looprisk.reports.svg import Markup, Point
from looprisk.reports.words import axis_name, counted, in_cents, place
from looprisk.results.answers import BreakPoints
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.numbers import share
from looprisk.results.phrases import verb_for
from looprisk.results.records import LossCurve, Shock

_LEFT, _RIGHT, _HIGH = 58.0, 590.0, 300.0
_MOST = 7
_FLAT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The curve of one layer, or of several that have the same."""

    label: str
    points: tuple[tuple[float, float], ...]
    """(shock on its axis, share of the claim that is lost); a jump is two points at one shock."""
    count: int = 1
    loss_usd: float = 0.0
    """At the end of the axis."""
    least: tuple[tuple[float, float], ...] = ()
    """The same of the least solution, where it differs."""

    @property
    def starts(self) -> float:
        """Where it begins to lose, in the unit of the shock; infinity for never."""
        if abs(self.points[0][1]) > _FLAT:
            return self.points[0][0]
        for (x, y), (_, after) in zip(self.points, self.points[1:], strict=False):
            if abs(after) > _FLAT >= abs(y):
                return x
        return float("inf")

    @property
    def jumps(self) -> tuple[tuple[float, float, float], ...]:
        """(shock, share at it, share just after it) of every jump."""
        pairs = zip(self.points, self.points[1:], strict=False)
        return tuple((x, y, b) for (x, y), (a, b) in pairs if x == a and abs(b - y) > _FLAT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One straight piece, for the table."""

    label: str
    from_: float
    at: float
    to: float
    then: float


def lines_of(breaks: BreakPoints, solved: Sequence[LossCurve] = ()) -> tuple[Line, ...]:
    """Return the lines, those that are the same as one, largest share at the end first.

    ``solved`` are the losses at chosen sizes of a shock that bends, where no piece is straight.
    """
    least = {curve.of: curve for curve in breaks.least_curves}
    found: dict[tuple[tuple[tuple[float, float], ...], ...], list[LossCurve]] = {}
    for curve in solved or breaks.curves:
        if curve.start_usd > 0 and len(curve.fractions) > 1:
            both = [_key(curve), *([_key(least[curve.of])] if curve.of in least else [])]
            found.setdefault(tuple(both), []).append(curve)
    lines = []
    for same in found.values():
        same.sort(key=lambda curve: (-curve.start_usd, curve.of))
        first = same[0]
        name = shown(breaks.labels.get(first.of, first.of))
        low = least.get(first.of)
        lines.append(
            Line(
                label=f"{name} + {len(same) - 1}" if len(same) > 1 else name,
                points=_shares(breaks, first) if solved else _kinks(_shares(breaks, first)),
                least=() if low is None else _kinks(_shares(breaks, low)),
                count=len(same),
                loss_usd=sum(curve.loss_usd[-1] for curve in same),
            )
        )
    lines.sort(key=lambda line: (-line.points[-1][1], line.label))
    return tuple(lines)


def _shares(breaks: BreakPoints, curve: LossCurve) -> tuple[Point, ...]:
    return tuple(
        (value_of(breaks.shock, fraction), loss / curve.start_usd)
        for fraction, loss in zip(curve.fractions, curve.loss_usd, strict=True)
    )


def _key(curve: LossCurve) -> tuple[tuple[float, float], ...]:
    return tuple(
        (round(fraction, 9), round(loss / curve.start_usd, 9))
        for fraction, loss in zip(curve.fractions, curve.loss_usd, strict=True)
    )


def _kinks(points: Sequence[Point]) -> tuple[Point, ...]:
    """Return the points at which a line bends or jumps, and its ends."""
    kept = [points[0]]
    for at in range(1, len(points) - 1):
        (x0, y0), (x1, y1), (x2, y2) = kept[-1], points[at], points[at + 1]
        if x1 in {x0, x2}:
            kept.append(points[at])
            continue
        before, after = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
        if abs(before - after) > 1e-9 * max(abs(before), abs(after), 1e-300):
            kept.append(points[at])
    return (*kept, points[-1]) if len(points) > 1 else tuple(kept)


def curve(breaks: BreakPoints, solved: Sequence[LossCurve] = ()) -> Picture:
    """Draw what share of each claim is lost along the shock, kink by kink.

    Where the shock bends no piece is straight: dots stand where it was ``solved``, and straight
    lines only join them.
    """
    lines = lines_of(breaks, solved)
    if solved:
        losing = [line for line in lines if line.starts < float("inf")]
        losing.sort(key=lambda line: -abs(line.loss_usd))
        lines = tuple(line for line in lines if line in losing[:_MOST])
    shock = breaks.shock
    cents = in_cents([shock.as_written, shock.searched_to or 0.0])
    title = _at_the_end(lines, shock, cents=cents) if solved else _title(lines, shock, cents=cents)
    jumps = any(line.jumps for line in lines)
    dots = "full dot: the value at a jump, ring: just after it" if jumps else ""
    drawn = ", ".join(filter(None, ("dots are the points where a slope changes", dots)))
    how = f"exact straight pieces; {drawn}"
    if solved:
        how = f"{len(solved[0].fractions)} sizes solved (dots); the lines only join them, it bends"
    subtitle = f"Economic loss by layer along the {axis_name(shock)}. {breaks.scenario}: {how}."
    marks, y = head(title, subtitle)
    pieces = tuple(
        Piece(label=line.label, from_=a[0], at=a[1], to=b[0], then=b[1])
        for line in lines
        for a, b in zip(line.points, line.points[1:], strict=False)
    ) + tuple(
        Piece(label=f"{line.label}, least", from_=a[0], at=a[1], to=b[0], then=b[1])
        for line in lines
        for a, b in zip(line.least, line.least[1:], strict=False)
    )
    table = table_of(title, pieces, _fields(shock))
    several = any(line.least for line in lines)
    if several:
        drawn_keys, y = legend(_KEYS, y)
        marks += drawn_keys
    if not several and not any(line.starts < float("inf") for line in lines):
        told = "No layer loses anything along this shock."
        if not lines:
            told = "Break points are bracketed instead, to a share of 1e-12 of the shock."
        marks.append(svg.text(MARGIN, y + 26, told))
        height = y + 40
    else:
        body, height = _plot(lines, shock, y, cents=cents)
        marks += body
    return Picture(
        kind="curve",
        title=title,
        subtitle=subtitle,
        height=height,
        marks=tuple(marks),
        table=table,
    )


_KEYS: tuple[Key, ...] = (
    ("line loss", "greatest solution (used): nothing fails unless it must"),
    ("dash loss", "least: everything fails that can"),
    ("tint", "range between the two"),
)
_KINDS = {"usd": Kind.MONEY, "fraction": Kind.POINT, "price": Kind.PRICE}


def _fields(shock: Shock) -> tuple[Field[Piece], ...]:
    place_ = _KINDS.get(shock.unit, Kind.NUMBER)
    return (
        Field("line", "line", Kind.NAME, lambda row: row.label),
        Field("from", "from", place_, lambda row: row.from_),
        Field("lost_from", "lost", Kind.POINT, lambda row: row.at),
        Field("to", "to", place_, lambda row: row.to),
        Field("lost_to", "lost then", Kind.POINT, lambda row: row.then),
    )


def _title(lines: Sequence[Line], shock: Shock, *, cents: bool) -> str:
    if not lines:
        return "The losses bend along this shock: no straight pieces to draw"
    losing = sorted((line for line in lines if line.starts < float("inf")), key=_starts)
    if not losing:
        return "No layer loses anything along this shock"
    whole = sum(line.count for line in lines)
    at = losing[0].starts
    first = [line for line in losing if line.starts == at]
    later = [line for line in losing if line.starts != at]
    count = sum(line.count for line in first)
    who = first[0].label if count == 1 else counted(count, "layer")
    pays = "pays" if count == 1 else "pay"
    begin = f"from {place(at, shock, cents=cents)} on" if at != shock.start else "from the start"
    if not later:
        alone = "alone" if count == 1 else "and no other"
        return f"{who} of {whole} {pays} {begin}, {alone}" if count > 1 else f"{who} {pays} {begin}"
    then = later[0].starts
    more = sum(line.count for line in later if line.starts == then)
    verb = "joins" if more == 1 else "join"
    spot = place(then, shock, cents=cents)
    return f"{who} {pays} first, {begin}; {counted(more, 'layer')} {verb} at {spot}"


def _at_the_end(lines: Sequence[Line], shock: Shock, *, cents: bool) -> str:
    """Return the finding of a shock that bends, where nothing is known between two sizes."""
    if not lines:
        return "No layer loses anything along this shock"
    most = max(lines, key=lambda line: line.points[-1][1])
    part, spot = share(most.points[-1][1]), place(most.points[-1][0], shock, cents=cents)
    return f"{most.label} {verb_for(most.label, 'lose')} most of its claim: {part}, at {spot}"


def _starts(line: Line) -> tuple[float, float]:
    side = line.starts
    return abs(side - line.points[0][0]), -line.points[-1][1]


def _plot(
    lines: Sequence[Line], shock: Shock, y: float, *, cents: bool
) -> tuple[list[Markup], float]:
    top, bottom = y + 40, y + 40 + _HIGH
    values = [part for line in lines for _, part in (*line.points, *line.least)]
    end = 1.0 if 0.5 < max(values) <= 1 else nice_end(max(values), 4)
    low = min(0.0, *values)
    up = Axis(start=-nice_end(-low, 4) if low < 0 else 0.0, end=end, low=bottom, high=top)
    across = Axis(start=shock.start, end=lines[0].points[-1][0], low=_LEFT, high=_RIGHT)
    marks = _frame(up, across, shock, top, bottom)
    written = across.at(shock.as_written)
    if min(_LEFT, _RIGHT) <= written <= max(_LEFT, _RIGHT):
        marks.append(svg.line((written, top - 6), (written, bottom), "k-ink", 1.6))
        words = f"as written {place(shock.as_written, shock, cents=cents)}"
        half = width(words, 11, bold=True) / 2
        x = min(max(written, _LEFT + half - 30), _RIGHT - half + 60)
        # one line higher where the name of the axis stands
        base = top - 10 if x - half > _LEFT + 110 else top - 24
        marks.append(svg.text(x, base, words, "s b c"))
    named = [line for line in lines if line.starts < float("inf") or line.least]
    largest = sorted(named, key=lambda line: -abs(line.loss_usd))
    shown_lines = named if len(named) <= _MOST else largest[: _MOST - 1]
    for line in shown_lines:
        marks += _range(line, across, up)
    for line in lines:
        plain = line not in shown_lines
        marks += _line(line, across, up, "k-rule" if plain else "k-loss", plain=plain)
    for line in shown_lines:
        marks += _points(line, across, up)
    return marks + _labels(shown_lines, up), bottom + 44


def _frame(up: Axis, across: Axis, shock: Shock, top: float, bottom: float) -> list[Markup]:
    marks = []
    levels = ticks(up.start, up.end, 4)
    written = measure("fraction", levels)
    for level in levels:
        at = up.at(level)
        marks.append(svg.line((_LEFT, at), (_RIGHT, at), "k-grid"))
        marks.append(svg.text(_LEFT - 8, at + 4, written.tick(level), "s m r"))
    marks.append(svg.text(_LEFT - 34, top - 10, "loss, share of the claim", "s m"))
    marks.append(svg.line((_LEFT, bottom), (_RIGHT, bottom), "k-rule"))
    places = across.ticks()
    told = measure(shock.unit, places)
    for value in places:
        at = across.at(value)
        marks.append(svg.line((at, bottom), (at, bottom + 4), "k-rule"))
        marks.append(svg.text(at, bottom + 17, told.tick(value), "s m c"))
    words = f"{axis_name(shock)}, {told.words}"
    name = ends(words, _RIGHT - _LEFT, 11)
    marks.append(svg.text(_RIGHT, bottom + 34, name, "s m r", title=words))
    return marks


def _line(line: Line, across: Axis, up: Axis, paint: str, *, plain: bool) -> list[Markup]:
    marks: list[Markup] = []
    run: list[Point] = []
    for at, (x, part) in enumerate(line.points):
        if at and x == line.points[at - 1][0]:
            if len(run) > 1:
                marks.append(svg.polyline(run, paint, 1.2 if plain else 2.4))
            ends_ = (run[-1], (across.at(x), up.at(part)))
            marks.append(svg.line(ends_[0], ends_[1], paint, 1.2, dash="1.5 3"))
            run = []
        run.append((across.at(x), up.at(part)))
    if len(run) > 1:
        marks.append(svg.polyline(run, paint, 1.2 if plain else 2.4))
    return marks


def _range(line: Line, across: Axis, up: Axis) -> list[Markup]:
    """Return the area between the two solutions of a line, and the least dashed."""
    if not line.least:
        return []
    low = [(across.at(x), up.at(y)) for x, y in line.least]
    high = [(across.at(x), up.at(y)) for x, y in line.points]
    return [
        svg.area([*high, *reversed(low)], "tint"),
        svg.polyline(low, "k-loss", 1.6, dash="5 4"),
    ]


def _points(line: Line, across: Axis, up: Axis) -> list[Markup]:
    marks: list[Markup] = []
    jumps = {x: (y, b) for x, y, b in line.jumps}
    for x, part in line.points[1:-1]:
        if x not in jumps:
            marks.append(svg.circle((across.at(x), up.at(part)), 3.4, "f-loss"))
    for x, (before, after) in jumps.items():
        marks.append(svg.circle((across.at(x), up.at(before)), 4, "f-loss"))
        marks.append(svg.circle((across.at(x), up.at(after)), 4, "f-paper"))
        marks.append(svg.circle((across.at(x), up.at(after)), 4, "k-loss", stroke=1.8))
    return marks


def _labels(lines: Sequence[Line], up: Axis) -> list[Markup]:
    wanted = [up.at(line.points[-1][1]) for line in lines]
    places = spread(wanted, 15.0, up.high, up.low + 6)
    marks = []
    for line, at, y in zip(lines, wanted, places, strict=True):
        room = WIDE - MARGIN - _RIGHT - 14
        if abs(at - y) > 2:
            marks.append(svg.line((_RIGHT + 2, at), (_RIGHT + 11, y), "k-rule", 0.8))
        short = ends(line.label, room, 12)
        marks.append(svg.text(_RIGHT + 14, y + 4, short, title=line.label))
    return marks
