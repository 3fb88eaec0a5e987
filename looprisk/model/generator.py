"""Paths drawn at random: geometric Brownian motion with jumps and correlation, from a seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import field_validator, model_validator

from looprisk.errors import ModelError, Problem
from looprisk.model.base import Model
from looprisk.model.fields import Count, Move, OneOf, Plain, Rate, Ratio
from looprisk.model.frozen import EMPTY, Map
from looprisk.model.values import Value

LARGEST_SEED = 2**64 - 1
"""A seed is one word of the key of the random numbers."""


class Jumps(Model):
    """Jumps of a generated path: ``rate`` a year, ``mean`` and deviation ``size`` of one."""

    rate: Plain | None = None
    mean: Move | None = None
    size: Ratio | None = None

    @field_validator("mean", mode="after")
    @classmethod
    def _is_a_move(cls, mean: Value | None) -> Value | None:
        if mean is not None and mean.unit != "fraction":
            raise ValueError(f"`{mean.text}`: a jump moves a price by a share of it: -6%")
        return mean


class Generator(Model):
    """Paths drawn at random, ``count`` of them, the same for the same ``seed``.

    ``volatility`` is per square root of a year, ``drift`` per year; each correlation is written
    once.
    """

    kind: Annotated[Literal["gbm", "gbm_jumps"], OneOf()]
    seed: Count
    count: Count
    volatility: Map[Rate] = EMPTY
    drift: Map[Rate] = EMPTY
    jumps: Map[Jumps] = EMPTY
    correlation: Map[Map[Move]] = EMPTY

    @property
    def ids(self) -> tuple[str, ...]:
        """The assets that are drawn, in the order in which they are first named."""
        return tuple(dict.fromkeys([*self.volatility, *self.drift, *self.jumps]))

    @model_validator(mode="after")
    def _can_be_drawn(self) -> Self:
        problems = [*self._size_problems(), *self._correlation_problems()]
        if problems:
            raise ModelError(problems)
        return self

    def _size_problems(self) -> Iterator[Problem]:
        if self.count == 0:
            yield Problem(("count",), "count: no path is drawn", "write 1 or more", on_key=False)
        if self.seed > LARGEST_SEED:
            yield Problem(("seed",), "seed: at most 2^64 - 1", "any smaller number", on_key=False)
        if not self.ids:
            help_ = "add `volatility: {ETH: 80%/y}`"
            yield Problem((), "no asset is drawn: no volatility, drift or jumps", help_)
        for name, size in self.volatility.items():
            if size.low is not None and size.low < 0:
                message = f"`{size.text}`: a volatility is not below zero"
                yield Problem(("volatility", name), message, on_key=False)
        if self.jumps and self.kind == "gbm":
            yield Problem(("jumps",), "jumps: a path of gbm has none", "write kind: gbm_jumps")

    def _correlation_problems(self) -> Iterator[Problem]:
        for one, row in self.correlation.items():
            for other, value in row.items():
                place = ("correlation", one, other)
                strange = [name for name in (one, other) if name not in self.ids]
                if strange:
                    message = f"`{strange[0]}` has no volatility, drift or jumps here"
                    yield Problem(place, message, f"the paths are {', '.join(self.ids)}")
                elif value.known and (value.unit != "fraction" or abs(value.number) > 1):
                    message = f"`{value.text}` is no correlation of {one} and {other}"
                    yield Problem(place, message, "from -100% to 100%", on_key=False)
                elif one == other and value.known and value.number != 1:
                    message = f"`{value.text}`: {one} moves as itself"
                    yield Problem(place, message, "leave it out", on_key=False)
                elif self.correlation.get(other, {}).get(one, value) != value:
                    message = f"{one} and {other} have two correlations"
                    yield Problem(place, message, "write it once", on_key=False)
