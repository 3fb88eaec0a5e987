"""What selling does to a price: the average, the last unit, and what an incentive pays for."""

from looprisk.reports import svg
from looprisk.reports.layout import Axis, Key, head, legend, nice_end
from looprisk.reports.picture import Picture
from looprisk.reports.pictures.plot import LEFT, RIGHT, Plot, frame, money_ticks, share_ticks
from looprisk.reports.svg import Markup
from looprisk.reports.words import dollars, in_cents
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.market_records import Depth, Impact, Incentive
from looprisk.results.names import shown
from looprisk.results.numbers import share

_HIGH = 230.0
_KINDS = {
    "exponential": "exponential",
    "linear": "linear",
    "square_root": "square-root",
    "constant_product": "constant-product",
    "table": "measured",
}


def depth(found: Depth) -> Picture:
    """Draw the price impact of one sale; the dashed line is what a liquidator is paid."""
    points = found.points
    end = points[-1].sold_usd
    cents = in_cents([end])
    name = shown(found.of)
    tight = found.incentives[0] if found.incentives else found.usual
    title = _title(name, tight)
    subtitle = (
        f"{_KINDS[found.kind].capitalize()} price impact of {shown(found.id)}, one sale of {name} "
        f"into {shown(found.into)} at the start price."
    )
    marks, y = head(title, subtitle)
    keys: list[Key] = [("line market", "average of the sale"), ("dots market", "last unit sold")]
    if tight.market:
        keys.append(("dash ink", "what a liquidation incentive pays"))
    drawn, y = legend(keys, y)
    marks += drawn
    top = y + 40
    highest = max(points[-1].last, tight.discount * 1.2)
    plot = Plot(
        across=Axis(start=0.0, end=end, low=LEFT, high=RIGHT),
        up=Axis(start=0.0, end=min(1.0, nice_end(highest, 4)), low=top + _HIGH, high=top),
    )
    across, unit = money_ticks(plot.across)
    marks += frame(
        plot, across, share_ticks(plot.up, 4), (f"amount sold at once, {unit}", "price impact")
    )
    marks += _incentive(tight, plot, points, cents=cents)
    marks.append(
        svg.polyline([plot.at(p.sold_usd, p.last) for p in points], "k-market", 2.2, dash="1.5 3")
    )
    marks.append(svg.polyline([plot.at(p.sold_usd, p.average) for p in points], "k-market", 2.6))
    for words, value in (("average", points[-1].average), ("last unit", points[-1].last)):
        marks.append(svg.text(RIGHT + 10, plot.up.at(value) + 4, words, "b" if value else ""))
    if tight.sellable_usd is not None and tight.sellable_usd <= end:
        at = plot.at(tight.sellable_usd, tight.discount)
        marks += [svg.circle(at, 4.5, "f-paper"), svg.circle(at, 4.5, "k-ink", stroke=1.6)]
    return Picture(
        kind="depth",
        title=title,
        subtitle=subtitle,
        height=plot.bottom + 46,
        marks=tuple(marks),
        table=table_of(title, points, _FIELDS),
    )


_FIELDS: tuple[Field[Impact], ...] = (
    Field("sold_usd", "sold", Kind.MONEY, lambda row: row.sold_usd),
    Field("average", "average impact", Kind.POINT, lambda row: row.average),
    Field("last", "last unit", Kind.POINT, lambda row: row.last),
)


def _title(name: str, tight: Incentive) -> str:
    inside = f"the incentive of {shown(tight.market)}" if tight.market else _usual(tight)
    if tight.sellable_usd is None:
        return f"Any amount of {name} sells inside {inside}"
    sold = dollars(tight.sellable_usd, cents=in_cents([tight.sellable_usd]))
    if not tight.market:
        return f"{sold} of {name} sells at once for {inside}"
    return f"{sold} of {name} can be sold before the incentive of {shown(tight.market)} is used up"


def _usual(tight: Incentive) -> str:
    return f"{share(tight.discount)} under the start price on average"


def _incentive(
    tight: Incentive, plot: Plot, points: tuple[Impact, ...], *, cents: bool
) -> list[Markup]:
    y = plot.up.at(tight.discount)
    words = f"{shown(tight.market)} pays {share(tight.discount)}" if tight.market else _usual(tight)
    marks: list[Markup] = []
    if tight.sellable_usd is not None and tight.sellable_usd <= plot.across.end:
        inside = [p for p in points if p.sold_usd <= tight.sellable_usd]
        corner = plot.at(tight.sellable_usd, tight.discount)
        base = (corner[0], plot.bottom)
        curve = [plot.at(p.sold_usd, p.average) for p in inside]
        marks.append(svg.area([(plot.across.low, plot.bottom), *curve, corner, base], "f-claim"))
        sold = dollars(tight.sellable_usd, cents=cents)
        left = corner[0] + 8
        marks.append(svg.text(left, plot.bottom - 8, f"{sold} sells inside it", "b halo"))
    marks.append(svg.line((plot.across.low, y), (plot.across.high, y), "k-ink", 1.2, dash="4 3"))
    marks.append(svg.text(plot.across.high, y - 6, words, "s r halo"))
    return marks
