"""Numbers over a box: their arithmetic and their signs agree with every completion's."""

from fractions import Fraction
from random import Random

import pytest

from looprisk.engine.open import Box, Open, UndecidedError, sign, slope

F = Fraction


def grown(random: Random, box: Box):
    """A random expression, as an open number and as a function of a completion."""
    data = [box.datum(i) for i in range(len(box.low))]
    number, at = data[0], lambda point: point[0]
    for _ in range(random.randint(1, 5)):
        place = random.randrange(len(data))
        const = F(random.randint(1, 9), random.randint(1, 4))
        match random.choice(["plus", "minus", "times", "shared", "over"]):
            case "plus":
                number, at = number + data[place], lambda p, a=at, i=place: a(p) + p[i]
            case "minus":
                number, at = const - number, lambda p, a=at, c=const: c - a(p)
            case "times":
                number, at = number * const, lambda p, a=at, c=const: a(p) * c
            case "shared":
                number, at = number * data[place], lambda p, a=at, i=place: a(p) * p[i]
            case "over":
                under = data[place] + const
                number = number / under
                at = lambda p, a=at, i=place, c=const: a(p) / (p[i] + c)  # noqa: E731
    return number, at


def inside(random: Random, box: Box) -> tuple[F, ...]:
    return tuple(
        a + (b - a) * F(random.randint(1, 15), 16) for a, b in zip(box.low, box.high, strict=True)
    )


@pytest.mark.parametrize("seed", range(300))
def test_signs_hold_at_every_completion(seed):
    random = Random(seed)
    count = random.choice([1, 2, 3])
    low = tuple(F(random.randint(0, 4), 2) for _ in range(count))
    box = Box(low, tuple(a + F(random.randint(1, 8), 2) for a in low))
    number, at = grown(random, box)
    if not isinstance(number, Open):
        return
    for _ in range(6):
        point = inside(random, box)
        value = at(point)
        fixed = number
        for place, coordinate in enumerate(point):
            fixed = fixed.at(place, coordinate)
        assert fixed == value
        expected = {"0": value == 0, "+": value > 0, "-": value < 0, "?": True}
        assert expected[number.sign]
        for place in range(count):
            step = (box.high[place] - point[place]) / 7
            moved = at((*point[:place], point[place] + step, *point[place + 1 :]))
            rises = {"0": moved == value, "+": moved > value, "-": moved < value, "?": True}
            assert rises[number.slope(place)]


def test_a_comparison_that_completions_answer_differently_says_where_it_turns():
    pile = Box((F(80),), (F(138),)).datum(0)
    assert pile > 80
    assert pile < 138
    with pytest.raises(UndecidedError) as error:
        bool(pile >= 93)
    assert error.value.border == (0, F(93))


def test_what_cancels_is_seen_to_cancel():
    x, y = (Box((F(1), F(1)), (F(5), F(5))).datum(i) for i in (0, 1))
    assert x - x == 0
    assert (93 * x) / x == 93
    assert x / (x + y) + y / (x + y) == 1
    assert slope(x / (x + y), 0) == "+"
    assert slope(x / (x + y), 1) == "-"
    assert sign(x * y - 1) == "+"
    assert sign(x - y) == "?"
