"""Who supplies a market and who borrows from it, largest first."""

from collections.abc import Sequence

from looprisk.reports import svg
from looprisk.reports.layout import Axis, head
from looprisk.reports.letters import ends, width
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.svg import Markup
from looprisk.reports.words import dollars, in_cents
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.market_records import Lot, Lots
from looprisk.results.names import shown
from looprisk.results.numbers import Scale, fixed, scale_for, share

_NAMES, _LOW, _HIGH = 236.0, 246.0, 560.0
_MONEY = 640.0
_PITCH, _TALL = 21.0, 14.0
_MOST = 12


def distribution(lots: Lots) -> Picture:
    """Draw supply and debt by who has it; debt with its health and its collateral."""
    cents = in_cents(row.usd for row in lots.rows)
    title = _title(lots, cents=cents)
    subtitle = (
        f"Supply and debt of {shown(lots.of)} by account, US dollars, before any shock. "
        f"{lots.system}."
    )
    marks, y = head(title, subtitle)
    scale = scale_for(row.usd for row in lots.rows)
    most = max((row.usd for row in lots.rows), default=0.0)
    axis = Axis(start=0.0, end=most or 1.0, low=_LOW, high=_HIGH)
    for side, words in (("supplies", "Supply"), ("borrows", "Debt")):
        rows = [row for row in lots.rows if row.side == side]
        drawn, y = _side(rows, words, axis, scale, y + 18)
        marks += drawn
    return Picture(
        kind="distribution",
        title=title,
        subtitle=subtitle,
        height=y + 12,
        marks=tuple(marks),
        table=table_of(title, lots.rows, _FIELDS),
    )


_FIELDS: tuple[Field[Lot], ...] = (
    Field("side", "side", Kind.TEXT, lambda row: row.side),
    Field("name", "name", Kind.NAME, lambda row: row.name),
    Field("usd", "amount", Kind.MONEY, lambda row: row.usd),
    Field("health", "health", Kind.MULTIPLE, lambda row: row.health),
    Field("mix", "collateral", Kind.TEXT, lambda row: row.mix),
)


def _title(lots: Lots, *, cents: bool) -> str:
    supplies = [row for row in lots.rows if row.side == "supplies"]
    whole = sum(row.usd for row in supplies)
    if not whole:
        return f"Nobody supplies {shown(lots.of)}"
    named = [row for row in supplies if row.accounts == 1]
    if named:
        part = share(named[0].usd / whole)
        return f"{shown(named[0].name)}: {part} of the {dollars(whole, cents=cents)} supplied"
    debts = [row for row in lots.rows if row.side == "borrows" and row.accounts == 1]
    owed = sum(row.usd for row in lots.rows if row.side == "borrows")
    if not owed:
        return f"{dollars(whole, cents=cents)} is supplied from outside, and nobody borrows it"
    told = f"{share(debts[0].usd / owed)} of the {dollars(owed, cents=cents)} lent"
    return f"{shown(debts[0].name)} owes {told}; who supplies stands outside"


def _side(
    rows: Sequence[Lot], words: str, axis: Axis, scale: Scale, y: float
) -> tuple[list[Markup], float]:
    whole = sum(row.usd for row in rows)
    marks = [
        svg.text(MARGIN, y + 14, words, "b"),
        svg.text(_MONEY, y + 14, f"{scale.header}", "s m r"),
        svg.text(WIDE - MARGIN, y + 14, "share" if words == "Supply" else "health", "s m r"),
    ]
    top = y + 22
    told = [row for row in rows if row.accounts in {1, None}][:_MOST]
    for row in told:
        marks += _bar(row, whole, axis, scale, top)
        top += _PITCH
    rest = [row for row in rows if row not in told]
    if rest:
        money = fixed(sum(row.usd for row in rest) / scale.factor, 2)
        count = sum(row.accounts or 1 for row in rest)
        marks.append(svg.text(_NAMES, top + 12, f"{count} smaller", "r m"))
        marks.append(svg.text(_MONEY, top + 12, money, "r m"))
        top += _PITCH
    if not rows:
        marks.append(svg.text(_LOW, top + 12, "nobody", "m"))
        top += _PITCH
    return marks, top


def _bar(row: Lot, whole: float, axis: Axis, scale: Scale, top: float) -> list[Markup]:
    name = shown(row.name)
    high = axis.at(row.usd)
    low_health = row.health is not None and row.health < 1
    marks = [
        svg.text(_NAMES, top + 12, ends(name, _NAMES - MARGIN, 12), "r", title=name),
        svg.rect(_LOW, top, max(1.0, high - _LOW), _TALL, "f-loss" if low_health else "f-value"),
        svg.text(_MONEY, top + 12, fixed(row.usd / scale.factor, 2), "r"),
    ]
    if row.side == "supplies":
        told = share(row.usd / whole) if whole else ""
    else:
        told = "–" if row.health is None else fixed(row.health, 2)
    marks.append(svg.text(WIDE - MARGIN, top + 12, told, "r m"))
    mix = shown(row.mix) if row.mix else ""
    if mix:
        inside = width(mix, 11) <= high - _LOW - 10
        room = _MONEY - 60 - high
        words = mix if inside or width(mix, 11) <= room else ""
        x, paint = (_LOW + 5, "s on") if inside else (high + 6, "s m")
        if words:
            marks.append(svg.text(x, top + 11, words, paint))
    return marks
