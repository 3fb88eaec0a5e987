"""The seam to a node: two methods, and the words for what a node refuses."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Protocol, TypeAlias

from looprisk.errors import AnswerError, DataError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Ask: TypeAlias = "tuple[str, list[Json]]"
"""A method and its parameters."""


_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


class Kind(StrEnum):
    """Why a node refuses, as far as its words tell."""

    REVERTED = "reverted"
    """The contract ran and said no."""
    BUSY = "busy"
    """Too many requests: the same request may succeed later."""
    TOO_MUCH = "too much"
    """The request is too large, runs out of gas or has too many results: a smaller one may do."""
    NO_HISTORY = "no history"
    NO_BLOCK = "no block"
    """The block is not part of the chain, or not known yet."""
    NO_METHOD = "no method"
    OTHER = "other"


class RpcError(DataError):
    """A node understood a request and refused it."""

    def __init__(self, host: str, code: int, text: str, data: Json = None) -> None:
        """Keep what the node said; ``kind`` is read from it."""
        super().__init__(f"{host}: the node refused: {text or code}")
        self.code = code
        self.text = text
        self.data = data
        self.kind = kind_of(code, text)


class TooLargeError(RpcError, AnswerError):
    """An answer is larger than any that is read; what is asked in parts may be answered."""

    def __init__(self, host: str, most: int) -> None:
        """Say how many bytes are read at ``most``."""
        megabytes = most // (1024 * 1024)
        super().__init__(host, 413, f"an answer of more than {megabytes} MB")
        self.message = f"{host} answers with more than {megabytes} MB"
        self.help = "no request needs as much"
        self.args = (self.message, self.help)


class Node(Protocol):
    """Whatever answers JSON-RPC: a node over HTTP, a cache before one, a recording."""

    @property
    def host(self) -> str:
        """What may be shown of the endpoint."""

    def request(self, method: str, params: list[Json]) -> Json:
        """Return the result; raise RpcError where the node refuses, DataError where it fails."""

    def batch(self, asks: Sequence[Ask]) -> list[Json | RpcError]:
        """Return the results in the order asked, refusals in their place."""


# In the order they are tried: a text may hold words of several.
_WORDS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (
        Kind.NO_HISTORY,
        (
            "missing trie node",
            "state is not available",
            "state not available",
            "historical state",
            "pruned",
            "archive",
            "blockoutofrange",
            "block out of range",
            "is not available",
        ),
    ),
    (
        Kind.TOO_MUCH,
        (
            "out of gas",
            "gas limit",
            "gas cap",
            "gas required exceeds",
            "more than",
            "too many results",
            "too large",
            "too big",
            "block range",
            "range is too",
            "response size",
            "execution timeout",
            "execution aborted",
            "query timeout",
            "batch size",
            "too many requests in batch",
            "batch limit",
        ),
    ),
    (
        Kind.BUSY,
        (
            "rate limit",
            "rate-limit",
            "ratelimit",
            "too many requests",
            "throttle",
            "exceeded its compute",
            "request count exceeded",
            "capacity exceeded",
            "try again",
            "overloaded",
        ),
    ),
    (
        Kind.NO_BLOCK,
        (
            "header not found",
            "block not found",
            "unknown block",
            "resource not found",
            "not canonical",
            "hash is not currently canonical",
        ),
    ),
    (Kind.REVERTED, ("revert", "invalid opcode", "execution error", "stack underflow")),
    (Kind.NO_METHOD, ("method not found", "not supported", "does not exist", "unsupported")),
)
_CODES = {
    3: Kind.REVERTED,
    429: Kind.BUSY,
    -32601: Kind.NO_METHOD,
    -32001: Kind.NO_BLOCK,
    -32005: Kind.BUSY,
}


def kind_of(code: int, text: str) -> Kind:
    """Return why a node refuses, from its words, else from its code.

    >>> kind_of(-32000, "missing trie node 1ae2").value
    'no history'
    >>> kind_of(-32005, "query returned more than 10000 results").value
    'too much'
    >>> kind_of(-32005, "limit").value
    'busy'
    """
    if code == 3:
        return Kind.REVERTED
    lowered = text.lower()
    for kind, words in _WORDS:
        if any(word in lowered for word in words):
            return kind
    return _CODES.get(code, Kind.OTHER)


def canonical(value: Json) -> str:
    """Return JSON as one text that is the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def text_of(value: Json, what: str, host: str) -> str:
    """Return a text that a node must have answered."""
    if not isinstance(value, str):
        raise AnswerError(f"{host}: {what} is not a text", _DEFECTIVE)
    return value


def number_of(value: Json, what: str, host: str) -> int:
    """Return a quantity: ``0x`` and hexadecimal digits."""
    text = text_of(value, what, host)
    if not _QUANTITY.fullmatch(text):
        raise AnswerError(f"{host}: {what} is not a number", _DEFECTIVE)
    return int(text, 16)


def bytes_of(value: Json, what: str, host: str) -> bytes:
    """Return data: ``0x`` and pairs of hexadecimal digits."""
    text = text_of(value, what, host)
    if not _DATA.fullmatch(text):
        raise AnswerError(f"{host}: {what} is not data", _DEFECTIVE)
    return bytes.fromhex(text[2:])


def fields_of(value: Json, what: str, host: str) -> dict[str, Json]:
    """Return an object that a node must have answered."""
    if not isinstance(value, dict):
        raise AnswerError(f"{host}: {what} is not an object", _DEFECTIVE)
    return value


_DEFECTIVE = "the node or what stands before it is at fault: try another with --rpc"
