"""A report before it is a page: what it says, in order, whatever it is written in."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.reports.picture import Picture
from looprisk.results.table import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One of the key numbers under the answer."""

    term: str
    value: str
    said: str


@dataclass(frozen=True, slots=True)
class Prose:
    """One paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Points:
    """A list, an item a line."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commands:
    """What to type."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with one sentence under it; its numbers stand at the end of the report."""

    picture: Picture
    caption: str


@dataclass(frozen=True, slots=True)
class Rowset:
    """A table of a section."""

    table: Rows
    caption: str = ""
    """Its name, for readers that hear the page."""


Block = Prose | Points | Commands | Figure | Rowset


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """A heading with what stands under it."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report."""

    scenario: str
    basis: str
    answer: str
    """The answer in one sentence: the title."""
    lede: str
    """What was asked."""
    boxes: tuple[Box, ...]
    chapters: tuple[Chapter, ...]

    @property
    def figures(self) -> tuple[Figure, ...]:
        """All figures in order; the first has the number 1."""
        blocks = [block for chapter in self.chapters for block in chapter.blocks]
        return tuple(block for block in blocks if isinstance(block, Figure))
