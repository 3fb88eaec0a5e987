"""A system made ready once for many scenarios: a million accounts, milliseconds for each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from looprisk.analysis.names import label_in
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.copies import catalogued
from looprisk.engine.form import Numbers
from looprisk.engine.many import Joined
from looprisk.engine.outside import STILL, Moves
from looprisk.engine.setoff import netted
from looprisk.engine.shelved import Shelved, shelved
from looprisk.model.case import Case
from looprisk.model.collecting import collector_paused
from looprisk.model.system import System


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CompiledSystem:
    """A system with its tables of accounts sorted into books, where they carry it.

    ``refused`` names what they do not carry, and is empty where they carry all of it. Prices and
    losses are then found of all scenarios together; else, and for other verbs, each scenario is
    solved by the engine that carries everything.
    """

    system: System
    refused: str
    books: Books | None

    def __repr__(self) -> str:
        if self.books is None:
            return f"scenarios are solved by the general engine: {self.refused}"
        arrays = self.books.arrays
        return (
            f"{arrays.accounts:,} accounts in sorted books, {len(arrays.claims):,} claims: "
            "ready for `run_many`"
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Books:
    """The arrays, and what their layers are called and worth."""

    arrays: Shelved
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    start_usd: Numbers
    """[L]."""

    def cleared(self, price: Moves, loss: Moves) -> Joined:
        """Return what every layer is worth in each scenario, with its certificate."""
        found = self.arrays.solved(price, loss)
        return replace(found, value=found.value[:, self.arrays.layers])


def compiled(what: System | Case) -> CompiledSystem:
    """Return a system ready for many scenarios, to be passed to :func:`looprisk.run_many`.

    Of issuers that owe nothing and accounts in tables, whose oracles read what their collateral is
    worth, the accounts are sorted once; a scenario of a million of them then takes milliseconds.
    ``refused`` names what stands in the way of that; the answers are the same either way, to
    1e-9 of their size. Of a scenario of a file its system is taken, and the shock left out.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700e6}, owes={"outside": 530e6})})
    >>> compiled(fund).refused
    'it has no table of accounts'

    Raises ModelError and UnknownValueError as :func:`looprisk.run` does.
    """
    system = what.system if isinstance(what, Case) else what
    with collector_paused():
        catalogue = catalogued(netted(system))
        found = shelved(catalogue)
        if isinstance(found, str):
            return CompiledSystem(system=system, refused=found, books=None)
        return CompiledSystem(system=system, refused="", books=_books(catalogue, found))


def _books(catalogue: Catalogue, arrays: Shelved) -> Books:
    """Return the books with the names of their layers."""
    layers = arrays.layers
    claims = [arrays.claims[place] for place in layers.tolist()]
    return Books(
        arrays=arrays,
        ids=tuple(claim.id for claim in claims),
        labels=tuple(label_in(catalogue, claim) for claim in claims),
        start_usd=arrays.solved(STILL, STILL).value[0, layers],
    )
