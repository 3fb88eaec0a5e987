"""Addresses as people write them, and the names of chains.

EIP-55 ``0x…`` alone; CAIP-10 ``eip155:1:0x…``; ERC-3770 ``eth:0x…``; DefiLlama ``ethereum:0x…``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

from eth_utils.address import to_checksum_address

from looprisk.errors import AddressError, Problem

CHAINS: dict[int, tuple[str, ...]] = {
    1: ("ethereum", "eth", "mainnet"),
    10: ("optimism", "oeth", "op"),
    25: ("cronos", "cro"),
    56: ("bsc", "bnb"),
    100: ("xdai", "gno", "gnosis"),
    130: ("unichain",),
    137: ("polygon", "matic", "pol"),
    143: ("monad", "mon"),
    146: ("sonic",),
    239: ("tac",),
    250: ("fantom", "ftm"),
    252: ("fraxtal",),
    324: ("era", "zksync"),
    480: ("wc", "worldchain"),
    999: ("hyperliquid", "hyperevm"),
    1088: ("metis", "metis-andromeda"),
    1284: ("moonbeam", "mbeam"),
    1329: ("sei", "sei-evm"),
    1868: ("soneium",),
    5000: ("mantle", "mnt"),
    8453: ("base",),
    9745: ("plasma",),
    31337: ("local", "anvil"),
    34443: ("mode",),
    42161: ("arbitrum", "arb1"),
    42220: ("celo",),
    43114: ("avax", "avalanche"),
    57073: ("ink",),
    59144: ("linea",),
    80094: ("berachain",),
    81457: ("blast", "blastmainnet"),
    98866: ("plume_mainnet", "plume"),
    534352: ("scroll", "scr"),
    747474: ("katana",),
}
"""Each chain by its id, the name that DefiLlama uses first."""
_IDS = {name: chain_id for chain_id, names in CHAINS.items() for name in names}
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_EXPECTED = "an address is 0x and 40 hexadecimal digits, or eth:0x…, eip155:1:0x…, ethereum:0x…"


@dataclass(frozen=True, slots=True)
class Account:
    """An address, checksummed, and its chain where it was written with one."""

    address: str
    chain_id: int | None = None


def account(text: str) -> Account:
    """Return the account that ``text`` names; raise AddressError where it names none.

    Digits in one case carry no checksum; in both cases they must be those of EIP-55.

    >>> account("eth:0xca11bde05977b3631167028862be2a173976ca11")
    Account(address='0xcA11bde05977b3631167028862bE2a173976CA11', chain_id=1)
    """
    prefix, _, digits = text.strip().rpartition(":")
    chain_id = chain(prefix) if prefix else None
    if not _ADDRESS.fullmatch(digits):
        raise _refused(f"`{_short(digits)}` is no address", _EXPECTED)
    right = to_checksum_address(digits)
    if digits != right and digits[2:] not in {digits[2:].lower(), digits[2:].upper()}:
        raise _refused(
            f"`{digits}`: the checksum is wrong, so a digit may be", f"if it is right: {right}"
        )
    return Account(right, chain_id)


def chain(text: str) -> int:
    """Return the id of a chain: a number, ``eip155:1``, or one of its names.

    >>> chain("arb1"), chain("eip155:8453"), chain("ethereum"), chain("10")
    (42161, 8453, 1, 10)
    """
    name = text.strip().lower().removeprefix("eip155:")
    if name.isascii() and name.isdigit() and int(name) > 0:
        return int(name)
    if name in _IDS:
        return _IDS[name]
    close = get_close_matches(name, _IDS, n=1)
    help_ = f"did you mean {close[0]}?" if close else "any chain by its number: eip155:1"
    raise _refused(f"`{_short(text)}` is no chain known here", help_)


def chain_name(chain_id: int) -> str:
    """Return the name of a chain.

    >>> chain_name(1), chain_name(123_456)
    ('ethereum', 'chain 123456')
    """
    names = CHAINS.get(chain_id)
    return names[0] if names else f"chain {chain_id}"


def _refused(message: str, help_: str) -> AddressError:
    return AddressError([Problem((), message, help_)])


def _short(text: str) -> str:
    safe = "".join(letter if letter.isprintable() else "?" for letter in text)
    return safe if len(safe) <= 60 else f"{safe[:57]}..."
