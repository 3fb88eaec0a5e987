"""A few paths of a state by themselves, and back: what nothing touches is left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

import numpy as np

from looprisk.cascade.arrays import Ints
from looprisk.cascade.state import Happened, State

T = TypeVar("T")


def rows_of(thing: T, rows: Ints) -> T:
    """Return some paths of a frozen value of arrays.

    >>> rows_of((np.array([1.0, 2.0, 3.0]), 7), np.array([2]))
    (array([3.]), 7)
    """
    found: object = thing
    if isinstance(thing, np.ndarray):
        found = thing[rows]
    elif isinstance(thing, tuple):
        found = tuple(rows_of(one, rows) for one in thing)
    elif isinstance(thing, Mapping):
        found = {key: rows_of(one, rows) for key, one in thing.items()}
    elif is_dataclass(thing) and not isinstance(thing, type):
        parts = {f.name: rows_of(getattr(thing, f.name), rows) for f in fields(thing)}
        found = replace(thing, **parts)
    return cast("T", found)


def put_back(whole: T, before: T, after: T, rows: Ints) -> T:
    """Return a frozen value in which some paths stand as ``after``.

    ``before`` are those paths as they were taken out: an array that is the same one has not moved.
    """
    if after is before:
        return whole
    found: object = after
    if isinstance(whole, np.ndarray):
        found = whole.copy()
        found[rows] = after
    elif isinstance(whole, tuple) and isinstance(before, tuple) and isinstance(after, tuple):
        found = tuple(put_back(w, b, a, rows) for w, b, a in zip(whole, before, after, strict=True))
    elif is_dataclass(whole) and not isinstance(whole, type):
        moved = {
            f.name: put_back(
                getattr(whole, f.name), getattr(before, f.name), getattr(after, f.name), rows
            )
            for f in fields(whole)
        }
        found = replace(whole, **moved)
    return cast("T", found)


def state_back(whole: State, before: State, after: State, rows: Ints) -> State:
    """Return a state in which some paths stand as ``after``; leaks may have new names."""
    leaks = dict(whole.leaks)
    for name, amount in after.leaks.items():
        if amount is not before.leaks.get(name):
            total = np.zeros(whole.paths) if name not in leaks else leaks[name].copy()
            total[rows] = amount
            leaks[name] = total
    same = replace(after, leaks=before.leaks)
    return replace(put_back(whole, before, same, rows), leaks=leaks)


def events_back(events: tuple[Happened, ...], rows: Ints, paths: int) -> tuple[Happened, ...]:
    """Return events of some paths as events of all."""
    found = []
    for event in events:
        where = np.zeros((paths, len(event.of)), dtype=np.bool_)
        amount = np.zeros((paths, len(event.of)))
        where[rows], amount[rows] = event.where, event.amount
        found.append(replace(event, where=where, amount=amount))
    return tuple(found)
