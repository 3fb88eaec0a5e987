"""A table of accounts as it was read: columns of plain decimals, exact and immutable.

Columns are kept as text, one number a line: this is small, can be hashed and pickled, and says
nothing about how an engine counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Self

from pydantic import PlainValidator, WithJsonSchema

from looprisk.model.fields import Word, text
from looprisk.model.frozen import FrozenMap
from looprisk.model.values import split_source

COLLATERAL, DEBT, E_MODE, ACCOUNT = "collateral/", "debt/", "e_mode", "account"
LONG, SHORT, ENTRY, MARGIN, LEVERAGE = "long/", "short/", "entry/", "margin/", "leverage"
"""Columns of a table of traders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountTable:
    """The rows of a table file, column by column; equal where the files have the same content.

    ``digest`` is the ``sha256:`` of the uncompressed file, ``rows`` the number of accounts.
    """

    digest: str
    rows: int
    names: bytes = field(repr=False, compare=False)
    """The accounts, UTF-8, one a line."""
    amounts: Mapping[str, bytes] = field(repr=False, compare=False)
    """``collateral/TOKEN`` or ``debt/TOKEN``: units of the token, a plain decimal a line.

    Of traders ``long/TOKEN short/TOKEN margin/TOKEN``, ``entry/TOKEN`` in dollars, ``leverage``.
    """
    totals: Mapping[str, Fraction] = field(repr=False, compare=False)
    """The sum of each column, in its unit."""
    e_modes: bytes = field(default=b"", repr=False, compare=False)
    """The e-mode of each account, one a line, empty for none; nothing where no column says."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "amounts", FrozenMap(self.amounts))
        object.__setattr__(self, "totals", FrozenMap(self.totals))

    def modes(self) -> tuple[str, ...]:
        """Return the e-mode of every account; ``()`` where the table has no such column."""
        return tuple(self.e_modes.decode().split("\n")) if self.e_modes else ()

    @property
    def has_traders(self) -> bool:
        """Whether its columns are those of traders on a venue."""
        return any(name.startswith((LONG, SHORT)) for name in self.amounts)

    def accounts(self) -> tuple[str, ...]:
        """Return the name of every account."""
        return tuple(self.names.decode().split("\n")) if self.rows else ()


class TableName(Word):
    """The name of a table file, with the accounts that were read from it."""

    __slots__ = ("accounts",)
    accounts: AccountTable | None

    def __new__(
        cls, text: str, source: str | None = None, accounts: AccountTable | None = None
    ) -> Self:
        """Return ``text`` as a name that carries its ``source`` and the ``accounts`` read."""
        name = super().__new__(cls, text, source)
        name.accounts = accounts
        return name


def table_name(raw: object) -> TableName:
    """Read the name of a table; one that carries its accounts keeps them."""
    if isinstance(raw, TableName):
        return raw
    written, source = split_source(text(raw))
    if not written:
        raise ValueError("no value; name a file such as tables/accounts.csv.gz")
    return TableName(written, source)


TableRef = Annotated[
    TableName,
    PlainValidator(table_name),
    WithJsonSchema({"type": "string", "examples": ["tables/accounts.csv.gz"]}),
]
