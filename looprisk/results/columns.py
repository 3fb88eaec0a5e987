"""One column of an answer: its values, what they mean, and how each is written."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from looprisk.results.names import clean, shown
from looprisk.results.numbers import NONE, Scale, fixed, price, scale_for, share

Cell = str | int | float | bool | None


class Kind(StrEnum):
    """What the values of a column are; it decides how they are written."""

    NAME = "name"
    TEXT = "text"
    COUNT = "count"
    MONEY = "money"
    """US dollars, shown in one unit that the header names."""
    SHARE = "share"
    """A fraction of 1, shown as a percentage with one decimal, the sign in the header."""
    POINT = "point"
    """A fraction of 1, shown as a percentage with two decimals and its sign."""
    PRICE = "price"
    MULTIPLE = "multiple"
    """A ratio, shown with two decimals, the sign in the header."""
    NUMBER = "number"
    """A figure whose unit another column of the same row names."""
    FIGURE = "figure"
    """A figure already written out with its unit."""
    MARK = "mark"
    """True is shown as ``x``, false as nothing."""


UNITS = {
    Kind.MONEY: "usd",
    Kind.SHARE: "fraction",
    Kind.POINT: "fraction",
    Kind.PRICE: "usd per token",
    Kind.MULTIPLE: "multiple",
}
_TEXTS = frozenset({Kind.NAME, Kind.TEXT, Kind.FIGURE})
_WHOLE = frozenset({Kind.COUNT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Values with a name for programs, a header for readers, a kind and a unit."""

    name: str
    header: tuple[str, ...]
    """Words stacked from top to bottom."""
    kind: Kind
    values: tuple[Cell, ...]
    none: str = NONE
    """What stands where there is no value."""
    leaves: int = 0
    """Optional columns leave a narrow table in this order; 0 stays."""
    hidden: bool = False
    """For programs only: exported, not shown."""
    apart: bool = False
    """Money of another size than the rest of the table: it keeps a unit of its own."""

    @property
    def unit(self) -> str:
        """The unit of the values as they are stored, such as ``usd``; empty for words."""
        return UNITS.get(self.kind, "")

    @property
    def is_text(self) -> bool:
        """The values are words."""
        return self.kind in _TEXTS

    @property
    def is_right(self) -> bool:
        """The values are figures, written to the right."""
        return self.kind not in {Kind.NAME, Kind.TEXT, Kind.MARK}

    @property
    def plain(self) -> tuple[Cell, ...]:
        """The values for another program: words clean, figures as float or int."""
        return tuple(_plain(self.kind, value) for value in self.values)

    @property
    def scale(self) -> Scale:
        """The unit of money that suits the largest value."""
        return scale_for(value for value in self.values if isinstance(value, (int, float)))

    def heading(self, scale: Scale | None) -> tuple[str, ...]:
        """Return the header, with the unit of money after its last word if ``scale`` is one."""
        if self.kind is not Kind.MONEY or scale is None:
            return self.header
        return (*self.header[:-1], f"{self.header[-1]}, {scale.header}")

    def texts(self, scale: Scale) -> tuple[str, ...]:
        """Return every value as it is read, money in ``scale``."""
        write = _writer(self.kind, scale)
        return tuple(self.none if value is None else write(value) for value in self.values)


def _plain(kind: Kind, value: Cell) -> Cell:
    if value is None or kind is Kind.MARK:
        return value
    if kind in _TEXTS:
        return clean(str(value))
    return int(value) if kind in _WHOLE else float(value)


def _writer(kind: Kind, scale: Scale) -> Callable[[str | int | float | bool], str]:
    match kind:
        case Kind.NAME:
            return lambda value: shown(str(value))
        case Kind.TEXT | Kind.FIGURE:
            return lambda value: clean(str(value))
        case Kind.COUNT:
            return lambda value: str(int(value))
        case Kind.MONEY:
            return lambda value: fixed(float(value) / scale.factor, 2)
        case Kind.SHARE:
            return lambda value: share(float(value), sign=False)
        case Kind.POINT:
            return lambda value: share(float(value), digits=2)
        case Kind.PRICE:
            return lambda value: price(float(value))
        case Kind.MULTIPLE:
            return lambda value: fixed(float(value), 2)
        case Kind.NUMBER:
            return lambda value: f"{value:g}"
        case Kind.MARK:
            return lambda value: "x" if value else ""
