"""Scenarios: a start, stages of shocks that strike together, and what must hold after them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import PlainValidator, WithJsonSchema, field_validator, model_validator

from looprisk.errors import ModelError, Problem
from looprisk.model import units
from looprisk.model.base import Model
from looprisk.model.expectation import Expectation
from looprisk.model.fields import (
    Duration,
    Fall,
    Flag,
    Holding,
    Listed,
    Loss,
    Move,
    OneOf,
    Price,
    Ratio,
    Ref,
    Refs,
    Text,
    Time,
    Tokens,
    mapping,
    nearest,
)
from looprisk.model.frozen import EMPTY, FrozenMap, Map
from looprisk.model.generator import Generator
from looprisk.model.positions import Position
from looprisk.model.promises import SafeLimit, SmallestShock
from looprisk.model.series import TIME, SeriesRef, cover_problems, point_problems
from looprisk.model.values import Value, expected
from looprisk.model.vocabulary import EVENTS, SHOCKS


class Adl(Model):
    """A part of a leg is closed at a price, by auto-deleveraging."""

    share: Ratio
    at: Price


class Run(Model):
    """Holders ask for their money.

    Those who ask in one stage share a cash that is too little alike. A claimant named under ``by``
    with ``order: first_come`` is served before them, in the order written.
    """

    wants_out: Holding
    over: Duration | None = None
    order: Annotated[Literal["first_come", "pro_rata"], OneOf()] | None = None
    by: Text | None = None


class When(Model):
    """What fires a stage, in time: an event, or a price beyond a level."""

    of: Ref | None = None
    event: Ref | None = None
    price: Ref | None = None
    below: Price | None = None
    above: Price | None = None

    @model_validator(mode="after")
    def _is_one_condition(self) -> Self:
        by_event = self.of is not None and self.event is not None
        levels = (self.below is not None) + (self.above is not None)
        by_price = self.price is not None and levels == 1
        if by_event == by_price or (by_event and (self.price or levels)):
            message = "a trigger is {of, event}, or {price, below} or {price, above}"
            raise ValueError(message)
        if self.event is not None and self.event not in EVENTS:
            from_known = ", ".join(EVENTS)
            message = f"event: `{self.event}` is not known here; it is one of {from_known}"
            raise ModelError([Problem(("event",), message, on_key=False)])
        return self


def _changes(raw: object) -> Mapping[str, object]:
    changes = mapping(raw)
    if changes is None:
        raise expected("a map of paths and values", raw)
    return FrozenMap({path: _node(item) for path, item in changes.items()})


def _node(raw: object) -> object:
    if isinstance(raw, Model):
        raise expected("a value, a list or a map", raw)
    if isinstance(raw, Mapping):
        return FrozenMap({str(key): _node(item) for key, item in raw.items()})
    if isinstance(raw, list | tuple):
        return tuple(_node(item) for item in raw)
    return raw


Changes = Annotated[
    Mapping[str, object],
    PlainValidator(_changes),
    WithJsonSchema({"type": "object", "description": "path: value"}),
]


class Stage(Model):
    """Shocks that strike together.

    ``price`` moves assets, ``depeg`` what a seller gets for a token, ``loss`` what backs an
    issuer. In Python a number is a fraction for ``price`` and ``depeg``, dollars for
    ``loss``.

    >>> Stage(price={"wstETH": -0.06}).price["wstETH"].text
    '-0.06'
    """

    name: Text | None = None
    about: Text | None = None
    note: Text | None = None
    at: Duration | None = None
    when: When | None = None
    price: Map[Move] = EMPTY
    depeg: Map[Fall] = EMPTY
    loss: Map[Loss] = EMPTY
    recognise: Refs = ()
    default: Map[Ratio] = EMPTY
    mint: Map[Tokens] = EMPTY
    open: Map[Position] = EMPTY
    adl: Map[Adl] = EMPTY
    close: Refs = ()
    drain: Map[Ratio] = EMPTY
    misprice: Map[Move] = EMPTY
    freeze: Refs = ()
    run: Map[Run] = EMPTY
    change: Changes = EMPTY

    @model_validator(mode="after")
    def _strikes(self) -> Self:
        if not self.shocks:
            message = f"a stage without a shock; the shocks are {', '.join(SHOCKS)}"
            raise ValueError(message)
        if self.at is not None and self.when is not None:
            message = "a stage has `at` or `when`; one of the two"
            raise ValueError(message)
        return self

    @property
    def shocks(self) -> tuple[str, ...]:
        """The verbs of this stage, in the order of the language."""
        given = {
            "price": self.price,
            "depeg": self.depeg,
            "loss": self.loss,
            "recognise": self.recognise,
            "default": self.default,
            "mint": self.mint,
            "adl": self.adl,
            "close": self.close,
            "drain": self.drain,
            "misprice": self.misprice,
            "freeze": self.freeze,
            "open": self.open,
            "run": self.run,
            "change": self.change,
        }
        return tuple(verb for verb in SHOCKS if given[verb])


class Clock(Model):
    """The steps of a cascade."""

    start: Time | None = None
    step: Duration
    horizon: Duration

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not (self.step.known and self.horizon.known):
            return self
        if self.step.number <= 0:
            message = f"step: `{self.step.text}`: a step takes time"
            raise ModelError([Problem(("step",), message, "write 1m", on_key=False)])
        if (self.horizon.number / self.step.number).denominator != 1:
            message = (
                f"horizon: {self.horizon.text} is no whole number of steps of {self.step.text}"
            )
            help_ = "change one of the two"
            raise ModelError([Problem(("horizon",), message, help_, on_key=False)])
        return self


def _no_duration(text: str) -> str:
    try:
        units.duration(text)
    except ValueError as error:
        return str(error)
    return ""


class Paths(Model):
    """Prices in time: points, a table, or a generator."""

    between: Annotated[Literal["linear", "hold"], OneOf()]
    points: Map[Map[Price]] = EMPTY
    table: SeriesRef | None = None
    generate: Generator | None = None

    @property
    def ids(self) -> frozenset[str]:
        """What has a path: an asset or a token, by its id."""
        series = self.table.series if self.table is not None else None
        columns = series.columns if series is not None else ()
        drawn = self.generate.volatility if self.generate is not None else ()
        return frozenset(map(str, (*self.points, *columns, *drawn)))

    @field_validator("points", mode="after")
    @classmethod
    def _at_durations(
        cls, points: Mapping[str, Mapping[str, Value]]
    ) -> Mapping[str, Mapping[str, Value]]:
        problems = [
            Problem((name, moment), f"{name}: {wrong}")
            for name, path in points.items()
            for moment in path
            if (wrong := _no_duration(moment))
        ]
        if problems:
            raise ModelError(problems)
        return points

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        given = (bool(self.points), self.table is not None, self.generate is not None)
        if sum(given) != 1:
            message = "paths are `points`, a `table` or `generate`; one of the three"
            raise ValueError(message)
        return self


class Scenario(Model):
    """A start, stages in order, and expectations.

    ``set`` changes the start; ``ray`` names the stage that ``break`` scales from nothing to
    its size, else it is the last; ``solution`` chooses among several clearings. ``mode: latched``
    keeps what was liquidated on the way to the shock liquidated, where an equilibrium lets it
    recover. ``exact`` solves in fractions also what is solved in floats for its size, and says how
    far floats are from it. With ``time`` it runs as a cascade. ``reverse`` and ``limits`` are
    promised too: the smallest shocks that break something, and how far parameters may go.
    """

    name: Text | None = None
    about: Text | None = None
    note: Text | None = None
    set: Changes = EMPTY
    time: Clock | None = None
    paths: Paths | None = None
    stages: Annotated[tuple[Stage, ...], Listed] = ()
    ray: Ref | None = None
    solution: Annotated[Literal["greatest", "least", "both"], OneOf()] = "greatest"
    mode: Annotated[Literal["equilibrium", "latched"], OneOf()] = "equilibrium"
    exact: Flag = False
    expect: Annotated[tuple[Expectation, ...], Listed] = ()
    reverse: Annotated[tuple[SmallestShock, ...], Listed] = ()
    limits: Annotated[tuple[SafeLimit, ...], Listed] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        names = [stage.name for stage in self.stages if stage.name is not None]
        problems = [
            *_named_twice(names),
            *self._ray_problems(names),
            *self._after_problems(names),
            *self._time_problems(),
        ]
        if problems:
            raise ModelError(problems)
        return self

    def _ray_problems(self, names: list[str]) -> list[Problem]:
        if self.ray is None or self.ray in names:
            return []
        message = f"ray: `{self.ray}` is no stage of this scenario"
        return [Problem(("ray",), message, _or_list(self.ray, names), on_key=False)]

    def _expected(self) -> Iterator[tuple[tuple[str, ...], Expectation]]:
        """Yield every expectation with its place, those that limits keep included."""
        for place, expectation in enumerate(self.expect):
            yield ("expect", str(place)), expectation
        for place, limit in enumerate(self.limits):
            if limit.keep is not None:
                yield ("limits", str(place), "keep"), limit.keep

    def _after_problems(self, names: list[str]) -> list[Problem]:
        return [
            Problem(
                (*place, "after"),
                f"after: `{expectation.after}` is no stage of this scenario",
                _or_list(expectation.after, ["start", *names]),
                on_key=False,
            )
            for place, expectation in self._expected()
            if expectation.after is not None and expectation.after not in {"start", *names}
        ]

    def _time_problems(self) -> list[Problem]:
        if self.time is not None:
            reverse = [Problem(("reverse",), _NO_REVERSE)] if self.reverse else []
            reverse += [Problem(("exact",), _NO_FRACTIONS)] if self.exact else []
            return [*reverse, *self._moved_twice(), *self._uncovered(self.time.horizon)]
        timed = [
            Problem(("stages", str(place), key), f"`{key}` needs `time` on the scenario", _CLOCK)
            for place, stage in enumerate(self.stages)
            for key, given in (("at", stage.at), ("when", stage.when))
            if given is not None
        ]
        timed += [
            Problem((*place, "at"), "`at` needs `time` on the scenario", _CLOCK)
            for place, expectation in self._expected()
            if expectation.at is not None
        ]
        if self.paths is not None:
            timed.append(Problem(("paths",), "`paths` needs `time` on the scenario", _CLOCK))
        return timed

    def _moved_twice(self) -> Iterator[Problem]:
        on_path = self.paths.ids if self.paths is not None else frozenset()
        for place, stage in enumerate(self.stages):
            for verb, targets in (("price", stage.price), ("depeg", stage.depeg)):
                for name in targets:
                    if name in on_path:
                        message = f"`{name}` has a path already: a stage cannot move it too"
                        yield Problem(("stages", str(place), verb, name), message)

    def _uncovered(self, horizon: Value) -> Iterator[Problem]:
        if self.paths is None or not horizon.known:
            return
        for name, points in self.paths.points.items():
            place = ("paths", "points", name)
            yield from point_problems(name, points, horizon.number, place)
        series = self.paths.table.series if self.paths.table is not None else None
        if series is not None and TIME in series.columns:
            times = series.columns[TIME]
            at = ("paths", "table")
            yield from cover_problems("the table", times[0], times[-1], horizon.number, at)


_NO_REVERSE = "a smallest shock is of one moment: a scenario with `time` has none"
_NO_FRACTIONS = "a scenario with `time` steps in floats: `exact` is of clearings"
_CLOCK = "add `time: {start: 2025-06-10T00:00Z, step: 1m, horizon: 24h}`"


def _named_twice(names: list[str]) -> list[Problem]:
    found = [
        Problem(("stages",), f"two stages are named `{name}`")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    if "start" in names:
        message = "a stage is named `start`, which means before any shock"
        found.append(Problem(("stages",), message, "take another name"))
    return found


def _or_list(found: str | None, names: list[str]) -> str:
    close = nearest(str(found), tuple(names))
    if close is not None:
        return f"did you mean {close}?"
    return f"its stages are {', '.join(names)}" if names else "give the stage a name"
