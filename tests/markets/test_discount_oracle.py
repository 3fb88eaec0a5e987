"""Principal tokens under a discount to maturity, of what a base oracle reads for their unit."""

from fractions import Fraction

import pytest

import looprisk as lr


def book(**oracle):
    """100 PT pay 100 USDe in half a year; the discount of 10 % a year takes 5 % off."""
    return lr.System(
        as_of="2025-01-01",
        assets={"USDT": {"price": 1}},
        oracles={
            "usde": {"kind": "fixed", "price": "1 USDT"},
            "pt": {
                "kind": "pt_discount",
                "of": "PT",
                "discount": "10%/y",
                "matures": "2025-07-02T12:00Z",
                **oracle,
            },
        },
        issuers={
            "Ethena": {
                "outside": {"book": 1000},
                "issues": {
                    "USDe": {"kind": "par", "par": "$1", "supply": "1000", "market_price": "$0.9"}
                },
            },
            "Pendle": {
                "owns": {"USDe": "100"},
                "issues": {"PT": {"kind": "par", "par": "1 USDe", "supply": "100"}},
            },
        },
        markets={
            "lend": {
                "rules": "isolated",
                "lends": {"USDT": {"cash": "0"}},
                "collateral": {"PT": {"lltv": "90%", "incentive": "4%", "oracle": "pt"}},
            }
        },
        positions={"loop": {"market": "lend", "collateral": {"PT": "100"}, "debt": {"USDT": "80"}}},
    )


@pytest.mark.parametrize(
    ("base", "quote", "read"),
    [
        (None, "$0.9", Fraction(9, 10)),
        (None, "absent", Fraction(1)),
        ("usde", "$0.9", Fraction(1)),
        ("market", "$0.9", Fraction(9, 10)),
    ],
)
def test_the_discount_is_taken_of_what_the_base_reads(base, quote, read):
    """Without a base, of what sellers get for the unit; of its par where nobody quotes it."""
    system = book(**({"base": base} if base else {})).set({"USDe/market_price": quote})
    # 100 x read x 0.95 x 0.9 against 80: the breach at the start is that of the reading
    held = {(event.of, event.event) for event in lr.run(system, price={"USDT": 0}).at_start}
    assert (("loop", "liquidated") in held) == (
        100 * read * Fraction(95, 100) * Fraction(9, 10) < 80
    )


def test_a_unit_that_slips_takes_its_principal_tokens_with_it():
    """100 x 0.95 x 0.9 of what USDe sells for against 80: below $0.9357 the loop is sold."""
    system = book().set({"USDe/market_price": "absent"})
    rows = lr.break_points(system, depeg={"USDe": "$0.65"}).rows
    at = next(row.at for row in rows if (row.of, row.event) == ("loop", "liquidated"))
    assert at.value == pytest.approx(80 / 85.5, abs=1e-15)


def test_a_base_that_reads_wrongly_moves_what_is_read_through_it():
    rows = lr.break_points(book(base="usde"), misprice={"usde": -0.5}).rows
    at = next(Fraction(row.exact) for row in rows if (row.of, row.event) == ("loop", "liquidated"))
    # 85.5 (1 - x) = 80, and x runs to one half
    assert at == (1 - Fraction(80) / Fraction("85.5")) / Fraction(1, 2)


def test_a_base_that_a_claim_decides_is_refused():
    system = book(base="market").set({"USDe/market_price": "absent"})
    with pytest.raises(lr.NotExactError, match="reads a price of USDe that a claim decides"):
        lr.run(system, loss={"Ethena": "1%"})
