"""Expectations: what a scenario must answer, typed by the unit of the metric."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from looprisk.model import units
from looprisk.model.base import Model
from looprisk.model.fields import Duration, OneOf, Price, Ref, Text, not_known
from looprisk.model.values import Value, read
from looprisk.model.vocabulary import EVENTS, METRICS, NEED_EVENT, SIGNED_METRICS

Parser = Callable[[object], Value]

_PARSERS: dict[str, Parser] = {
    "usd": units.money,
    "price": units.price,
    "fraction": units.large_fraction,
    "multiple": units.multiple,
    "seconds": units.duration,
    "tokens": units.tokens,
}
_SIGNED: dict[str, Parser] = {"usd": units.signed_money, "fraction": units.signed_fraction}
_JUDGE = "`is`, `at_least` or `at_most`"
Judged = Annotated[
    Value,
    WithJsonSchema(
        {
            "type": ["string", "number"],
            "description": "in the unit of the metric",
            "examples": ["5%", "$1.2014", "4.12x", "3h"],
        }
    ),
]
Within = Annotated[
    Value,
    WithJsonSchema(
        {
            "type": ["string", "number"],
            "description": "5% is relative; 0.2pp, $0.01, 0.01x are absolute",
            "examples": ["5%", "0.2pp", "$0.01", "0.01x", "0h"],
        }
    ),
]


Evidence = Annotated[
    Literal[
        "identity",
        "structural",
        "conditional",
        "predictive",
        "model_vs_model",
        "needs_snapshot",
        "bookkeeping",
    ],
    OneOf(),
]


def judged(raw: object, metric: str) -> Value:
    """Read a bound on ``metric`` in the unit that metric has.

    >>> judged("$5", "break_at").unit, judged("3.54%", "loss_fraction").number
    ('usd', Fraction(177, 5000))
    """
    unit = METRICS[metric].unit
    if unit == "ray":
        return units.size(raw)
    if metric in SIGNED_METRICS and unit in _SIGNED:
        return _SIGNED[unit](raw)
    return _PARSERS[unit](raw)


def tolerance(raw: object, metric: str) -> Value:
    """Read ``within``: ``5%`` is relative (unit ``relative``), else absolute as the metric is.

    >>> tolerance("5%", "recovery").unit, tolerance("0.2pp", "recovery").number
    ('relative', Fraction(1, 500))
    """
    if isinstance(raw, Value):
        return raw
    reading = read(raw)
    if reading.unit in {"%", "bps"}:
        return replace(units.large_fraction(raw), unit="relative")
    unit = METRICS[metric].unit
    if unit in {"fraction", "ray"} and reading.unit == "pp" and reading.low is not None:
        points = reading.low / 100
        return Value(points, points, "fraction", source=reading.source, text=reading.text)
    if unit == "fraction":
        message = f"`{reading.text}`: write 5% (relative) or 0.2pp (absolute)"
        raise ValueError(message)
    if unit == "ray":
        return units.price(raw)
    return _PARSERS[unit](raw)


class Expectation(Model):
    """One thing that must hold: a metric within bounds, or an event that happens or not.

    >>> Expectation(of="me", metric="break_at", event="liquidated", at_least="8%").at_least.unit
    'fraction'
    """

    of: Text
    metric: Ref | None = None
    event: Ref | None = None
    is_: Judged | None = Field(default=None, alias="is")
    at_least: Judged | None = None
    at_most: Judged | None = None
    within: Within | None = None
    happens: Annotated[Literal["never", "always"], OneOf()] | None = None
    below: Price | None = None
    of_issuer: Ref | None = None
    name: Text | None = None
    after: Ref | None = None
    at: Duration | None = None
    evidence: Evidence | None = None
    note: Text | None = None

    @field_validator("metric", "event", mode="after")
    @classmethod
    def _is_a_word_of_ours(cls, found: str | None, info: ValidationInfo) -> str | None:
        choices = METRICS if info.field_name == "metric" else EVENTS
        if found is not None and found not in choices:
            raise ValueError(not_known(found, tuple(choices)))
        return found

    @field_validator("is_", "at_least", "at_most", "within", mode="plain")
    @classmethod
    def _in_the_unit_of_the_metric(cls, raw: object, info: ValidationInfo) -> Value | None:
        metric = info.data.get("metric")
        if raw is None:
            return None
        if metric is None:
            # without a metric the map is refused below; a bound has no unit to be read in
            return None
        bound = tolerance(raw, metric) if info.field_name == "within" else judged(raw, metric)
        if not bound.known:
            raise ValueError(_not_one(bound, str(info.field_name)))
        return bound

    @model_validator(mode="after")
    def _judges_one_thing(self) -> Self:
        bounds = self.model_fields_set & {"is_", "at_least", "at_most"}
        if self.metric is None:
            self._check_event(bounds)
        elif self.happens is not None:
            raise ValueError("`happens` judges an event, `is` a metric; one of the two")
        elif not bounds:
            raise ValueError(f"`{self.metric}` needs {_JUDGE}")
        elif "is_" in bounds and len(bounds) > 1:
            raise ValueError("`is` stands alone; `at_least` and `at_most` may go together")
        elif self.metric in NEED_EVENT and self.event is None:
            raise ValueError(f"`{self.metric}` needs an `event`: {', '.join(EVENTS)}")
        if self.within is not None and self.is_ is None:
            raise ValueError("`within` goes with `is`")
        self._check_order()
        if self.event == "depegged" and self.below is None:
            raise ValueError("`depegged` needs a level: `below: $0.95`")
        return self

    def _check_order(self) -> None:
        low, high = self.at_least, self.at_most
        if low is None or high is None or low.unit != high.unit or low.of != high.of:
            return
        if low.number > high.number:
            message = f"nothing is at least {low.text} and at most {high.text}"
            raise ValueError(message)

    def _check_event(self, bounds: set[str]) -> None:
        if bounds:
            raise ValueError(f"{_named(bounds)} needs a `metric`: {', '.join(METRICS)}")
        if self.event is None:
            if self.happens is not None:
                raise ValueError(f"`happens` needs an `event`: {', '.join(EVENTS)}")
            raise ValueError(
                f"what is expected? a `metric` with {_JUDGE}, or an `event` that `happens`"
            )
        if self.happens is None:
            raise ValueError("an `event` needs `happens: never` or `happens: always`")


def _not_one(bound: Value, field: str) -> str:
    more = "" if bound.is_unknown or field == "within" else "; a span is at_least: and at_most:"
    return f"`{bound.text}`: one number stands here{more}"


def _named(bounds: set[str]) -> str:
    first = next(name for name in ("is_", "at_least", "at_most") if name in bounds)
    return f"`{first.rstrip('_')}`"
