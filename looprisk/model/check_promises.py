"""What a scenario promises must be about things that its system has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from looprisk.errors import ModelError, Problem
from looprisk.model import paths
from looprisk.model.check_scenario import check_of
from looprisk.model.checks import Parts
from looprisk.model.expectation import Expectation
from looprisk.model.names import Path, unresolved
from looprisk.model.promises import SafeLimit, SmallestShock
from looprisk.model.system import System
from looprisk.model.tree import dump


@dataclass(frozen=True, slots=True, kw_only=True)
class Promised:
    """Expectations, smallest shocks and limits, by their number in the scenario."""

    expect: Mapping[int, Expectation]
    reverse: Mapping[int, SmallestShock]
    limits: Mapping[int, SafeLimit]


def check_promised(
    promised: Promised, opened: frozenset[str], system: System, path: Path
) -> Iterator[Problem]:
    """Yield every problem that promises have; ``opened`` are positions of the stages."""
    parts = system.parts
    for place, expectation in promised.expect.items():
        yield from _expectation(expectation, opened, parts, (*path, "expect", str(place)))
    for place, shock in promised.reverse.items():
        yield from check_of(shock.of, parts, (*path, "reverse", str(place), "of"), frozenset())
    for place, limit in promised.limits.items():
        here = (*path, "limits", str(place))
        if limit.keep is not None:
            yield from _expectation(limit.keep, opened, parts, (*here, "keep"))
        try:
            paths.find(dump(system), limit.path)
        except ModelError as error:
            for problem in error.problems:
                yield Problem((*here, "path"), problem.message, problem.help, on_key=False)


def _expectation(
    expectation: Expectation, opened: frozenset[str], parts: Parts, path: Path
) -> Iterator[Problem]:
    yield from check_of(expectation.of, parts, (*path, "of"), opened)
    issuer = expectation.of_issuer
    if issuer is not None and issuer != "any":
        known = parts.names.ids["issuers"]
        yield from unresolved(issuer, known, (*path, "of_issuer"), "issuer of this system")
