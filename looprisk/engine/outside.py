"""What funds have that nothing in a system decides, in many scenarios of prices and losses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.sparse import csr_array

from looprisk.engine.catalogue import Catalogue, known
from looprisk.engine.form import Numbers
from looprisk.engine.maker import Maker
from looprisk.engine.shelves import Floats

Entry = tuple[int, int, float]
"""Row, column and number of a sparse matrix."""


@dataclass(frozen=True, slots=True)
class Moves:
    """K targets of one verb with a number in each of S scenarios."""

    targets: tuple[str, ...]
    sizes: Numbers
    """[K, S]."""

    def __bool__(self) -> bool:
        return bool(self.sizes.any())


STILL = Moves((), np.zeros((0, 1)))
"""One scenario in which nothing moves."""


def moves(draws: Mapping[str, Sequence[float] | Numbers], count: int) -> Moves | None:
    """Return what moves in ``count`` scenarios; None where a row is not so many finite numbers."""
    if not draws:
        return Moves((), np.zeros((0, count)))
    try:
        sizes = np.array([*draws.values()], dtype=np.float64)
    except (TypeError, ValueError):
        return None
    fits = sizes.shape == (len(draws), count) and np.isfinite(sizes).all()
    return Moves(tuple(draws), sizes) if fits else None


@dataclass(frozen=True, kw_only=True, eq=False)
class Outside:
    """A assets that T tokens stand on, and P piles of money outside."""

    assets: Mapping[str, int]
    prices: Floats
    """[A] at the start, each in the unit that it is written in."""
    units: tuple[tuple[int, int], ...]
    """Asset, and the asset its price is written in; what is nearest to dollars comes first."""
    owned: csr_array
    """[T, A] units."""
    piles: csr_array
    """[T, P] one where a pile is in a fund."""
    worth: Floats
    """[P] USD."""
    losers: Mapping[str, int]
    """What can lose: an issuer, or one of its piles."""
    spread: csr_array
    """[P, losers] the share of a loss that each pile bears."""

    def priced(self, price: Moves) -> Floats:
        """Return the prices [S, A] in USD, which move by fractions of what they were."""
        prices = np.tile(self.prices, (price.sizes.shape[1], 1))
        prices[:, [self.assets[target] for target in price.targets]] *= 1 + price.sizes.T
        for asset, unit in self.units:
            prices[:, asset] *= prices[:, unit]
        return prices

    def under(self, prices: Floats, loss: Moves) -> Floats:
        """Return the outside assets [S, T], in USD, at prices [S, A] and after losses in USD.

        A pile loses no more than all of it.
        """
        sizes = np.zeros((len(self.losers), len(prices)))
        sizes[[self.losers[target] for target in loss.targets]] = loss.sizes
        left = np.maximum(self.worth[:, None] - self.spread @ sizes, 0.0)
        found: Floats = (self.owned @ prices.T + self.piles @ left).T
        return found


def outside(make: Maker, posted: Sequence[tuple[str, Fraction]]) -> Outside:
    """Return what issuers, and after them the assets that accounts have ``posted``, stand on."""
    catalogue = make.catalogue
    system = catalogue.system
    assets = {asset: i for i, asset in enumerate(system.assets)}
    piles = [(name, pile) for name, issuer in system.issuers.items() for pile in issuer.outside]
    worth = [known(system.issuers[n].outside[p], n, "outside", p) for n, p in piles]
    fund = {name: i for i, name in enumerate(system.issuers)}
    owned = [
        (fund[name], assets[asset], float(units))
        for name in fund
        for asset, units in make.held.assets[name].items()
    ]
    owned += [(len(fund) + i, assets[a], float(n)) for i, (a, n) in enumerate(posted)]
    count = len(fund) + len(posted)
    losers, spread = _losers(piles, worth)
    return Outside(
        assets=assets,
        prices=np.array([float(make.world.before.prices[asset]) for asset in assets]),
        units=tuple((assets[asset], assets[unit]) for asset, unit in _written_in(catalogue)),
        owned=matrix(owned, (count, len(assets))),
        piles=matrix([(fund[n], i, 1.0) for i, (n, _) in enumerate(piles)], (count, len(piles))),
        worth=np.array([float(value) for value in worth]),
        losers=losers,
        spread=spread,
    )


def _written_in(catalogue: Catalogue) -> list[tuple[str, str]]:
    """Return (asset, unit of its price) of all that are not priced in dollars."""
    unit = {a: part.price.of for a, part in catalogue.system.assets.items() if part.price.of}

    def depth(asset: str) -> int:
        return 1 + depth(unit[asset]) if asset in unit else 0

    return [(asset, unit[asset]) for asset in sorted(unit, key=depth)]


def _losers(
    piles: Sequence[tuple[str, str]], worth: Sequence[Fraction]
) -> tuple[dict[str, int], csr_array]:
    """Return everything that can lose, and how a loss is spread: over an issuer pro rata."""
    total: dict[str, Fraction] = {}
    for (name, _), value in zip(piles, worth, strict=True):
        total[name] = total.get(name, Fraction(0)) + value
    losers: dict[str, int] = {}
    shares: list[Entry] = []
    for place, ((name, pile), value) in enumerate(zip(piles, worth, strict=True)):
        if value:
            one = losers.setdefault(f"{name}/outside/{pile}", len(losers))
            every = losers.setdefault(name, len(losers))
            shares += [(place, one, 1.0), (place, every, float(value / total[name]))]
    return losers, matrix(shares, (len(piles), len(losers)))


def matrix(entries: Sequence[Entry], shape: tuple[int, int]) -> csr_array:
    """Return a sparse matrix of floats."""
    row = [entry[0] for entry in entries]
    column = [entry[1] for entry in entries]
    return csr_array(([entry[2] for entry in entries], (row, column)), shape=shape, dtype=float)
