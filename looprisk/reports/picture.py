"""A picture as a frozen value: what it finds, its marks, and the table with the same numbers."""

import hashlib
from dataclasses import dataclass

from looprisk.reports import svg
from looprisk.reports.svg import Markup
from looprisk.reports.theme import SVG_STYLE
from looprisk.results.names import clean
from looprisk.results.table import Rows

WIDE = 760.0
MARGIN = 16.0
_CROP_TOP = 6.0


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Picture:
    """One picture. It shows itself in a notebook; ``svg`` is its file, ``table`` its numbers."""

    kind: str
    title: str
    """The finding, with its number."""
    subtitle: str
    """What is plotted, on which basis, in which unit, of which scenario."""
    height: float
    width: float = WIDE
    marks: tuple[Markup, ...]
    table: Rows
    """The numbers that were drawn."""
    hatched: bool = False
    """It uses the hatch of hidden loss."""

    def svg(self) -> str:
        """Return the picture as a file of its own, the same bytes for the same values."""
        return self._root(
            self._name(),
            {
                "viewBox": f"0 0 {svg.number(self.width)} {svg.number(self.height)}",
                "width": self.width,
                "height": self.height,
            },
            (svg.style(SVG_STYLE), *([svg.hatch()] if self.hatched else [])),
        )

    def inside(self, name: str, *, hatch: bool = True) -> Markup:
        """Return the picture for a page that has the style already, its margin cropped.

        ``name`` is unique on the page; ``hatch`` says whether this picture defines the hatch.
        """
        crop = (MARGIN, _CROP_TOP, self.width - 2 * MARGIN, self.height - _CROP_TOP)
        box = " ".join(svg.number(value) for value in crop)
        before = (svg.hatch(),) if self.hatched and hatch else ()
        return self._root(name, {"viewBox": box}, before)

    def _root(
        self, name: str, attributes: dict[str, str | float], before: tuple[Markup, ...]
    ) -> Markup:
        return svg.element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "class": "lr",
                "role": "img",
                "aria-labelledby": f"{name}-t {name}-d",
                **attributes,
            },
            inside=(
                svg.element("title", {"id": f"{name}-t"}, words=self.title),
                svg.element("desc", {"id": f"{name}-d"}, words=self.subtitle),
                *before,
                *self.marks,
            ),
        )

    def _name(self) -> str:
        """Return a name of the content: pictures of one notebook page must not share ids."""
        content = "".join((self.title, self.subtitle, *self.marks))
        return "lr" + hashlib.sha256(content.encode()).hexdigest()[:8]

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return f"{clean(self.title)}\n{clean(self.subtitle)}\n\n{self.table.text()}"
