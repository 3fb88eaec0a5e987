"""A report as Markdown: the same words and tables, and each picture by what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from looprisk.reports.document import Block, Commands, Document, Figure, Points, Prose, Rowset
from looprisk.reports.svg import MOST_ROWS
from looprisk.results.names import clean, for_log, for_markdown


def markdown_of(document: Document) -> str:
    """Return the report as Markdown; no name can mention, link, or end a cell."""
    lines = [
        f"# {_safe(document.answer)}",
        f"{_safe(document.lede)}",
        _safe(f"{document.scenario} · basis: {document.basis} · US dollars"),
        "\n".join(
            f"* **{_safe(box.term)}: {_safe(box.value)}** {_safe(box.said)}"
            for box in document.boxes
        ),
    ]
    for chapter in document.chapters:
        lines.append(f"## {_safe(chapter.heading)}")
        for block in chapter.blocks:
            lines += _block(block)
    text = "\n\n".join(line for line in lines if line)
    return "\n".join(for_log(line) for line in text.split("\n")) + "\n"


def _safe(text: str) -> str:
    return for_markdown(clean(text))


def _block(block: Block) -> Iterator[str]:
    match block:
        case Prose():
            yield _safe(block.text)
        case Points():
            yield "\n".join(f"* {_safe(item)}" for item in block.items)
        case Commands():
            # four blanks, not a fence: a name with three backticks would end it
            yield "\n".join(f"    {clean(line)}" for line in block.lines)
        case Figure():
            yield f"### {_safe(block.picture.title)}"
            yield f"{_safe(block.picture.subtitle)} {_safe(block.caption)}"
            yield block.picture.table.head(MOST_ROWS).to_markdown().rstrip("\n")
        case Rowset():
            yield f"**{_safe(block.caption)}**" if block.caption else ""
            yield block.table.head(MOST_ROWS).to_markdown().rstrip("\n")
        case _:
            assert_never(block)
