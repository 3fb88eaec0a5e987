"""Stake that several services share: how much slack attacks leave, and what it certifies."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean
from looprisk.results.numbers import money, share
from looprisk.results.table import OneTable, Table

SOURCE = "Durvasula and Roughgarden 2024, arXiv:2407.21785, theorem 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """One holder of stake, and what of the prizes of its services leans on it."""

    id: str
    services: tuple[str, ...]
    stake_usd: float
    carried_usd: float
    """Sum over its services of prize x its share of their stake / threshold."""
    slack: float | None
    """stake / carried - 1; None where nothing leans on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """A coalition of validators and the services they can take over together."""

    validators: tuple[str, ...]
    services: tuple[str, ...]
    stake_usd: float
    prizes_usd: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Restaking(OneTable):
    """The slack of a restaking network, the bound that follows, and where an attack pays."""

    scenario: str
    stake_usd: float
    rows: tuple[Validator, ...]
    slack: float | None
    """A lower bound of the slack of every coalition, in one pass over validators and services;
    None where no coalition can gain anything."""
    slack_exact: str | None
    """The least slack of all coalitions, as a fraction; None where they are too many."""
    weakest: Attack | None
    """The coalition of that slack."""
    break_fraction: float | None
    """The share of the shock as written from which on an attack pays; None if it never does."""
    break_exact: str | None
    attack: Attack | None
    """The attack that pays there, at the stakes of that point."""
    traced: bool
    """Whether the way of the shock was followed through every coalition."""

    @property
    def multiplier(self) -> float | None:
        """1 + 1/slack: stake lost in all, at most, for each that is lost first; None without it."""
        if self.slack is None:
            return 1.0
        return 1 + 1 / self.slack if self.slack > 0 else None

    @property
    def headline(self) -> str:
        """The certificate, and the exact break point beside it."""
        if self.multiplier is None:
            said = "no slack is certified: somebody's services are worth more than its stake"
        elif self.slack is None:
            said = "no coalition gains anything from an attack"
        else:
            said = (
                f"attacks cost at least {share(self.slack)} more than they bring, so a loss of "
                f"stake is multiplied by {self.multiplier:.4g} at most"
            )
        if not self.traced:
            return said
        if self.break_fraction is None:
            return f"{said}; no attack pays within the shock as written"
        return f"{said}; an attack pays from {share(self.break_fraction, digits=2)} of the shock on"

    @property
    def table(self) -> Table[Validator]:
        """One row for each validator, the least covered first."""
        fields: tuple[Field[Validator], ...] = (
            Field("id", "validator", Kind.NAME, lambda row: row.id),
            Field("services", "services", Kind.TEXT, lambda row: ", ".join(row.services)),
            Field("stake_usd", "stake", Kind.MONEY, lambda row: row.stake_usd),
            Field("carried_usd", "prizes carried", Kind.MONEY, lambda row: row.carried_usd),
            Field("slack", "slack", Kind.POINT, lambda row: row.slack),
            Field("multiplier", HIDDEN, Kind.NUMBER, lambda _: self.multiplier),
        )
        return table_of(self.headline, self.rows, fields, note=self.note)

    @property
    def note(self) -> str:
        """Which coalition is the weakest, and who proved the bound."""
        parts = [f"stake {money(self.stake_usd)}"]
        if self.weakest is not None:
            parts.append(f"least slack of all coalitions {self.slack_exact}: {_said(self.weakest)}")
        if self.attack is not None:
            parts.append(f"first to pay under the shock: {_said(self.attack)}")
        return "; ".join((*parts, f"bound: {SOURCE}"))

    def to_json(self) -> str:
        """Return one JSON document with the certificate and every validator."""
        body = {"schema": "looprisk/restaking/1", **asdict(self)}
        body["multiplier"], body["source"] = self.multiplier, SOURCE
        return json.dumps(body, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _said(attack: Attack) -> str:
    return (
        f"{clean(', '.join(attack.validators))} with {money(attack.stake_usd)} take "
        f"{clean(', '.join(attack.services))} for {money(attack.prizes_usd)}"
    )
