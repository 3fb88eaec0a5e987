"""Columns of text laid out for a terminal: one flexible column, optional ones that leave."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from looprisk.results.cells import Screen, cells, fit, pad, wrap
from looprisk.results.names import clean, for_log

GAP = "  "
_COMFORTABLE = 26
_LEAST_NAME = 9
_LEAST_PROSE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TextColumn:
    """One column of texts, ready to be placed."""

    header: tuple[str, ...]
    """Words stacked from top to bottom; the last line stands on the rule."""
    texts: tuple[str, ...]
    right: bool = False
    flexible: bool = False
    """The name: it gives way first, and keeps both its ends."""
    wraps: bool = False
    """Prose in the last column: it runs on under itself."""
    leaves: int = 0
    """Optional columns leave in this order; 0 stays."""
    styles: tuple[str, ...] = ()
    """One style a row, or none at all."""

    @property
    def natural(self) -> int:
        """Cells that the widest text or word of the header takes."""
        return max((cells(text) for text in (*self.header, *self.texts)), default=0)


def lay_out(columns: Sequence[TextColumn], screen: Screen) -> list[str]:
    """Return the lines of a table: header, one rule per column, rows.

    No line is wider than the screen. Where even the narrowest columns do not fit side by side,
    each row becomes a short paragraph.
    """
    shown = [_on_screen(column, screen) for column in columns]
    placed = _place(shown, screen.width)
    if placed is None:
        return _paragraphs(shown, screen)
    kept, widths = placed
    depth = max(len(column.header) for column in kept)
    lines = []
    for level in range(depth):
        words = [("",) * (depth - len(column.header)) + column.header for column in kept]
        lines.append(_line(kept, [word[level] for word in words], widths).rstrip())
    rule = GAP.join(screen.rule * width for width in widths)
    lines.append(screen.paint(rule, "dim"))
    for row in range(len(kept[0].texts)):
        lines.extend(_row(kept, row, widths, screen))
    return lines


def prose(text: str, screen: Screen) -> list[str]:
    """Return a sentence as lines for the screen, continued with an indent of two."""
    return wrap(screen.show(clean(text)), screen.width)


def _on_screen(column: TextColumn, screen: Screen) -> TextColumn:
    return replace(
        column,
        header=tuple(screen.show(word) for word in column.header),
        texts=tuple(screen.show(clean(text)) for text in column.texts),
    )


def _place(columns: Sequence[TextColumn], width: int) -> tuple[list[TextColumn], list[int]] | None:
    kept = list(columns)
    while True:
        for least_name in (_COMFORTABLE, _LEAST_NAME):
            widths = _widths(kept, width, least_name)
            if widths is not None:
                return kept, widths
            if any(column.leaves for column in kept):
                break
        optional = [column for column in kept if column.leaves]
        if not optional:
            return None
        kept.remove(min(optional, key=lambda column: column.leaves))


def _widths(columns: Sequence[TextColumn], width: int, least_name: int) -> list[int] | None:
    widths = [max(column.natural, 1) for column in columns]
    excess = sum(widths) + len(GAP) * (len(widths) - 1) - width
    for least, chosen in (
        (least_name, [column.flexible for column in columns]),
        (_LEAST_PROSE, [column.wraps for column in columns]),
    ):
        for index, gives in enumerate(chosen):
            if gives and excess > 0:
                narrowest = max(least, *(cells(word) for word in columns[index].header))
                given = min(excess, max(0, widths[index] - narrowest))
                widths[index] -= given
                excess -= given
    return widths if excess <= 0 else None


def _line(columns: Sequence[TextColumn], texts: Sequence[str], widths: Sequence[int]) -> str:
    return GAP.join(
        pad(text, width, right=column.right)
        for column, text, width in zip(columns, texts, widths, strict=True)
    )


def _row(
    columns: Sequence[TextColumn], row: int, widths: Sequence[int], screen: Screen
) -> list[str]:
    first: list[str] = []
    more: list[str] = []
    for column, width in zip(columns, widths, strict=True):
        text = column.texts[row]
        if column.wraps and cells(text) > width:
            head, *more = wrap(text, width, indent="")
            text = head
        padded = pad(fit(text, width, screen.ellipsis), width, right=column.right)
        first.append(screen.paint(padded, column.styles[row] if column.styles else ""))
    margin = " " * (sum(widths[:-1]) + len(GAP) * (len(widths) - 1))
    lines = [GAP.join(first).rstrip(), *(margin + line for line in more)]
    return [for_log(line) for line in lines]


def _paragraphs(columns: Sequence[TextColumn], screen: Screen) -> list[str]:
    lines: list[str] = []
    for row in range(len(columns[0].texts)):
        parts = [
            " ".join((*column.header, column.texts[row])).strip()
            for column in columns
            if column.texts[row]
        ]
        lines.extend(wrap("; ".join(parts), screen.width))
    return lines
