"""A case answered for a whole box of completions at once, each way that some of them goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from looprisk.analysis.audit import OpenValue
from looprisk.analysis.solve import Solved, solve
from looprisk.analysis.uncertain import Datum
from looprisk.analysis.unknowns import filled
from looprisk.engine.ends import Signs, UnboundedError
from looprisk.engine.oracles import computed_navs
from looprisk.engine.ranged import Realm
from looprisk.engine.rings import EmptyError
from looprisk.engine.state import ONE
from looprisk.engine.terms import Key
from looprisk.errors import LoopriskError
from looprisk.model.case import Case

Corner = tuple[Fraction, ...]
Box = tuple[Corner, Corner]
MOST_WAYS = 24
"""So many ways in which comparisons may come out are answered in one box."""
MOST_BOXES = 96
"""So many boxes are answered with the same data open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in which comparisons come out."""

    realm: Realm
    decided: Mapping[Key, Signs]
    solved: Solved
    jumps: bool
    """Whether something may jump between this way and another."""


@dataclass(frozen=True, kw_only=True)
class Boxes:
    """All completions of a case that differ in numbers, answered a box at a time."""

    case: Case
    numbers: tuple[Datum, ...]
    ways_in: dict[Box, tuple[Way, ...] | None] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    """What the engine cannot do with ranges, where it met that."""
    unbounded: list[Box] = field(default_factory=list)
    """Where something is divided by what may be nothing."""
    looked_at: Counter[tuple[bool, ...]] = field(default_factory=Counter)
    """How many boxes were answered, by the data that have room in them."""

    def ways(self, box: Box) -> tuple[Way, ...] | None:
        """Return the case answered for a box, once for every way that some completion goes."""
        free = tuple(a < b for a, b in zip(*box, strict=True))
        if box not in self.ways_in:
            if self.looked_at[free] >= MOST_BOXES:
                return None
            self.looked_at[free] += 1
            self.ways_in[box] = self._answered(box)
        return self.ways_in[box]

    def _answered(self, box: Box) -> tuple[Way, ...] | None:
        realm = Realm(sum(a < b for a, b in zip(*box, strict=True)))
        case = self._filled(box, realm)

        def answer() -> Way | None:
            try:
                solved = solve(case)
                # all that is read later is made here, where both ways are gone
                _ = solved.baseline, solved.greatest, solved.least
            except (LoopriskError, EmptyError):
                return None  # what no completion answers adds nothing to any answer
            return Way(realm=realm, decided=realm.decided, solved=solved, jumps=realm.jumps)

        try:
            ways = realm.explored(answer, MOST_WAYS)
        except UnboundedError:
            self.unbounded.append(box)
            return None
        except TypeError as error:
            self.stopped.append(str(error))
            return None
        return None if ways is None else tuple(way for way in ways if way is not None)

    def _filled(self, box: Box, realm: Realm) -> Case:
        fills: dict[tuple[str, ...], object] = {}
        free = 0
        for datum, low, high in zip(self.numbers, *box, strict=True):
            value = datum.value
            assert value is not None  # noqa: S101  (orders are no numbers)
            if low == high:
                fills[datum.place] = replace(value, low=low, high=low)
                continue
            number = realm.datum(free, (low, high))
            fills[datum.place] = OpenValue(
                ONE, ONE, value.unit, value.of, text=value.text, stands_for=number
            )
            free += 1
        return filled(self.case, fills)


def not_ranged(solved: Solved) -> str:
    """Return why a case is not answered in ranges, by one completion; nothing where it is."""
    catalogue = solved.catalogue
    if catalogue.summed:
        table = min(catalogue.summed)
        return (
            f"{table} is a table of accounts, solved for one completion at a time: list the "
            "accounts that matter as positions, or give the values with --set"
        )
    if navs := computed_navs(catalogue):
        return (
            f"an oracle reads the computed book of {navs[0]}, which falls as well as rises: give "
            f"it a `book_price`, name a `market` oracle, or give the values with --set"
        )
    if not solved.end.compiled.form.exact:
        return (
            f"{solved.end.compiled.form.nodes} issuers, markets and accounts are solved in "
            "floats: leave out what the unknown values do not reach, or give them with --set"
        )
    return ""
