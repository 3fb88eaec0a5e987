"""Who holds what of whom, before and after: a loss walks up the arrows and fills the boxes."""

from collections.abc import Sequence
from math import sqrt

from looprisk.reports import svg
from looprisk.reports.layout import Key, head, legend
from looprisk.reports.letters import name_lines, width
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.pictures.places import TALL, Box, Frame, Plan, plan_of
from looprisk.reports.svg import Markup, number
from looprisk.reports.words import asked, counted, dollars, in_cents, of_shock
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.numbers import MINUS, share
from looprisk.results.travel import Circle, Stop, Tie, Travel

_LABELS = 28.0
_APART = 24.0
_TWO_PANELS = 30
_MOST = 80
_WIDE_PAGE = 1000.0
_HOT = 1e-9


def network(travel: Travel) -> Picture:
    """Draw the network before and after the shock; over 30 nodes after it alone."""
    stops = _drawn(travel.stops)
    cents = in_cents(stop.before_usd for stop in stops)
    title = _title(travel, cents=cents)
    left_out = len(travel.stops) - len(stops)
    subtitle = _subtitle(travel, left_out, cents=cents)
    both = len(stops) <= _TWO_PANELS
    page = WIDE if both else _WIDE_PAGE
    marks, y = head(title, subtitle, page)
    keys, y = legend(_keys(travel, stops), y, page)
    marks += keys
    area = (page - 2 * MARGIN - _APART) / 2 if both else page - 2 * MARGIN
    plan = plan_of(travel, stops, area - _LABELS)
    top = y + (44 if both else 18)
    moments = (("Before", False), (f"After {_after(travel, cents=cents)}", True))
    for panel, (words, is_after) in enumerate(moments if both else moments[1:]):
        x = MARGIN + panel * (area + _APART)
        if both:
            marks.append(svg.text(x, y + 26, words, "b"))
        marks += _panel(travel, plan, (x + _LABELS, top), is_after=is_after, cents=cents)
    bottom = top + plan.high
    said = (
        "Arrows run from the claim to its holder: the way losses travel. "
        "Bottom: what is priced outside."
    )
    marks.append(svg.text(MARGIN, bottom + 30, said, "s m"))
    return Picture(
        kind="network",
        title=title,
        subtitle=subtitle,
        width=page,
        height=bottom + 42,
        marks=tuple(marks),
        table=table_of(title, travel.stops, _FIELDS),
    )


_FIELDS: tuple[Field[Stop], ...] = (
    Field("layer", "layer", Kind.COUNT, lambda row: row.layer),
    Field("name", "name", Kind.NAME, lambda row: row.label),
    Field("kind", "kind", Kind.TEXT, lambda row: row.kind),
    Field("before_usd", "before", Kind.MONEY, lambda row: row.before_usd),
    Field("after_usd", "after", Kind.MONEY, lambda row: row.after_usd),
    Field("lost", "lost, %", Kind.SHARE, lambda row: row.lost),
)


def _drawn(stops: Sequence[Stop]) -> tuple[Stop, ...]:
    """Return the stops to draw: of many, those that lose or weigh most."""
    if len(stops) <= _MOST:
        return tuple(stops)
    whole = max(stop.before_usd for stop in stops)
    order = sorted(stops, key=lambda s: (-(s.before_usd - s.after_usd), -s.before_usd, s.id))
    kept = {stop.id for stop in order if stop.lost > 0.001 or stop.before_usd > 0.01 * whole}
    first = [stop.id for stop in order if stop.id in kept][:_MOST]
    return tuple(stop for stop in stops if stop.id in set(first))


def _after(travel: Travel, *, cents: bool) -> str:
    return of_shock(travel.shock, cents=cents)


def _title(travel: Travel, *, cents: bool) -> str:
    hurt = [stop for stop in travel.stops if stop.lost > _HOT]
    whole = [stop for stop in travel.stops if stop.lost <= _HOT]
    carry = "carries" if len(hurt) == 1 else "carry"
    words = f"{len(hurt)} of {counted(len(travel.stops), 'node')} {carry} loss after "
    words += _after(travel, cents=cents)
    if not hurt:
        return f"No node loses anything after {_after(travel, cents=cents)}"
    if len(whole) == 1:
        return f"{words}; {shown(whole[0].label)} stays whole"
    return f"{words}; {len(whole)} stay whole" if whole else words


def _subtitle(travel: Travel, left_out: int, *, cents: bool) -> str:
    said = asked(travel.shock, travel.scenario, cents=cents)
    gains = [circle for circle in travel.circles if circle.gain is not None]
    most = max(gains, key=lambda circle: circle.gain or 0.0, default=None)
    loop = f" {_gain(most)}" if most is not None else ""
    out = f" {left_out} that lose and weigh least are left out." if left_out else ""
    return f"Who holds what of whom, by layer. {said}{loop}{out}"


def _gain(circle: Circle) -> str:
    back = share(circle.gain or 0.0)
    return f"Of a dollar lost at {shown(circle.first)}, at most {back} comes back round the loop."


def _keys(travel: Travel, stops: Sequence[Stop]) -> list[Key]:
    keys: list[Key] = [("value", "claim still covered")]
    if any(stop.lost > _HOT for stop in stops):
        keys.append(("loss", "lost share, filled from the left"))
    keys.append(("line rule", "holds a claim on (width: money)"))
    if any(_is_hot(tie) for tie in travel.ties):
        keys.append(("line loss", "carries loss"))
    if travel.circles:
        keys.append(("dash equity", "loop: claims on each other"))
    return keys


def _is_hot(tie: Tie) -> bool:
    return tie.before_usd - tie.after_usd > _HOT * tie.before_usd


def _panel(
    travel: Travel, plan: Plan, at: tuple[float, float], *, is_after: bool, cents: bool
) -> list[Markup]:
    marks = [svg.text(at[0] - _LABELS, at[1] + y + 4, label, "b m") for label, y in plan.labels]
    for frame in plan.frames:
        marks += _frame(frame, at)
    ties = [tie for tie in travel.ties if {tie.source, tie.target} <= plan.boxes.keys()]
    most = max((tie.before_usd for tie in ties), default=1.0)
    for hot in (False, True):
        for tie in ties:
            if hot == (is_after and _is_hot(tie)):
                marks += _arrow(tie, plan, at, most, hot=hot)
    for box in plan.boxes.values():
        marks += _box(box, at, is_after=is_after, cents=cents)
    return [*marks, *(mark for frame in plan.frames for mark in _frame_words(frame, at))]


def _frame(frame: Frame, at: tuple[float, float]) -> list[Markup]:
    x, y = at[0] + frame.x, at[1] + frame.y
    return [svg.rect(x, y, frame.wide, frame.high, "k-equity", stroke=1.5, dash="5 3", round_=8)]


def _frame_words(frame: Frame, at: tuple[float, float]) -> list[Markup]:
    words = f"loop of {frame.count}"
    if frame.circle.gain is not None:
        words += f": gain {frame.circle.gain:.2f}"
    right = at[0] + frame.x + frame.wide - 14
    return [svg.text(right, at[1] + frame.y + 4, words, "s b r halo")]


def _box(box: Box, at: tuple[float, float], *, is_after: bool, cents: bool) -> list[Markup]:
    stop = box.stop
    x, y = at[0] + box.x, at[1] + box.y
    name = shown(stop.label)
    lost = stop.lost if is_after else 0.0
    hint = f"{name}: {dollars(stop.before_usd, cents=cents)}"
    hint += f", after {dollars(stop.after_usd, cents=cents)}" if is_after else ""
    marks = [svg.rect(x, y, box.wide, box.high, "f-value", title=hint)]
    if lost > 0:
        marks.append(svg.rect(x, y, box.wide * lost, box.high, "f-loss", title=hint))
    room = box.wide - 10
    lines = name_lines(name, room, 11, bold=True)
    for row, words in enumerate(lines):
        hint = name if "…" in words else ""
        marks.append(svg.text(x + 5, y + 15 + 13 * row, words, "s b on", title=hint))
    money = dollars(stop.before_usd, cents=cents)
    gone = f"{MINUS}{share(lost)}" if lost >= 0.0005 else "<0.1%"
    told = f"{money}, {gone}" if lost > _HOT else money
    figures = next((w for w in (told, gone if lost > _HOT else money) if width(w, 11) <= room), "")
    if figures:
        marks.append(svg.text(x + 5, y + 43, figures, "s on"))
    return marks


def _arrow(
    tie: Tie, plan: Plan, at: tuple[float, float], most: float, *, hot: bool
) -> list[Markup]:
    source, target = plan.boxes[tie.source], plan.boxes[tie.target]
    stroke = max(0.8, 6.0 * sqrt(tie.before_usd / most))
    paint = "loss" if hot else "rule"
    shape = _way(source, target, plan)
    points = [(at[0] + x, at[1] + y) for x, y in shape]
    start, end = points[0], points[-1]
    if len(points) == 2:
        way = f"M{_at(start)}L{_at(end)}"
        towards = start
    else:
        way = f"M{_at(start)}C" + " ".join(_at(point) for point in points[1:])
        towards = points[-2]
    return [
        svg.path(way, f"k-{paint}", stroke=stroke),
        _tip(towards, end, f"f-{paint}", 4.0 + stroke / 3),
    ]


def _at(point: tuple[float, float]) -> str:
    return f"{number(point[0])} {number(point[1])}"


def _way(source: Box, target: Box, plan: Plan) -> list[tuple[float, float]]:
    """Return two points of a straight arrow, or the four of a curve."""
    if source.ring is not None and source.ring == target.ring:
        return _within(source, target)
    start, end = (source.middle, source.y), (target.middle, target.foot + 6)
    if target.ring is not None and target.is_far:
        return _round_side(source, target, plan)
    if source.y <= target.y:  # beside or above: out at the side and back
        out = source.foot
        return [
            (source.middle, out),
            (source.middle, out + 26),
            (target.middle, target.foot + 32),
            end,
        ]
    bend = max(14.0, (start[1] - end[1]) * 0.55)
    return [start, (start[0], start[1] - bend), (end[0], end[1] + bend), end]


def _within(source: Box, target: Box) -> list[tuple[float, float]]:
    if abs(source.y - target.y) < 1:
        right = target.x > source.x
        side = source.x + source.wide if right else source.x
        end = target.x - 6 if right else target.x + target.wide + 6
        if abs(end - side) <= 40:
            return [(side, source.y + TALL / 2), (end, source.y + TALL / 2)]
        up = source.y if source.is_far else source.foot
        out = -16.0 if source.is_far else 16.0
        edge = target.y - 6 if source.is_far else target.foot + 6
        return [
            (source.middle, up),
            (source.middle, up + out),
            (target.middle, edge + out),
            (target.middle, edge),
        ]
    down = target.y > source.y
    # two ways between one pair of boxes stand beside each other
    shift = 8.0 if down else -8.0
    start = (source.middle + shift, source.foot if down else source.y)
    end_ = (target.middle + shift, target.y - 6 if down else target.foot + 6)
    return [start, end_]


def _round_side(source: Box, target: Box, plan: Plan) -> list[tuple[float, float]]:
    """Return a way into the far row of a ring, round the nearer side of its frame."""
    frame = next(f for f in plan.frames if f.circle.number == target.ring)
    left = target.middle <= frame.x + frame.wide / 2
    side = frame.x + 8 if left else frame.x + frame.wide - 8
    edge = target.x - 6 if left else target.x + target.wide + 6
    y = target.y + TALL / 2
    return [
        (source.middle, source.y),
        (side - (14 if left else -14), source.y - 30),
        (side, y),
        (edge, y),
    ]


def _tip(start: tuple[float, float], end: tuple[float, float], paint: str, size: float) -> Markup:
    dx, dy = end[0] - start[0], end[1] - start[1]
    long = sqrt(dx * dx + dy * dy) or 1.0
    ux, uy = dx / long, dy / long
    nose = (end[0] + ux * 4, end[1] + uy * 4)
    back = (end[0] - ux * (size - 2), end[1] - uy * (size - 2))
    half = size * 0.75
    return svg.area(
        [
            nose,
            (back[0] - uy * half, back[1] + ux * half),
            (back[0] + uy * half, back[1] - ux * half),
        ],
        paint,
    )
