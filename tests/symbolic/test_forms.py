"""Closed forms against the engine, at random numbers."""

from fractions import Fraction
from random import Random

import numpy as np
import pytest

import looprisk as lr
from looprisk.symbolic import forms


def first(rows, of, event):
    return next(Fraction(r.exact) for r in rows if (r.of, r.event) == (of, event))


@pytest.mark.parametrize("seed", range(8))
def test_a_loop_breaks_where_its_forms_say(seed):
    rng = Random(seed)
    lam = Fraction(rng.randint(70, 96), 100)
    ltv = lam * Fraction(rng.randint(50, 99), 100)
    rows = lr.break_points(lr.loop("X", "Y", equity=100, ltv=ltv, lltv=lam), price={"X": -1.0}).rows
    phi = Fraction(str(forms.lending_terms().at(lam=lam)["morpho_factor"]))
    said = forms.loop().at(l=ltv, lam=lam, phi=phi)
    for event in ("liquidated", "bad_debt", "insolvent"):
        assert first(rows, "loop", event) == Fraction(str(said[event]))


def test_a_loop_of_n_rounds_tends_to_the_endless_one():
    endless, few = forms.loop().at(l=Fraction(9, 10)), forms.loop(60).at(l=Fraction(9, 10))
    assert abs(float(endless["collateral"] - few["collateral"])) < 10 * 0.9**61 + 1e-12
    assert forms.loop(1).at(l=Fraction(1, 2))["ltv"] == forms.Rational(1, 3)


@pytest.mark.parametrize("levers", [(2, 3, 4), (5, 2), (7,)])
def test_a_pyramid_is_gone_where_its_forms_say(levers):
    issuers, below, worth = {}, "BASE", Fraction(10_000)
    for k, lever in enumerate(levers, 1):
        equity = worth / lever
        issuers[f"L{k}"] = {
            "owns": {below: "10000" if k == 1 else "100%"},
            "owes": {"outside": float(worth - equity)},
            "issues": {f"t{k}": {"kind": "share", "supply": "1000"}},
            "pays": ["debts", f"t{k}"],
        }
        below, worth = f"t{k}", equity
    system = lr.System(assets={"BASE": {"price": 1}}, issuers=issuers)
    rows = lr.break_points(system, price={"BASE": -1.0}).rows
    said = forms.pyramid(len(levers)).at(**{f"L{k}": lever for k, lever in enumerate(levers, 1)})
    for k in range(1, len(levers) + 1):
        found = next(r.fraction for r in rows if (r.of, r.event) == (f"L{k}", "insolvent"))
        assert found == pytest.approx(float(said[f"gone_{k}"]), rel=1e-12)


def test_a_cycle_loses_what_its_forms_say():
    system = lr.System(
        assets={"BASE": {"price": 1}},
        issuers={
            "first": {
                "owns": {"BASE": "80", "lever-share": "20"},
                "issues": {"first-share": {"kind": "share", "supply": "100"}},
            },
            "lever": {
                "owns": {"first-share": "88"},
                "owes": {"outside": 66},
                "issues": {"lever-share": {"kind": "share", "supply": "22"}},
                "pays": ["debts", "lever-share"],
            },
        },
    )
    x = Fraction(1, 100)
    said = forms.cycle().at(L=4, c=Fraction(1, 5), x=x)
    row = lr.run(system, price={"BASE": -0.01}).layer("first-share")
    assert row.loss_fraction == pytest.approx(float(said["loss_first"]), rel=1e-12)
    rows = lr.break_points(system, price={"BASE": -1.0}).rows
    wiped = next(r.fraction for r in rows if (r.of, r.event) == ("lever", "insolvent"))
    assert wiped == pytest.approx(float(said["wiped"]), rel=1e-12)


def test_a_hedge_dies_where_its_form_says():
    venue = {"convention": "hyperliquid", "mode": "isolated", "maintenance": "3%"}
    system = lr.System(
        assets={"ETH": {"price": 100}, "USDC": {"price": 1}},
        venues={"v": venue},
        issuers={
            "N": {"owns": {"ETH": "10"}, "issues": {"n": {"kind": "share", "supply": "1200"}}}
        },
        positions={
            "leg": {
                "venue": "v",
                "owner": "N",
                "short": "10 ETH",
                "entry": "$100",
                "margin": {"USDC": "200"},
            }
        },
    )
    rows = lr.break_points(system, price={"ETH": 1.0}).rows
    said = forms.delta_neutral().at(f=0, m=Fraction(1, 5), mu=Fraction(3, 100))
    assert 1 + first(rows, "leg", "hedge_closed") == Fraction(str(said["dies_at"]))


def test_a_liquidation_restores_health_and_leaves_what_it_says():
    c, d, lam, phi = Fraction(100), Fraction(90), Fraction(4, 5), Fraction(11, 10)
    said = forms.liquidation().at(c=c, d=d, lam=lam, phi=phi)
    repaid = Fraction(str(said["restoring"]))
    assert lam * (c - phi * repaid) == d - repaid
    assert Fraction(str(said["toxic_ltv"])) == 1 / phi
    # above the toxic level the rest of the debt is the same after any number of rounds
    debt, collateral = Fraction(95), Fraction(100)
    left = Fraction(str(forms.liquidation().at(c=collateral, d=debt, phi=phi)["left_unpaid"]))
    for close in (Fraction(1, 2), Fraction(1, 3)):
        x, y = collateral, debt
        while x > 0:
            part = min(close * y, x / phi)
            x, y = x - phi * part, y - part
        assert y == left


def test_a_run_leaves_the_rest_to_those_who_stay():
    said = forms.run().at(nu=Fraction(9, 10), w=Fraction(1, 2), xi=Fraction(8, 10))
    assert said["stayers"] == forms.Rational(4, 5)
    assert said["share_that_breaks"] == forms.Rational(1, 2)


def test_forms_render_and_evaluate_on_arrays():
    shape = forms.cycle()
    wiped = shape.numpy("wiped")
    assert np.allclose(wiped(np.array([4.0, 2.0]), 0.2), [1 / 16, 0.6 / 1.6])
    assert "a cycle" in repr(shape)
    assert shape._repr_latex_().startswith("$")
    with pytest.raises(lr.ModelError, match="`y` is no symbol of a cycle"):
        shape.at(y=1)
