"""The words over vertical lines: beside each other, on two heights, or numbered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from looprisk.reports import svg
from looprisk.reports.letters import width
from looprisk.reports.picture import MARGIN, WIDE
from looprisk.reports.svg import Markup

_MOST_NEAR = 3
_GAP = 6.0
_LINE = 14.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """One vertical line: where it stands, what it is, and what a script needs to move it."""

    x: float
    words: str
    data: Mapping[str, str] = field(default_factory=dict)

    def edges(self, words: str) -> tuple[float, float]:
        """Return both ends of words that stand over the line and on the paper."""
        half = width(words, 11, bold=True) / 2
        middle = min(max(self.x, MARGIN + half), WIDE - MARGIN - half)
        return middle - half, middle + half


def mark_words(spots: Sequence[Spot], y: float) -> tuple[list[Markup], float]:
    """Return the words over the lines from ``y`` down, and where the lines begin.

    Words that are near each other stand on different heights; where more than three are, all are
    numbers, and a row above says what each number is.
    """
    if _crowded(spots):
        return _numbered(spots, y)
    return _over(spots, [spot.words for spot in spots], y)


def _crowded(spots: Sequence[Spot]) -> bool:
    boxes = sorted(spot.edges(spot.words) for spot in spots)
    near, end = 0, -_GAP
    for low, high in boxes:
        near = near + 1 if low < end + _GAP else 1
        if near > _MOST_NEAR:
            return True
        end = max(end, high)
    return False


def _over(spots: Sequence[Spot], words: Sequence[str], y: float) -> tuple[list[Markup], float]:
    drawn: list[Markup] = []
    taken: list[tuple[float, float, float]] = []
    for spot, told in zip(spots, words, strict=True):
        low, high = spot.edges(told)
        level = 0.0
        while any(a < high + _GAP and b > low - _GAP and at == level for a, b, at in taken):
            level += _LINE
        taken.append((low, high, level))
        middle = (low + high) / 2
        drawn.append(svg.text(middle, y + _LINE + level, told, "s b c", data=dict(spot.data)))
    deepest = max((level for _, _, level in taken), default=0.0)
    return drawn, y + 20 + deepest


def _numbered(spots: Sequence[Spot], y: float) -> tuple[list[Markup], float]:
    """Return a row of ``1 disclosed $93.0M``, and the numbers alone over the lines.

    What a script moves keeps its words, since they change.
    """
    drawn: list[Markup] = []
    x, base = MARGIN, y + _LINE
    over: list[str] = []
    order = sorted(range(len(spots)), key=lambda at: (spots[at].x, at))
    numbers = {at: str(place) for place, at in enumerate(order, 1)}
    for at in order:
        told = f"{numbers[at]}  {spots[at].words}"
        step = width(told, 11) + 18
        if x > MARGIN and x + step > WIDE - MARGIN:
            x, base = MARGIN, base + _LINE
        if not spots[at].data:
            drawn.append(svg.text(x, base, told, "s"))
            x += step
    over = [spot.words if spot.data else numbers[at] for at, spot in enumerate(spots)]
    marks, top = _over(spots, over, base)
    return [*drawn, *marks], top
