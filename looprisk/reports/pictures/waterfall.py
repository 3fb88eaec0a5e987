"""The loss from the first to bear it to the last: a step for each outside claimant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.reports import svg
from looprisk.reports.layout import Axis, head
from looprisk.reports.letters import ends
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.svg import Markup
from looprisk.reports.words import asked, counted, dollars, in_cents
from looprisk.results.answers import Clearing
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.numbers import NONE, Scale, fixed, scale_for, share
from looprisk.results.phrases import verb_for
from looprisk.results.records import WaterfallRow

_NAMES, _BARS, _END, _LOSS = 204.0, 214.0, 624.0, 686.0
_PITCH, _HIGH = 22.0, 16.0
_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one claimant bears."""

    via: tuple[str, ...]
    claimant: str
    loss_usd: float
    of_claim: float | None


def steps_of(clearing: Clearing) -> tuple[Step, ...]:
    """Return who bears the loss, junior first, gains and what leaves the system last."""
    steps: list[Step] = []
    leaks: dict[str, list[WaterfallRow]] = {}
    for row in sorted(clearing.waterfall_rows, key=_order):
        if row.kind == "claim":
            step = Step(
                via=(row.via,),
                claimant=row.claimant,
                loss_usd=row.loss_usd,
                of_claim=row.of_claim,
            )
            steps += [step] if row.loss_usd else []
        else:
            name = "beyond every claim" if row.kind == "excess" else row.claimant
            leaks.setdefault(name, []).append(row)
    steps += [
        Step(
            via=tuple(row.via for row in rows),
            claimant=name,
            loss_usd=math.fsum(row.loss_usd for row in rows),
            of_claim=None,
        )
        for name, rows in leaks.items()
        if any(row.loss_usd for row in rows)
    ]
    if len(steps) <= _MOST:
        return tuple(steps)
    order = sorted(range(len(steps)), key=lambda at: (-abs(steps[at].loss_usd), at))
    large = set(order[: _MOST - 2])
    kept = [step for at, step in enumerate(steps) if at in large]
    rest = [step for at, step in enumerate(steps) if at not in large]
    whole = math.fsum(step.loss_usd for step in rest)
    others = Step(
        via=tuple(via for step in rest for via in step.via),
        claimant=f"{len(rest)} others",
        loss_usd=whole,
        of_claim=None,
    )
    return (*kept, others)


def _order(row: WaterfallRow) -> tuple[int, float, float, str]:
    last = 0 if row.kind == "claim" and row.loss_usd > 0 else 1 if row.kind == "claim" else 2
    return last, -round(row.of_claim or 0.0, 9), -row.loss_usd, row.via


def waterfall(clearing: Clearing) -> Picture:
    """Draw who bears the loss; the steps go from all of it to nothing."""
    steps = steps_of(clearing)
    size = max((abs(step.loss_usd) for step in steps), default=0.0)
    total = _snapped(clearing.shock.loss_usd, size)
    cents = in_cents([total, *(step.loss_usd for step in steps)])
    title = _title(clearing, steps, cents=cents)
    said = asked(clearing.shock, clearing.scenario, cents=cents)
    subtitle = (
        f"{clearing.basis.capitalize()} loss by outside claimant, US dollars. {said} Junior first; "
        "claims held inside the system are not counted twice."
    )
    return drawn(title, subtitle, steps, total)


def drawn(
    title: str,
    subtitle: str,
    steps: tuple[Step, ...],
    total: float,
    ends_: tuple[float, float] = (0.0, 0.0),
    *,
    live: bool = False,
) -> Picture:
    """Draw steps under a head; ``ends_`` is what the axis must reach, USD, on either side."""
    marks, y = head(title, subtitle)
    table = table_of(title, steps, _FIELDS, sums=("loss_usd",))
    if not steps:
        marks.append(svg.text(MARGIN, y + 26, "No outside claimant loses or gains anything.", ""))
        height = y + 40
    else:
        body, height = _body(steps, total, ends_, y, live=live)
        marks += body
    return Picture(
        kind="waterfall",
        title=title,
        subtitle=subtitle,
        height=height,
        marks=tuple(marks),
        table=table,
    )


def _body(
    steps: tuple[Step, ...],
    total: float,
    ends_: tuple[float, float],
    y: float,
    *,
    live: bool,
) -> tuple[list[Markup], float]:
    levels = [total]
    for step in steps:
        levels.append(levels[-1] - step.loss_usd)
    low, high = min(ends_[0], *levels), max(ends_[1], *levels)
    low = 0.0 if abs(low) < 1e-9 * high else low
    axis = Axis(start=low, end=high, low=_BARS, high=_END)
    scale = scale_for([total, high, low, *(step.loss_usd for step in steps)])
    marks = _heads(y + 29, scale)
    top = y + 38
    marks += _whole(total, axis, top, scale, live=live)
    top += 26
    for at, step in enumerate(steps):
        marks += _step(step, levels[at], axis, top, scale, at, live=live)
        top += _PITCH
    return [*marks, *_foot(steps, total, axis, top, scale, live=live)], top + 60


_FIELDS: tuple[Field[Step], ...] = (
    Field("claimant", "claimant", Kind.NAME, lambda row: row.claimant),
    Field("loss_usd", "loss", Kind.MONEY, lambda row: row.loss_usd),
    Field("of_claim", "% of claim", Kind.SHARE, lambda row: row.of_claim),
)


def _title(clearing: Clearing, steps: Sequence[Step], *, cents: bool) -> str:
    total = clearing.shock.loss_usd
    losers = [step for step in steps if step.loss_usd > 0]
    if not losers:
        gain = -math.fsum(step.loss_usd for step in steps)
        told = f"; {counted(len(steps), 'claimant')} gain" if len(steps) > 1 else ""
        if len(steps) == 1:
            told = f"; {shown(steps[0].claimant)} {verb_for(steps[0].claimant, 'gain')}"
        return f"Nobody outside loses{told} {dollars(gain, cents=cents) if told else ''}".rstrip()
    first = max(losers, key=lambda step: step.loss_usd)
    name = shown(first.claimant)
    words = f"{name} {verb_for(first.claimant, 'lose')} {dollars(first.loss_usd, cents=cents)}"
    if total > 0:
        words += f" of the {dollars(total, cents=cents)}"
    others = math.fsum(step.loss_usd for step in steps) - first.loss_usd
    count = len(steps) - 1
    if not count:
        return f"{words}; nobody else loses"
    if others <= 0:
        return _with_gains(steps, first, cents=cents)
    if count == 1:
        other = next(step for step in steps if step is not first)
        return f"{words}, {shown(other.claimant)} {dollars(others, cents=cents)}"
    return f"{words}; {counted(count, 'other claimant')} share {dollars(others, cents=cents)}"


def _with_gains(steps: Sequence[Step], first: Step, *, cents: bool) -> str:
    """Return who loses and who gains, where the gains outweigh what the others lose."""
    told = f"{_who([first], 'lose')} {dollars(first.loss_usd, cents=cents)}"
    losers = [step for step in steps if step.loss_usd > 0 and step is not first]
    gainers = [step for step in steps if step.loss_usd < 0]
    for some, verb in ((losers, "lose"), (gainers, "gain")):
        if some:
            money = abs(math.fsum(step.loss_usd for step in some))
            told += f", {_who(some, verb)} {dollars(money, cents=cents)}"
    return told


def _who(steps: Sequence[Step], verb: str) -> str:
    if len(steps) > 1:
        return f"{len(steps)} others {verb}"
    name = steps[0].claimant
    return f"{shown(name)} {verb_for(name, verb)}"


def _snapped(value: float, size: float) -> float:
    """Return nothing for what rounding leaves of it."""
    return 0.0 if abs(value) <= 1e-9 * size else value


def _heads(y: float, scale: Scale) -> list[Markup]:
    return [
        svg.text(_LOSS, y, f"loss, {scale.header}", "s m r"),
        svg.text(WIDE - MARGIN, y, "% of claim", "s m r"),
    ]


def _data(live: bool, /, **keys: str) -> dict[str, str]:  # noqa: FBT001  (a mark, not a mode)
    """Return what a script needs to find a mark again."""
    return {f"data-{key}": value for key, value in keys.items()} if live else {}


def _whole(total: float, axis: Axis, top: float, scale: Scale, *, live: bool) -> list[Markup]:
    x = axis.at(min(0.0, total))
    wide = abs(axis.at(total) - axis.at(0))
    ends_ = f"{_BARS} {_END} {axis.start!r} {axis.end!r} {scale.factor!r}"
    figure = fixed(total / scale.factor, 2)
    return [
        svg.text(_NAMES, top + 12, "Put in from outside", "b r"),
        svg.rect(x, top, wide, _HIGH, "f-ink", data=_data(live, axis=ends_)),
        svg.text(_LOSS, top + 12, figure, "b r", data=_data(live, total="1")),
    ]


def _step(
    step: Step, level: float, axis: Axis, top: float, scale: Scale, at: int, *, live: bool
) -> list[Markup]:
    name = shown(step.claimant)
    short = ends(name, _NAMES - MARGIN, 12)
    start, stop = axis.at(level), axis.at(level - step.loss_usd)
    paint = "f-loss" if step.loss_usd >= 0 else "f-value"
    wide = max(1.0, abs(start - stop)) if step.loss_usd else 0.0
    part = NONE if step.of_claim is None else share(step.of_claim)
    bold = " b" if step.of_claim is not None and step.of_claim >= 1 - 1e-12 else " m"
    back = _PITCH if at else 26.0
    n = str(at)
    loss = fixed(step.loss_usd / scale.factor, 2)
    hint = "" if live else f"{name}: {loss} {scale.header}"
    bar = (min(start, stop), top, wide, _HIGH)
    right = WIDE - MARGIN
    return [
        svg.line((start, top - back + 12), (start, top + 4), "k-rule", data=_data(live, c=n)),
        svg.text(_NAMES, top + 12, short, "r", title=name),
        svg.rect(*bar, paint, title=hint, data=_data(live, w=n)),
        svg.text(_LOSS, top + 12, loss, "r", data=_data(live, v=n)),
        svg.text(right, top + 12, part, f"r{bold}", data=_data(live, p=n)),
    ]


def _foot(
    steps: Sequence[Step], total: float, axis: Axis, top: float, scale: Scale, *, live: bool
) -> list[Markup]:
    size = max(abs(step.loss_usd) for step in steps)
    whole = _snapped(math.fsum(step.loss_usd for step in steps), size)
    exact = abs(whole - total) < 0.005
    y = top + 22
    figure = fixed(whole / scale.factor, 2)
    marks = [
        svg.line((_BARS, y - 16), (WIDE - MARGIN, y - 16), "k-rule"),
        svg.text(_NAMES, y, "Sum of all claimants", "b r"),
        svg.text(_BARS + 2, y, "equals the loss" + (", to the cent" if exact else ""), "s m"),
        svg.text(_LOSS, y, figure, "b r", data=_data(live, total="1")),
    ]
    for value in axis.ticks():
        x = axis.at(value)
        marks.append(svg.line((x, y + 8), (x, y + 12), "k-rule"))
        marks.append(svg.text(x, y + 24, fixed_tick(value, scale), "s m c"))
    marks.append(svg.text(_NAMES, y + 24, scale.words, "s m r"))
    return marks


def fixed_tick(value: float, scale: Scale) -> str:
    """Return a tick in the unit of the columns, without zeros that say nothing."""
    text = fixed(value / scale.factor, 2)
    return text.rstrip("0").rstrip(".") if "." in text else text
