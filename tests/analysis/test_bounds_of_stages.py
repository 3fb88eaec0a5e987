"""Intervals over several stages, and why there are none where none is proved."""

from random import Random

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis import quantities
from looprisk.analysis.api import case_of
from looprisk.analysis.bounds import Cases
from looprisk.analysis.judging import check_bounds
from looprisk.errors import LoopriskError
from tests.analysis.enclosures import completions
from tests.analysis.intervals import drawn as completion
from tests.analysis.intervals import opened
from tests.analysis.test_bounds import answers, fund, got
from tests.proof.draw import Draw
from tests.proof.test_two_stages import two_stages
from tests.semantics.build import DOLLAR, F, account, case, market, share


def stages(*losses: str) -> list[lr.Stage]:
    return [lr.Stage(name=f"s{k}", loss={"Fund/outside/pile": x}) for k, x in enumerate(losses)]


def test_two_losses_in_turn_are_their_sum():
    """$100 and then $150 of $600 to $700: all that holds after $250 at once."""
    once = lr.bounds(fund(), stages=stages("$250"))
    twice = lr.bounds(fund(), stages=stages("$100", "$150"))
    assert all(row.loss.exact for row in twice.layer_rows)
    for one, two in zip(once.layer_rows, twice.layer_rows, strict=True):
        assert (one.id, one.loss.low, one.loss.high) == (two.id, two.loss.low, two.loss.high)
        assert (one.economic.low, one.economic.high) == (two.economic.low, two.economic.high)


def lent(pile: str) -> System:
    """A loan of 40 against half of 100 shares of a pile, liquidated below 0.93 a share."""
    return System(
        assets=DOLLAR,
        issuers={"X": {"outside": {"pile": pile}, "issues": {"x": share(100)}}},
        markets={"m": market("x", lltv="86%")},
        positions={"p": account("m", "x", 50, 40)},
    )


MILD, HARD = ({"X": "10%"}, {"X": "60%"})


def asked(pile: str, *losses: dict) -> lr.Bounds:
    return lr.bounds(lent(pile), stages=[lr.Stage(loss=loss) for loss in losses])


def test_a_first_stage_that_liquidates_nobody_is_passed():
    """0.1 of 120 to 140 leaves 1.08 to 1.26 a share; 0.7 in all leaves 36 to 42, and sells."""
    found = asked("$120..$140", MILD, HARD)
    assert found.layer("m").loss.exact
    ends = [
        lr.run(lent(pile), stages=[lr.Stage(loss=MILD), lr.Stage(loss=HARD)]).layer("m")
        for pile in ("$120", "$140")
    ]
    losses = sorted(end.economic_loss_usd for end in ends)
    assert [found.layer("m").loss.low, found.layer("m").loss.high] == pytest.approx(losses)


SHOCKS = {
    "stages": {"stages": [lr.Stage(loss=HARD), lr.Stage(loss=MILD)]},
    "run": {"run": {"x": {"wants_out": "10%"}}},
    "mint": {"mint": {"x": 5}},
    "change": {"change": {"m/collateral/x/lltv": "50%"}},
    "latched": {"loss": MILD, "mode": "latched"},
}


@pytest.mark.parametrize("element", SHOCKS)
def test_what_changes_units_parameters_or_accounts_is_enclosed(element):
    """Where no sign is proved, ends still hold every completion, and what is monotone is sharp."""
    cases = Cases(case_of(lent("$70..$140"), SHOCKS[element]))
    (family,) = cases.families.values()
    for id_ in ("x", "m"):
        span = cases.span(lambda f, id_=id_: quantities.loss(f, id_))
        assert id_ == "m" or span.exact
        for pile in range(70, 141, 14):
            lost = quantities.loss(family, id_).whole(family.at((F(pile),)))
            assert span.low <= lost <= span.high, (id_, pile)


def test_a_mint_costs_those_who_hold_a_share_of_it():
    """100 shares of $120 to $140 and 25 minted: 4/5 of the pile stays with the 100."""
    found = lr.bounds(lent("$120..$140"), mint={"x": 25})
    fraction = found.layer("x").fraction
    assert (fraction.low, fraction.high, fraction.exact) == pytest.approx((0.2, 0.2, True))
    price = found.layer("x").price
    assert (price.low, price.high) == pytest.approx((120 / 125, 140 / 125))


def test_break_points_of_a_curved_shock_are_enclosed():
    """50 shares of $1 to $1.1 owe 40: liquidated once the LLTV, on its way to half, is below."""
    shock = {"change": {"m/collateral/x/lltv": "50%"}}
    cases = Cases(case_of(lent("$100..$110"), shock))
    span = cases.span(lambda f: quantities.first_break(f, [("p", "liquidated")]))
    ends = [(F("0.86") - F(40) / (pile * F(1, 2))) / F("0.36") for pile in (100, 110)]
    assert span.low <= ends[0] < ends[1] <= span.high
    assert span.high - span.low < ends[1] - ends[0] + F(1, 16)


def test_book_and_market_values_are_enclosed_after_any_stage():
    system = System(
        issuers={
            "X": {
                "outside": {"pile": "$80..$140"},
                "issues": {"x": share(100, market_price="$0.9")},
            },
            "V": {"owns": {"x": 50}, "issues": {"v": share(50)}},
        }
    )
    stages_ = [{"name": "one", "loss": {"X": "10%"}}, {"name": "two", "recognise": ["X"]}]
    expect = [
        {"of": "x", "metric": "book_price", "at_most": "$1.40", "after": "one"},
        {"of": "x", "metric": "book_price", "at_most": "$1.26"},
        {"of": "v", "metric": "market_price", "is": "$0.9"},
        {"of": "x", "metric": "hidden_loss_usd", "at_least": "$8", "after": "one"},
        {"of": "x", "metric": "hidden_loss_usd", "at_least": "$8.01", "after": "one"},
    ]
    rows = check_bounds(case(system, *stages_, expect=expect)).rows
    assert [row.outcome for row in rows] == ["ok", "ok", "ok", "ok", "open"]
    assert rows[4].got_text == "$8.00 to $14.00"


@pytest.mark.parametrize(
    ("question", "changes", "why"),
    [
        ({"loss": MILD, "mode": "latched"}, {}, "write `mode: equilibrium` for break points"),
        ({"loss": MILD}, {"m/collateral/x/oracle": "nav"}, "give it a `book_price`"),
    ],
)
def test_where_no_bound_is_proved_the_answer_says_why(question, changes, why):
    found = lr.bounds(lent("$120..$140").set(changes), **question)
    broken = next(row for row in found.break_rows if (row.of, row.event) == ("p", "liquidated"))
    assert not broken.fraction.proved
    assert why in found.unproved
    assert f"without a proved bound ({found.unproved})" in found.certified


def test_enclosures_contain_random_completions_of_random_systems():
    found, inside, _, outside = completions(Random("run1"), "run", 4, 1)
    assert (found, inside, outside) == (4, 4, [])


def test_intervals_over_two_stages_contain_random_completions():
    inside = 0
    for seed in (3, 4):
        draw, random = Draw(seed), Random(seed)
        if any("venue" in position for position in draw.positions.values()):
            continue
        _, second = two_stages(draw, seed)
        first = {"price": {"E": "-2%"}}
        open_ = opened(case(System(**draw.system), first, second), random, 1)
        if open_ is None:
            continue
        try:
            cases = Cases(open_)
            spans = {key: (make, cases.span(make)) for key, make in answers(cases).items()}
        except LoopriskError:
            continue
        for _ in range(2):
            solved = completion(cases, random) if cases.data else None
            for key, (make, span) in spans.items() if solved is not None else ():
                value = got(cases, make, solved)
                if span is not None and value is not None:
                    inside += 1
                    assert span.low <= value <= span.high, (seed, key)
    assert inside >= 40
