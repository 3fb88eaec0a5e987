"""The map of a system, the look-through of one thing, and what parts share, as labelled values."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from looprisk.results import map_phrases as phrases
from looprisk.results.map_records import (
    Backing,
    Exposed,
    Held,
    LookRow,
    MapLoop,
    Passage,
    Ratios,
    Shared,
    Source,
    Way,
)
from looprisk.results.map_tables import (
    backing_table,
    exposed_table,
    held_table,
    look_table,
    passage_table,
    shared_table,
    source_table,
    way_table,
)
from looprisk.results.names import clean, for_html, for_markdown, shown
from looprisk.results.numbers import Scale
from looprisk.results.table import Table


class _Shown(Protocol):
    """What a page has of a table, whatever its rows."""

    def __len__(self) -> int: ...
    def _repr_html_(self) -> str: ...
    def _repr_markdown_(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SystemMap:
    """Who holds what of whom, at book, before any shock."""

    system: str
    held_rows: tuple[Held, ...]
    """By layer; of each claim the largest holder first, holders outside last."""
    loop_rows: tuple[MapLoop, ...]
    backing_rows: tuple[Backing, ...]
    claims_usd: float | None
    """All tokens, loans and supplies at book: paper, counted as often as it is issued."""
    outside_assets_usd: float | None
    """Everything that comes from outside, each thing once."""
    ratios: Ratios
    """Of all that holders outside have; ``real_usd`` is what is there."""

    @property
    def holdings(self) -> Table[Held]:
        """Who holds what of whom."""
        return held_table(self.held_rows)

    @property
    def backing(self) -> Table[Backing]:
        """What stands under the paper of each issuer."""
        return backing_table(self.backing_rows)

    @property
    def headline(self) -> str:
        """How much paper stands on how much."""
        return phrases.map_headline(
            self.claims_usd, self.outside_assets_usd, self.ratios, self.holdings.scale
        )

    @property
    def subtitle(self) -> str:
        """System, basis and unit."""
        return phrases.subtitle(self.system, "who holds what of whom", self.holdings.scale)

    @property
    def notes(self) -> tuple[str, ...]:
        """Loops, layers, ratios, what is unknown."""
        top = max((row.layer for row in self.held_rows), default=0)
        return (
            *(phrases.loop_line(loop) for loop in self.loop_rows),
            phrases.layer_line(top),
            *phrases.ratio_lines(self.ratios),
        )

    def __repr__(self) -> str:
        return _plain(self.headline, self.subtitle, [repr(self.holdings)], self.notes)

    def _repr_html_(self) -> str:
        return _html(self.headline, self.subtitle, [self.holdings, self.backing], self.notes)

    def _repr_markdown_(self) -> str:
        return _markdown(self.headline, self.subtitle, [self.holdings, self.backing], self.notes)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Exposure:
    """What one thing stands on, loops summed, and who stands on it."""

    system: str
    of: str
    label: str
    layer: int
    ratios: Ratios
    source_rows: tuple[Source, ...]
    """Where its dollars end; the shares add up to 1."""
    passage_rows: tuple[Passage, ...]
    """Whom they pass, each dollar once; its own issuer if they come back to it."""
    way_rows: tuple[Way, ...]
    other_ways: float
    """The part that takes ways not listed."""
    exposed_rows: tuple[Exposed, ...]
    loop: MapLoop | None = None
    """The loop it is in."""

    @property
    def sources(self) -> Table[Source]:
        """Where its dollars end."""
        return source_table(self.source_rows)

    @property
    def passages(self) -> Table[Passage]:
        """Whom its dollars pass."""
        return passage_table(self.passage_rows)

    @property
    def ways(self) -> Table[Way]:
        """The ways down, the heaviest first."""
        return way_table(self.way_rows)

    @property
    def exposed(self) -> Table[Exposed]:
        """Who stands on it."""
        return exposed_table(self.exposed_rows)

    @property
    def table(self) -> Table[LookRow]:
        """Where it ends, whom it passes and who stands on it, in one table."""
        ends = (
            LookRow(
                says="ends at",
                id=row.id,
                label=row.label or row.id,
                kind=row.kind,
                usd=row.usd,
                share=row.share,
                real_usd=row.real_usd,
            )
            for row in self.source_rows
        )
        passes = (
            LookRow(
                says="passes",
                id=row.id,
                label=row.label or row.id,
                kind=row.kind,
                usd=row.usd,
                share=row.share,
            )
            for row in self.passage_rows
        )
        above = (
            LookRow(
                says="stands on it",
                id=row.id,
                label=row.label or row.id,
                kind=row.kind,
                usd=row.usd,
                share=row.share,
            )
            for row in self.exposed_rows
        )
        return look_table((*ends, *passes, *above))

    @property
    def scale(self) -> Scale:
        """The unit of money of its tables."""
        return self.sources.scale

    @property
    def headline(self) -> str:
        """What it is worth and where most of it ends."""
        return phrases.look_headline(self.label, self.ratios, self.source_rows, self.scale)

    @property
    def subtitle(self) -> str:
        """System, basis and unit."""
        return phrases.subtitle(self.system, "look-through, loops summed", self.scale)

    @property
    def notes(self) -> tuple[str, ...]:
        """Its loop, its ratios, what is unknown."""
        loop = [] if self.loop is None else [phrases.loop_line(self.loop)]
        return (*loop, *phrases.look_lines(self.ratios))

    def __repr__(self) -> str:
        tables = [repr(self.sources), repr(self.passages), repr(self.ways), repr(self.exposed)]
        return _plain(self.headline, self.subtitle, tables, self.notes)

    def _repr_html_(self) -> str:
        return _html(self.headline, self.subtitle, self._tables(), self.notes)

    def _repr_markdown_(self) -> str:
        return _markdown(self.headline, self.subtitle, self._tables(), self.notes)

    def _tables(self) -> list[_Shown]:
        return [self.sources, self.passages, self.ways, self.exposed]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Common:
    """What several parts depend on together, and how much stands on it."""

    system: str
    of: str = ""
    """The claim that shares are of; empty for all that holders outside have."""
    of_label: str = ""
    book_usd: float | None
    """What shares are of."""
    rows: tuple[Shared, ...]
    left_out: int = 0
    """So many less important rows were not measured."""
    unknown: tuple[str, ...] = ()

    @property
    def table(self) -> Table[Shared]:
        """One row for each thing shared."""
        return shared_table(self.rows)

    @property
    def headline(self) -> str:
        """The largest of them."""
        whole = shown(self.of_label) if self.of else "what holders outside have"
        return phrases.common_headline(self.rows, whole)

    @property
    def subtitle(self) -> str:
        """System, basis and unit."""
        return phrases.subtitle(self.system, "what parts depend on together", self.table.scale)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, what is unknown."""
        cut = [f"{self.left_out} less important are not shown"] if self.left_out else []
        overlap = ["One dollar may stand on several of these: do not add."] if self.rows else []
        return (*overlap, *cut, *phrases.unknown_lines(self.unknown))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Shared]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return _plain(self.headline, self.subtitle, [repr(self.table)], self.notes)

    def _repr_html_(self) -> str:
        return _html(self.headline, self.subtitle, [self.table], self.notes)

    def _repr_markdown_(self) -> str:
        return _markdown(self.headline, self.subtitle, [self.table], self.notes)


def _plain(headline: str, subtitle: str, tables: Sequence[str], notes: Sequence[str]) -> str:
    above = f"{clean(headline)}\n{clean(subtitle)}"
    below = "\n".join(clean(note) for note in notes)
    return "\n\n".join(part for part in (above, *tables, below) if part)


def _html(headline: str, subtitle: str, tables: Sequence[_Shown], notes: Sequence[str]) -> str:
    within = "".join(table._repr_html_() for table in tables if len(table))
    below = "".join(f"<p>{for_html(clean(note))}</p>" for note in notes)
    return (
        f'<div class="looprisk tex2jax_ignore mathjax_ignore">'
        f"<p><strong>{for_html(clean(headline))}</strong><br>{for_html(clean(subtitle))}</p>"
        f"{within}{below}</div>"
    )


def _markdown(headline: str, subtitle: str, tables: Sequence[_Shown], notes: Sequence[str]) -> str:
    above = f"**{for_markdown(clean(headline))}**\n\n{for_markdown(clean(subtitle))}"
    within = "\n".join(table._repr_markdown_() for table in tables if len(table))
    below = "\n".join(f"\n{for_markdown(clean(note))}" for note in notes)
    return f"{above}\n\n{within}{below}\n"
