"""What a scenario promises beside its expectations: smallest shocks, and limits of parameters."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, PlainValidator, WithJsonSchema, field_validator, model_validator

from looprisk.model import units
from looprisk.model.base import Model
from looprisk.model.expectation import Evidence, Expectation, Within
from looprisk.model.fields import LargeRatio, OneOf, Plain, Ref, Text, not_known
from looprisk.model.frozen import EMPTY, Map
from looprisk.model.values import Value, read
from looprisk.model.vocabulary import EVENTS, RULES


def amount(raw: object) -> Value:
    """Read a number in the unit it wears: ``86.94%``, ``$240M``, ``4.12x``, else tokens.

    >>> amount("86.94%").unit, amount("$240M").unit, amount("4.12x").unit, amount("240M").unit
    ('fraction', 'usd', 'multiple', 'tokens')
    """
    if isinstance(raw, Value):
        return raw
    reading = read(raw)
    if reading.dollar:
        return units.money(raw)
    if reading.unit == "x":
        return units.multiple(raw)
    return units.large_fraction(raw) if reading.unit in {"%", "bps"} else units.tokens(raw)


def room(raw: object) -> Value:
    """Read ``within``: ``5%`` is relative (unit ``relative``), ``0.2pp`` and others absolute.

    >>> room("5%").unit, room("0.2pp").number
    ('relative', Fraction(1, 500))
    """
    if isinstance(raw, Value):
        return raw
    reading = read(raw)
    if reading.unit == "pp" and reading.low is not None:
        points = reading.low / 100
        return Value(points, points, "fraction", text=reading.text)
    found = amount(raw)
    return replace(found, unit="relative") if found.unit == "fraction" else found


Amount = Annotated[
    Value,
    PlainValidator(amount),
    WithJsonSchema(
        {
            "type": ["string", "number"],
            "description": "in the unit of the parameter",
            "examples": ["86.94%", "$240M", "4.12x"],
        }
    ),
]


class Promise(Model):
    """A number that must be so: ``is``, or ``at_least`` and ``at_most``."""

    is_: Amount | None = Field(default=None, alias="is")
    at_least: Amount | None = None
    at_most: Amount | None = None
    within: Within | None = None
    name: Text | None = None
    evidence: Evidence | None = None
    note: Text | None = None

    @field_validator("within", mode="plain")
    @classmethod
    def _is_room(cls, raw: object) -> Value | None:
        return None if raw is None else room(raw)

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        given = [b for b in (self.is_, self.at_least, self.at_most) if b is not None]
        if not given:
            raise ValueError("what is expected? `is`, `at_least` or `at_most`")
        if not all(bound.known for bound in given):
            raise ValueError("a bound is one number")
        if self.is_ is not None and len(given) > 1:
            raise ValueError("`is` stands alone; `at_least` and `at_most` may go together")
        if self.within is not None and self.is_ is None:
            raise ValueError("`within` goes with `is`")
        return self


class SmallestShock(Promise):
    """A reverse stress: the smallest mixture of the shocks of the last stage that breaks something.

    The bound is on its size as ``norm`` measures it, a share of the shocks as written.
    ``solution: least`` asks for the mixture from which on a panic alone breaks it.

    >>> SmallestShock(of="lend", event="bad_debt", norm="sum", at_least="40%").at_least.text
    '40%'
    """

    of: Text
    event: Ref
    norm: Annotated[Literal["max", "sum", "mahalanobis"], OneOf()] = "max"
    covariance: Map[Map[Plain]] = EMPTY
    solution: Annotated[Literal["greatest", "least"], OneOf()] = "greatest"
    is_: LargeRatio | None = Field(default=None, alias="is")
    at_least: LargeRatio | None = None
    at_most: LargeRatio | None = None

    @field_validator("event", mode="after")
    @classmethod
    def _is_an_event(cls, found: str) -> str:
        if found not in EVENTS:
            raise ValueError(not_known(found, tuple(EVENTS)))
        return found

    @model_validator(mode="after")
    def _has_a_metric(self) -> Self:
        if self.covariance and self.norm != "mahalanobis":
            raise ValueError("`covariance` goes with `norm: mahalanobis`")
        return self


class SafeLimit(Promise):
    """How far a parameter may go before an expectation or a published rule fails.

    The bound is on the end of the safe stretch that is nearest to what the parameter is: its upper
    end where larger values fail, else its lower.

    >>> keep = {"of": "me", "metric": "break_at", "event": "liquidated", "at_least": "8%"}
    >>> SafeLimit(path="me/loop/ltv", keep=keep, at_least="80%").keep.event
    'liquidated'
    """

    path: Text
    keep: Expectation | None = None
    preset: Ref | None = None
    of: Text | None = None
    between: Text | None = None

    @field_validator("preset", mode="after")
    @classmethod
    def _is_a_rule(cls, found: str | None) -> str | None:
        if found is not None and found not in RULES:
            raise ValueError(not_known(found, RULES))
        return found

    @model_validator(mode="after")
    def _keeps_one_thing(self) -> Self:
        if (self.keep is None) == (self.preset is None):
            raise ValueError("a limit keeps an expectation (`keep`) or a published rule (`preset`)")
        if self.of is not None and self.preset is None:
            raise ValueError("`of` goes with `preset`: an expectation names its own")
        if self.between is not None and self.ends is None:
            raise ValueError(f"between: `{self.between}`: write LOW..HIGH, 60%..90%")
        return self

    @property
    def ends(self) -> tuple[str, str] | None:
        """The two ends of the range that is searched, as they are written."""
        low, _, high = (part.strip() for part in (self.between or "").partition(".."))
        return (low, high) if low and high else None
