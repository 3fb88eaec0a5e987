"""Reverse stress: closed forms, a panic, the best of many random ways, and the proof."""

import math
from fractions import Fraction
from pathlib import Path
from random import Random

import pytest

import looprisk as lr
from looprisk.analysis.solve import solve
from looprisk.model.case import Case
from looprisk.sweeps import reverse
from looprisk.sweeps.factors import factors_of
from looprisk.sweeps.proof import bound
from looprisk.sweeps.rays import Target, corner, hit, normals
from tests.symbolic.test_formula import random_case

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FUND = lr.System(issuers={"Fund": lr.Issuer(outside={"a": 600, "b": 400}, owes={"outside": 700})})
BOTH = {"Fund/outside/a": "100%", "Fund/outside/b": "100%"}


def sizes(radius):
    return [factor.size for factor in radius.factors]


def test_a_fund_with_two_piles_has_the_closed_forms():
    """It is insolvent where 600 x + 400 y > 300."""
    most = reverse(FUND, "Fund", "insolvent", loss=BOTH).robust
    assert (most.exact, most.proven, sizes(most)) == ("3/10", True, [0.3, 0.3])
    total = reverse(FUND, "Fund", "insolvent", norm="sum", loss=BOTH).robust
    assert (total.exact, total.proven, sizes(total)) == ("1/2", True, [0.5, 0])
    far = reverse(FUND, "Fund", "insolvent", norm="mahalanobis", loss=BOTH).robust
    assert far.radius == pytest.approx(300 / math.hypot(600, 400), rel=1e-9)
    assert sizes(far) == pytest.approx([300 * 600 / 520_000, 300 * 400 / 520_000], rel=1e-5)


def test_a_covariance_moves_the_design_point():
    given = {"Fund/outside/a": {"Fund/outside/b": 0.5}, "Fund/outside/b": {"Fund/outside/b": 4}}
    far = reverse(FUND, "Fund", "insolvent", norm="mahalanobis", covariance=given, loss=BOTH).robust
    spread = math.sqrt(600**2 + 2 * 0.5 * 600 * 400 + 4 * 400**2)
    assert far.radius == pytest.approx(300 / spread, rel=1e-9)
    # where the two go against each other, the one that would shrink is left alone
    against = {"Fund/outside/a": {"Fund/outside/b": -0.9}}
    far = reverse(
        FUND, "Fund", "insolvent", norm="mahalanobis", covariance=against, loss=BOTH
    ).robust
    assert all(size >= 0 for size in sizes(far))


def test_factors_go_on_when_one_is_spent():
    """All of b is gone at 1 and a goes on: 600 x + 400 = 1,000 only at the very end."""
    none = reverse(FUND, "Fund", "insolvent", loss={"Fund/outside/b": "50%"}).robust
    assert none.exact == "3/2"
    written = {"Fund/outside/a": "50%", "Fund/outside/b": "10%"}
    both = reverse(FUND, "Fund", "insolvent", loss=written).robust
    assert both.exact == str(Fraction(300, 340))


def test_what_was_found_breaks_in_a_run_of_its_own():
    for norm in ("max", "sum", "mahalanobis"):
        found = reverse(FUND, "Fund", "insolvent", norm=norm, loss=BOTH).robust
        again = lr.run(FUND, **found.shock)
        assert ("Fund", "insolvent") in {(e.of, e.event) for e in again.events}


def ring(kept):
    """Two banks that owe each other and outside, and keep a part of all if they default."""
    return lr.System(
        issuers={
            name: lr.Issuer(
                outside={"pile": 100},
                owes={other: 150, "outside": 40},
                issues={f"{name}-share": lr.Share(supply=1)},
                pays=["debts", f"{name}-share"],
                default_recovery={"outside": kept, "claims": kept},
            )
            for name, other in (("A", "B"), ("B", "A"))
        }
    )


PILES = {"A/outside/pile": "100%", "B/outside/pile": "100%"}


def test_a_panic_breaks_before_the_shock_does():
    """Alone A fails at 100 (1 - x) + 150 < 190; feared, at 3,800/11 (1 - x) < 190."""
    found = reverse(ring("90%"), "A", "insolvent", loss=PILES)
    assert (found.robust.exact, found.fragile.exact) == ("3/5", "9/20")
    assert "if everything fails that can, 45.00% (9/20)" in found.note
    assert found.robust.proven


def test_a_panic_may_need_no_shock_at_all():
    found = reverse(ring("50%"), "A", "insolvent", loss=PILES)
    assert (found.robust.exact, found.fragile.exact) == ("3/5", "0")


@pytest.mark.parametrize("seed", [4])
@pytest.mark.parametrize("norm", ["max", "sum", "mahalanobis"])
def test_no_random_way_is_shorter(seed, norm):
    rng = Random(seed)
    case = random_case(rng)
    solved = solve(case)
    held = {(m.of, m.event) for m in solved.holding(solved.start)}
    of, event = rng.choice(sorted(key for key in solved.broken if key not in held))
    found = reverse(case, of, event, norm=norm)
    factors = factors_of(solved)
    target = Target(factors=factors, key=(of, event), selection="greatest", rounded=True)
    length = {"max": max, "sum": sum, "mahalanobis": lambda x: math.hypot(*map(float, x))}[norm]
    for _ in range(40):
        direction = tuple(Fraction(rng.randint(0, 100), 100) for _ in factors.every)
        there = hit(target, direction) if any(direction) else None
        if there is not None:
            assert found.robust.radius <= float(length(there.sizes)) * (1 + 1e-9)
    assert found.fragile.radius <= found.robust.radius * (1 + 1e-9)


@pytest.mark.parametrize("seed", [1, 4])
def test_the_normal_is_the_exact_difference(seed):
    """Moving the hit along a factor by what the normal says leaves what gives way at zero."""
    rng = Random(seed)
    case = random_case(rng)
    solved = solve(case)
    held = {(m.of, m.event) for m in solved.holding(solved.start)}
    key = rng.choice(sorted(k for k in solved.broken if k not in held))
    factors = factors_of(solved)
    target = Target(factors=factors, key=key, selection="greatest")
    direction = tuple(Fraction(rng.randint(20, 100), 100) for _ in factors.every)
    found = hit(target, direction)
    (normal, *_) = normals(target, found)
    near = tuple(d * (1 + Fraction(k + 1, 10**9)) for k, d in enumerate(direction))
    there = hit(target, near)
    gap = sum(
        normal.get(k, 0) * (b - a)
        for k, (a, b) in enumerate(zip(found.sizes, there.sizes, strict=True))
    )
    assert gap == 0


@pytest.mark.parametrize("seed", [0, 1, 4, 7])
def test_the_corner_is_what_a_mixed_integer_program_finds(seed):
    """The program asks for 0.001% of shortfall, so it lies a little beyond, never before."""
    rng = Random(seed)
    case = random_case(rng)
    solved = solve(case)
    held = {(m.of, m.event) for m in solved.holding(solved.start)}
    key = rng.choice(sorted(k for k in solved.broken if k not in held))
    target = Target(factors=factors_of(solved), key=key, selection="least")
    most, total = bound(target, "max"), bound(target, "sum")
    along = max(corner(target).sizes)
    assert along <= most.radius <= along * (1 + 1e-3)
    axes = [target.factors.alone(k, Fraction(1)) for k in range(len(target.factors.every))]
    alone = [sum(there.sizes) for axis in axes if (there := hit(target, axis)) is not None]
    assert along <= total.radius <= min(alone) * (1 + 1e-3)


def test_in_the_sum_norm_a_panic_needs_no_less():
    """Feared, both fail from 90 of the two piles on; A alone fails without 60 of its own."""
    found = reverse(ring("90%"), "A", "insolvent", norm="sum", loss=PILES)
    for radius in (found.robust, found.fragile):
        assert (radius.exact, radius.proven) == ("3/5", True)
        assert "finds no clearing 0.001% short with less" in radius.how
    assert "a panic needs no less" in found.note


def test_a_loop_and_a_market_of_the_files():
    case = lr.load(SCENARIOS / "wsteth-loop.yaml")["ratio-slips"]
    found = reverse(case, "me", "liquidated")
    assert found.robust.exact == "1/21"
    assert "me liquidated: the smallest shock is" in found.headline
    assert "certified: solved again" in repr(found)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"of": "Fund", "event": "liquidated"}, "what can: impaired, insolvent"),
        ({"of": "Found", "event": "insolvent"}, "`Found` is nothing in this system"),
        ({"norm": "l2"}, "norm: `l2` is not known"),
        ({"covariance": {"a": {"b": 0.1}}}, "a covariance is for norm='mahalanobis'"),
        ({"norm": "mahalanobis", "covariance": {"x": {"y": 0.1}}}, "`x` is no factor"),
        (
            {
                "norm": "mahalanobis",
                "covariance": {"Fund/outside/a": {"Fund/outside/b": 1}},
            },
            "no covariance",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, message):
    words = {"of": "Fund", "event": "insolvent", "loss": BOTH, **asked}
    with pytest.raises(lr.ModelError) as refused:
        reverse(FUND, **words)
    assert message in str(refused.value)


def test_what_has_no_size_is_refused():
    with pytest.raises(lr.NotCarriedError, match="no size between nothing and all"):
        reverse(FUND, "Fund", "insolvent", recognise=["Fund"], loss=BOTH)
    broke = Case(FUND.set({"Fund/outside/a": "$1"}), lr.Scenario(stages=[lr.Stage(loss=BOTH)]))
    with pytest.raises(lr.ModelError, match="already before any shock"):
        reverse(broke, "Fund", "insolvent")
