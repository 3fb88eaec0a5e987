"""What each kind of field takes, what it refuses, and the words it refuses with."""

import contextlib
import copy
import pickle
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looprisk.errors import UnknownValueError
from looprisk.model import units
from looprisk.model.fields import Word, count, word, words, yes_or_no
from looprisk.model.values import LONGEST, Value, decimal_text, exact, read, split_source

F = Fraction

TAKEN = [
    (units.fraction, "91.5%", F("0.915"), "fraction"),
    (units.fraction, "0.915", F("0.915"), "fraction"),
    (units.fraction, "9150bps", F("0.915"), "fraction"),
    (units.fraction, "1", F(1), "fraction"),
    (units.fraction, "100%", F(1), "fraction"),
    (units.fraction, "0%", F(0), "fraction"),
    (units.fraction, 0.9, F(9, 10), "fraction"),
    (units.fraction, 1, F(1), "fraction"),
    (units.large_fraction, "120%", F(6, 5), "fraction"),
    (units.signed_fraction, "-5%", F(-1, 20), "fraction"),
    (units.money, "$93M", F(93_000_000), "usd"),
    (units.money, "$123.64M", F(123_640_000), "usd"),
    (units.money, "$50k", F(50_000), "usd"),
    (units.money, "$11.3B", F(11_300_000_000), "usd"),
    (units.money, "$253_643_623", F(253_643_623), "usd"),
    (units.money, 93e6, F(93_000_000), "usd"),
    (units.money, 7, F(7), "usd"),
    (units.signed_money, "-$5M", F(-5_000_000), "usd"),
    (units.price, "$1.2667", F("1.2667"), "usd"),
    (units.price, "$0.999_9", F("0.9999"), "usd"),
    (units.price, "1.2 ETH", F("1.2"), "tokens"),
    (units.price, "1 USDe", F(1), "tokens"),
    (units.price, 3000, F(3000), "usd"),
    (units.tokens, "75M", F(75_000_000), "tokens"),
    (units.tokens, "75M deUSD", F(75_000_000), "tokens"),
    (units.tokens, "29_761.578_2", F("29761.5782"), "tokens"),
    (units.tokens, "146_118_224.904_118_220_471", F("146118224.904118220471"), "tokens"),
    (units.tokens, "100M PT-USDe-5FEB2026", F(100_000_000), "tokens"),
    (units.tokens, 1200, F(1200), "tokens"),
    (units.named_tokens, "12_000 ETH", F(12_000), "tokens"),
    (units.holding, "75M", F(75_000_000), "tokens"),
    (units.holding, "$93M", F(93_000_000), "usd"),
    (units.holding, "12%", F(12, 100), "share"),
    (units.holding, 75, F(75), "tokens"),
    (units.debt, "$217", F(217), "usd"),
    (units.debt, "5M USDC", F(5_000_000), "tokens"),
    (units.debt, 217, F(217), "usd"),
    (units.loss, "$93M", F(93_000_000), "usd"),
    (units.loss, "60%", F(3, 5), "share"),
    (units.loss, 93e6, F(93_000_000), "usd"),
    (units.rate, "5.5%/y", F(55, 1000), "per_year"),
    (units.rate, "50bps/y", F(5, 1000), "per_year"),
    (units.rate, "-3%/y", F(-3, 100), "per_year"),
    (units.rate, 0.055, F(55, 1000), "per_year"),
    (units.flow, "5%/d", F(5, 100) * 365, "per_year"),
    (units.flow, "5%", F(5, 100), "fraction"),
    (units.multiple, "4.12x", F("4.12"), "multiple"),
    (units.multiple, 4.12, F("4.12"), "multiple"),
    (units.plain, "2", F(2), ""),
    (units.duration, "62s", F(62), "seconds"),
    (units.duration, "90m", F(5400), "seconds"),
    (units.duration, "59h", F(59 * 3600), "seconds"),
    (units.duration, "7d", F(7 * 86400), "seconds"),
    (units.duration, timedelta(minutes=1), F(60), "seconds"),
    (units.time, "2025-11-04", F(1762214400), "time"),
    (units.time, "2025-11-04T05:00Z", F(1762232400), "time"),
    (units.time, "2025-11-04T12:00:11Z", F(1762257611), "time"),
    (units.time, date(2025, 11, 4), F(1762214400), "time"),
    (units.time, datetime(2025, 11, 4, 5, tzinfo=UTC), F(1762232400), "time"),
    (units.move, "-6%", F(-6, 100), "fraction"),
    (units.move, "+20%", F(1, 5), "fraction"),
    (units.move, "+150%", F(3, 2), "fraction"),
    (units.move, "$3_436", F(3436), "usd"),
    (units.move, "1.1 ETH", F("1.1"), "tokens"),
    (units.move, -1.0, F(-1), "fraction"),
    (units.fall, "10%", F(1, 10), "fraction"),
    (units.fall, "$0.65", F("0.65"), "usd"),
    (units.fall, 0.2, F(1, 5), "fraction"),
    (units.fall, 1, F(1), "fraction"),
    (units.size, "8%", F(8, 100), "fraction"),
    (units.size, "$1.2014", F("1.2014"), "usd"),
]


@pytest.mark.parametrize(("parse", "raw", "number", "unit"), TAKEN)
def test_a_value_is_read_exactly_with_its_unit(parse, raw, number, unit):
    value = parse(raw)
    assert value.number == number
    assert value.unit == unit
    assert value.known


REFUSED = [
    (units.fraction, "91.5", "91.5 is more than 1 and has no unit; write 91.5% or 0.915"),
    (units.fraction, 86, "86 is more than 1 and has no unit; write 86% or 0.86"),
    (units.fraction, "150%", "`150%` is more than 100%"),
    (units.fraction, "-5%", "`-5%`: this cannot be negative"),
    (units.fraction, "+5%", "`+5%`: no sign here: 5%"),
    (units.fraction, "$5", "`$5`: a fraction is no money: 91.5% or 0.915"),
    (units.fraction, "5%/y", "`5%/y`: a fraction is written 5% or 0.915"),
    (units.fraction, "5% ETH", "`5% ETH`: a fraction has no token after it: 5%"),
    (units.fraction, "5 %", "`5 %`: no space before the unit: 5%"),
    (units.fraction, True, "one value is expected here, not yes or no"),
    (units.fraction, float("nan"), "`nan` is no number; write `unknown` if nobody knows it"),
    (units.money, "93M", "`93M`: money wears a dollar sign: $93M"),
    (units.money, "25M..40M", "`25M..40M`: money wears a dollar sign: $25M..$40M"),
    (units.money, "$93m", "`$93m`: the scales are k, M and B: $93M"),
    (units.money, "$93MM", "`$93MM`: the scales are k, M and B: $93M"),
    (units.money, "$93bn", "`$93bn`: the scales are k, M and B: $93B"),
    (units.money, "$9%", "`$9%`: `%` has no place here: $9"),
    (units.money, "$5 USDC", "`$5 USDC`: money has no token after it: $5"),
    (units.money, "-$5", "`-$5`: this cannot be negative"),
    (units.money, "€5M", "`€5M`: money is in US dollars: $93M"),
    (units.money, "5USD", "`5USD`: dollars are written before the number: $93M"),
    (units.price, "3000", "`3000`: a price names its unit: $3000 or 3000 ETH"),
    (units.price, "1.2667", "`1.2667`: a price names its unit: $1.2667 or 1.2667 ETH"),
    (units.tokens, "$75M", "`$75M`: this counts tokens, not dollars: 75M"),
    (units.tokens, "1e18", "`1e18`: no exponents; write 1.5M, 2B or 1_000_000"),
    (units.tokens, "240,000", "`240,000`: no commas; write 240_000"),
    (units.tokens, "", "no value; write `unknown` if nobody knows it"),
    (units.tokens, None, "no value; write `unknown` if nobody knows it"),
    (units.tokens, "@yam", "no value; write `unknown` if nobody knows it"),
    (units.tokens, "null", "`null`: no value; write `unknown` if nobody knows it"),
    (units.tokens, "0x99", "`0x99` is no number"),
    (units.tokens, "five", "`five` is no number"),
    (units.tokens, "1__0", "`1__0`: `_` stands between digits: 1_000_000"),
    (units.tokens, ".5", "`.5`: a digit stands before the point: 0.5"),
    (units.tokens, "3*4", "`3*4`: no expressions; write the number"),
    (
        units.tokens,
        ">= 8%",
        "`>= 8%`: a value has no comparison in it; write at_least: or at_most:",
    ),
    (units.tokens, "1" * (LONGEST + 1), f"`{'1' * 20}…`: a value has at most 400 characters"),
    (units.tokens, {"a": 1}, "one value is expected here, not a map"),
    (units.tokens, ["1"], "one value is expected here, not a list"),
    (units.named_tokens, "12_000", "`12_000`: of what? write 12_000 ETH"),
    (units.debt, "75M", "`75M`: of what? write $75M or 75M USDC"),
    (units.rate, "5.5%", "`5.5%`: a rate says per what: 5.5%/y"),
    (units.multiple, "4.12", "`4.12`: a multiple ends in x: 4.12x"),
    (units.duration, "90", "`90`: a duration names its unit: 90s, 90m, 90h or 90d"),
    (units.duration, 90, "`90`: a duration names its unit: 90s, 90m, 90h or 90d"),
    (
        units.time,
        "2025-11-04T05:00",
        "`2025-11-04T05:00`: local time is refused: write it in UTC, 2025-11-04T05:00Z",
    ),
    (
        units.time,
        "2025-11-04T05:00+02:00",
        "`2025-11-04T05:00+02:00`: local time is refused: write it in UTC, 2025-11-04T05:00Z",
    ),
    (units.time, "4 Nov", "`4 Nov` is no time; write 2025-11-04 or 2025-11-04T05:00Z"),
    (units.move, "-120%", "`-120%`: a price cannot fall by more than 100%"),
    (units.move, "3436", "`3436`: a size or a level: 3436%, $3436 or 3436 ETH"),
    (units.fall, "-5%", "`-5%`: a depeg is a fall, written without a sign: 5%"),
    (units.fall, -0.05, "`-0.05`: a depeg is a fall, written without a sign: 0.05"),
    (units.fall, "120%", "`120%` is more than 100%"),
    (units.tokens, "25..40M", "`25..40M`: each end has its own scale: 25M..40M"),
    (units.tokens, "40M..25M", "`40M..25M`: an interval goes from low to high"),
    (
        units.fraction,
        "1%..50bps",
        "`1%..50bps`: one unit covers both ends, written after the second",
    ),
    (units.price, "1..$2", "`1..$2`: one unit covers both ends: $1..2"),
    (units.price, units.multiple("2x"), "`2x` has another unit than is taken here"),
]


@pytest.mark.parametrize(("parse", "raw", "message"), REFUSED)
def test_what_is_refused_says_what_to_write(parse, raw, message):
    with pytest.raises(ValueError) as caught:
        parse(raw)
    assert str(caught.value) == message


def test_decimals_are_exact():
    assert units.fraction("0.86").number == Fraction("0.86") == Fraction(43, 50)
    assert units.fraction(0.86).number == Fraction(43, 50)
    assert units.fraction("86%") == units.fraction(0.86) == units.fraction("8600bps")
    assert exact(np.float64(0.1)) == Fraction(1, 10)
    assert exact(np.int64(7)) == 7
    assert exact(Decimal("0.1")) == Fraction(1, 10)
    assert exact(Fraction(1, 3)) == Fraction(1, 3)


def test_unknown_loads_and_has_no_number():
    value = units.money("unknown @no-reader")
    assert (value.low, value.high, value.source) == (None, None, "no-reader")
    assert value.is_unknown
    assert not value.known
    with pytest.raises(UnknownValueError):
        _ = value.number


def test_an_interval_has_two_ends_and_no_number():
    value = units.debt("25M..40M USDC @ours")
    assert (value.low, value.high) == (25_000_000, 40_000_000)
    assert (value.of, value.source, value.text) == ("USDC", "ours", "25M..40M USDC")
    assert not value.known
    assert not value.is_unknown
    with pytest.raises(UnknownValueError, match=r"25M\.\.40M USDC"):
        _ = value.number


def test_one_unit_covers_both_ends():
    assert units.fraction("5..10%").high == Fraction(1, 10)
    assert units.fraction("5..10%").low == Fraction(1, 20)
    assert units.money("$25M..40M").low == 25_000_000
    assert units.money("$25M..$40M").high == 40_000_000


def test_the_source_stands_after_the_value():
    assert split_source("$93M @statement") == ("$93M", "statement")
    assert split_source("$93M") == ("$93M", None)
    assert units.money("$93M @statement").source == "statement"
    assert str(units.money("$93M @statement")) == "$93M @statement"


def test_a_value_read_before_passes_where_its_unit_fits():
    price = units.price("$3 @here")
    assert units.move(price) is price
    assert units.money(price) is price


def test_words_remember_their_source():
    found = word("sound @no-reader")
    assert (found, found.source) == ("sound", "no-reader")
    for again in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert (again, again.source) == ("sound", "no-reader")
    assert words(["debts @ours", "xUSD"]) == ("debts", "xUSD")
    assert words(["debts @ours", "xUSD"])[0].source == "ours"
    assert words("lst") == ("lst",)
    assert word(Word("a", "b")).source == "b"


def test_whole_numbers_and_yes_or_no():
    assert count("100_000") == 100_000
    assert count(7) == 7
    assert yes_or_no("true")
    assert not yes_or_no("false @x")
    with pytest.raises(ValueError, match="a whole number stands here"):
        count("1.5")
    with pytest.raises(ValueError, match="true or false stands here"):
        yes_or_no("yes")


@given(st.fractions(max_denominator=10**6))
def test_decimal_text_reads_back(number):
    ends = decimal_text(number)
    value = read(ends).low
    assert value is not None
    denominator = number.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator == 1:
        assert value == number
    else:
        assert abs(value - number) < Fraction(1, 10**39)


@given(st.floats(min_value=0, max_value=1e15, allow_nan=False))
def test_a_float_is_the_decimal_it_shows(number):
    assert units.tokens(number).number == Fraction(repr(number))
    assert units.tokens(units.tokens(number).text) == units.tokens(number)


@given(st.text(max_size=30))
def test_any_text_is_a_value_or_refused(text):
    for parse in (units.fraction, units.money, units.price, units.holding, units.time, units.move):
        with contextlib.suppress(ValueError):
            assert isinstance(parse(text), Value)
