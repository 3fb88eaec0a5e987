"""What is to be imported, as people write it: an address, or a market of a protocol."""

from __future__ import annotations

import re
from dataclasses import dataclass

from looprisk.onchain.address import account, chain

_MARKET = re.compile(r"0[xX][0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Target:
    """An address, the id of a market, or a contract and what is meant in it."""

    address: str
    """Checksummed; empty where only a market is named, whose contract is then looked for."""
    inside: tuple[str, ...] = ()
    """Tokens, and ids of markets, that the import keeps to."""
    chain_id: int | None = None

    def __str__(self) -> str:
        """Return it without its chain."""
        return "/".join(part for part in (self.address, *self.inside) if part)


def target(text: str) -> Target:
    """Return what ``text`` names; raise AddressError where it names nothing.

    ``eth:0x…`` is an account, a vault, a pool or a token; 64 digits are a market of Morpho Blue;
    ``eth:0xPOOL/0xTOKEN`` is one reserve of a pool, ``eth:0xMORPHO/0xMARKET`` a market in a
    contract that looprisk does not know.

    >>> target("eth:0x" + "ab" * 32).inside == ("0x" + "ab" * 32,)
    True
    >>> pool, token = "0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2", "0x" + "12" * 20
    >>> target(f"{pool}/{token}").inside == (token,)
    True
    """
    first, *rest = text.strip().split("/")
    prefix, _, digits = first.rpartition(":")
    if is_market(digits) and not rest:
        return Target("", (digits.lower(),), chain(prefix) if prefix else None)
    found = account(first)
    return Target(found.address, tuple(map(place, rest)), found.chain_id)


def place(text: str) -> str:
    """Return a contract to look in, or the id of a market in one."""
    digits = text.strip()
    return digits.lower() if is_market(digits) else account(digits).address


def is_market(digits: str) -> bool:
    """Return whether digits are the id of a market."""
    return _MARKET.fullmatch(digits) is not None
