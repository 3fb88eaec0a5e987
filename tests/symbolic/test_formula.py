"""Formulas against the engine: equal inside their inequalities, and never claimed outside."""

from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest
from sympy import Rational

import looprisk as lr
from looprisk.analysis.solve import solve
from looprisk.model.case import Case
from looprisk.symbolic import formula
from looprisk.symbolic.number import Tracked, recorded
from looprisk.symbolic.solving import number_at

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FUND = lr.System(
    issuers={
        "S": lr.Issuer(
            outside={"fund": 625},
            owes={"outside": 530},
            issues={"x": lr.Share(supply=204)},
            pays=["debts", "x"],
        )
    }
)
GONE = Case(FUND, lr.Scenario(stages=[lr.Stage(loss={"S": "100%"})]), "gone")
NAMES = {"A": "S/outside/fund", "D": "S/owes/outside"}


def test_a_leveraged_share_is_what_is_left():
    found = formula(GONE, "x", NAMES, at=Fraction(1, 10))
    assert str(found.loss) == "A*s"
    assert str(found.price) == "-(A*s - A + D)/204"
    assert [str(one.at.as_expr()) for one in found.breaks] == ["(A - D)/A"] * 2
    assert [one.fraction for one in found.breaks] == [Fraction(95, 625)] * 2
    assert [str(r.loss.as_expr()) for r in found.regimes] == ["A*s", "A - D"]


def test_it_is_only_claimed_where_it_holds():
    found = formula(GONE, "x", NAMES, at=Fraction(1, 10))
    assert found.holds(A=700, D=600)
    assert not found.holds(A=600, D=600)
    assert not found.holds(s=0.2)
    assert not found.holds(D=-1)
    assert found.loss_at(A=700, D=600, s=Fraction(1, 20)) == 35
    with pytest.raises(lr.NotExactError, match="does not hold there"):
        found.loss_at(s=0.2)
    with pytest.raises(lr.ModelError, match="`B` is no symbol here"):
        found.loss_at(B=1)


def test_limits_elasticities_and_inversion():
    found = formula(GONE, "x", NAMES, at=Fraction(1, 10))
    assert str(found.elasticity("A")) == "1"
    assert str(found.limit("s", 0.1)) == "0.1*A"
    (backing,) = found.invert("A", 0.25)
    assert str(backing) == "-(D + 51)/(s - 1)"
    grid = found.numpy()(np.array([0.05, 0.1]), 700.0, 500.0)
    assert np.allclose(grid, [35, 70], rtol=1e-15)


def test_the_order_of_break_points_has_its_condition():
    """Three levels of a pyramid break from the top: which is first is a comparison of products."""
    case = lr.load(SCENARIOS / "pyramid.yaml")["base-falls"]
    symbols = {"G": "ground/owes/outside", "T": "top/owes/outside"}
    found = formula(case, "t-share", symbols, at=Fraction(1, 100), beside=("ground", "middle"))
    events = [(one.of, one.event) for one in found.breaks if one.event == "insolvent"]
    assert events == [("top", "insolvent"), ("middle", "insolvent"), ("ground", "insolvent")]
    first = next(one for one in found.order if one.first.of == "top" and one.then.of == "middle")
    # level by level 1/(2 x 3 x 4) and 1/(2 x 3), in the debts that make the levers
    gap = first.gap.subs({"G": 1200, "T": 300})
    assert gap == Rational(1, 6) - Rational(1, 24)
    # with nothing owed on top, its shares are gone when those of the middle are
    assert first.gap.subs({"G": 1200, "T": 0}) == 0
    assert str(first) in repr(found)
    assert str(first).startswith("top ")
    assert " before middle " in str(first)
    assert "order while" in found.latex()


def test_every_formula_becomes_a_function_of_arrays():
    found = formula(GONE, "x", NAMES, at=Fraction(1, 10))
    debts = np.array([500.0, 530.0])
    assert np.allclose(found.numpy("price")(0.1, 625.0, debts), (625 * 0.9 - debts) / 204)
    assert np.allclose(found.numpy("value")(0.1, 625.0, debts), 625 * 0.9 - debts)
    assert np.allclose(found.numpy("insolvent")(0.1, 625.0, debts), (625 - debts) / 625)
    with pytest.raises(lr.ModelError, match="`liquidated` has no formula here"):
        found.numpy("liquidated")


def test_the_regimes_along_the_shock_are_a_table():
    found = formula(GONE, "x", NAMES, at=Fraction(1, 10)).table
    assert found["loss"] == ("A*s", "A - D")
    assert found["hi"] == (pytest.approx(0.152), 1.0)


def test_it_renders_in_a_notebook_and_a_terminal():
    found = formula(GONE, "x", NAMES, at=Fraction(1, 10))
    assert "where" in repr(found)
    assert found.checked
    assert found.latex().startswith(r"\begin{aligned}\text{loss} &= A s")
    assert found._repr_latex_().startswith("$")


def test_a_loop_has_the_closed_forms_of_its_terms():
    case = lr.load(SCENARIOS / "wsteth-loop.yaml")["ratio-slips"]
    symbols = {"l": "me/loop/ltv", "lam": "wsteth-eth/collateral/wstETH/lltv"}
    found = formula(case, "me", symbols, at=Fraction(6, 100))
    at = {one.event: str(one.at.as_expr().factor()) for one in found.breaks}
    assert at == {
        "liquidated": "-(l - lam)/lam",
        "bad_debt": "-(10*l - 3*lam - 7)/(3*lam + 7)",
        "insolvent": "1 - l",
    }


def test_a_cycle_has_the_closed_form_of_its_gain():
    case = lr.load(SCENARIOS / "cycle.yaml")["three-percent"]
    found = formula(case, "first-share", {"D": "lever/owes/outside"})
    assert found.regime.inequalities
    one = lr.run(case)
    assert float(found.loss_at()) == pytest.approx(one.layer("first-share").economic_loss_usd)


def random_case(rng: Random) -> Case:
    """Up to eight issuers that hold each other's shares, promises and loans, loops included."""
    count = rng.randint(2, 8)
    names = [f"I{k}" for k in range(count)]
    issuers = {}
    for name in names:
        others = rng.sample([n for n in names if n != name], k=min(count - 1, rng.randint(0, 2)))
        owns = {f"{n}-{rng.choice(('share', 'par'))}": f"{rng.randint(3, 13)}%" for n in others}
        issuers[name] = {
            "outside": {"pile": f"${rng.randint(50, 200)}"},
            "owns": owns,
            "owes": {"outside": f"${rng.randint(5, 80)}"},
            "issues": {
                f"{name}-share": {"kind": "share", "supply": str(rng.randint(10, 100))},
                f"{name}-par": {"kind": "par", "par": "$1", "supply": str(rng.randint(10, 60))},
            },
            "pays": rng.choice(
                (
                    ["debts", f"{name}-par", f"{name}-share"],
                    [["debts", f"{name}-par"], f"{name}-share"],
                )
            ),
        }
    struck = rng.sample(names, k=rng.randint(1, count))
    losses = {name: f"{rng.randint(20, 100)}%" for name in struck}
    return Case(lr.System(issuers=issuers), lr.Scenario(stages=[lr.Stage(loss=losses)]), "random")


def moved(rng: Random, found, wide):
    return {
        name: number * Fraction(rng.randint(1000 - wide, 1000 + wide), 1000)
        for name, number in found.numbers.items()
    }


@pytest.mark.parametrize("seed", range(16))
def test_random_systems_agree_inside(seed):
    assert trials(seed)[0]


def test_the_regions_do_end():
    """Some of the systems beside are others: the formula is wrong there, and does not claim them."""
    assert sum(trials(seed)[1] for seed in range(4)) > 0


def trials(seed: int) -> tuple[int, int]:
    """Return at how many numbers beside a formula holds, and at how many it would be wrong."""
    rng = Random(seed)
    case = random_case(rng)
    names = list(case.system.issuers)
    claims = [f"{rng.choice(names)}-{kind}" for kind in ("share", "par")]
    symbols = {"a": f"{rng.choice(names)}/outside/pile", "d": f"{rng.choice(names)}/owes/outside"}
    inside = outside = 0
    for of in claims:
        found = formula(case, of, symbols, at=Fraction(rng.randint(1, 99), 100))
        for trial in range(8):
            numbers = moved(rng, found, 10 if trial % 2 else 600)
            s = found.at * Fraction(rng.randint(900, 1000), 1000)
            system = case.system.set({symbols[k]: f"${float(v):.9f}" for k, v in numbers.items()})
            numbers = {k: Fraction(f"{float(v):.9f}") for k, v in numbers.items()}
            point = solve(Case(system, case.scenario, "")).scaled.at(s)
            right = number_at(found.regime.value, (s, *numbers.values())) == point.claim(of)
            holds = found.holds(**numbers, s=s)
            assert right or not holds
            inside, outside = inside + holds, outside + (not right)
    return inside, outside


def test_what_has_no_formula_is_refused():
    two = Case(FUND, lr.Scenario(stages=[lr.Stage(loss={"S": "1%"}), lr.Stage(loss={"S": "2%"})]))
    with pytest.raises(lr.NotCarriedError, match="one stage"):
        formula(two, "x", NAMES)
    with pytest.raises(lr.ModelError, match="`y` is no claim"):
        formula(GONE, "y", NAMES)
    with pytest.raises(lr.ModelError, match="no name for a symbol"):
        formula(GONE, "x", {"__import__('os')": "S/outside/fund"})
    with pytest.raises(lr.ModelError, match="no name for a symbol"):
        formula(GONE, "x", {"s": "S/outside/fund"})
    with pytest.raises(lr.ModelError, match="here stands none"):
        formula(GONE, "x", {"A": "S/pays"})
    stream = lr.load(SCENARIOS / "stream-own-token.yaml")["loss-93"]
    with pytest.raises(lr.ModelError, match="too many for a formula"):
        formula(stream, "xUSD")


def test_a_border_between_regimes_is_named():
    even = FUND.set({"S/outside/fund": "$530"})
    case = Case(even, lr.Scenario(stages=[lr.Stage(loss={"S": "50%"})]))
    found = formula(case, "x", NAMES)
    # at the start assets equal debts: a condition that is met at equality is kept as >= 0
    assert found.loss_at() == 0
    assert not found.holds(A=529)


def test_numbers_carry_their_formula_through_arithmetic():
    from sympy import QQ
    from sympy.polys.fields import field

    _, x = field("x", QQ)
    number = Tracked(Fraction(3), x)
    result = (2 * number - 1) / (number + Fraction(1, 2)) + number**0
    assert result == Fraction(5) / Fraction(7, 2) + 1
    inverse = 1 / number - number + (-number) - abs(-number)
    assert inverse == Fraction(1, 3) - 9
    assert inverse.form == 1 / x - 3 * x
    assert type(number - number) is Fraction
    assert (0.5 * number, number + 0.5, number > 2.5) == (1.5, 3.5, True)
    with recorded() as record:
        assert number > 2
        assert number != 4
    assert [str(one.form) for one in record.comparisons] == ["x - 2", "-x + 4"]
