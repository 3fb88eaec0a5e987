"""What every node of a system is made from: the numbers of the moment and who holds what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from looprisk.engine.affine import Affine
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.holdings import Holdings
from looprisk.engine.world import World


@dataclass(frozen=True)
class Maker:
    """The inputs of every node, together."""

    world: World
    held: Holdings
    solve_start: Callable[[], Mapping[str, Fraction]] | None = None
    """Solves the stage before its shock; None while that is done."""

    @property
    def catalogue(self) -> Catalogue:
        """The names of the system."""
        return self.world.catalogue

    @cached_property
    def at_start(self) -> Mapping[str, Fraction] | None:
        """The value of every claim before the shock of the stage, in USD.

        None while that is solved.
        """
        return self.solve_start() if self.solve_start is not None else None

    def own_price(self, claim: str) -> Affine:
        """Return the price of a unit of an asset, token or supply: what backs it, in USD."""
        if claim not in self.catalogue.supplies:
            return self.world.price(claim)
        units = self.held.units[claim]
        return Affine(Fraction(0), Fraction(0), ((claim, 1 / units),) if units else ())
