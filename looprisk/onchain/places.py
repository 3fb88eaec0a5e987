"""Where protocols are: Aave v3, Spark, Compound III and Morpho Blue, chain by chain.

The addresses stand in ``places.json`` with their sources, versions and licence.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TypedDict


class _Book(TypedDict):
    aave_v3: dict[str, dict[str, str]]
    spark: dict[str, dict[str, str]]
    compound_v3: dict[str, dict[str, str]]
    morpho_blue: dict[str, tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Places:
    """Contracts of protocols on one chain in which an account may have something."""

    contracts: tuple[str, ...] = ()
    first_block: int = 0
    """Before it none of them has an event."""
    markets: tuple[str, ...] = ()
    """Ids of markets, where only these are to be looked at."""
    tokens: tuple[str, ...] = ()
    """Reserves of a pool, where the pool is what is imported and only these are meant."""


NOWHERE = Places()


def known(chain_id: int) -> Places:
    """Return the places that looprisk knows on a chain.

    >>> known(1).contracts[-1], known(1).first_block
    ('0xBBBBBbbBBb9cC5e90e3b3Af64bdAF62C37EEFFCb', 18883124)
    >>> known(31337)
    Places(contracts=(), first_block=0, markets=(), tokens=())
    """
    book, chain = _book(), str(chain_id)
    of_protocols = (book["aave_v3"], book["spark"], book["compound_v3"])
    pools = tuple(one for here in of_protocols for one in here.get(chain, {}).values())
    morpho = book["morpho_blue"].get(chain)
    if morpho is None:
        return Places(pools)
    return Places((*pools, morpho[0]), morpho[1])


@cache
def _book() -> _Book:
    text = resources.files(__package__).joinpath("places.json").read_text("utf-8")
    book: _Book = json.loads(text)
    return book
