"""The legs of a table of traders: what a venue's book is made of where nobody is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats, Ints
from looprisk.errors import ModelError, Problem
from looprisk.model.positions import VenueTable
from looprisk.model.tables import ENTRY, LEVERAGE, LONG, MARGIN, SHORT, AccountTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Traders:
    """The rows of a table as legs.

    ``names`` are those of the rows, the wallets. ``asset_of`` (leg,) names the place of each leg's
    underlying in ``assets``, ``wallet_of`` its row. ``size`` in signed units and ``entry`` in USD
    are (leg,). ``cash`` is the margin in USD of each row, from its leverage; ``tokens`` the units
    of each token that it has as margin.
    """

    names: tuple[str, ...]
    assets: tuple[str, ...]
    asset_of: Ints
    wallet_of: Ints
    size: Floats
    entry: Floats
    cash: Floats
    tokens: Mapping[str, Floats]


def traders_of(table: VenueTable, start: Mapping[str, float]) -> Traders:
    r"""Return the legs of a table that was read, row by row, in each row asset by asset.

    ``start`` is the price of every asset at the start in USD: what a leg without an entry price
    entered at. The leverage of a row is the notional of all its legs at entry over its margin.

    >>> from looprisk.model.tables import AccountTable, TableName
    >>> amounts = {"long/ETH": b"2\n0", "short/ETH": b"0\n1.5", "leverage": b"10\n5"}
    >>> read = AccountTable(digest="", rows=2, names=b"a\nb", amounts=amounts, totals={})
    >>> written = VenueTable(venue="v", table=TableName("t.csv", None, read), rows=2, sha256="")
    >>> found = traders_of(written, {"ETH": 100.0})
    >>> found.size, found.entry, found.cash
    (array([ 2. , -1.5]), array([100., 100.]), array([20., 30.]))
    """
    read = table.accounts
    if read is None:
        raise ValueError(f"{table.table}: nobody has read this table")
    sides = [name for name in read.amounts if name.startswith((LONG, SHORT))]
    assets = tuple(dict.fromkeys(name.partition("/")[2] for name in sides))
    sizes = np.stack(
        [_column(read, LONG + name) - _column(read, SHORT + name) for name in assets], axis=-1
    )
    written = np.stack([_column(read, ENTRY + name) for name in assets], axis=-1)
    known = np.array([start.get(name, np.nan) for name in assets])
    entries = np.where(written == 0, known, written)
    if np.isnan(entries[sizes != 0]).any():
        name = next(name for name in assets if name not in start)
        message = f"`{name}` is a token: what its legs entered at is not known here"
        raise ModelError([Problem(("table",), message, f"write entry/{name} in dollars")])
    wallet_of, asset_of = np.nonzero(sizes)
    cash = np.zeros(read.rows)
    if LEVERAGE in read.amounts:
        cash = np.ascontiguousarray(np.abs(sizes) * entries).sum(axis=-1)
        cash = cash / _column(read, LEVERAGE)
    return Traders(
        names=read.accounts(),
        assets=assets,
        asset_of=asset_of,
        wallet_of=wallet_of,
        size=sizes[wallet_of, asset_of],
        entry=entries[wallet_of, asset_of],
        cash=cash,
        tokens={
            name.removeprefix(MARGIN): _column(read, name)
            for name in read.amounts
            if name.startswith(MARGIN)
        },
    )


def _column(read: AccountTable, name: str) -> Floats:
    """Return one column as floats, zeros where the table does not have it."""
    text = read.amounts.get(name)
    if text is None:
        return np.zeros(read.rows)
    return np.array(text.split(b"\n")).astype(np.float64)
