"""Sums of products: what a number was made from, whatever its value is."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

Product = tuple[tuple[int, int], ...]
"""(what was multiplied, power), in order."""
Terms = Mapping[Product, Fraction]
Key = frozenset[tuple[Product, Fraction]]


def joined(one: Product, other: Product) -> tuple[Product, bool]:
    """Return the product of two, and whether something in it fell out."""
    powers = dict(one)
    for at, power in other:
        powers[at] = powers.get(at, 0) + power
    left = tuple(sorted((at, power) for at, power in powers.items() if power))
    return left, len(left) < len(powers)


def ratio_of(a: Terms, b: Terms) -> Fraction | None:
    """Return the number that one sum is of another; None where it is no number."""
    if a.keys() != b.keys():
        return None
    ratios = {factor / b[product] for product, factor in a.items()}
    return ratios.pop() if len(ratios) == 1 else None
