"""Book, economic and market price of one token in time; what the book hides is hatched."""

from collections.abc import Sequence
from itertools import pairwise

from looprisk.errors import ModelError, Problem
from looprisk.reports import svg
from looprisk.reports.layout import Axis, Key, head, legend, nice_end
from looprisk.reports.picture import Picture
from looprisk.reports.pictures.plot import (
    LEFT,
    RIGHT,
    Plot,
    end_labels,
    frame,
    note,
    price_ticks,
    straight,
    time_ticks,
)
from looprisk.reports.svg import Markup, Point
from looprisk.results.cascade_records import Moment
from looprisk.results.cascade_tables import timeline_table
from looprisk.results.cascades import Cascade
from looprisk.results.names import shown
from looprisk.results.numbers import duration, price, share

_HIGH = 240.0
_HIDES = 1e-9
_FLAT = 1e-3
"""A smaller move is not told apart by the four decimals of a price."""


def timeline(cascade: Cascade, of: str = "") -> Picture:
    """Draw the three prices of a token or supply; without ``of``, of the one that hides most.

    Raises ModelError where there is no such token.
    """
    rows = moments_of(cascade, of)
    name = shown(cascade.labels.get(rows[0].id, rows[0].id))
    title = _title(rows, name)
    subtitle = (
        f"Three values of one {name}, US dollars. {cascade.scenario}, simulated, "
        f"{len(rows)} records{', path 0' if cascade.path_count > 1 else ''}."
    )
    marks, y = head(title, subtitle)
    keys: list[Key] = [
        ("dash book", "book: what the oracle and the screen show"),
        ("line value", "economic: what backs it"),
        ("dash market", "market: what a seller gets"),
    ]
    hidden = any(_hides(row) for row in rows)
    if hidden:
        keys.append(("hatch", "hidden: book above economic"))
    drawn_keys, y = legend(keys, y)
    marks += drawn_keys
    values = [value for row in rows for value in (row.book, row.economic, row.market)]
    top = y + 40
    low = min(values)
    # an axis that does not start at nothing says so in its name
    flat = max(values) - low <= _FLAT * max(values)
    start = 0.0 if flat or low < 0.7 * max(values) else _floor(low, max(values))
    plot = Plot(
        across=Axis(start=rows[0].time_s, end=rows[-1].time_s, low=LEFT, high=RIGHT),
        up=Axis(start=start, end=_ceiling(max(values), start), low=top + _HIGH, high=top),
    )
    across, words = time_ticks(plot.across)
    told = f"US dollars per {name}" + (f" (axis starts at {price(start)})" if start else "")
    marks += frame(plot, across, price_ticks(plot.up), (words, told))
    marks += _hatches(rows, plot)
    marks += _lines(rows, plot)
    marks += _crossing(rows, plot)
    last = rows[-1]
    marks += end_labels(plot, _ends(last))
    return Picture(
        kind="timeline",
        title=title,
        subtitle=subtitle,
        height=plot.bottom + 46,
        marks=tuple(marks),
        table=timeline_table(tuple(rows)),
        hatched=hidden,
    )


def _ends(last: Moment) -> list[tuple[str, str, float]]:
    """Return the labels at the right end; lines that end at one price share a label."""
    found: dict[str, tuple[list[str], float]] = {}
    for word, value in (("book", last.book), ("economic", last.economic), ("market", last.market)):
        found.setdefault(price(value), ([], value))[0].append(word)
    return [
        ("all three" if len(words) == 3 else ", ".join(words), told, value)
        for told, (words, value) in found.items()
    ]


def _floor(low: float, high: float) -> float:
    span = max(high - low, 1e-9 * high)
    step = nice_end(span / 4)
    return max(0.0, (low // step - 1) * step)


def _ceiling(high: float, start: float) -> float:
    return start + nice_end((high - start) * 1.02 or 1.0, 4)


def moments_of(cascade: Cascade, of: str) -> tuple[Moment, ...]:
    """Return the records of one token or supply; without ``of``, of the one that hides most."""
    known = {row.id for row in cascade.layer_rows}
    by: dict[str, list[Moment]] = {}
    for row in cascade.moments:
        by.setdefault(row.id, []).append(row)
    if of:
        if of not in by:
            cascade.layer(of)
            raise ModelError([Problem((of,), f"no prices of `{of}` are on record")])
        return tuple(by[of])
    if not by:
        raise ModelError([Problem((), "no prices are on record in this cascade")])
    names = [name for name in by if name in known] or list(by)
    return tuple(by[max(names, key=lambda name: (_largest(by[name]), _moved(by[name])))])


def _largest(rows: Sequence[Moment]) -> float:
    return max((row.book - row.economic) / row.book if row.book else 0.0 for row in rows)


def _moved(rows: Sequence[Moment]) -> float:
    values = [row.economic for row in rows]
    return (max(values) - min(values)) / max(values) if max(values) else 0.0


def _hides(row: Moment) -> bool:
    return row.book - row.economic > _HIDES * row.book


def _title(rows: Sequence[Moment], name: str) -> str:
    hiding = [row for row in rows if _hides(row)]
    if not hiding:
        return f"Screens show what is there: {name} at {price(rows[-1].economic)} at the end"
    most = max(hiding, key=lambda row: row.book - row.economic)
    told = f"{price(most.book)} on the screens, {price(most.economic)} there"
    hidden = sum(after.time_s - row.time_s for row, after in pairwise(rows) if _hides(row))
    until = ", to the end" if _hides(rows[-1]) else ""
    return f"{name}: {told}; a loss stays hidden for {duration(hidden)}{until}"


def _hatches(rows: Sequence[Moment], plot: Plot) -> list[Markup]:
    """Return the area between book and economic, one for each stretch in which it hides a loss."""
    marks: list[Markup] = []
    run: list[Moment] = []
    for row in (*rows, None):
        if row is not None and _hides(row):
            run.append(row)
        elif run:
            last = row if row is not None else run[-1]
            marks.append(_hatch([*run, last] if row is not None else run, plot))
            run = []
    return marks


def _hatch(rows: Sequence[Moment], plot: Plot) -> Markup:
    book = straight([plot.at(row.time_s, row.book) for row in rows])
    real = straight([plot.at(row.time_s, min(row.book, row.economic)) for row in rows])
    most = max(rows, key=lambda row: row.book - row.economic)
    gone = share((most.book - most.economic) / most.book) if most.book else ""
    return svg.area([*book, *reversed(real)], "hatch", title=f"hidden, at most {gone}")


def _lines(rows: Sequence[Moment], plot: Plot) -> list[Markup]:
    def points(values: list[float]) -> list[Point]:
        times = [row.time_s for row in rows]
        return straight([plot.at(x, y) for x, y in zip(times, values, strict=True)])

    return [
        svg.polyline(points([row.economic for row in rows]), "k-value", 2.4),
        svg.polyline(points([row.market for row in rows]), "k-market", 2, dash="4 3"),
        svg.polyline(points([row.book for row in rows]), "k-book", 2, dash="5 3"),
    ]


def _crossing(rows: Sequence[Moment], plot: Plot) -> list[Markup]:
    """Return a note where a seller first gets less than what is there."""
    for before, row in pairwise(rows):
        if before.market >= before.economic and row.market < row.economic * (1 - 1e-6):
            at = plot.at(row.time_s, row.market)
            told = f"market falls under what is there, after {duration(row.time_s)}"
            return note(at, told, plot)
    return []
