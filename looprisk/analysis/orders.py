"""All that an unknown order can be: who is paid first, and which copies bear a shortfall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from looprisk.errors import NotCarriedError
from looprisk.model.system import System
from looprisk.model.tokens import Par, Share

MOST_CLAIMS = 4
"""Up to so many claims every order is tried: 75 of them."""


def choices(system: System, place: tuple[str, ...]) -> tuple[object, ...]:
    """Return every value that a word written ``unknown`` can have; () where it is no finite choice.

    Raises NotCarriedError where there are too many.
    """
    if place[-1] == "pays":
        return payment_orders(system, place[1])
    if place[-1] == "shortfall_borne_by":
        return bearers(system, place[1], place[3])
    return ()


def payment_orders(system: System, name: str) -> tuple[object, ...]:
    """Return every order in which an issuer can pay its claims, as ``pays`` writes it.

    Claims of one rank share equally; its shares are what is left and stand last.
    """
    issuer = system.issuers[name]
    ranked = [
        *issuer.owes,
        *(t for t, receipt in issuer.issues.items() if isinstance(receipt, Par)),
    ]
    shares = [t for t, receipt in issuer.issues.items() if isinstance(receipt, Share)]
    if len(ranked) > MOST_CLAIMS:
        raise NotCarriedError(
            f"{name}/pays is unknown and orders {len(ranked)} claims: all orders are tried "
            "for up to "
            f"{MOST_CLAIMS}; write the ranks that are known, or try one with --set {name}/pays=[…]"
        )
    last = [shares] if len(shares) > 1 else shares
    return tuple([*(_rank(rank) for rank in order), *last] for order in weak_orders(ranked))


def _rank(names: Sequence[str]) -> object:
    return names[0] if len(names) == 1 else list(names)


def weak_orders(names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Yield every way to rank names, ties allowed: 1, 3, 13, 75 for one to four names.

    >>> [len(list(weak_orders("abcd"[:n]))) for n in range(1, 5)]
    [1, 3, 13, 75]
    """
    if not names:
        yield ()
        return
    for size in range(1, len(names) + 1):
        for first in combinations(names, size):
            rest = [name for name in names if name not in first]
            for below in weak_orders(rest):
                yield (first, *below)


def bearers(system: System, issuer: str, token: str) -> tuple[object, ...]:
    """Return everybody who can bear a shortfall of a token: all, or some of its copies alone."""
    copies = list(system.issuers[issuer].issues[token].copies)
    if len(copies) > MOST_CLAIMS:
        raise NotCarriedError(
            f"{token}/shortfall_borne_by is unknown and {token} has {len(copies)} copies: all "
            f"choices are tried for up to {MOST_CLAIMS}; try one with "
            f"--set {token}/shortfall_borne_by=all"
        )
    some = [list(c) for size in range(1, len(copies) + 1) for c in combinations(copies, size)]
    return ("all", *some)
