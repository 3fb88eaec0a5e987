"""One shock under every rule for who bears the loss, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean, shown
from looprisk.results.numbers import money
from looprisk.results.phrases import certified_rows, verb_for
from looprisk.results.table import OneTable, Table

SHOWN = 5
"""Claimants that a terminal shows, those whom the rule moves most; a file has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One rule and what every outside claimant bears under it, in USD; losses are positive."""

    path: str
    """Where the rule is written, such as ``Stream/pays``; empty for the system as given."""
    rule: str
    losses: Mapping[str, float]
    residual: float | None = None
    conservation_gap: float | None = None
    refused: str = ""
    """Why there is no certified answer; empty where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Allocations(OneTable):
    """The same shock under the rules as given, then under each other rule that could be written."""

    scenario: str
    rows: tuple[Allocation, ...]

    @property
    def claimants(self) -> tuple[str, ...]:
        """Everybody who bears a loss under some rule, those whom the rule moves most first."""
        solved = [row.losses for row in self.rows if not row.refused]
        names = {name for losses in solved for name in losses}

        def moved(name: str) -> float:
            every = [losses.get(name, 0.0) for losses in solved]
            return max(every) - min(every)

        hurt = [name for name in names if any(losses.get(name) for losses in solved)]
        return tuple(sorted(hurt, key=lambda name: (-moved(name), name)))

    @property
    def headline(self) -> str:
        """Whom the choice of a rule moves most, and from how much to how much."""
        title = clean(self.scenario)
        solved = [row.losses for row in self.rows if not row.refused]
        if len(self.rows) < 2 or not solved:
            return f"{title}: no other rule would change who bears this."
        if len(solved) == 1:
            return f"{title}: of {len(self.rows)} rules only one has an answer."
        names = self.claimants
        if not names:
            return f"{title}: nobody loses, whatever the rule."
        first = names[0]
        every = [losses.get(first, 0.0) for losses in solved]
        least, most = min(every), max(every)
        cents = most < 1e4
        verb = verb_for(first, "lose")
        if least == most:
            return f"{title}: every rule gives the same losses."
        told = f"{money(least, cents=cents)} to {money(most, cents=cents)}"
        return f"{title}: {shown(first)} {verb} {told}, by the rule."

    @property
    def table(self) -> Table[Allocation]:
        """One row for each rule: what each claimant bears."""
        refused = any(row.refused for row in self.rows)
        fields: list[Field[Allocation]] = [
            Field("path", "what", Kind.NAME, lambda row: row.path or "as given"),
            Field("rule", "rule", Kind.FIGURE, lambda row: row.rule),
        ]
        fields += [
            Field(
                name,
                clean(name).replace("/", "⁄").replace(" ", "/") if at < SHOWN else HIDDEN,
                Kind.MONEY,
                partial(_loss, name),
                leaves=SHOWN - at if at else 0,
            )
            for at, name in enumerate(self.claimants)
        ]
        fields += [
            Field("residual", HIDDEN, Kind.NUMBER, lambda row: row.residual),
            Field("conservation_gap", HIDDEN, Kind.NUMBER, lambda row: row.conservation_gap),
            Field(
                "refused", "no answer" if refused else HIDDEN, Kind.TEXT, lambda row: row.refused
            ),
        ]
        return table_of(self.headline, self.rows, tuple(fields), note=self._note)

    @property
    def _note(self) -> str:
        hidden = len(self.claimants) - SHOWN
        more = f"; {hidden} more claimants in CSV and JSON" if hidden > 0 else ""
        return certified_rows(self.rows) + more


def _loss(name: str, row: Allocation) -> float | None:
    return None if row.refused else row.losses.get(name, 0.0)
