"""A sweep over two values as a heat map: the number stands in every cell."""

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.errors import ModelError, Problem
from looprisk.reports import svg
from looprisk.reports.layout import head
from looprisk.reports.letters import ends, width
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.pictures.swept import name_of, of_what, place_of, said, value_of
from looprisk.reports.svg import Markup, Point
from looprisk.reports.theme import HEAT
from looprisk.results.numbers import fixed, scale_for
from looprisk.results.sweeps import Measured, Sweep

_LEFT = 110.0
_HIGH = 26.0
_MOST_NUMBERED = 14
_CLASSES = ("0", "under 1", "1–5", "5–10", "10–20", "20–35", "over 35")
Grid = dict[tuple[float, float], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A measure over two varied numbers."""

    xs: tuple[float, ...]
    """Growing away from nothing."""
    ys: tuple[float, ...]
    """The largest first."""
    grid: Grid
    across: str
    up: str
    x_words: tuple[str, ...]
    """The values as they stand at the ticks."""
    y_words: tuple[str, ...]


def cells_of(sweep: Sweep, of: str = "") -> Cells:
    """Return the cells of a heat map; ``of`` names the measure, else it is the first."""
    across, up, _, at = _sides(sweep, of)
    grid = _grid(sweep, across, up, at)
    xs = tuple(sorted({x for x, _ in grid}, key=abs))
    ys = tuple(sorted({y for _, y in grid}, reverse=True))
    return Cells(
        xs=xs,
        ys=ys,
        grid=grid,
        across=name_of(sweep, across),
        up=name_of(sweep, up),
        x_words=tuple(value_of(x, sweep, across) for x in xs),
        y_words=tuple(value_of(y, sweep, up) for y in ys),
    )


def heat(sweep: Sweep, of: str = "") -> Picture:
    """Draw a measure over two varied numbers; ``of`` names the measure, else it is the first.

    The size of the shock grows to the right; the other value is largest on top. Raises ModelError
    for a sweep over one value or over words.
    """
    across, up, measured, at = _sides(sweep, of)
    cells = cells_of(sweep, of)
    grid, xs, ys = cells.grid, cells.xs, cells.ys
    values = [value for value in grid.values() if value is not None]
    most = max((abs(value) for value in values), default=0.0)
    is_share = measured.unit == "fraction"
    title = _title(sweep, grid, (xs, ys), (across, up), at)
    unit = "%" if is_share else f"{scale_for(values).words}; colour: share of the largest"
    subtitle = f"{said(measured)}, {unit}. {sweep.scenario}, solved cell by cell."
    marks, y = head(title, subtitle)
    edge = _border(sweep, across, up, measured)
    marks += _legend(y + 29, is_share=is_share, bordered=bool(edge))
    top = y + 60
    name = cells.up
    marks.append(svg.text(MARGIN, top - 8, ends(name, WIDE / 2, 11), "s m", title=name))
    step = (WIDE - MARGIN - _LEFT) / max(1, len(xs))
    numbered = len(xs) <= _MOST_NUMBERED
    scale = 1.0 if is_share else (most or 1.0)
    factor = 0.01 if is_share else scale_for(values).factor
    digits = 1 if most >= 10 * factor else 2
    for row, y_value in enumerate(ys):
        base = top + row * _HIGH
        marks.append(svg.text(_LEFT - 8, base + 17, value_of(y_value, sweep, up), "r"))
        for column, x_value in enumerate(xs):
            value = grid.get((x_value, y_value))
            box = (_LEFT + column * step, base, step - 1, _HIGH - 1)
            text = fixed(value / factor, digits) if numbered and value is not None else ""
            marks += _cell(value, box, scale, text)
    marks += _steps(edge, xs, ys, top, step)
    bottom = top + len(ys) * _HIGH
    every = 1 if numbered else max(1, len(xs) // 8)
    for column, x_value in enumerate(xs):
        if column % every == 0:
            x = _LEFT + (column + 0.5) * step
            told = value_of(x_value, sweep, across)
            marks.append(svg.text(x, bottom + 16, told, "s m c"))
    marks.append(svg.text(WIDE - MARGIN, bottom + 33, cells.across, "s m r"))
    return Picture(
        kind="heat",
        title=title,
        subtitle=subtitle,
        height=bottom + 44,
        marks=tuple(marks),
        table=sweep.table,
    )


def _sides(sweep: Sweep, of: str) -> tuple[int, int, Measured, int]:
    """Return which varied value goes to the right, which up, and what is measured."""
    numeric = all(varied.unit is not None for varied in sweep.varied)
    if len(sweep.varied) != 2 or not numeric:
        raise ModelError(
            [Problem((), "a heat map needs a sweep over two numbers", "vary two paths, or `shock`")]
        )
    words = [measured.words for measured in sweep.measured]
    at = words.index(of) if of in words else 0
    if of and of not in words:
        raise ModelError(
            [Problem((of,), f"`{of}` is not measured in this sweep", ", ".join(words[:6]))]
        )
    across = 1 if sweep.varied[1].path == "shock" else 0 if sweep.varied[0].path == "shock" else 1
    return across, 1 - across, sweep.measured[at], at


def _grid(sweep: Sweep, across: int, up: int, at: int) -> Grid:
    # the first row is the system as given, which need not lie on the grid
    rows = sweep.rows[1:] or sweep.rows
    return {(float(row.values[across]), float(row.values[up])): row.numbers[at] for row in rows}


def _border(sweep: Sweep, across: int, up: int, measured: Measured) -> dict[float, float]:
    """Return, for each value upwards, where liquidations begin; nothing where none was measured.

    Those of the part that is drawn, where they were measured, else of the first that was.
    """
    every = [k for k, one in enumerate(sweep.measured) if one.words.endswith("liquidated_usd")]
    own = [k for k in every if of_what(sweep.measured[k]) == of_what(measured)]
    found = own or every
    if not found:
        return {}
    grid = _grid(sweep, across, up, found[0])
    starts: dict[float, float] = {}
    for (x, y), value in sorted(grid.items(), key=lambda cell: abs(cell[0][0])):
        if value is not None and value > 0:
            starts.setdefault(y, x)
    return starts


def _steps(
    edge: dict[float, float],
    xs: Sequence[float],
    ys: Sequence[float],
    top: float,
    step: float,
) -> list[Markup]:
    """Return the border as one stepped line from the top row to the bottom row."""
    points: list[Point] = []
    for row, y in enumerate(ys):
        at = list(xs).index(edge[y]) if y in edge else len(xs)
        x = _LEFT + at * step - 0.5
        points += [(x, top + row * _HIGH), (x, top + (row + 1) * _HIGH)]
    return [svg.polyline(points, "k-ink", 2, dash="5 3")] if edge else []


def _title(
    sweep: Sweep,
    grid: Grid,
    sides: tuple[Sequence[float], Sequence[float]],
    places: tuple[int, int],
    at: int,
) -> str:
    xs, ys = sides
    across, up = places
    whole = said(sweep.measured[at])

    def told(x: float | None, y: float) -> str:
        level = place_of(y, sweep, up)
        return f"none at {level}" if x is None else f"from {place_of(x, sweep, across)} at {level}"

    top = told(_first(grid, xs, ys[0]), ys[0])
    if len(ys) == 1:
        return f"{whole}: {top}"
    low = _first(grid, xs, ys[-1])
    level = value_of(ys[-1], sweep, up)
    last = "none" if low is None else f"from {value_of(low, sweep, across)}"
    return f"{whole}: {top}, {last} at {level}"


def _first(grid: Grid, xs: Sequence[float], y: float) -> float | None:
    return next((x for x in xs if (grid.get((x, y)) or 0.0) > 1e-12), None)


def _legend(y: float, *, is_share: bool, bordered: bool) -> list[Markup]:
    marks = []
    x = MARGIN
    words = "% " if is_share else "% of the largest"
    marks.append(svg.text(x, y, words, "s m"))
    x += width(words, 11) + 12
    paints = ["paper", *(f"h{n}" for n in range(1, 7))]
    for paint, told in zip(paints, _CLASSES, strict=True):
        marks.append(svg.rect(x, y - 9, 14, 10, f"f-{paint}"))
        marks.append(svg.rect(x, y - 9, 14, 10, "k-rule", stroke=0.8))
        marks.append(svg.text(x + 19, y, told, "s m"))
        x += 19 + width(told, 11) + 14
    if bordered:
        marks.append(svg.line((x, y - 4), (x + 16, y - 4), "k-ink", 2, dash="5 3"))
        marks.append(svg.text(x + 21, y, "liquidated right of it", "s m"))
    return marks


def _cell(
    value: float | None,
    box: tuple[float, float, float, float],
    scale: float,
    text: str,
) -> list[Markup]:
    x, y, wide, high = box
    if value is None:
        return [svg.text(x + wide / 2, y + 17, "–", "m c")]
    part = max(0.0, value) / scale
    paint = next((name for end, name in HEAT if part <= end * (1 + 1e-12)), "h6")
    marks = [svg.rect(x, y, wide, high, f"f-{paint}")]
    if text and width(text, 12) <= wide - 4:
        ink = " on" if paint in {"h4", "h5", "h6"} else ""
        marks.append(svg.text(x + wide / 2, y + 17, text, f"c{ink}"))
    return marks
