"""The only writer of SVG: a mark is made here or nowhere, so that no name can become markup.

Every text and attribute is escaped on its way in, numbers have two decimals, and what is made is
``Markup``, a type that no other module makes. Same values in, same bytes out.
"""

import math
from collections.abc import Iterable, Mapping
from typing import NewType

from looprisk.results.names import clean, for_html
from looprisk.results.table import Rows

Markup = NewType("Markup", str)


Point = tuple[float, float]
Attributes = dict[str, str | float]
MOST_ROWS = 120
"""Rows of a table that a page shows; CSV and JSON have all."""
NO_DATA: Mapping[str, str] = {}


def number(value: float) -> str:
    """Return a coordinate with at most two decimals.

    >>> number(12.3456), number(-0.001), number(7.0)
    ('12.35', '0', '7')
    """
    if not math.isfinite(value):
        raise ValueError(f"a coordinate is not finite: {value}")
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def escaped(text: str) -> str:
    """Return text that is read and never acts, inside an element or an attribute."""
    return for_html(clean(text))


def element(
    name: str,
    attributes: Mapping[str, str | float],
    *,
    inside: Iterable[Markup] = (),
    words: str = "",
    title: str = "",
) -> Markup:
    """Return one element: ``words`` are its text, ``title`` what a pointer shows."""
    written = "".join(
        f' {key}="{escaped(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
        if value != ""
    )
    hint = f"<title>{escaped(title)}</title>" if title else ""
    body = f"{escaped(words)}{hint}{''.join(inside)}"
    return Markup(f"<{name}{written}>{body}</{name}>" if body else f"<{name}{written}/>")


def rect(
    x: float,
    y: float,
    wide: float,
    high: float,
    paint: str,
    *,
    title: str = "",
    data: Mapping[str, str] = NO_DATA,
    stroke: float = 0,
    dash: str = "",
    round_: float = 0,
) -> Markup:
    """Return a rectangle, painted with the classes ``paint``."""
    place = {"x": x, "y": y, "width": max(0.0, wide), "height": max(0.0, high)}
    more = {"stroke-width": stroke} if stroke else {}
    corners = {"rx": round_} if round_ else {}
    attributes: Attributes = {
        **place,
        **corners,
        "class": paint,
        **more,
        "stroke-dasharray": dash,
        **data,
    }
    return element("rect", attributes, title=title)


def line(
    start: Point,
    end: Point,
    paint: str,
    stroke: float = 1,
    *,
    dash: str = "",
    data: Mapping[str, str] = NO_DATA,
) -> Markup:
    """Return a straight line."""
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    more: Attributes = {"class": paint, "stroke-width": stroke, "stroke-dasharray": dash}
    attributes: Attributes = {**ends, **more, **data}
    return element("line", attributes)


def polyline(points: Iterable[Point], paint: str, stroke: float = 2, *, dash: str = "") -> Markup:
    """Return straight pieces through ``points``."""
    way = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return path(f"M{way}", paint, stroke=stroke, dash=dash)


def area(points: Iterable[Point], paint: str, *, title: str = "") -> Markup:
    """Return the area inside ``points``."""
    way = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return path(f"M{way}Z", paint, title=title)


def path(
    way: str,
    paint: str,
    *,
    stroke: float = 0,
    dash: str = "",
    title: str = "",
    data: Mapping[str, str] = NO_DATA,
) -> Markup:
    """Return a path; ``way`` is made of letters and :func:`number`."""
    more = {"stroke-width": stroke} if stroke else {}
    attributes: Attributes = {"d": way, "class": paint, **more, "stroke-dasharray": dash, **data}
    return element("path", attributes, title=title)


def circle(
    at: Point, radius: float, paint: str, *, stroke: float = 0, data: Mapping[str, str] = NO_DATA
) -> Markup:
    """Return a circle."""
    more = {"stroke-width": stroke} if stroke else {}
    place = {"cx": at[0], "cy": at[1], "r": radius}
    attributes: Attributes = {**place, "class": paint, **more, **data}
    return element("circle", attributes)


def text(
    x: float,
    y: float,
    words: str,
    paint: str = "",
    *,
    title: str = "",
    data: Mapping[str, str] = NO_DATA,
) -> Markup:
    """Return text on a base line; ``title`` is the whole of what was shortened."""
    hint = title if title and title != words else ""
    return element("text", {"x": x, "y": y, "class": paint, **data}, words=words, title=hint)


def diamond(at: Point, size: float, paint: str, *, data: Mapping[str, str] = NO_DATA) -> Markup:
    """Return a diamond that reaches ``size`` to each side."""
    x, y = at
    corners = ((x, y - size), (x + size, y), (x, y + size), (x - size, y))
    way = "L".join(f"{number(a)} {number(b)}" for a, b in corners)
    return path(f"M{way}Z", paint, stroke=1.5, data=data)


def cross(at: Point, size: float, paint: str, stroke: float = 2.4) -> Markup:
    """Return a cross."""
    x, y = at
    one, other = (x - size, y - size), (x - size, y + size)
    ways = (
        f"M{number(a)} {number(b)}L{number(2 * x - a)} {number(2 * y - b)}" for a, b in (one, other)
    )
    return path("".join(ways), paint, stroke=stroke)


def hatch() -> Markup:
    """Return the definition of the hatch of hidden loss."""
    lines = (
        rect(0, 0, 6, 6, "f-paper"),
        rect(0, 0, 2.2, 6, "f-loss"),
    )
    pattern = element(
        "pattern",
        {
            "id": "lr-hatch",
            "width": 6,
            "height": 6,
            "patternUnits": "userSpaceOnUse",
            "patternTransform": "rotate(45)",
        },
        inside=lines,
    )
    return element("defs", {}, inside=(pattern,))


def style(rules: str) -> Markup:
    """Return a style block; ``rules`` come from the theme and from nowhere else."""
    return Markup(f"<style>{rules}</style>")


def table(rows: Rows) -> Markup:
    """Return a table as HTML, its first rows; tables escape every cell themselves."""
    return Markup(rows.head(MOST_ROWS)._repr_html_())


def raw_script(text: str) -> Markup:
    """Return our own script, which holds no text of a file; data stands beside it."""
    return Markup(f"<script>{text}</script>")


def blank() -> Markup:
    """Return the blank between two elements, which text loses at its ends."""
    return Markup(" ")


def joined(parts: Iterable[Markup]) -> Markup:
    """Return several marks, one after the other."""
    return Markup("".join(parts))
