"""Shocks that change the system itself: a parameter that moves, a position that is taken (class N).

At a share ``s`` of the stage a number stands at that share of its way, a word has changed for every
``s`` above zero, and a position is taken at that share of its size.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.copies import catalogued
from looprisk.engine.state import Account, State
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.paths import find
from looprisk.model.positions import LoanPosition
from looprisk.model.scenario import Stage
from looprisk.model.tree import dump
from looprisk.model.values import Value

PARAMETERS = frozenset(
    {
        "lltv",
        "ltv",
        "incentive",
        "oracle",
        "par",
        "liquidators",
        "default_recovery",
        "pays",
        "insurance",
        "liquidation_factor",
        "storefront",
        "book_price",
        "price",
        "cap",
        "realises",
    }
)
"""What ``change`` may move; amounts move by ``mint``, ``run``, ``open`` and ``loss``."""


def changed(catalogue: Catalogue, stage: Stage, s: Fraction) -> Catalogue:
    """Return the names of the system with its parameters at the share ``s`` of their way."""
    if not stage.change or not s:
        return catalogue
    system = catalogue.written or catalogue.system
    for path in stage.change:
        if not PARAMETERS & set(path.split("/")):
            raise NotCarriedError(
                f"change: `{path}` is an amount, not a parameter: write `mint`, `run`, "
                "`open` or `loss`, or "
                "another start under `set`"
            )
    full = system.set(dict(stage.change))
    tree, target = dump(system), dump(full)
    moved = {path: _between(_leaf(tree, path), _leaf(target, path), s) for path in stage.change}
    return catalogued(system.set(moved))


def _leaf(tree: Mapping[str, object], path: str) -> object:
    node: object = tree
    for key in find(tree, path):
        node = node.get(key) if isinstance(node, Mapping) else None
    return node


def _between(old: object, new: object, s: Fraction) -> object:
    """Return a number at the share ``s`` of its way; anything else as it becomes."""
    if not (isinstance(old, Value) and isinstance(new, Value)):
        return new
    if not (old.known and new.known) or (old.unit, old.of) != (new.unit, new.of):
        return new
    number = old.number + s * (new.number - old.number)
    return replace(new, low=number, high=number, text=str(float(number)))


def opened(
    catalogue: Catalogue, state: State, stage: Stage, s: Fraction
) -> tuple[Catalogue, State]:
    """Return the system and the state with a stage's positions at the share ``s`` of their size."""
    if not stage.open:
        return catalogue, state
    accounts, cash = dict(state.accounts), dict(state.cash)
    positions: dict[str, LoanPosition] = {}
    for name, position in stage.open.items():
        if not isinstance(position, LoanPosition) or position.loop is not None:
            raise NotCarriedError(
                f"open/{name}: a loan with `collateral` and `debt` is opened here; loops, legs and "
                "tables in a scenario with `time`"
            )
        positions[name] = position
        debts = {t: s * known(n, "open", name, "debt", t) for t, n in position.debt.items()}
        accounts[name] = Account(
            collateral={
                c: s * known(n, "open", name, "collateral", c)
                for c, n in position.collateral.items()
            },
            debts=debts,
        )
        for token, drawn in debts.items():
            supply = catalogue.supply_of(str(position.market), str(token))
            cash[supply] -= drawn
            if cash[supply] < 0:
                raise _too_little(name, supply, cash[supply] + drawn)
    system, written = catalogue.system, catalogue.written or catalogue.system
    every = {**system.positions, **positions}, {**written.positions, **positions}
    system, written = (
        one.model_copy(update={"positions": found})
        for one, found in zip((system, written), every, strict=True)
    )
    return Catalogue(system, written), replace(state, accounts=accounts, cash=cash)


def _too_little(name: str, supply: str, there: Fraction) -> ModelError:
    message = f"open: {name} draws more than the {float(there):,.0f} that {supply} has in cash"
    return ModelError([Problem(("open", name), message, "draw less, or give the market more cash")])
