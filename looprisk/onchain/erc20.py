"""What a token says about itself: decimals that must be known, a name that nobody vouches for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from looprisk.errors import UnreadableError
from looprisk.onchain.abi import Answer, Call, call
from looprisk.onchain.snapshot import Snapshot
from looprisk.results.names import clean

MOST_DECIMALS = 36
"""More are a lie: one unit of such a token could not be sent in any useful amount."""
LONGEST_NAME = 32


@dataclass(frozen=True, slots=True)
class Token:
    """A token: its address, how many digits of an amount stand after the point, its symbol."""

    address: str
    decimals: int
    symbol: str
    """Cleaned, and cut to what fits on a line; empty where the token has none."""

    def units(self, amount: int) -> Fraction:
        """Return an amount in units of the token.

        >>> Token("0x", 6, "USDC").units(1_500_000)
        Fraction(3, 2)
        """
        return Fraction(amount, 10**self.decimals)


def asks(addresses: Iterable[str]) -> list[Call]:
    """Return the calls that ``tokens`` begins with."""
    signatures = ("decimals()(uint256)", "symbol()(string)")
    return [call(address, signature) for address in addresses for signature in signatures]


def tokens(snapshot: Snapshot, addresses: Iterable[str]) -> dict[str, Token]:
    """Return the tokens at ``addresses``; raise UnreadableError where decimals are not known.

    Decimals are never assumed. A symbol may be a text, 32 bytes (as MKR has), or nothing.
    """
    wanted = list(dict.fromkeys(addresses))
    answers = snapshot.read_all(asks(wanted))
    decimals, texts = answers[::2], answers[1::2]
    old = [address for address, text in zip(wanted, texts, strict=True) if not text.ok]
    words = snapshot.read_all([call(address, "symbol()(bytes32)") for address in old])
    symbols = {
        **{address: text.text() for address, text in zip(wanted, texts, strict=True) if text.ok},
        **{address: _word(word) for address, word in zip(old, words, strict=True)},
    }
    return {
        address: Token(address, _decimals(address, answer), clean(symbols[address])[:LONGEST_NAME])
        for address, answer in zip(wanted, decimals, strict=True)
    }


def _word(answer: Answer) -> str:
    if not answer.ok:
        return ""
    return answer.data().rstrip(b"\0").decode("utf-8", "replace")


def _decimals(address: str, answer: Answer) -> int:
    if not answer.ok:
        raise UnreadableError(
            f"the token {address} does not say its decimals: {answer.missing}",
            "without them no amount of it can be read; is it a token?",
        )
    decimals = answer.integer()
    if decimals > MOST_DECIMALS:
        raise UnreadableError(f"the token {address} says it has {decimals} decimals")
    return decimals
