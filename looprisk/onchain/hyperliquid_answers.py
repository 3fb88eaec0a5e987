"""Answers of Hyperliquid as values of ours; whatever is not what it must be is an error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from looprisk.errors import AnswerError
from looprisk.onchain.rpc import Json, Node, fields_of, text_of

HELP = "another address of the venue: --rpc, or LOOPRISK_HYPERLIQUID"
_PLAIN = re.compile(r"-?\d{1,30}(?:\.\d{1,30})?")


@dataclass(slots=True)
class Venue:
    """The venue, asked for one account; what it answered is kept for the digest."""

    node: Node
    answers: list[Json]

    @property
    def host(self) -> str:
        """Host and port."""
        return self.node.host

    def ask(self, kind: str, **rest: Json) -> Json:
        """Return the answer to one request."""
        answer = self.node.request(kind, [rest])
        self.answers.append(answer)
        return answer

    def wrong(self, what: str) -> AnswerError:
        """Return an answer that cannot be read as an error."""
        return AnswerError(f"{self.host}: {what}", HELP)

    def fields(self, value: Json, what: str) -> dict[str, Json]:
        """Return the fields of an object."""
        return fields_of(value, what, self.host)

    def text(self, value: Json, what: str) -> str:
        """Return a text."""
        return text_of(value, what, self.host)

    def number(self, fields: dict[str, Json], key: str) -> Fraction:
        """Return a number that is written as text, every digit of it."""
        text = self.text(fields.get(key), f"`{key}`")
        if not _PLAIN.fullmatch(text):
            raise self.wrong(f"`{key}` is not a number")
        return Fraction(text)

    def rows(self, value: Json, what: str) -> list[Json]:
        """Return a list."""
        if not isinstance(value, list):
            raise self.wrong(f"{what} are not a list")
        return value

    def whole(self, value: Json, what: str, least: int = 0) -> int:
        """Return a whole number."""
        if not isinstance(value, int) or value < least:
            raise self.wrong(f"{what} is no number")
        return value
