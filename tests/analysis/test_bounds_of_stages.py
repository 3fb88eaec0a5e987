"""Intervals over several stages, and why there are none where none is proved."""

from random import Random

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.bounds import Cases
from looprisk.errors import LoopriskError
from tests.analysis.intervals import drawn as completion
from tests.analysis.intervals import opened
from tests.analysis.test_bounds import answers, fund, got
from tests.proof.draw import Draw
from tests.proof.test_two_stages import two_stages
from tests.semantics.build import DOLLAR, account, case, market, share


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


@pytest.mark.parametrize(
    ("question", "why"),
    [
        ({"stages": [lr.Stage(loss=HARD), lr.Stage(loss=MILD)]}, "an earlier stage may liquidate"),
        ({"run": {"x": {"wants_out": "10%"}}}, "`run` changes units"),
        ({"mint": {"x": 5}}, "`mint` changes units"),
        ({"change": {"m/collateral/x/lltv": "80%"}}, "`change` changes a parameter"),
        ({"loss": MILD, "mode": "latched"}, "`mode: latched` keeps"),
    ],
)
def test_where_no_bound_is_proved_the_answer_says_why(question, why):
    found = lr.bounds(lent("$120..$140"), **question)
    assert not found.layer("x").loss.proved
    assert why in found.unproved
    assert f"without a proved bound ({found.unproved})" in found.certified


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
