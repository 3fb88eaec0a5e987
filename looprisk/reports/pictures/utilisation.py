"""Utilisation and cash of a supply in a run: steps above, what can still be withdrawn below."""

from looprisk.reports import svg
from looprisk.reports.layout import Axis, head, nice_end
from looprisk.reports.picture import Picture
from looprisk.reports.pictures.plot import (
    LEFT,
    RIGHT,
    Plot,
    below,
    end_labels,
    frame,
    money_ticks,
    share_ticks,
    straight,
    time_ticks,
)
from looprisk.reports.svg import Markup, Point
from looprisk.reports.words import dollars, in_cents
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.market_records import LentAt, LentInTime
from looprisk.results.names import shown
from looprisk.results.numbers import duration, share

_UPPER, _LOWER = 120.0, 90.0


def utilisation(lent: LentInTime) -> Picture:
    """Draw utilisation as steps and cash as an area, on one axis of time."""
    rows = lent.rows
    cents = in_cents(row.cash_usd for row in rows)
    name = shown(lent.label)
    title = _title(lent, name, cents=cents)
    subtitle = f"{name}: share of the supply that is lent, and cash that can be withdrawn. "
    subtitle += f"{lent.scenario}, simulated, steps between records."
    marks, y = head(title, subtitle)
    top = y + 40
    across = Axis(start=rows[0].time_s, end=rows[-1].time_s, low=LEFT, high=RIGHT)
    least = min(row.utilisation for row in rows)
    start = 0.9 if least >= 0.9 else 0.5 if least >= 0.5 else 0.0
    upper = Plot(across=across, up=Axis(start=start, end=1.0, low=top + _UPPER, high=top))
    second = upper.bottom + 56
    most = max(row.cash_usd for row in rows)
    cash = Axis(start=0.0, end=nice_end(most * 1.05, 3), low=second + _LOWER, high=second)
    lower = Plot(across=across, up=cash)
    times, words = time_ticks(across)
    told = "utilisation" + (f" (axis starts at {share(start, digits=0)})" if start else "")
    marks += frame(upper, [], share_ticks(upper.up, 2), ("", told))
    figures, unit = money_ticks(cash, 2)
    marks += frame(lower, [], figures, ("", f"cash that can be withdrawn, {unit}"))
    marks += below(lower, times, words)
    marks += _drawn(rows, upper, lower)
    last = rows[-1]
    used = share(last.utilisation)
    marks += end_labels(upper, [("at the end", used, last.utilisation)])
    marks += end_labels(lower, [("cash", dollars(last.cash_usd, cents=cents), last.cash_usd)])
    return Picture(
        kind="utilisation",
        title=title,
        subtitle=subtitle,
        height=lower.bottom + 46,
        marks=tuple(marks),
        table=table_of(title, rows, _FIELDS),
    )


_FIELDS: tuple[Field[LentAt], ...] = (
    Field("time_s", "seconds", Kind.COUNT, lambda row: row.time_s),
    Field("utilisation", "utilisation", Kind.POINT, lambda row: row.utilisation),
    Field("cash_usd", "cash", Kind.MONEY, lambda row: row.cash_usd),
)


def _title(lent: LentInTime, name: str, *, cents: bool) -> str:
    empty = next((row for row in lent.rows if row.cash_usd <= 0), None)
    if empty is not None and empty.time_s == lent.rows[0].time_s:
        return f"{name}: no cash from the start, nobody can leave"
    if empty is not None:
        return f"{name}: the last cash is gone after {duration(empty.time_s)}"
    least = min(lent.rows, key=lambda row: row.cash_usd)
    cash = dollars(least.cash_usd, cents=cents)
    used = share(max(row.utilisation for row in lent.rows))
    return f"{name}: utilisation reaches {used}; {cash} of cash is left at the least"


def _drawn(rows: tuple[LentAt, ...], upper: Plot, lower: Plot) -> list[Markup]:
    steps = _steps([upper.at(row.time_s, row.utilisation) for row in rows])
    cash = _steps([lower.at(row.time_s, row.cash_usd) for row in rows])
    base = lower.bottom
    return [
        svg.area([(cash[0][0], base), *cash, (cash[-1][0], base)], "f-value"),
        svg.polyline(steps, "k-ink", 2),
    ]


def _steps(points: list[Point]) -> list[Point]:
    """Return the corners of steps: a value holds until the next record."""
    corners = [points[0]]
    for point in points[1:]:
        corners.append((point[0], corners[-1][1]))
        corners.append(point)
    return straight(corners)
