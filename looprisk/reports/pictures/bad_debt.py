"""Bad debt by market, under each rule for who bears a loss."""

from looprisk.reports import svg
from looprisk.reports.layout import Axis, head
from looprisk.reports.letters import ends
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.svg import Markup
from looprisk.reports.words import counted, dollars, in_cents
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.market_records import BadDebt, BadDebts
from looprisk.results.names import shown
from looprisk.results.numbers import NONE, Scale, fixed, scale_for, share

_NAMES, _LOW, _HIGH, _MONEY = 250.0, 260.0, 590.0, 672.0
_PITCH, _TALL = 20.0, 13.0
_MOST = 20


def bad_debt(found: BadDebts) -> Picture:
    """Draw the debt that liquidations leave in every market, rule by rule, and its share."""
    cents = in_cents(row.bad_usd for row in found.rows)
    title = _title(found, cents=cents)
    several = f", under each of {len(found.rules)} rules" if len(found.rules) > 1 else ""
    subtitle = (
        f"Debt left when all collateral is sold{several}, US dollars and share of what is "
        f"supplied. {found.system}."
    )
    marks, y = head(title, subtitle)
    markets = list(dict.fromkeys(row.market for row in found.rows if row.bad_usd > 0))
    drawn = [row for row in found.rows if row.market in markets[:_MOST]]
    if not drawn:
        marks.append(svg.text(MARGIN, y + 26, "Every debt is repaid, or its collateral covers it."))
        height = y + 40
    else:
        body, height = _bars(drawn, y)
        marks += body
        hidden = len(markets) - min(len(markets), _MOST)
        none = len({row.market for row in found.rows}) - len(markets)
        notes = [f"{hidden} more in the table"] if hidden else []
        notes += [f"{counted(none, 'market')} without bad debt"] if none else []
        if notes:
            marks.append(svg.text(MARGIN, height + 4, ", ".join(notes), "s m"))
            height += 16
    return Picture(
        kind="bad_debt",
        title=title,
        subtitle=subtitle,
        height=height,
        marks=tuple(marks),
        table=table_of(title, found.rows, _FIELDS),
    )


_FIELDS: tuple[Field[BadDebt], ...] = (
    Field("market", "market", Kind.NAME, lambda row: row.market),
    Field("rule", "rule", Kind.TEXT, lambda row: row.rule),
    Field("supplied_usd", "supplied", Kind.MONEY, lambda row: row.supplied_usd),
    Field("bad_usd", "bad debt", Kind.MONEY, lambda row: row.bad_usd, apart=True),
    Field("share", "% of supplied", Kind.SHARE, lambda row: row.share),
)


def _title(found: BadDebts, *, cents: bool) -> str:
    totals = {
        rule: sum(row.bad_usd for row in found.rows if row.rule == rule) for rule in found.rules
    }
    if not any(totals.values()):
        return "No market is left with bad debt"
    if len(totals) == 1:
        ((_, whole),) = totals.items()
        hurt = sum(row.bad_usd > 0 for row in found.rows)
        markets = counted(len(found.rows), "market")
        return f"{dollars(whole, cents=cents)} of bad debt in {hurt} of {markets}"
    least, most = min(totals, key=lambda r: totals[r]), max(totals, key=lambda r: totals[r])
    one, other = dollars(totals[least], cents=cents), dollars(totals[most], cents=cents)
    return f"Bad debt is {one} under {shown(least)}, {other} under {shown(most)}"


def _bars(rows: list[BadDebt], y: float) -> tuple[list[Markup], float]:
    scale = scale_for(row.bad_usd for row in rows)
    axis = Axis(start=0.0, end=max(row.bad_usd for row in rows), low=_LOW, high=_HIGH)
    marks = [
        svg.text(_MONEY, y + 26, f"bad debt, {scale.header}", "s m r"),
        svg.text(WIDE - MARGIN, y + 26, "% supplied", "s m r"),
    ]
    top = y + 34
    several = len({row.rule for row in rows}) > 1
    before = ""
    for row in rows:
        if row.market != before and several:
            name = shown(row.market)
            marks.append(svg.text(MARGIN, top + 12, ends(name, 560, 12, bold=True), "b"))
            top += _PITCH
        marks += _bar(row, axis, top, scale, several=several)
        before = row.market
        top += _PITCH
    marks.append(svg.line((_LOW, y + 30), (_LOW, top), "k-rule"))
    return marks, top + 14


def _bar(row: BadDebt, axis: Axis, top: float, scale: Scale, *, several: bool) -> list[Markup]:
    name = shown(row.rule if several else row.market)
    paint = "r m" if several else "r"
    part = NONE if row.share is None else share(row.share)
    return [
        svg.text(_NAMES, top + 11, ends(name, _NAMES - MARGIN, 12), paint, title=name),
        svg.rect(_LOW, top + 1, axis.at(row.bad_usd) - _LOW, _TALL, "f-loss"),
        svg.text(_MONEY, top + 11, fixed(row.bad_usd / scale.factor, 2), "r"),
        svg.text(WIDE - MARGIN, top + 11, part, "r m"),
    ]
