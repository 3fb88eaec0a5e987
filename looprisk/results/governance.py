"""Parameters as governance publishes them: what each is, and what it should be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean, for_markdown
from looprisk.results.table import Table

UNCHANGED = "-"
"""What stands under recommended where nothing changes, as posts of risk providers have it."""
NO_VALUE = "none"
"""What stands there where no value in reach is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of one asset at one market, or of another part."""

    path: str
    instance: str
    """The market, or the part that the parameter belongs to."""
    asset: str
    """The token that it is about; the instance again where there is none."""
    name: str
    """``LTV``, ``LLTV``, ``Supply Cap``: the words of governance posts."""
    current: str
    """In full: ``91.50%``, ``240,000,000``."""
    recommended: str
    """The same, rounded to the safe side; ``-`` unchanged, ``none`` where nothing is safe."""
    unit: str
    current_value: float
    recommended_value: float | None
    """What it should be, changed or not; None where no value in reach is safe."""
    keep: str
    """What holds with it."""
    proof: str
    """How that was found."""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Governance:
    """A table of parameters, with footnotes that say what each recommendation keeps."""

    rows: tuple[Parameter, ...]

    @property
    def table(self) -> Table[Parameter]:
        """One row for each parameter."""
        fields: tuple[Field[Parameter], ...] = (
            Field("instance", "instance", Kind.NAME, lambda row: row.instance),
            Field("asset", "asset", Kind.NAME, lambda row: row.asset),
            Field("parameter", "parameter", Kind.TEXT, lambda row: row.name),
            Field("current", "current", Kind.FIGURE, lambda row: row.current),
            Field("recommended", "recommended", Kind.FIGURE, lambda row: row.recommended),
            Field("path", HIDDEN, Kind.TEXT, lambda row: row.path),
            Field("keep", "so that", Kind.TEXT, lambda row: row.keep, leaves=1),
        )
        still = any(row.recommended == UNCHANGED for row in self.rows)
        notes = ((f"{UNCHANGED}: safe as it is",) if still else ()) + self.footnotes
        return table_of("Parameters", self.rows, fields, note="; ".join(notes))

    @property
    def wide(self) -> Table[tuple[str, str]]:
        """One row for each asset at each instance, two columns for each parameter."""
        names = tuple(dict.fromkeys(row.name for row in self.rows))
        places: dict[tuple[str, str], dict[str, Parameter]] = {}
        for row in self.rows:
            here = places.setdefault((row.instance, row.asset), {})
            here[row.name] = strictest(here[row.name], row) if row.name in here else row
        fields: list[Field[tuple[str, str]]] = [
            Field("instance", "Instance", Kind.NAME, lambda place: place[0]),
            Field("asset", "Asset", Kind.NAME, lambda place: place[1]),
        ]
        for name in names:
            fields += _columns(name, places)
        return table_of("Parameters", tuple(places), tuple(fields))

    @property
    def footnotes(self) -> tuple[str, ...]:
        """What every recommendation keeps, who says so, and how it was found; each once."""
        said = [
            text
            for row in self.rows
            for text in (f"{row.name} of {row.asset}: {row.keep}. {row.proof}", *row.sources)
        ]
        return tuple(dict.fromkeys(said))

    def to_markdown(self) -> str:
        """Return :attr:`wide` in GitHub's Markdown, footnotes as a list: the form of the posts."""
        notes = [f"* {for_markdown(clean(note))}" for note in self.footnotes]
        return "\n".join([self.wide.to_markdown(), *notes]) + "\n"

    def to_json(self) -> str:
        """Return a JSON list with one object for each parameter."""
        rows = [asdict(row) for row in self.rows]
        return json.dumps(rows, indent=2, ensure_ascii=False) + "\n"

    def to_csv(self) -> str:
        """Return CSV with a row for each parameter, without footnotes."""
        return self.table.to_csv()

    def __repr__(self) -> str:
        return self.table.text()

    def _repr_html_(self) -> str:
        return self.table._repr_html_()

    def _repr_markdown_(self) -> str:
        return self.to_markdown()


def strictest(one: Parameter, other: Parameter) -> Parameter:
    """Return what two recommendations of one parameter ask together.

    The one that is further from what it is now; none where they pull to different sides.
    """
    moves = [
        None if row.recommended_value is None else row.recommended_value - row.current_value
        for row in (one, other)
    ]
    if None in moves:
        return one if moves[0] is None else other
    first, second = (move or 0.0 for move in moves)
    if first * second < 0:
        return replace(one, recommended=NO_VALUE, recommended_value=None)
    return one if abs(first) >= abs(second) else other


def _columns(
    name: str, places: Mapping[tuple[str, str], Mapping[str, Parameter]]
) -> Iterable[Field[tuple[str, str]]]:
    key = name.lower().replace(" ", "_")
    yield Field(
        f"current_{key}",
        f"Current {name}",
        Kind.FIGURE,
        lambda place: places[place][name].current if name in places[place] else UNCHANGED,
    )
    yield Field(
        f"recommended_{key}",
        f"Recommended {name}",
        Kind.FIGURE,
        lambda place: places[place][name].recommended if name in places[place] else UNCHANGED,
    )
