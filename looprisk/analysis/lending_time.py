"""Utilisation and cash of a supply as a cascade goes, record by record."""

from __future__ import annotations

from datetime import UTC, datetime

from looprisk.analysis.cascading import simulated
from looprisk.analysis.clearing import title
from looprisk.analysis.names import chosen, part_label
from looprisk.cascade.accrue import utilisation
from looprisk.model.case import Case
from looprisk.model.values import Value
from looprisk.results.market_records import LentAt, LentInTime


def lent_in_time(case: Case, of: str) -> LentInTime:
    """Return utilisation and cash of a supply at every record of path 0.

    Cash counts at the price of the loan token at the moment. Raises ModelError where there is no
    such supply.
    """
    case, done = simulated(case, keep=None)
    plan = done.plan
    supplies = list(plan.catalogue.supplies)
    of = chosen(of, supplies, "supply of a market")
    book, loan = plan.supplies[supplies.index(of)]
    good = plan.books[book].loans[loan]
    rows = []
    for now, record in zip(plan.steps.times.tolist(), done.records, strict=True):
        market = record.state.markets[book]
        cash = float(market.cash[0, loan]) * float(record.state.price[0, good])
        used = float(utilisation(market)[0, loan])
        rows.append(LentAt(time_s=now, utilisation=used, cash_usd=cash))
    clock = case.scenario.time
    return LentInTime(
        scenario=title(case),
        id=of,
        label=part_label(plan.system, of),
        start=None if clock is None or clock.start is None else _date(clock.start),
        rows=tuple(rows),
    )


def _date(value: Value) -> datetime:
    return datetime.fromtimestamp(float(value.number), UTC)
