"""What an answer rests on: how much of the loss comes through parts with an assumed figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum

from looprisk.results.answers import Clearing
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.records import Assumption
from looprisk.results.table import Table
from looprisk.results.travel import Travel


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """One assumed input and the loss that comes through the part it belongs to."""

    assumption: Assumption
    loss_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting:
    """The assumed inputs of an answer, those with most loss behind them first."""

    rows: tuple[Rests, ...]
    share: float | None
    """Of the loss of all claimants, what comes through a part with an assumed figure; None where
    nobody loses."""

    @property
    def table(self) -> Table[Rests]:
        """One row for each assumed input."""
        title = "Assumed inputs, by the loss that comes through their part"
        return table_of(title, self.rows, _FIELDS)


_FIELDS: tuple[Field[Rests], ...] = (
    Field("input", "input", Kind.NAME, lambda row: row.assumption.input),
    Field("value", "value", Kind.FIGURE, lambda row: row.assumption.value),
    Field("class", "class", Kind.TEXT, lambda row: row.assumption.class_),
    Field("source", "source", Kind.TEXT, lambda row: row.assumption.source or "none named"),
    Field("loss_usd", "loss through it", Kind.MONEY, lambda row: row.loss_usd),
)


def resting(clearing: Clearing, travel: Travel) -> Resting:
    """Return how much of the loss rests on each assumed input.

    A claimant's loss rests on an input if it comes through the part that the input belongs to:
    the claim is on that part, or on one that losses reach from it. What a part owes or pays first
    counts as a figure of it. The sum over inputs is no sum: one dollar may come through several.
    """
    onward: dict[str, set[str]] = {}
    for tie in travel.ties:
        if tie.after_usd < tie.before_usd:
            onward.setdefault(tie.source, set()).add(tie.target)
    stops = {stop.id for stop in travel.stops}
    losses: dict[str, float] = {}
    for row in clearing.waterfall_rows:
        if row.kind == "claim" and row.loss_usd > 0:
            stop = _stop_of(row.via, stops, travel)
            losses[stop] = losses.get(stop, 0.0) + row.loss_usd
    whole = fsum(losses.values())
    behind: dict[str, set[str]] = {}
    rows = []
    touched: set[str] = set()
    for assumption in clearing.assumption_rows:
        stop = _part_of(assumption.input, stops)
        if stop not in behind:
            behind[stop] = _reached(stop, onward)
        found = behind[stop] & losses.keys()
        touched |= found
        rows.append(Rests(assumption=assumption, loss_usd=fsum(losses[s] for s in sorted(found))))
    rows.sort(key=lambda row: (-row.loss_usd, row.assumption.input))
    share = fsum(losses[s] for s in sorted(touched)) / whole if whole else None
    return Resting(rows=tuple(rows), share=share)


def _stop_of(claim: str, stops: set[str], travel: Travel) -> str:
    """Return who issued a claim: the longest part of its id that is a stop."""
    if claim in travel.issuer_of:
        return travel.issuer_of[claim]
    return _part_of(claim, stops)


def _part_of(path: str, stops: set[str]) -> str:
    keys = path.split("/")
    for count in range(len(keys), 0, -1):
        name = "/".join(keys[:count])
        if name in stops:
            return name
    # `market/lends/USDC/cash` belongs to the supply `market/USDC` where a market lends several
    if len(keys) > 2 and f"{keys[0]}/{keys[2]}" in stops:
        return f"{keys[0]}/{keys[2]}"
    return keys[0]


def _reached(start: str, onward: Mapping[str, set[str]]) -> set[str]:
    found = {start}
    todo = [start]
    while todo:
        for to in sorted(onward.get(todo.pop(), ())):
            if to not in found:
                found.add(to)
                todo.append(to)
    return found
