"""Contract functions: what is sent to them and what comes back, typed and bounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from looprisk.errors import AnswerError, UnreadableError

NOBODY = "0x" + "00" * 20
LARGEST = 512 * 1024
"""Bytes of one answer that are decoded; no reader needs as many."""
WORD = 32
_NUMBER = re.compile(r"uint[0-9]{1,3}")


@dataclass(frozen=True, slots=True)
class Function:
    """A function of a contract: its name, what it takes and what it returns, as ABI types."""

    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def selector(self) -> bytes:
        """The four bytes that name the function in a call."""
        return _selector(self.name, self.inputs)

    @property
    def widths(self) -> tuple[int, ...] | None:
        """The bits of what it returns, where that is unsigned numbers alone; else None."""
        return _widths(self.outputs)


@cache
def _selector(name: str, inputs: tuple[str, ...]) -> bytes:
    return keccak(text=f"{name}({','.join(inputs)})")[:4]


@cache
def _widths(outputs: tuple[str, ...]) -> tuple[int, ...] | None:
    if all(_NUMBER.fullmatch(one) for one in outputs):
        return tuple(int(one.removeprefix("uint")) for one in outputs)
    return None


@cache
def function(signature: str) -> Function:
    """Read ``name(inputs)(outputs)``.

    >>> function("balanceOf(address)(uint256)").selector.hex()
    '70a08231'
    >>> function("position(bytes32,address)(uint256,uint128,uint128)").outputs
    ('uint256', 'uint128', 'uint128')
    """
    name, _, rest = signature.partition("(")
    depth = 1
    for end, letter in enumerate(rest):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return Function(name, _split(rest[:end]), _split(rest[end + 2 : -1]))
    raise ValueError(f"{signature!r} is not name(inputs)(outputs)")


def _split(types: str) -> tuple[str, ...]:
    """Split a list of types at the commas that stand in no tuple."""
    parts: list[str] = []
    depth = start = 0
    for at, letter in enumerate(types):
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append(types[start:at])
            start = at + 1
    return (*parts, types[start:]) if types else ()


@dataclass(frozen=True, slots=True)
class Call:
    """One question to one contract."""

    to: str
    function: Function
    arguments: tuple[object, ...] = ()

    @property
    def data(self) -> bytes:
        """What is sent."""
        if self.function.inputs == ("address",):
            return self.function.selector + _word_of(str(self.arguments[0]))
        return self.function.selector + encode(self.function.inputs, self.arguments)

    def __str__(self) -> str:
        """Return contract and function, as messages name them."""
        return f"{self.function.name} of {self.to}"


def _word_of(address: str) -> bytes:
    return bytes.fromhex(address.removeprefix("0x")).rjust(WORD, b"\0")


def call(to: str, signature: str, *arguments: object) -> Call:
    """Return the call of a function, written ``name(inputs)(outputs)``."""
    return Call(to, function(signature), arguments)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a contract returned, or why it returned nothing.

    A value that is not there is never zero: each accessor raises UnreadableError instead, and
    ``ok`` says beforehand.
    """

    asked: Call
    values: tuple[object, ...] = ()
    missing: str = ""

    @property
    def ok(self) -> bool:
        """Whether the contract answered."""
        return not self.missing

    def integer(self, place: int = 0) -> int:
        """Return a number."""
        value = self._value(place)
        if isinstance(value, int):
            return value
        raise TypeError(f"{self.asked}: output {place} is no number")

    def address(self, place: int = 0) -> str:
        """Return an address, checksummed."""
        return to_checksum_address(self.text(place))

    def text(self, place: int = 0) -> str:
        """Return a text."""
        value = self._value(place)
        if isinstance(value, str):
            return value
        raise TypeError(f"{self.asked}: output {place} is no text")

    def data(self, place: int = 0) -> bytes:
        """Return bytes."""
        value = self._value(place)
        if isinstance(value, bytes):
            return value
        raise TypeError(f"{self.asked}: output {place} is no data")

    def flag(self, place: int = 0) -> bool:
        """Return whether."""
        return bool(self.integer(place))

    def items(self, place: int = 0) -> tuple[object, ...]:
        """Return a list or a tuple."""
        value = self._value(place)
        if isinstance(value, tuple | list):
            return tuple(value)
        raise TypeError(f"{self.asked}: output {place} is no list")

    def addresses(self, place: int = 0) -> tuple[str, ...]:
        """Return a list of addresses, checksummed."""
        return tuple(to_checksum_address(str(item)) for item in self.items(place))

    def _value(self, place: int) -> object:
        if self.missing:
            raise UnreadableError(f"{self.asked}: {self.missing}")
        return self.values[place]


def decoded(asked: Call, data: bytes) -> Answer:
    """Return the answer in ``data``; raise AnswerError where it does not have its types."""
    if not data:
        return Answer(asked, missing="there is no contract that answers this")
    if len(data) > LARGEST:
        raise AnswerError(f"{asked}: an answer of {len(data):_} bytes", "nothing asked is as large")
    widths = asked.function.widths
    if widths is not None and len(data) >= WORD * len(widths):
        words = tuple(
            int.from_bytes(data[at * WORD : at * WORD + WORD]) for at in range(len(widths))
        )
        if not any(word >> bits for word, bits in zip(words, widths, strict=True)):
            return Answer(asked, words)
    try:
        return Answer(asked, tuple(decode(asked.function.outputs, data)))
    except (DecodingError, ValueError, OverflowError) as error:
        why = f"the answer is not what it should be ({type(error).__name__})"
        return Answer(asked, missing=why)


def aggregated(calls: Sequence[Call]) -> bytes:
    """Return the data of Multicall3's ``aggregate3`` for ``calls``, each of which may fail.

    >>> one = call("0x" + "12" * 20, "totalSupply()(uint256)")
    >>> [(place, may_fail, data)] = decode(AGGREGATE.inputs, aggregated([one])[4:])[0]
    >>> place == one.to, may_fail, data.hex()
    (True, True, '18160ddd')
    """
    tuples = [_sent(one) for one in calls]
    offsets, at = [], WORD * len(tuples)
    for one in tuples:
        offsets.append(at.to_bytes(WORD))
        at += len(one)
    head = (WORD.to_bytes(WORD), len(tuples).to_bytes(WORD))
    return b"".join([AGGREGATE.selector, *head, *offsets, *tuples])


def _sent(one: Call) -> bytes:
    """Return (address, true, data) as the ABI lays it out."""
    data = one.data
    padded = data.ljust(-(-len(data) // WORD) * WORD, b"\0")
    return b"".join([_word_of(one.to), _TRUE, _THIRD, len(data).to_bytes(WORD), padded])


_TRUE, _THIRD = (1).to_bytes(WORD), (3 * WORD).to_bytes(WORD)
AGGREGATE = function("aggregate3((address,bool,bytes)[])((bool,bytes)[])")
