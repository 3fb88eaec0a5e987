"""What a table of accounts must fulfil in the market it stands in."""

from __future__ import annotations

from collections.abc import Iterator

from looprisk.errors import Problem
from looprisk.model.markets import Market
from looprisk.model.names import Path, did_you_mean, unresolved
from looprisk.model.positions import TablePosition
from looprisk.model.tables import COLLATERAL, DEBT, E_MODE, AccountTable


def check_table(position: TablePosition, market: Market, path: Path) -> Iterator[Problem]:
    """Yield what a table names that its market neither takes nor lends.

    Problems of a column stand at ``table`` and the name of the column.
    """
    taken = {*market.collateral, *(c for mode in market.e_modes.values() for c in mode.collateral)}
    columns = {*(COLLATERAL + token for token in taken), *(DEBT + token for token in market.lends)}
    for column in position.totals:
        place = (*path, "totals", column)
        yield from unresolved(column, sorted(columns), place, "column of its table", on_key=True)
    if position.accounts is not None:
        yield from _columns(position.market, position.accounts, columns, path)
        yield from _modes(position.market, position.accounts, market, path)


def _columns(
    market: str, accounts: AccountTable, columns: set[str], path: Path
) -> Iterator[Problem]:
    for column in accounts.amounts:
        if column not in columns:
            side, _, token = column.partition("/")
            what = (
                f"collateral of {market}" if side == "collateral" else f"token that {market} lends"
            )
            help_ = did_you_mean(column, columns)
            yield Problem((*path, "table", column), f"`{token}` is no {what}", help_)


def _modes(market: str, accounts: AccountTable, terms: Market, path: Path) -> Iterator[Problem]:
    modes = accounts.modes()
    for mode in sorted(set(modes) - {"", *terms.e_modes}):
        message = f"`{mode}`, the e-mode of row {modes.index(mode) + 1:_}, is no e-mode of {market}"
        yield Problem((*path, "table", E_MODE), message, did_you_mean(mode, terms.e_modes))
