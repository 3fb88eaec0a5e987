"""Random systems in which some values are intervals or unknown, and completions of them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random

from looprisk.analysis.bounds import Cases
from looprisk.errors import LoopriskError
from looprisk.model.case import Case
from looprisk.model.paths import text_of
from looprisk.model.tree import dump, leaves
from looprisk.model.values import Value, decimal_text
from looprisk.model.vocabulary import SECTIONS

OPEN_KEYS = {
    "outside",
    "owes",
    "owns",
    "supply",
    "lltv",
    "cash",
    "collateral",
    "debt",
    "default_recovery",
    "par",
    "price",
    "amount",
    "pays",
}
"""Keys whose values a test may leave open."""


def opened(
    case: Case, random: Random, count: int, lows: tuple[int, ...] = (0, 5, 8, 9, 10)
) -> Case | None:
    """Return a case with some of its numbers as intervals around them; None where it is none."""
    tree = dump(case.system)
    places = [
        (place, leaf)
        for section in SECTIONS
        for place, leaf in leaves(tree.get(section, {}), (section,))
        if OPEN_KEYS & set(place) and isinstance(leaf, Value) and leaf.known and leaf.number
    ]
    if not places:
        return None
    changes = {}
    for place, leaf in random.sample(places, min(count, len(places))):
        low = leaf.number * Fraction(random.choice(lows), 10)
        high = leaf.number * Fraction(random.choice([10, 11, 12, 15, 20]), 10)
        if leaf.unit == "fraction":
            low, high = min(low, Fraction(1)), min(high, Fraction(1))
        if low < high:
            changes[text_of(place)] = _written(leaf, low, high)
    for name, issuer in case.system.issuers.items():
        if issuer.pays and random.random() < 0.15:
            changes[f"{name}/pays"] = "unknown"
    if not changes:
        return None
    try:
        return replace(case, system=case.system.set(changes))
    except LoopriskError:
        return None


def _written(leaf: Value, low: Fraction, high: Fraction) -> str:
    if leaf.unit == "usd":
        return f"${decimal_text(low)}..${decimal_text(high)}"
    if leaf.unit == "fraction":
        return f"{decimal_text(low * 100)}%..{decimal_text(high * 100)}%"
    return f"{decimal_text(low)}..{decimal_text(high)}" + (f" {leaf.of}" if leaf.of else "")


def drawn(cases: Cases, random: Random):
    """Return a random completion, solved; None where the values do not fit together."""
    choice = random.choice(list(cases.families))
    family = cases.families[choice]
    shares = (random.choice([0, 1, *range(1, 64)]) for _ in family.numbers)
    corner = tuple(
        d.at(Fraction(s, 64) if s > 1 else Fraction(s))
        for d, s in zip(family.numbers, shares, strict=True)
    )
    try:
        return family.at(corner)
    except LoopriskError:
        return None
