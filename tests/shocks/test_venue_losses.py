"""A loss at a venue in dollars is a share of what all claims on it are worth, with time or not."""

import pytest

import looprisk as lr
from looprisk.model import Case, Scenario, Stage, System

STAGES = ({"price": {"ETH": "-10%"}}, {"loss": {"v": "$60"}}, {"loss": {"v": "50%"}})


def system(**more):
    return System(
        assets={"USDC": {"price": "$1"}, "ETH": {"price": "$100"}, "BTC": {"price": "$1_000"}},
        issuers={"I": {"owns": {"ETH": 10}, "issues": {"T": {"kind": "share", "supply": 1_200}}}},
        venues={
            "v": {
                "convention": "hyperliquid",
                "mode": "isolated",
                "maintenance": "3%",
                "insurance": "$100",
            }
        },
        positions={
            "s": {"venue": "v", "owner": "I", "short": "10 ETH", "entry": "$100",
                  "margin": {"USDC": 200}},
            "l": {"venue": "v", "long": "10 ETH", "entry": "$100", "margin": {"BTC": "0.3"}},
        } | more,
    )  # fmt: skip


def lost(stages):
    clearing = lr.run(system(), stages=[Stage(**stage) for stage in stages])
    return clearing.layer("T").economic_loss_usd


def test_dollars_are_a_share_of_what_was_there_before_the_stage():
    # after the fall the short has 300, the long 200 and the fund 100: $60 are a tenth of it
    assert lost(STAGES[:1]) == 0
    assert lost(STAGES[:2]) == pytest.approx(30)
    assert lost(STAGES) == pytest.approx(30 + 270 / 2)


def test_more_than_there_is_takes_all_that_there_is():
    assert lost([{"loss": {"v": "$5M"}}]) == pytest.approx(200)


def test_of_a_fall_and_a_loss_in_one_stage_the_loss_is_of_what_stood_before():
    # $60 of 200 + 300 + 100 before; the short is worth 300 when it bears it
    both = {"price": {"ETH": "-10%"}, "loss": {"v": "$60"}}
    assert lost([both]) == pytest.approx(30)


def test_a_step_in_time_says_the_same():
    timed = [{"at": f"{k + 1}m", **stage} for k, stage in enumerate(STAGES)]
    scenario = Scenario(time={"step": "1m", "horizon": "3m"}, stages=timed)
    still = lr.run(system(), stages=[Stage(**stage) for stage in STAGES])
    stepped = lr.run(Case(system=system(), scenario=scenario))
    assert stepped.layer("T").economic_usd == pytest.approx(still.layer("T").economic_usd)


def test_break_points_count_in_dollars():
    promised = system().set({"I/issues": {"P": {"kind": "par", "par": "$1", "supply": 1_100}}})
    points = lr.break_points(promised, loss={"v": 600.0})
    row = next(row for row in points.rows if row.of == "P")
    # P loses once 200 x/600 is more than the 100 above its face
    assert (row.event, row.at.value, row.at.unit) == ("impaired", 300.0, "usd")


def test_a_venue_without_anything_has_nothing_to_lose():
    nobody = System(venues={"v": {"convention": "bybit", "mode": "isolated", "maintenance": "3%"}})
    with pytest.raises(lr.ModelError, match="nobody has anything at v that could be lost"):
        lr.run(nobody, loss={"v": 5.0})
