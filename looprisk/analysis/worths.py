"""What every party has and every claim is worth at the start: as the books say, and in truth.

*Book*: faces, posted prices; a price left out follows from the issuer's own books. *Real*: what is
there is passed up through every claim in the order of ``pays``, loops included. A number that rests
on an unknown one is ``None``, and the path of the unknown is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from looprisk.engine.backing import EXACT_PARTIES, Held, Rung, worth_of
from looprisk.engine.form import Scalar
from looprisk.errors import NoSolutionError, NotExactError
from looprisk.graph.standing import Holding, Promise, Standing

Number = Scalar | None


T = TypeVar("T")
NO_CLAIM = -1
"""The place of what is no claim: an asset, a pile, what a venue owes."""


def is_small(standing: Standing) -> bool:
    """Return whether a standing is counted in fractions; a larger one is in floats."""
    return len(standing.holdings) <= EXACT_PARTIES


class Books:
    """The numbers of one standing, as Fractions while it is small."""

    def __init__(self, standing: Standing) -> None:
        """Number the parties; from many on, numbers are floats."""
        self.standing = standing
        self.parties = {party: i for i, party in enumerate(standing.holdings)}
        self.exact = is_small(standing)
        self.zero: Scalar = Fraction(0) if self.exact else 0.0
        self.promises: dict[str, list[Promise]] = {party: [] for party in self.parties}
        """By party, in the order of the system."""
        for promise in standing.promises.values():
            self.promises[promise.party].append(promise)
        places = {claim: i for i, claim in enumerate(standing.promises)}
        self.claim_of: dict[str, list[int]] = {
            party: [places.get(one.of, NO_CLAIM) for one in several]
            for party, several in standing.holdings.items()
        }
        """By party: the place among all promises of what each of its holdings is a claim on."""

    def plain(self, number: Scalar) -> Scalar:
        """Return a number that is known as this standing counts."""
        return number if self.exact else float(number)

    def scalar(self, number: Number) -> Number:
        """Return a number as this standing counts."""
        return number if number is None or self.exact else float(number)

    def value(self, held: Holding, claims: Mapping[str, Number]) -> Number:
        """Return what a holding is worth where claims are worth ``claims``."""
        whole, share = claims.get(held.of), held.share
        return held.usd if whole is None or share is None else share * whole

    def values(self, claims: Mapping[str, Number]) -> dict[str, list[Number]]:
        """Return the same for everything that each party has, in the order of its holdings."""
        claim_usd = self.by_place(claims)
        return {
            party: [
                one.usd
                if (whole := claim_usd[claim]) is None or one.share is None
                else one.share * whole
                for one, claim in zip(several, self.claim_of[party], strict=True)
            ]
            for party, several in self.standing.holdings.items()
        }

    def by_place(self, found: Mapping[str, T]) -> list[T | None]:
        """Return what is found of each promise by its place, and ``None`` for ``NO_CLAIM``."""
        return [*map(found.get, self.standing.promises), None]


@dataclass(frozen=True, kw_only=True)
class Worths:
    """Values in USD on one basis."""

    parties: Mapping[str, Number]
    """What each party has."""
    claims: Mapping[str, Number]
    """Every promise, all of its units."""
    why: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Party: the unknown numbers of its own, as paths."""
    after: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Party: the parties whose unknown numbers reach it."""

    def unknowns(self, parties: Iterable[str]) -> tuple[str, ...]:
        """Return the paths of the unknown numbers that some parties rest on, each once."""
        met: dict[str, None] = dict.fromkeys(parties)
        todo = deque(met)
        paths: dict[str, None] = {}
        while todo:
            party = todo.popleft()
            paths |= dict.fromkeys(self.why.get(party, ()))
            fresh = [other for other in self.after.get(party, ()) if other not in met]
            met |= dict.fromkeys(fresh)
            todo += fresh
        return tuple(paths)


def book_worths(books: Books) -> Worths:
    """Return book values: what the screens show before any shock."""
    posted = {
        promise.id: books.scalar(promise.posted)
        for promise in books.standing.promises.values()
        if promise.posted is not None
    }
    return _Sum(books, posted, real=False).solved()


def real_worths(books: Books) -> Worths:
    """Return real values: what each claim would get if all that is there were passed up now.

    Without costs: nobody is liquidated, no price moves.
    """
    return _Sum(books, {}, real=True).solved()


class _Sum:
    """All values at once: some claims fixed, the others get what the waterfalls leave them."""

    def __init__(self, books: Books, fixed: Mapping[str, Number], *, real: bool) -> None:
        self.books = books
        self.real = real
        self.claims: dict[str, Number] = dict(fixed)
        self.vague: dict[str, list[str]] = {}
        """Party: unknown numbers that only what it pays rests on."""
        self.wanting: dict[str, list[str]] = {}
        """Party: unknown numbers that what it has rests on."""
        self.rungs: dict[str, Rung] = {}
        for party, place in books.parties.items():
            for promise, low, size in self._ladder(party):
                part = books.scalar(promise.part)
                if size == 0:
                    self.claims[promise.id] = books.zero
                elif part is None:
                    self.vague.setdefault(party, []).append(f"{promise.id}/supply")
                else:
                    self.rungs[promise.id] = Rung(party=place, low=low, size=size, part=part)

    def _ladder(self, party: str) -> Iterator[tuple[Promise, Scalar, Number]]:
        """Yield (claim, what is paid before it, the faces of its rank) where nothing fixes it."""
        faces: dict[int, Scalar] = {}
        promises = self.books.promises[party]
        for promise in promises:
            face = self.books.scalar(promise.face)
            if face is not None:
                rank = promise.rank or 0
                faces[rank] = faces.get(rank, self.books.zero) + face
            elif not promise.residual:
                self.vague.setdefault(party, []).append(promise.id)
        for promise in promises:
            rank = promise.rank or 0
            if promise.id in self.claims:
                continue
            if promise.residual:
                yield promise, sum(faces.values(), start=self.books.zero), None
            elif promise.face is not None and self.real:
                below = (faces[other] for other in faces if other < rank)
                yield promise, sum(below, start=self.books.zero), faces[rank]

    def solved(self) -> Worths:
        number = {claim: i for i, claim in enumerate(self.rungs)}
        own, held = self._stock(number)
        try:
            parties, values = worth_of(own, list(self.rungs.values()), held)
        except (NotExactError, NoSolutionError) as error:
            everywhere = dict.fromkeys(self.books.parties, (str(error),))
            nothing: dict[str, Number] = dict.fromkeys(self.books.parties)
            return Worths(parties=nothing, claims=self.claims, why=everywhere)
        self.claims |= {claim: values[i] for claim, i in number.items()}
        self._doubt_the_order(parties)
        return self._darkened(parties)

    def _stock(self, number: Mapping[str, int]) -> tuple[list[Scalar], list[Held]]:
        """Return (what each party has that nothing here decides, what it has of the others)."""
        books, standing = self.books, self.books.standing
        own = [books.zero] * len(books.parties)
        held: list[Held] = []
        rungs = books.by_place(number)
        for party, place in books.parties.items():
            if self.real:
                own[place] += books.scalar(standing.covers.get(party)) or books.zero
            for one, claim in zip(standing.holdings[party], books.claim_of[party], strict=True):
                share, rung = one.share, rungs[claim]
                if rung is not None and share is not None:
                    held.append(Held(rung, place, share))
                    continue
                free = rung is not None or (self.real and claim != NO_CLAIM)
                usd = books.value(one, self.claims)
                if usd is not None and not (free and self.claims.get(one.of) is None):
                    own[place] += usd
                elif share is None:
                    self.wanting.setdefault(party, []).append(one.path or f"{one.of}/supply")
        return own, held

    def _doubt_the_order(self, parties: list[Scalar]) -> None:
        """Note the parties that are short and of whose claims nobody knows who is paid first."""
        for party, place in self.books.parties.items():
            promises = self.books.promises[party]
            if any(p.rank is None and not p.residual for p in promises):
                faces = [self.books.scalar(p.face) or self.books.zero for p in promises]
                if parties[place] < sum(faces) and self.real:
                    self.vague.setdefault(party, []).append(f"{party}/pays")

    def _darkened(self, parties: list[Scalar]) -> Worths:
        """Return the values, blanked wherever they rest on an unknown number."""
        dark = dict.fromkeys(self.wanting)
        after: dict[str, dict[str, None]] = {}
        todo = deque({**dark, **dict.fromkeys(self.vague)})
        holders = self._holders() if todo else {}
        done: set[str] = set()
        while todo:
            party = todo.popleft()
            if party in done:
                continue
            done.add(party)
            for promise in self.books.promises[party]:
                if promise.id not in self.rungs and self.claims.get(promise.id) is not None:
                    continue
                self.claims[promise.id] = None
                for holder in holders.get(promise.id, ()):
                    dark[holder] = None
                    after.setdefault(holder, {})[party] = None
                    todo.append(holder)
        why = {p: (*self.wanting.get(p, ()), *self.vague.get(p, ())) for p in done}
        return Worths(
            parties={p: None if p in dark else parties[i] for p, i in self.books.parties.items()},
            claims=self.claims,
            why=why,
            after={holder: tuple(below) for holder, below in after.items()},
        )

    def _holders(self) -> dict[str, list[str]]:
        """Return who has something of each claim whose value may be unknown."""
        standing = self.books.standing
        holders: dict[str, list[str]] = {}
        for party, several in standing.holdings.items():
            for one in several:
                if self.real or standing.promises.get(one.of, _POSTED).posted is None:
                    holders.setdefault(one.of, []).append(party)
        return holders


_POSTED = Promise(id="", party="", kind="", rank=0, part=None, posted=Fraction(0))
