"""Sweeps: every row what a single solve gives, the first as given, the grid as it is written."""

import csv
import io
import math
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.model.case import Case
from looprisk.sweeps import spread, sweep

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FUND = "Stream/outside/fund"


@pytest.fixture(scope="module")
def stream():
    return lr.load(SCENARIOS / "stream-own-token.yaml")["loss-93"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("77%, 86%", ("77%", "86%")),
        ("[a, b],[b, a]", ("[a, b]", "[b, a]")),
        ("$600M..$700M:3", ("$600M", "$650M", "$700M")),
        ("-10%..10%:5", ("-10%", "-5%", "0%", "5%", "10%")),
        ("1..2:4", ("1", "1.333333333333333", "1.666666666666667", "2")),
    ],
)
def test_values_are_spread_with_both_ends(text, values):
    assert spread(text) == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("60%..0.9:7", "same unit"),
        ("1..2:1", "from 2 to 1_000_000 values"),
        ("a..b:3", "`a` is no number"),
    ],
)
def test_a_span_that_means_nothing_is_refused(text, message):
    with pytest.raises(lr.ModelError, match=message):
        spread(text)


def test_every_row_is_what_a_single_solve_gives(stream):
    levels = ("$600M", "$650M")
    asked = ("xUSD loss_usd", "deUSD economic_price", "deUSD break_at impaired")
    found = sweep(stream, {FUND: levels}, measure=asked)
    assert [row.values for row in found.rows] == [(625e6,), (600e6,), (650e6,)]
    for row, level in zip(found.rows, ("$625M", *levels), strict=True):
        system = stream.system.set({FUND: level})
        one = lr.run(system, stages=stream.scenario.stages)
        breaks = lr.break_points(system, stages=stream.scenario.stages)
        first = next(r for r in breaks if (r.of, r.event) == ("deUSD", "impaired"))
        loss = one.layer("xUSD").economic_loss_usd
        expected = (loss, one.layer("deUSD").price.economic, first.at.value)
        assert row.numbers == pytest.approx(expected, rel=1e-12)
        assert (row.residual, row.conservation_gap) == (0, 0)


def test_the_size_of_the_shock_is_varied_along_it(stream):
    sizes = ("0%", "25%", "50%", "100%")
    found = sweep(stream, {"shock": sizes}, measure=("xUSD loss_usd",))
    whole = [
        lr.run(stream.system, loss={FUND: 93e6 * float(size[:-1]) / 100}).layer("xUSD")
        for size in sizes
    ]
    losses = [row.numbers[0] for row in found.rows[1:]]
    assert losses == pytest.approx([layer.economic_loss_usd for layer in whole], abs=1e-6)
    assert found.rows[0].numbers == found.rows[-1].numbers


def test_the_grid_runs_through_every_combination_in_order(stream):
    found = sweep(
        stream, {FUND: ("$600M", "$650M"), "shock": ("50%", "100%")}, measure=("xUSD loss_usd",)
    )
    assert [row.values for row in found.rows[1:]] == [
        (600e6, 0.5),
        (600e6, 1.0),
        (650e6, 0.5),
        (650e6, 1.0),
    ]
    table = found.table
    assert len(list(csv.DictReader(io.StringIO(table.to_csv())))) == 5
    assert table[FUND] == (625e6, 600e6, 600e6, 650e6, 650e6)


def test_without_a_measure_every_loss_and_liquidation_is_shown(stream):
    found = sweep(stream, {"shock": ("100%",)})
    one = lr.run(stream)
    losses = {f"{row.id} economic_loss_usd": row.economic_loss_usd for row in one.layer_rows}
    # and of markets with accounts what is liquidated: nothing, under the posted price
    losses |= {f"{name} liquidated_usd": 0.0 for name in ("other-xusd-loans", "plume-xusd")}
    assert {m.words for m in found.measured} == set(losses)
    for measured, number in zip(found.measured, found.rows[0].numbers, strict=True):
        assert math.isclose(number, losses[measured.words], rel_tol=1e-12, abs_tol=1e-9)


def test_a_row_without_an_answer_says_why_and_the_others_stand():
    fund = lr.System(
        issuers={
            "S": lr.Issuer(
                outside={"book": 100},
                owes={
                    "a": {"to": "outside", "amount": "$60"},
                    "b": {"to": "outside", "amount": "$50"},
                },
                pays=["a", "b"],
            )
        }
    )
    case = Case(fund, lr.Scenario(stages=[lr.Stage(loss={"S": "50%"})]), "halved")
    found = sweep(
        case, {"S/owes/b/amount": ("$50", "unknown")}, measure=("S loss_usd", "S recovery")
    )
    assert [bool(row.refused) for row in found.rows] == [False, False, True]
    assert "S/owes/b" in found.rows[2].refused
    assert found.rows[2].numbers == (None, None)


@pytest.mark.parametrize(
    ("vary", "measure", "message"),
    [
        ({"Stream/outside/funds": ["$1"]}, (), "no `funds` there"),
        ({FUND: ["93%"]}, (), "93%"),
        ({FUND: "600"}, (), "a list of values is needed"),
        ({}, (), "from 1 to 1_000_000 rows"),
        ({"shock": ["2"]}, (), "2"),
        ({"shock": ["50%"]}, ("xUSD lost",), "`lost` is not known here"),
        ({"shock": ["50%"]}, ("xUSD break_at",), "break_at needs an event"),
        ({"shock": ["50%"]}, ("nobody loss_usd",), "`nobody` is nothing in this system"),
    ],
)
def test_what_cannot_be_varied_or_measured_is_refused(stream, vary, measure, message):
    with pytest.raises(lr.ModelError) as refused:
        sweep(stream, vary, measure=measure)
    assert message in str(refused.value)
