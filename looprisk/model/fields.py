"""The types of fields: values with a unit, and words with a source.

Each is read the same way from a file, from a notebook and from a result, and each writes
its own JSON Schema, in which a value is a ``string`` or a ``number`` (editors type YAML).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated, Literal, Self, get_args

from pydantic import (
    BeforeValidator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainValidator,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from looprisk.model import units
from looprisk.model.secrets import holds_secret
from looprisk.model.values import Reading, Value, expected, split_source

Schema = dict[str, object]


def _schema(description: str, *examples: str) -> WithJsonSchema:
    return WithJsonSchema(
        {"type": ["string", "number"], "description": description, "examples": list(examples)}
    )


Ratio = Annotated[
    Value,
    PlainValidator(units.fraction),
    _schema("a fraction of 1; above 1 it needs a unit", "91.5%", "0.915", "9150bps"),
]
LargeRatio = Annotated[
    Value,
    PlainValidator(units.large_fraction),
    _schema("a fraction of 1 that may exceed it", "8.5%", "120%"),
]
Money = Annotated[Value, PlainValidator(units.money), _schema("US dollars", "$93M", "$1_200")]
Price = Annotated[
    Value,
    PlainValidator(units.price),
    _schema("a price, in dollars or in another token", "$1.2667", "1.2 ETH"),
]
Tokens = Annotated[
    Value, PlainValidator(units.tokens), _schema("a number of tokens", "75M", "75M deUSD")
]
NamedTokens = Annotated[
    Value,
    PlainValidator(units.named_tokens),
    _schema("a number of tokens and the token", "12_000 ETH"),
]
Holding = Annotated[
    Value,
    PlainValidator(units.holding),
    _schema("tokens, dollars worth, or a share of what there is", "75M", "$93M", "12%"),
]
Debt = Annotated[Value, PlainValidator(units.debt), _schema("an amount owed", "$93M", "5M USDC")]
Loss = Annotated[
    Value,
    PlainValidator(units.loss),
    _schema("an amount lost: dollars, a share of it, or tokens", "$93M", "12%", "5M"),
]
Rate = Annotated[
    Value, PlainValidator(units.rate), _schema("a rate per year of 365 days", "5.5%/y")
]
Flow = Annotated[Value, PlainValidator(units.flow), _schema("a limit on withdrawals", "5%/d", "5%")]
Multiple = Annotated[Value, PlainValidator(units.multiple), _schema("a multiple", "4.12x")]
Plain = Annotated[Value, PlainValidator(units.plain), _schema("a plain number", "1", "0.5")]
Duration = Annotated[
    Value, PlainValidator(units.duration), _schema("a duration", "62s", "90m", "59h", "7d")
]
Time = Annotated[
    Value,
    PlainValidator(units.time),
    WithJsonSchema(
        {
            "type": "string",
            "description": "a day, or a time in UTC",
            "examples": ["2025-11-04", "2025-11-04T05:00Z"],
        }
    ),
]
Move = Annotated[
    Value,
    PlainValidator(units.move),
    _schema("the move of a price, or the level it goes to", "-6%", "$3_436", "1.1 ETH"),
]
Fall = Annotated[
    Value,
    PlainValidator(units.fall),
    _schema("how far what a seller gets falls, or the level it falls to", "10%", "$0.65"),
]


class Word(str):
    """A word of the language, an id or a reference, with the source written after it."""

    __slots__ = ("source",)
    source: str | None

    def __new__(cls, text: str, source: str | None = None) -> Self:
        """Return ``text`` as a word that remembers its ``source``."""
        word = super().__new__(cls, text)
        word.source = source
        return word


def word(raw: object) -> Word:
    """Read a word: text without its ``@source``, which it remembers."""
    if isinstance(raw, Word):
        return raw
    if isinstance(raw, bool | int | float):
        raw = str(raw).lower()
    if not isinstance(raw, str):
        raise expected("one word", raw)
    text, source = split_source(raw)
    if not text or text.startswith("@"):
        raise ValueError("no value; write `unknown` if nobody knows it")
    return Word(text, source)


def text(raw: object) -> str:
    """Read free text, in which ``@`` means nothing."""
    if isinstance(raw, bool | int | float):
        return str(raw)
    if not isinstance(raw, str):
        raise expected("a text", raw)
    if holds_secret(raw):
        raise ValueError("this looks like a key or a login: take it out, and change it")
    return raw


def count(raw: object) -> int:
    """Read a whole number: ``100_000``."""
    if isinstance(raw, Reading) and raw.low is not None and raw.low.denominator == 1:
        return int(raw.low)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    digits = word(raw)
    if not digits.replace("_", "").isdecimal():
        msg = f"`{digits}`: a whole number stands here"
        raise ValueError(msg)
    return int(digits.replace("_", ""))


def yes_or_no(raw: object) -> bool:
    """Read ``true`` or ``false``."""
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and split_source(raw)[0] in {"true", "false"}:
        return split_source(raw)[0] == "true"
    msg = f"`{raw}`: true or false stands here"
    raise ValueError(msg)


def words(raw: object) -> tuple[Word, ...]:
    """Read a list of words; one word alone is a list of one."""
    if isinstance(raw, str):
        return (word(raw),)
    if not isinstance(raw, list | tuple):
        raise expected("a list of words", raw)
    return tuple(word(item) for item in raw)


_STRINGS: Schema = {"type": "array", "items": {"type": ["string", "number"]}}

Ref = Annotated[str, PlainValidator(word), WithJsonSchema({"type": ["string", "number"]})]
Text = Annotated[str, PlainValidator(text), WithJsonSchema({"type": ["string", "number"]})]
Count = Annotated[int, PlainValidator(count), WithJsonSchema({"type": ["string", "integer"]})]
Flag = Annotated[bool, PlainValidator(yes_or_no), WithJsonSchema({"type": ["string", "boolean"]})]
Refs = Annotated[tuple[str, ...], PlainValidator(words), WithJsonSchema(_STRINGS)]
Unknown = Literal["unknown"]


@dataclass(frozen=True, slots=True)
class OneOf:
    """Marks a ``Literal`` as a word of the language: ``kind: share @no-reader`` is taken."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the word against the literal's choices and keep its source."""
        choices = tuple(str(choice) for choice in get_args(source))

        def check(raw: object) -> Word:
            found = word(raw)
            if found not in choices:
                raise ValueError(not_known(found, choices))
            return found

        del handler
        return core_schema.no_info_plain_validator_function(check, metadata={"choices": choices})

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """List the choices for an editor, and let a source follow them."""
        del handler
        metadata = schema.get("metadata") or {}
        choices = list(metadata.get("choices", ()))
        joined = "|".join(choice.replace(".", "\\.") for choice in choices)
        return {
            "anyOf": [{"enum": choices}, {"type": "string", "pattern": rf"^({joined})\s+@\S+$"}]
        }


MOST_LONGER = 6
"""So many choices that hold a word are told, not more."""


def not_known(found: str, choices: tuple[str, ...]) -> str:
    """Return the message for a word that is none of ``choices``."""
    close = nearest(found, choices)
    if close is not None:
        return f"`{found}` is not known here; did you mean {close}?"
    longer = [choice for choice in choices if found and found.lower() in choice.lower()]
    if 0 < len(longer) <= MOST_LONGER:
        return f"`{found}` is not known here; did you mean {' or '.join(longer)}?"
    return f"`{found}` is not known here; it is one of {', '.join(choices)}"


TOO_MANY = 1_000
"""Names to compare with; beyond this only another case is recognised, for time."""


def nearest(found: str, choices: Collection[str]) -> str | None:
    """Return the choice that ``found`` was probably meant to be, if one is close.

    Of several that are equally close, the first in the alphabet.

    >>> nearest("los_fraction", ("loss_fraction", "recovery"))
    'loss_fraction'
    """
    lower = found.lower()
    if len(choices) > TOO_MANY:
        return _by_lower(frozenset(choices)).get(lower)
    long = len(found)
    by_lower = {
        choice.lower(): choice
        for choice in sorted(choices, reverse=True)
        if 2 * abs(len(choice) - long) <= long
    }
    if lower in by_lower:
        return by_lower[lower]
    close = get_close_matches(lower, sorted(by_lower), n=1, cutoff=0.72)
    if close:
        return by_lower[close[0]]
    longer = [choice for choice in choices if choice.lower().startswith((f"{lower}-", f"{lower}_"))]
    return longer[0] if len(longer) == 1 else None


@lru_cache(maxsize=8)
def _by_lower(choices: frozenset[str]) -> dict[str, str]:
    return {choice.lower(): choice for choice in sorted(choices, reverse=True)}


def _listed(raw: object) -> object:
    return tuple(raw) if isinstance(raw, list) else raw


Listed = BeforeValidator(_listed)


def mapping(raw: object) -> Mapping[str, object] | None:
    """Return ``raw`` as a map, or ``None`` where it is none."""
    if isinstance(raw, Mapping):
        return {str(key): item for key, item in raw.items()}
    return None
