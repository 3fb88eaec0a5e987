"""A report as one HTML file: no request, no script, a content policy that forbids all else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from typing import assert_never

from looprisk.reports import svg
from looprisk.reports.document import (
    Block,
    Box,
    Chapter,
    Commands,
    Document,
    Figure,
    Points,
    Prose,
    Rowset,
)
from looprisk.reports.page_style import page_style
from looprisk.reports.svg import Markup, element


def html_of(document: Document) -> str:
    """Return the report as one file, the same bytes for the same report."""
    body = (
        head(document),
        *chapters(document),
        *numbers(document.figures),
    )
    return whole_page(document.answer, (element("main", {}, inside=body),))


def whole_page(title: str, body: Sequence[Markup], script: str = "", data: str = "") -> str:
    """Return a whole page: one style under its hash, at most one script under its own.

    ``data`` is JSON that the script reads; it is written so that it cannot close its element.
    """
    style = page_style(controls=bool(script))
    code = f"const D={safe_json(data)};{script}" if script else ""
    top = element(
        "head",
        {},
        inside=(
            element("meta", {"charset": "utf-8"}),
            element(
                "meta",
                {"http-equiv": "Content-Security-Policy", "content": policy(style, code)},
            ),
            element("meta", {"name": "viewport", "content": "width=device-width,initial-scale=1"}),
            element("meta", {"name": "color-scheme", "content": "light dark"}),
            element("meta", {"name": "referrer", "content": "no-referrer"}),
            element("title", {}, words=f"looprisk: {title}"),
            svg.style(style),
        ),
    )
    after = (svg.raw_script(code),) if code else ()
    page = element(
        "html", {"lang": "en"}, inside=(top, element("body", {}, inside=(*body, *after)))
    )
    return f"<!doctype html>{page}\n"


def policy(style: str, script: str) -> str:
    """Return the content policy: nothing but this style and this script."""
    told = f"style-src '{digest(style)}'"
    if script:
        told += f"; script-src '{digest(script)}'"
    return f"default-src 'none'; {told}; base-uri 'none'; form-action 'none'"


def digest(text: str) -> str:
    """Return the hash of a block as a content policy writes it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def safe_json(text: str) -> str:
    """Return JSON in which nothing can end a script: only letters that strings of it hold."""
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def head(document: Document) -> Markup:
    """Return the answer, what was asked, and the key numbers."""
    said = f"looprisk report · {document.scenario} · basis: {document.basis} · US dollars"
    return element(
        "header",
        {},
        inside=(
            element("p", {"class": "kick"}, words=said),
            element("h1", {}, words=document.answer),
            element("p", {"class": "lede"}, words=document.lede),
            element("dl", {"class": "ans"}, inside=[_box(box) for box in document.boxes]),
        ),
    )


def _box(box: Box) -> Markup:
    return element(
        "div",
        {},
        inside=(
            element("dt", {}, words=box.term),
            element("dd", {}, inside=(words(box.value), element("p", {}, words=box.said))),
        ),
    )


def words(text: str) -> Markup:
    """Return text between elements."""
    return element("span", {}, words=text)


def chapters(document: Document) -> Iterator[Markup]:
    """Return the chapters, their figures numbered."""
    number = 0
    hatched = False
    for chapter in document.chapters:
        inside = [element("h2", {}, words=chapter.heading)]
        for place, block in enumerate(chapter.blocks):
            if isinstance(block, Figure):
                number += 1
                first = block.picture.hatched and not hatched
                hatched = hatched or block.picture.hatched
                inside.append(_figure(block, number, hatch=first))
            else:
                inside.append(_block(block, f"{_slug(chapter)}-{place}"))
        yield element("section", {}, inside=inside)


def _slug(chapter: Chapter) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in chapter.heading.lower())


def _figure(figure: Figure, number: int, *, hatch: bool) -> Markup:
    region = {"class": "scroll pic", "tabindex": "0", "role": "region"}
    link = element("a", {"href": f"#tab{number}"}, words=f"table {number}")
    caption = (words(f"Figure {number}. {figure.caption} Numbers:"), svg.blank(), link)
    return element(
        "figure",
        {"id": f"fig{number}"},
        inside=(
            element(
                "div",
                {**region, "aria-label": f"Figure {number}"},
                inside=(figure.picture.inside(f"p{number}", hatch=hatch),),
            ),
            element("figcaption", {}, inside=caption),
        ),
    )


def _block(block: Block, name: str) -> Markup:
    match block:
        case Prose():
            return element("p", {}, words=block.text)
        case Points():
            return element("ul", {}, inside=[element("li", {}, words=i) for i in block.items])
        case Commands():
            return element("pre", {}, inside=_lines(block.lines))
        case Rowset():
            return _scrolled(svg.table(block.table), block.caption or name)
        case Figure():
            raise ValueError("a figure has a number")
    assert_never(block)


def _lines(lines: Sequence[str]) -> Iterator[Markup]:
    for at, line in enumerate(lines):
        if at:
            yield element("br", {})
        yield element("code", {}, words=line)


def _scrolled(inside: Markup, label: str) -> Markup:
    region = {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": label}
    return element("div", region, inside=(inside,))


def numbers(figures: Sequence[Figure]) -> Iterator[Markup]:
    """Return the table of every figure, with the way back."""
    if not figures:
        return
    inside = [element("h2", {}, words="The numbers behind the pictures")]
    for number, figure in enumerate(figures, 1):
        back = element("a", {"href": f"#fig{number}"}, words=f"back to figure {number}")
        inside += [
            element("h3", {"id": f"tab{number}"}, words=f"Table {number}"),
            _scrolled(svg.table(figure.picture.table), f"Table {number}"),
            element("p", {"class": "back"}, inside=(back,)),
        ]
    yield element("section", {}, inside=inside)
