"""Numbers of which only a range is known: what a compiled system is made of over a box of data.

A :class:`Ranged` number stands for one number in each completion of a case. It knows two ends
between which all of them lie, how steeply it rises with each datum, and from which others it was
made, so that ``x - x`` is nothing and not a range. The engine runs on such numbers unchanged: where
a comparison comes out differently for some completions, :class:`Realm` goes both ways, one after
the other. What is found then holds for every completion (interval arithmetic with outward rounding;
Moore, Kearfott and Cloud 2009, chapters 5 and 6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from looprisk.engine.ends import (
    NOTHING,
    ONE,
    ZERO,
    Ends,
    Signs,
    UnboundedError,
    outward,
    plus,
    raised,
    signs_of,
    times,
)
from looprisk.engine.terms import Key, Product, Terms, joined, ratio_of

Answer = TypeVar("Answer")
ANY: Signs = frozenset({-1, 0, 1})
MOST_TERMS = 24
"""A sum of more products is one new thing: what it was made from no longer matters."""


class Realm:
    """What all numbers of one box share: what they are made of, and how comparisons come out."""

    def __init__(self, data: int) -> None:
        """Start without a number; ``data`` is how many things are not known."""
        self.data = data
        self._made: list[tuple[Ends, tuple[Ends, ...]]] = []
        self._named: dict[object, int] = {}
        self._signs: dict[Key, Signs] = {}
        self._script: tuple[int, ...] = ()
        self._taken: list[tuple[int, int]] = []
        self.jumps = False
        """Whether on the way taken something may jump between completions that part."""

    def datum(self, place: int, ends: Ends) -> Ranged:
        """Return one of the data as a number."""
        slopes = tuple((ONE, ONE) if k == place else NOTHING for k in range(self.data))
        return self.new(ends, slopes)

    def new(self, ends: Ends, slopes: tuple[Ends, ...], name: object = None) -> Ranged:
        """Return a number that is made from no other; one with a name is made once."""
        if name is None or name not in self._named:
            self._made.append((ends, slopes))
            if name is not None:
                self._named[name] = len(self._made) - 1
        at = len(self._made) - 1 if name is None else self._named[name]
        return Ranged(self, {((at, 1),): ONE}, *self._made[at])

    def measured(self, terms: Terms) -> tuple[Ends, tuple[Ends, ...]]:
        """Return the ends and slopes of a sum of products, from those of what it is made of."""
        total = NOTHING
        for product, factor in terms.items():
            value: Ends = (factor, factor)
            for at, power in product:
                value = times(value, raised(self._made[at][0], power))
            total = plus(total, value)
        if any(not self._made[at][1] for product in terms for at, _ in product):
            return outward(total), ()
        return outward(total), tuple(
            outward(self._slope_of_sum(terms, place)) for place in range(self.data)
        )

    def _slope_of_sum(self, terms: Terms, place: int) -> Ends:
        total = NOTHING
        for product, factor in terms.items():
            total = plus(total, self._slope(product, factor, place))
        return total

    def _slope(self, product: Product, factor: Fraction, place: int) -> Ends:
        total = NOTHING
        for chosen, (at, power) in enumerate(product):
            own = self._made[at][1][place]
            if own == NOTHING:
                continue
            value = times((factor * power, factor * power), own)
            value = times(value, raised(self._made[at][0], power - 1))
            for other, (thing, more) in enumerate(product):
                if other != chosen:
                    value = times(value, raised(self._made[thing][0], more))
            total = plus(total, value)
        return total

    def asked(self, number: Ranged, wanted: Signs, *, is_bend: bool = False) -> bool:
        """Return whether a number has one of some signs; where both may be, one is tried first.

        At a bend nothing jumps between the two.
        """
        key, turned = number.canonical
        possible = self.possible(number)
        if possible <= wanted or not possible & wanted:
            return bool(possible & wanted) and possible <= wanted
        yes = self.choose(2, is_bend=is_bend) == 0
        left = possible & wanted if yes else possible - wanted
        self._signs[key] = frozenset(-sign for sign in left) if turned else left
        return yes

    def possible(self, number: Ranged) -> Signs:
        """Return the signs that a number may have on the way taken."""
        key, turned = number.canonical
        known = self._signs.get(key, ANY)
        return signs_of(number.ends) & (frozenset(-sign for sign in known) if turned else known)

    def choose(self, ways: int, *, is_bend: bool = False) -> int:
        """Return one of several ways to go on; :func:`explored` tries them all."""
        self.jumps |= not is_bend
        place = len(self._taken)
        chosen = self._script[place] if place < len(self._script) else 0
        self._taken.append((chosen, ways))
        return chosen

    @property
    def decided(self) -> Mapping[Key, Signs]:
        """The signs that numbers have on the way taken."""
        return dict(self._signs)

    def explored(
        self, answer: Callable[[], Answer], most: int, decided: Mapping[Key, Signs] | None = None
    ) -> list[Answer] | None:
        """Return an answer for every way that its comparisons may come out.

        None where there are more than ``most`` ways. What is ``decided`` comes out one way.
        """
        todo: list[tuple[int, ...]] = [()]
        found: list[Answer] = []
        while todo:
            if len(found) + len(todo) > most:
                return None
            self._script, self._taken, self._signs = todo.pop(), [], dict(decided or {})
            self.jumps = False
            found.append(answer())
            chosen = tuple(one for one, _ in self._taken)
            for place in range(len(self._script), len(self._taken)):
                ways = self._taken[place][1]
                todo += [(*chosen[:place], other) for other in range(1, ways)]
        return found


@dataclass(frozen=True, eq=False, slots=True)
class Ranged:
    """A number that lies between two ends in every completion.

    >>> realm = Realm(1)
    >>> pile = realm.datum(0, (Fraction(600), Fraction(700)))
    >>> left = pile - Fraction(250)
    >>> left.ends, left.slopes, left > 0, left - pile
    ((Fraction(350, 1), Fraction(450, 1)), ((Fraction(1, 1), Fraction(1, 1)),), True, \
Fraction(-250, 1))
    >>> realm.explored(lambda: bool(pile > 650), 4)
    [True, False]
    """

    realm: Realm
    terms: Terms
    ends: Ends
    slopes: tuple[Ends, ...]
    """One for each datum; none at all where nobody knows how steep it is."""

    @property
    def canonical(self) -> tuple[Key, bool]:
        """The sum that it is up to a positive factor, and whether its sign is turned."""
        first = self.terms[min(self.terms)]
        key = frozenset((product, factor / first) for product, factor in self.terms.items())
        return key, first < 0

    def __add__(self, other: object) -> Ranged | Fraction:
        if isinstance(other, Ranged):
            terms = dict(self.terms)
            for product, factor in other.terms.items():
                total = terms.get(product, ZERO) + factor
                if total:
                    terms[product] = total
                else:
                    del terms[product]
            if len(terms) == len(self.terms) + len(other.terms):
                ends = plus(self.ends, other.ends)
                slopes = tuple(plus(a, b) for a, b in _both(self, other))
                return _made(self.realm, terms, ends, slopes)
            return _measured(self.realm, terms)
        if not isinstance(other, int | Fraction):
            return NotImplemented
        if not other:
            return self
        terms = dict(self.terms)
        terms[()] = terms.get((), ZERO) + other
        if not terms[()]:
            del terms[()]
        ends = (self.ends[0] + other, self.ends[1] + other)
        return _made(self.realm, terms, ends, self.slopes)

    __radd__ = __add__

    def __neg__(self) -> Ranged:
        return self._scaled(-ONE)

    def __pos__(self) -> Ranged:
        return self

    def __sub__(self, other: object) -> Ranged | Fraction:
        if not isinstance(other, int | Fraction | Ranged):
            return NotImplemented
        return self + -other

    def __rsub__(self, other: object) -> Ranged | Fraction:
        return -self + other

    def _scaled(self, factor: Fraction) -> Ranged:
        by: Ends = (factor, factor)
        terms = {product: own * factor for product, own in self.terms.items()}
        slopes = tuple(times(slope, by) for slope in self.slopes)
        return _made(self.realm, terms, times(self.ends, by), slopes)

    def __mul__(self, other: object) -> Ranged | Fraction:
        if isinstance(other, Ranged):
            return _product(self, other)
        if not isinstance(other, int | Fraction):
            return NotImplemented
        return self._scaled(Fraction(other)) if other else ZERO

    __rmul__ = __mul__

    def __truediv__(self, other: object) -> Ranged | Fraction:
        if isinstance(other, Ranged):
            return _quotient(self, other)
        if not isinstance(other, int | Fraction):
            return NotImplemented
        return self._scaled(1 / Fraction(other))

    def __rtruediv__(self, other: object) -> Ranged | Fraction:
        if not isinstance(other, int | Fraction):
            return NotImplemented
        return _inverse(self) * other

    def __abs__(self) -> Ranged:
        return self if self >= 0 else -self

    def __bool__(self) -> bool:
        return self.realm.asked(self, frozenset({-1, 1}))

    def _compared(self, other: object, *wanted: int) -> bool:
        if not isinstance(other, int | Fraction | Ranged):
            return NotImplemented  # type: ignore[no-any-return]  # the word of the data model
        apart = self - other
        if isinstance(apart, Ranged):
            return self.realm.asked(apart, frozenset(wanted))
        return (apart > 0) - (apart < 0) in wanted

    def __lt__(self, other: object) -> bool:
        return self._compared(other, -1)

    def __le__(self, other: object) -> bool:
        return self._compared(other, -1, 0)

    def __gt__(self, other: object) -> bool:
        return self._compared(other, 1)

    def __ge__(self, other: object) -> bool:
        return self._compared(other, 0, 1)

    def __eq__(self, other: object) -> bool:
        return self._compared(other, 0)

    def __ne__(self, other: object) -> bool:
        return self._compared(other, -1, 1)

    def __float__(self) -> float:
        """Return the middle of its ends, for the message of an error."""
        return float((self.ends[0] + self.ends[1]) / 2)

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))


def is_ranged(numbers: Iterable[object]) -> bool:
    """Return whether some of the numbers are known by their range alone."""
    return any(isinstance(number, Ranged) for number in numbers)


def is_multiple(number: Ranged | Fraction, of: Ranged) -> bool:
    """Return whether a number is a fixed multiple of another, or nothing."""
    if not isinstance(number, Ranged):
        return number == 0
    return ratio_of(number.terms, of.terms) is not None


def ends_of(number: object) -> Ends:
    """Return the ends of a number of a compiled form; both are the number where it is known."""
    if isinstance(number, Ranged):
        return number.ends
    assert isinstance(number, int | Fraction)  # noqa: S101  (forms hold numbers)
    return Fraction(number), Fraction(number)


def slopes_of(number: object, data: int) -> tuple[Ends, ...]:
    """Return how steeply a number of a compiled form rises with each datum."""
    return number.slopes if isinstance(number, Ranged) else (NOTHING,) * data


def _made(
    realm: Realm, terms: dict[Product, Fraction], ends: Ends, slopes: tuple[Ends, ...]
) -> Ranged:
    ends, slopes = outward(ends), tuple(outward(slope) for slope in slopes)
    if len(terms) > MOST_TERMS:
        return realm.new(ends, slopes, name=frozenset(terms.items()))
    return Ranged(realm, terms, ends, slopes)


def _measured(realm: Realm, terms: dict[Product, Fraction]) -> Ranged | Fraction:
    if terms.keys() <= {()}:
        return terms.get((), ZERO)
    return _made(realm, terms, *realm.measured(terms))


def _product(a: Ranged, b: Ranged) -> Ranged | Fraction:
    realm = a.realm
    if len(a.terms) * len(b.terms) > MOST_TERMS:
        parts = [realm.new(x.ends, x.slopes, name=frozenset(x.terms.items())) for x in (a, b)]
        if parts[0].terms == a.terms and parts[1].terms == b.terms:
            raise UnboundedError
        return _product(*parts)
    terms: dict[Product, Fraction] = {}
    cancelled = False
    for one, factor in a.terms.items():
        for other, more in b.terms.items():
            product, less = joined(one, other)
            cancelled |= less or product in terms
            terms[product] = terms.get(product, ZERO) + factor * more
    terms = {product: factor for product, factor in terms.items() if factor}
    if cancelled:
        return _measured(realm, terms)
    slopes = tuple(plus(times(x, b.ends), times(y, a.ends)) for x, y in _both(a, b))
    return _made(realm, terms, times(a.ends, b.ends), slopes)


def _both(a: Ranged, b: Ranged) -> Iterator[tuple[Ends, Ends]]:
    """Yield the slopes of two numbers; none where one of them has none."""
    return zip(a.slopes, b.slopes, strict=False)


def _quotient(a: Ranged, b: Ranged) -> Ranged | Fraction:
    ratio = ratio_of(a.terms, b.terms)
    if ratio is not None:
        return ratio
    if b.ends[0] <= 0 and _is_part(a, b):
        name = ("part", frozenset(a.terms.items()), frozenset(b.terms.items()))
        return a.realm.new((ZERO, ONE), (), name=name)
    return _product(a, _inverse(b))


def _is_part(a: Ranged, b: Ranged) -> bool:
    """Return whether a number that is not below nothing is no more than another that is above."""
    rest = b - a
    possible = a.realm.possible(rest) if isinstance(rest, Ranged) else signs_of((rest, rest))
    return -1 not in possible | a.realm.possible(a) and a.realm.possible(b) == {1}


def _inverse(number: Ranged) -> Ranged:
    realm = number.realm
    if len(number.terms) > 1:
        first = number.terms[min(number.terms)]
        scaled = number * (1 / first)
        assert isinstance(scaled, Ranged)  # noqa: S101  (a factor leaves its terms)
        whole = realm.new(scaled.ends, scaled.slopes, name=frozenset(scaled.terms.items()))
        inverse = _inverse(whole) * (1 / first)
        assert isinstance(inverse, Ranged)  # noqa: S101
        return inverse
    ((product, factor),) = number.terms.items()
    low, high = number.ends
    if low <= 0 <= high:
        raise UnboundedError
    ends = (1 / high, 1 / low)
    square = times(ends, ends)
    minus: Ends = (-ONE, -ONE)
    slopes = tuple(times(minus, times(slope, square)) for slope in number.slopes)
    turned = tuple((at, -power) for at, power in product)
    return _made(realm, {turned: 1 / factor}, ends, slopes)
