"""The sentences of a cascade."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from looprisk.results.cascade_records import CascadeEvent, StageRow, TimeCertificate, TimeLayer
from looprisk.results.numbers import duration, money, share

_MOST = 3
CENTS = 1_000.0
"""Dollars under which cents are shown."""


def headline(rows: Sequence[TimeLayer], events: Sequence[CascadeEvent], paths: int) -> str:
    """Return the answer in one sentence: who loses most, what happened first."""
    hurt = [row for row in rows if row.economic_loss_usd > 0 and row.loss_fraction]
    who = sorted(hurt, key=lambda row: -row.economic_loss_usd)[:_MOST]
    if not who:
        return "No layer loses" + (" in the mean of the paths." if paths > 1 else ".")
    named = [
        f"{row.label or row.id} loses {_dollars(row.economic_loss_usd)}"
        + (f" ({share(row.loss_fraction)})" if row.loss_fraction is not None else "")
        for row in who
    ]
    mean = f"In the mean of {paths:,} paths " if paths > 1 else ""
    first = next((e for e in events if e.phase not in {"stages", "record"}), None)
    when = ""
    if first is not None and paths == 1:
        word = first.event.replace("_", " ")
        after = f"after {duration(first.time_s)}" if first.time_s else "in the first step"
        when = f"; first {first.of} {word}, {after}"
    return f"{mean}{', '.join(named)}{when}."


def _dollars(amount: float) -> str:
    return money(amount, cents=amount < CENTS)


def subtitle(
    scenario: str, step: float, horizon: float, paths: int, certificate: TimeCertificate
) -> str:
    """Return what the numbers are: scenario, steps, paths, basis."""
    parts = [
        scenario,
        "simulated",
        f"{certificate.steps:,} steps of {duration(step)} to {duration(horizon)}",
        f"{paths:,} path{'s' if paths > 1 else ''}",
        f"{certificate.valuation} basis",
    ]
    return " · ".join(parts)


def certified(certificate: TimeCertificate) -> str:
    """Return what is proven: that value is kept, and how debts in circular units count."""
    text = (
        f"simulated: value is kept at every step to {certificate.identity_gap:.1e}; each record is "
        "the greatest clearing of its state"
    )
    if certificate.valuation != "economic":
        text += (
            ", but debts in a unit that their own loop values count at the record before "
            f"(gap at most {money(certificate.valuation_gap, cents=True)})"
        )
    return text


def silent(rows: Iterable[StageRow]) -> list[str]:
    """Return the stages that never struck, and those that moved nothing."""
    lines = []
    for row in rows:
        name = row.name if row.name.startswith("stage ") else f"stage {row.name}"
        if not row.paths:
            lines.append(f"{name} ({row.verbs}) never struck: its trigger did not fire")
        elif not row.moved:
            lines.append(f"{name} ({row.verbs}) struck and moved nothing")
    return lines


def unforeseen(pools: Sequence[str]) -> list[str]:
    """Return why the cliffs of some pools are not stated ahead."""
    return [
        f"cliffs of {pool} are not stated ahead: its depth follows volatility that is still to come"
        for pool in pools
    ]
