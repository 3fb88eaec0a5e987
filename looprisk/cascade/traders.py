"""The legs of a table of traders: what a venue's book is made of where nobody is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.arrays import Floats, Ints
from looprisk.cascade.sums import total
from looprisk.model.positions import VenueTable
from looprisk.model.tables import ENTRY, LEVERAGE, LONG, MARGIN, SHORT, AccountTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Traders:
    """The rows of a table as legs.

    ``names`` are those of the rows, the wallets. ``asset_of`` (leg,) names the place of each leg's
    underlying in ``assets``, ``wallet_of`` its row. ``size`` is in signed units, ``written`` the
    entry in USD, NaN where the table leaves it open; both (leg,). ``leverage`` (row,) is NaN where
    the margin is in tokens, of which ``tokens`` says the units of each row.
    """

    names: tuple[str, ...]
    assets: tuple[str, ...]
    asset_of: Ints
    wallet_of: Ints
    size: Floats
    written: Floats
    leverage: Floats
    tokens: Mapping[str, Floats]

    def entries(self, mark: Floats) -> Floats:
        """Return what every leg enters at where the mark is ``mark`` [..., leg], USD."""
        return np.where(np.isnan(self.written), mark, self.written)

    def cash(self, entry: Floats) -> Floats:
        """Return the margin in USD that leverage asks of every row, [..., row]."""
        notional = np.zeros((*entry.shape[:-1], len(self.names), len(self.assets)))
        notional[..., self.wallet_of, self.asset_of] = np.abs(self.size) * entry
        return np.where(np.isnan(self.leverage), 0.0, total(notional) / self.leverage)


def traders_of(table: VenueTable) -> Traders:
    r"""Return the legs of a table that was read, row by row, in each row asset by asset.

    The leverage of a row is the notional of all its legs at entry over its margin.

    >>> from looprisk.model.tables import AccountTable, TableName
    >>> amounts = {"long/ETH": b"2\n0", "short/ETH": b"0\n1.5", "leverage": b"10\n5"}
    >>> read = AccountTable(digest="", rows=2, names=b"a\nb", amounts=amounts, totals={})
    >>> written = VenueTable(venue="v", table=TableName("t.csv", None, read), rows=2, sha256="")
    >>> found = traders_of(written)
    >>> entry = found.entries(np.array([100.0, 100.0]))
    >>> found.size, entry, found.cash(entry)
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
    wallet_of, asset_of = np.nonzero(sizes)
    return Traders(
        names=read.accounts(),
        assets=assets,
        asset_of=asset_of,
        wallet_of=wallet_of,
        size=sizes[wallet_of, asset_of],
        written=np.where(written == 0, np.nan, written)[wallet_of, asset_of],
        leverage=_column(read, LEVERAGE)
        if LEVERAGE in read.amounts
        else np.full(read.rows, np.nan),
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
