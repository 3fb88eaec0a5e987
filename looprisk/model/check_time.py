"""What a scenario with time must fulfil: values set once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from looprisk.errors import Problem
from looprisk.model.names import Path
from looprisk.model.scenario import Stage

SETTING = ("price", "depeg", "misprice", "adl", "change")
"""Verbs whose size is a value, not a change: of two at one time nobody says which holds."""


def check_apart(stages: Mapping[int, Stage], path: Path) -> Iterator[Problem]:
    """Yield every value that two stages set at one time."""
    for place, stage in stages.items():
        for before, other in stages.items():
            if before >= place or stage.at is None or other.at is None:
                continue
            if not (stage.at.known and other.at.known) or stage.at.number != other.at.number:
                continue
            for verb in SETTING:
                for name in dict(stage)[verb]:
                    if name in dict(other)[verb]:
                        message = (
                            f"`{name}`: {_called(other, before)} sets it at {other.at.text} too"
                        )
                        here = (*path, "stages", str(place), verb, name)
                        yield Problem(here, message, "leave one of the two out")


def _called(stage: Stage, place: int) -> str:
    return str(stage.name) if stage.name is not None else f"stage {place + 1}"
