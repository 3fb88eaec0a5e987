"""Lines keep what their numbers carry, also where the number alone is nothing or one."""

from fractions import Fraction

from looprisk.engine.affine import Affine, affine
from looprisk.engine.dual import Dual, slopes_of

ONE, ZERO = Fraction(1), Fraction(0)


def test_a_one_that_carries_a_derivative_is_multiplied_with():
    line = affine(Fraction(5)) * Dual(ONE, {0: ONE})
    assert slopes_of(line.const) == {0: 5}


def test_a_nothing_that_carries_a_derivative_is_added():
    line = affine(Fraction(5)) + Affine(Dual(ZERO, {0: ONE}))
    assert slopes_of(line.const) == {0: 1}


def test_a_slope_of_nothing_that_carries_a_derivative_counts():
    line = Affine(Fraction(5), Dual(ZERO, {0: ONE}))
    assert slopes_of(line.at(Fraction(1, 2))) == {0: Fraction(1, 2)}
    assert slopes_of((line * Fraction(2)).slope) == {0: 2}
    assert slopes_of((-line).slope) == {0: -1}
    assert slopes_of((Affine(ZERO, ONE) + line).slope) == {0: 1}
