import math
import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from looprisk.results.numbers import (
    BILLIONS,
    DOLLARS,
    MILLIONS,
    THOUSANDS,
    amount,
    duration,
    fixed,
    in_full,
    money,
    on_axis,
    price,
    quantity,
    scale_for,
    share,
    small_number,
)

SIZES = {"": 1.0, "k": 1e3, "M": 1e6, "B": 1e9}
positive = st.floats(min_value=0, max_value=1e17, exclude_min=True, allow_subnormal=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (-0.0, "$0"),
        (14, "<$1k"),
        (-14, "−<$1k"),
        (999.99, "<$1k"),
        (1_000, "$1k"),
        (42_000, "$42k"),
        (999_499, "$999k"),
        (999_500, "$1.0M"),
        (93e6, "$93.0M"),
        (999_949_999, "$999.9M"),
        (999_950_000, "$1.00B"),
        (1.23e9, "$1.23B"),
        (-220_000, "−$220k"),
        (1e30, "$1.0e+21B"),
        (math.nan, "–"),
        (math.inf, "–"),
    ],
)
def test_money_in_a_sentence_has_three_sizes(value, text):
    assert money(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(14, "$14.00"), (0, "$0"), (0.001, "<$0.01"), (-9_999, "−$9999.00"), (10_000, "$10k")],
)
def test_small_books_are_told_in_dollars(value, text):
    assert money(value, cents=True) == text


def _read(text):
    number, suffix = re.fullmatch(r"\$([0-9.e+]+)([kMB]?)", text).groups()
    return float(number), SIZES[suffix]


@given(positive, positive)
def test_more_money_never_reads_as_less(one, other):
    assume(one <= other)
    for write in (money, amount):
        texts = write(one), write(other)
        if not any(text.startswith("<") for text in texts):
            (small, small_size), (large, large_size) = map(_read, texts)
            assert small_size <= large_size
            assert small * small_size <= large * large_size * (1 + 1e-9)


@given(positive)
def test_money_is_right_to_its_last_digit(value):
    for write in (money, amount):
        text = write(value)
        if not text.startswith("<"):
            number, size = _read(text)
            digits = len(text.partition(".")[2].rstrip("kMB")) if "e" not in text else 0
            tolerance = 0.06 * value if "e" in text else 0.5000001 * 10.0**-digits * size
            assert abs(number * size - value) <= tolerance


@given(st.floats(min_value=1e-9, max_value=1e8))
def test_a_gain_is_the_loss_with_a_minus_sign(value):
    for write in (money, amount, price, lambda x: fixed(x, 2), share):
        assert write(-value).lstrip("−") == write(value) or ">" in write(value)
        assert write(-value).startswith("−")
        assert "-" not in write(-value)


@pytest.mark.parametrize(
    ("largest", "scale"),
    [
        (0.0, DOLLARS),
        (9_999, DOLLARS),
        (10_000, THOUSANDS),
        (999_999, THOUSANDS),
        (1e6, MILLIONS),
        (9.99e9, MILLIONS),
        (1e10, BILLIONS),
        (1e16, BILLIONS),
    ],
)
def test_one_unit_for_a_column(largest, scale):
    assert scale_for([None, -largest, 0.0]) is scale


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.004, "<0.01"),
        (-0.004, "−<0.01"),
        (0.005001, "0.01"),
        (170, "170.00"),
        (-0.22, "−0.22"),
        (1e9, "1.0e+09"),
        (math.nan, "–"),
    ],
)
def test_three_kinds_of_zero_in_a_column(value, text):
    assert fixed(value, 2) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0%"),
        (0.0004, "<0.1%"),
        (0.167, "16.7%"),
        (0.9996, ">99.9%"),
        (1, "100.0%"),
        (1.2, "120.0%"),
        (-0.008, "−0.8%"),
    ],
)
def test_a_share_is_all_only_if_it_is_all(value, text):
    assert share(value) == text
    assert share(value, sign=False) == text.removesuffix("%")


def test_quantities_carry_their_units():
    shown = [
        quantity(75.68e6, "usd"),
        quantity(0.68, "fraction"),
        quantity(1.26667, "price"),
        quantity(4.1176, "multiple"),
        quantity(0.055, "rate"),
        quantity(12.5, "tokens"),
        quantity(90_000, "seconds"),
        quantity(0, "event"),
        quantity(1, "event"),
    ]
    assert shown == [
        "$75.68M",
        "68.00%",
        "$1.2667",
        "4.12×",
        "5.50%/y",
        "12.50",
        "1.0 d",
        "never",
        "yes",
    ]


@pytest.mark.parametrize(
    ("unit", "text"),
    [
        ("usd", "−$0.333333333333"),
        ("price", "−$0.333333333333"),
        ("fraction", "−33.3333333333%"),
        ("rate", "−33.3333333333%/y"),
        ("multiple", "−0.333333333333×"),
        ("tokens", "−0.333333333333"),
        ("seconds", "−0.333333333333 s"),
        ("event", "yes"),
    ],
)
def test_in_full_has_twelve_digits(unit, text):
    assert in_full(-1 / 3, unit) == text


def test_residuals_durations_and_places():
    assert [small_number(x) for x in (0.0, 2.4e-16, 1.0, -3e-5)] == ["0", "2e−16", "1e0", "−3e−5"]
    assert [duration(x) for x in (0, 30, 90, 5_400, 200_000)] == [
        "0",
        "30.0 s",
        "1.5 min",
        "1.5 h",
        "2.3 d",
    ]
    assert on_axis(625e6, "usd") == "$625.0M"
    assert on_axis(625, "usd", cents=True) == "$625.00"
    assert on_axis(0.65, "price") == "$0.6500"
