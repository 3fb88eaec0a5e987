"""What every node of a system is made from: the numbers of the moment and who holds what."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looprisk.engine.affine import Affine
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.holdings import Holdings
from looprisk.engine.world import World


@dataclass(frozen=True)
class Maker:
    """The inputs of every node, together."""

    world: World
    held: Holdings

    @property
    def catalogue(self) -> Catalogue:
        """The names of the system."""
        return self.world.catalogue

    def own_price(self, claim: str) -> Affine:
        """Return the price of a unit of an asset, token or supply: what backs it, in USD."""
        if claim not in self.catalogue.supplies:
            return self.world.price(claim)
        units = self.held.units[claim]
        return Affine(Fraction(0), Fraction(0), ((claim, 1 / units),) if units else ())
