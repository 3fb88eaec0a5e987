"""What stages do that the clearing does too: defaults of accounts, dollars lost at venues, loops."""

from __future__ import annotations

import random

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.timing import judge_in_time
from looprisk.cascade.run import run
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario, Stage
from tests.cascade.compare import compared, other_events, shown
from tests.cascade.plain.run import run as simulate
from tests.cascade.systems import random_case
from tests.cascade.test_random_against_plain import drawn
from tests.cascade.test_shelves import WHOLE, identical


def more_stages(draw, system, step, last):
    accounts = [name for name, p in system.positions.items() if getattr(p, "market", None)]
    accounts = [n for n in accounts if "table" not in type(system.positions[n]).model_fields]
    when = [f"{draw.randint(0, last) * step}s" for _ in range(3)]
    loop = {"market": "iso", "loop": {"equity": "9 X", "ltv": "55%"}}
    return (
        Stage(at=when[0], default={draw.choice(accounts): f"{draw.randint(0, 95)}%"}),
        Stage(at=when[1], loss={draw.choice(list(system.venues)): f"${draw.randint(1, 5_000)}"}),
        Stage(at=when[2], open={"late-loop": loop}),
    )


@pytest.mark.parametrize("block", range(2))
def test_both_programs_agree(block):
    for seed in range(block, 12, 2):
        draw = random.Random(20_000 + seed)
        system, scenarios = random_case(seed, 2)
        step = int(scenarios[0].time.step.number)
        last = int(scenarios[0].time.horizon.number) // step
        more = more_stages(draw, system, step, last)
        scenarios = [s.model_copy(update={"stages": (*s.stages, *more)}) for s in scenarios]
        prices = drawn(system, scenarios)
        done = run(system, scenarios[0], drawn=prices)
        for path, scenario in enumerate(scenarios):
            world = simulate(system, scenario)
            found = compared(done, world, path)
            assert not found, f"seed {seed}, path {path}\n{shown(found)}"
            assert world.counts.get("dry") or not other_events(done, world, path), (seed, path)
        if seed < 3:
            identical(system, scenarios[0], prices)


def book(**terms):
    return System(
        assets={"USD": {"price": "$1"}, "ETH": {"price": "$100"}},
        venues={
            "v": {
                "convention": "binance",
                "mode": "isolated",
                "maintenance": "1%",
                "initial": "20%",
                "taker_fee": "0%",
                "insurance": "$500",
            }
        },
        issuers={
            "N": {
                "owns": {"ETH": 12, "USD": 1_000},
                "issues": {"n": {"kind": "share", "supply": 1_000}},
                **terms,
            }
        },
        positions={
            "short": {
                "venue": "v",
                "owner": "N",
                "short": "10 ETH",
                "entry": "$100",
                "margin": {"USD": 500},
            }
        },
    )


def in_time(*stages, **more):
    return Scenario(time={"step": "1h", "horizon": "2h"}, stages=list(stages), **more)


def test_margin_for_a_hedge_comes_from_what_the_issuer_owns():
    """2 ETH unhedged, 20 % margin: $40 of the 1,000 dollars that a file can give it."""
    done = run(book(rebalance={"band": "5%", "by": "short"}), in_time())
    state = done.end.state
    assert state.venues[0].size[0, 0] == pytest.approx(-12)
    assert state.venues[0].margin[0, 0] == pytest.approx(540)
    assert state.owned[0, 0, done.plan.place["USD"]] == pytest.approx(960)
    assert state.owned[0, 0, done.plan.place["ETH"]] == 12


def test_dollars_lost_at_a_venue_are_a_share_of_every_claim_on_it():
    done = run(book(), in_time({"at": "1h", "loss": {"v": "$250"}}))
    # 500 of margin and 500 of the fund: a quarter of both, and of the leg
    venue = done.end.state.venues[0]
    assert (venue.fund[0], venue.margin[0, 0]) == (375, 375)
    assert venue.size[0, 0] == -7.5
    all_of_it = run(book(), in_time({"at": "1h", "loss": {"v": "$5_000"}})).end.state.venues[0]
    assert (all_of_it.fund[0], all_of_it.size[0, 0]) == (0, 0)


def lent(**terms):
    return System(
        assets={"USD": {"price": "$1"}, "X": {"price": "$1"}},
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USD": {"cash": 100}},
                "collateral": {"X": {"lltv": "86%", "incentive": "5%", "oracle": "market"}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"X": 1_000}, "debt": {"USD": 600}}},
        **terms,
    )


def test_an_account_that_defaults_pays_its_share_though_it_could_pay_all():
    stage = {"default": {"b": "40%"}}
    still = lr.run(lent(), **stage)
    done = run(lent(), in_time({"at": "1h", **stage}))
    supply = done.plan.place["m"]
    worth = float((done.end.values.price * done.end.state.units)[0, supply])
    assert worth == pytest.approx(100 + 0.4 * 600)
    assert worth == pytest.approx(still.layer("m").economic_usd)
    assert done.end.values.withheld[0] == pytest.approx(360)
    assert done.end.values.parts["m/borrowers"][0] == pytest.approx(400)


def test_a_loop_is_opened_at_a_stage_with_what_it_draws():
    loop = {"market": "m", "loop": {"equity": "10 X", "ltv": "80%"}}
    done = run(lent(), in_time({"at": "1h", "open": {"late": loop}}))
    m, i = done.plan.account_at["late"]
    now = done.end.state.markets[m]
    assert now.collateral[0, 0, i] == pytest.approx(50)
    assert now.debt[0, 0, i] == pytest.approx(40)
    assert now.cash[0, 0] == pytest.approx(60)
    assert done.end.state.leaks["inflow"][0] == pytest.approx(-10)
    assert len(done.plan.books[0].accounts) < WHOLE


@pytest.mark.parametrize("base", [{}, {"base": "pegged"}, {"base": "market"}, {"base": "nav"}])
def test_a_discount_oracle_reads_its_unit_through_its_base(base):
    """A pegged unit keeps the token at par less its discount, while sellers of the unit get .65."""
    parts = System(
        as_of="2025-10-10",
        assets={"USD": {"price": "$1"}},
        oracles={
            "pegged": {"kind": "fixed", "price": "$1"},
            "pt": {
                "kind": "pt_discount",
                "of": "PT",
                "discount": "5%/y",
                "matures": "2026-10-10",
                **base,
            },
        },
        issuers={
            "E": {
                "outside": {"book": "$500"},
                "issues": {"U": {"kind": "par", "par": "$1", "supply": 500}},
            },
            "P": {
                "owns": {"U": 300},
                "issues": {"PT": {"kind": "par", "par": "1 U", "supply": 300}},
            },
        },
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USD": {"cash": 10}},
                "collateral": {"PT": {"lltv": "90%", "incentive": "4%", "oracle": "pt"}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"PT": 100}, "debt": {"USD": 84}}},
    )
    points = {"0h": "$1", "1h": "$1", "2h": "$0.65", "4h": "$0.65"}
    scenario = Scenario(
        time={"step": "1h", "horizon": "4h"}, paths={"between": "linear", "points": {"U": points}}
    )
    done, world = run(parts, scenario), simulate(parts, scenario)
    assert not compared(done, world, 0)
    at = done.plan.readings.index(("pt", "PT"))
    last = float(done.end.state.reading[0, at])
    held = base.get("base") in {"pegged", "nav"}
    assert last == pytest.approx((1 if held else 0.65) * (1 - 0.05 * (1 - 4 / 8760)), rel=1e-12)
    gone = [n for _, several in done.log for n in several if n.event == "liquidated"]
    assert bool(gone) is not held


def test_the_health_of_an_account_that_owes_nothing_is_above_every_bound():
    paths = {"between": "hold", "points": {"X": {"0h": "$1", "1h": "$0.69", "2h": "$0.69"}}}
    wanted = [
        {"of": "b", "metric": "health_factor", "at_least": "1x"},
        {"of": "b", "metric": "health_factor", "at_most": "9x"},
    ]
    verdicts = judge_in_time(Case(system=lent(), scenario=in_time(paths=paths, expect=wanted)))
    assert [v.outcome for v in verdicts] == ["ok", "FAIL"]
    assert verdicts[0].got_text == "no debt"
