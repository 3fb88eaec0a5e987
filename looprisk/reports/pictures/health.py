"""Debt by the health factor of whoever owes it, before a shock and after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from looprisk.reports import svg
from looprisk.reports.layout import Axis, Key, head, legend, nice_end
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.pictures.plot import LEFT, Plot, frame, money_ticks
from looprisk.reports.svg import Markup
from looprisk.reports.words import dollars, in_cents
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.market_records import Debts
from looprisk.results.names import shown

BIN, _LOW, _OPEN = 0.05, 0.5, 2.0
_FIRST, _LAST = 18, 25
"""Bins from 0.90 to 1.25 always stand: health 1 and what is near it are in the picture."""
_LEAST_PX = 1.5
_HIGH = 220.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Debt of accounts whose health lies in one bin."""

    start: float
    """The lower end; the first and the last bin are open."""
    before_usd: float
    after_usd: float


def health(debts: Debts) -> Picture:
    """Draw debt per bin of health: the outline before the shock, the fill after it."""
    bins = bins_of(debts)
    whole = sum(row.debt_usd for row in debts.rows)
    under = sum(row.debt_usd for row in debts.rows if row.after is not None and row.after < 1)
    cents = in_cents([whole])
    where = f" to {shown(debts.of)}" if debts.of else ""
    title = _title(debts, under, whole, cents=cents)
    subtitle = (
        f"Debt{where} by health factor, {_accounts(len(debts.rows))}, before the shock and after "
        f"it, before any liquidation. {debts.scenario}."
    )
    marks, y = head(title, subtitle)
    table = table_of(title, bins, _FIELDS)
    if not bins:
        marks.append(svg.text(MARGIN, y + 26, "Nobody owes anything here."))
        height = y + 40
    else:
        keys: list[Key] = [("outline", "before the shock"), ("value", "after it, healthy")]
        if under:
            keys.append(("loss", "after it, under 1: can be liquidated"))
        drawn, y = legend(keys, y)
        body, height = _bars(bins, y)
        marks += [*drawn, *body]
    return Picture(
        kind="health",
        title=title,
        subtitle=subtitle,
        height=height,
        marks=tuple(marks),
        table=table,
    )


_FIELDS: tuple[Field[Bin], ...] = (
    Field("start", "health from", Kind.MULTIPLE, lambda row: row.start),
    Field("before_usd", "debt before", Kind.MONEY, lambda row: row.before_usd),
    Field("after_usd", "debt after", Kind.MONEY, lambda row: row.after_usd),
)


def bins_of(debts: Debts) -> tuple[Bin, ...]:
    """Return debt by bins of 0.05, the last from 2 on, the first with all below 0.5."""
    found: dict[int, list[float]] = {}
    for row in debts.rows:
        for side, factor in enumerate((row.before, row.after)):
            if factor is not None:
                place = _place(factor)
                found.setdefault(place, [0.0, 0.0])[side] += row.debt_usd
    if not found:
        return ()
    first, last = min(_FIRST, *found), max(_LAST, *found)
    none = [0.0, 0.0]
    return tuple(
        Bin(
            start=round(place * BIN, 9),
            before_usd=found.get(place, none)[0],
            after_usd=found.get(place, none)[1],
        )
        for place in range(first, last + 1)
    )


def _place(factor: float) -> int:
    # a health of exactly 1 is healthy; rounding must not put it under
    return floor(min(max(factor, _LOW), _OPEN) / BIN + 1e-9)


def _accounts(count: int) -> str:
    return "1 account" if count == 1 else f"{count:,} accounts"


def _title(debts: Debts, under: float, whole: float, *, cents: bool) -> str:
    shock = debts.shock
    told = dollars(whole, cents=cents)
    if not under:
        return f"{shock} leaves all of {told} of debt at a health factor of 1 or more"
    return f"{shock} puts {dollars(under, cents=cents)} of {told} of debt under health factor 1"


def _bars(bins: Sequence[Bin], y: float) -> tuple[list[Markup], float]:
    top = y + 52
    most = max(max(b.before_usd, b.after_usd) for b in bins)
    end = bins[-1].start + BIN
    across = Axis(start=bins[0].start, end=end, low=LEFT, high=WIDE - MARGIN)
    plot = Plot(across=across, up=Axis(start=0.0, end=nice_end(most, 3), low=top + _HIGH, high=top))
    up, unit = money_ticks(plot.up, 3)
    step = 1 if len(bins) <= 8 else 2 if len(bins) <= 16 else 4
    across_ticks = [
        (b.start, _label(b, bins)) for b in bins if round((b.start - 1) / BIN) % step == 0
    ]
    marks = frame(
        plot,
        across_ticks,
        up,
        (f"health factor (lower end of each bin{_open(bins)})", f"debt, {unit}"),
        above=24,
    )
    for b in bins:
        left, right = across.at(b.start) + 1, across.at(b.start + BIN) - 1
        after = _level(plot, b.after_usd)
        paint = "f-loss" if b.start < 1 - 1e-9 else "f-value"
        marks.append(svg.rect(left, after, right - left, plot.bottom - after, paint))
        before = _level(plot, b.before_usd)
        if b.before_usd:
            high = plot.bottom - before
            marks.append(
                svg.rect(left, before, right - left, high, "k-book", stroke=1.2, dash="3 2")
            )
    if bins[0].start <= 1 <= end:
        x = across.at(1.0)
        marks.append(svg.line((x, top - 14), (x, plot.bottom), "k-ink", 1.6))
        side, anchor = (x + 6, "") if x < WIDE - 150 else (x - 6, " r")
        marks.append(svg.text(side, top - 4, "health factor 1", f"s b{anchor} halo"))
    return marks, plot.bottom + 46


def _level(plot: Plot, usd: float) -> float:
    """Return the top of a bar: money that is there is seen, however little."""
    return min(plot.up.at(usd), plot.bottom - _LEAST_PX) if usd else plot.bottom


def _open(bins: Sequence[Bin]) -> str:
    low, high = bins[0].start <= _LOW, bins[-1].start >= _OPEN - 1e-9
    told = {(True, True): "first and last", (True, False): "first", (False, True): "last"}
    return f"; {told[low, high]} open" if low or high else ""


def _label(one: Bin, bins: Sequence[Bin]) -> str:
    if one is bins[0] and one.start <= _LOW:
        return f"to {one.start + BIN:.2f}"
    return f"{one.start:.2f}" + ("+" if one.start >= _OPEN - 1e-9 else "")
