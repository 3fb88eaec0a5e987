"""Break points of a stage that others follow: each size of it, then the rest of the story whole."""

from fractions import Fraction

import pytest

import looprisk as lr

BANK = lr.System(
    issuers={
        "Bank": lr.Issuer(
            outside={"good": 60, "bad": 50},
            owes={"outside": 80},
            issues={"b": lr.Share(supply=30)},
            pays=["debts", "b"],
        )
    }
)


def scenario(*stages, **fields):
    return {"stages": [lr.Stage(**stage) for stage in stages], **fields}


def case(system, *stages, **fields):
    from looprisk.model.case import Case

    return Case(system, lr.Scenario(**scenario(*stages, **fields)), "told")


def first(answer, of, event):
    return next(row for row in answer.rows if (row.of, row.event) == (of, event))


FIRST = {"name": "first", "loss": {"Bank/outside/bad": "$40"}}
LATER = {"name": "later", "loss": {"Bank/outside/good": "$10"}}


def test_the_stages_after_strike_whole_at_every_size():
    """20 of the 30 that the bank can lose are left once the later stage took 10."""
    told = lr.break_points(case(BANK, FIRST, LATER, ray="first"))
    row = first(told, "Bank", "insolvent")
    assert row.fraction == pytest.approx(0.5, abs=1e-11)
    assert row.at.value == pytest.approx(20, abs=1e-9)
    assert row.at.path == "Bank/outside/bad"
    last = first(lr.break_points(case(BANK, FIRST, LATER)), "Bank", "insolvent")
    assert last.exact == "0"  # the first stage alone took more than there was


def test_without_a_ray_the_last_stage_is_scaled_on_top():
    small = {"name": "first", "loss": {"Bank/outside/bad": "$25"}}
    row = first(lr.break_points(case(BANK, small, LATER)), "Bank", "insolvent")
    assert Fraction(row.exact) == Fraction(1, 2)
    same = first(lr.break_points(case(BANK, small, LATER, ray="later")), "Bank", "insolvent")
    assert same == row


def test_every_size_is_what_the_story_with_that_size_ends_at():
    asked = case(BANK, FIRST, LATER, ray="first")
    table = lr.sweep(asked, {"shock": ["0%", "25%", "60%", "100%"]}, measure=["b loss_usd"])
    for row, size in zip(table.rows[1:], (0, 10, 24, 40), strict=True):
        told = [{"loss": {"Bank/outside/bad": size}}, LATER] if size else [LATER]
        whole = lr.run(BANK, stages=[lr.Stage(**stage) for stage in told])
        assert row.numbers[0] == pytest.approx(whole.layer("b").economic_loss_usd)


def test_a_liquidation_on_the_way_is_carried_into_what_follows():
    """A fall past the threshold sells the collateral, and the price that comes back finds none."""
    system = lr.System(
        assets={"ETH": {"price": 100}, "USDC": {"price": 1}},
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": "0"}},
                "collateral": {"ETH": {"lltv": "80%", "incentive": "10%", "oracle": "market"}},
            }
        },
        positions={"p": {"market": "m", "collateral": {"ETH": "1"}, "debt": {"USDC": "70"}}},
    )
    fall = {"name": "fall", "price": {"ETH": -0.2}}
    back = {"name": "back", "price": {"ETH": 0.0}}
    asked = case(system, fall, back, ray="fall")
    # liquidated below 87.5: the fall at 12.5 % of 20 %
    table = lr.sweep(asked, {"shock": ["60%", "65%"]}, measure=["p equity_usd"])
    kept, sold = (row.numbers[0] for row in table.rows[1:])
    assert kept == pytest.approx(30)
    # at 87 the liquidator takes 77 of collateral for 70: what is left is 10/87 of an ETH, at 100
    assert sold == pytest.approx(100 * (1 - 77 / 87))


def test_what_is_latched_later_is_refused():
    with pytest.raises(lr.NotCarriedError, match="followed by other stages"):
        lr.break_points(case(BANK, FIRST, LATER, ray="first", mode="latched"))
