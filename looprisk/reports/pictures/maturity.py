"""A discount oracle on its way to maturity, and the LLTV that one market yield allows."""

from looprisk.reports import svg
from looprisk.reports.layout import Axis, Key, head, legend
from looprisk.reports.picture import Picture
from looprisk.reports.pictures.plot import LEFT, RIGHT, Plot, end_labels, frame, share_ticks
from looprisk.reports.svg import Point
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.market_records import MaturityPath, PathPoint
from looprisk.results.names import shown
from looprisk.results.numbers import share

_HIGH = 240.0


def maturity(path: MaturityPath) -> Picture:
    """Draw the safe LLTV in weekly steps to maturity, the oracle and the LLTV as written."""
    rows = path.rows
    last = rows[-1]
    bears = f"{share(path.yield_)}/y"
    title = (
        f"At the yield that the LLTV of {share(path.written)} bears today, {bears}, "
        f"{share(last.lltv)} is safe at maturity"
    )
    subtitle = (
        f"{shown(path.token)} in {shown(path.market)}: the largest LLTV at which a liquidator "
        f"repays the debt if the market yields {bears}; incentive {share(path.incentive)}. "
        f"{shown(path.oracle)} takes off {share(path.discount, digits=2)}/y."
    )
    marks, y = head(title, subtitle)
    keys: list[Key] = [
        ("line value", "safe LLTV, week by week"),
        ("dash book", "what the oracle reads, of par"),
        ("dash market", "what a seller gets at that yield, of par"),
        ("dash ink", "LLTV as written"),
    ]
    drawn, y = legend(keys, y)
    marks += drawn
    top = y + 40
    low = min(min(row.market, row.lltv) for row in rows)
    start = max(0.0, float(int(min(low, path.written) * 20 - 1)) / 20)
    plot = Plot(
        across=Axis(start=rows[0].days, end=0.0, low=LEFT, high=RIGHT),
        up=Axis(start=start, end=1.0, low=top + _HIGH, high=top),
    )
    across = [(value, f"{value:g}") for value in plot.across.ticks(8)]
    told = f"LLTV, and price of par (axis starts at {share(start, digits=0)})"
    marks += frame(plot, across, share_ticks(plot.up, 4), ("days to maturity", told))
    level = plot.up.at(path.written)
    marks.append(svg.line((LEFT, level), (RIGHT, level), "k-ink", 1.2, dash="4 3"))
    oracle = [plot.at(row.days, row.oracle) for row in rows]
    market = [plot.at(row.days, row.market) for row in rows]
    marks.append(svg.polyline(oracle, "k-book", 2, dash="5 3"))
    marks.append(svg.polyline(market, "k-market", 2, dash="4 3"))
    marks.append(
        svg.polyline(_steps([plot.at(row.days, row.lltv) for row in rows]), "k-value", 2.4)
    )
    ends = [
        ("oracle and par", share(last.oracle), last.oracle),
        ("safe LLTV", share(last.lltv), last.lltv),
        ("LLTV as written", share(path.written), path.written),
    ]
    marks += end_labels(plot, ends)
    return Picture(
        kind="maturity",
        title=title,
        subtitle=subtitle,
        height=plot.bottom + 46,
        marks=tuple(marks),
        table=table_of(title, rows, _FIELDS),
    )


_FIELDS: tuple[Field[PathPoint], ...] = (
    Field("days", "days left", Kind.NUMBER, lambda row: round(row.days, 6)),
    Field("oracle", "oracle, of par", Kind.POINT, lambda row: row.oracle),
    Field("market", "seller, of par", Kind.POINT, lambda row: row.market),
    Field("lltv", "safe LLTV", Kind.POINT, lambda row: row.lltv),
)


def _steps(points: list[Point]) -> list[Point]:
    """Return steps: what is safe at the start of a week holds in all of it."""
    corners = [points[0]]
    for point in points[1:]:
        corners += [(point[0], corners[-1][1]), point]
    return corners
