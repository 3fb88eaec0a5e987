"""The examples of venues, runs and circles in time, to twelve digits; fractions are exact."""

from __future__ import annotations

from fractions import Fraction

import pytest

from looprisk.cascade.run import run
from tests.cascade import examples
from tests.cascade.compare import to_the_end
from tests.cascade.play import USD, book, close, events, leak, market, play, price

F = Fraction


def hedged():
    return {
        "assets": {**USD, "ETH": {"price": "$100"}},
        "issuers": {
            "I": {"owns": {"ETH": "10"}, "issues": {"T": {"kind": "share", "supply": "1200"}}}
        },
        "venues": {"v": {"convention": "hyperliquid", "mode": "isolated", "maintenance": "3%"}},
        "positions": {
            "s": {
                "venue": "v",
                "owner": "I",
                "short": "10 ETH",
                "entry": "$100",
                "margin": {"USDC": "200"},
            }
        },
    }


@pytest.mark.parametrize(
    ("path", "prices"),
    [
        ((100, 110, 118, 100, 60), (1, 1, F(59, 60), F(5, 6), F(1, 2))),
        ((100, 110, 117, 100, 60), (1, 1, 1, F(103, 120), F(21, 40))),
        ((100, 60, 110, 100, 60), (1, 1, 1, 1, 1)),
    ],
)
def test_1_a_rally_kills_the_hedge_before_the_crash(path, prices):
    close(price(play(hedged(), {"ETH": path}), "T"), prices)


def venue_of_five(adl, **fields):
    def short(entry, margin, **more):
        return {
            "venue": "v",
            "short": "10 ETH",
            "entry": f"${entry}",
            "margin": {"USDC": str(margin)},
            **more,
        }

    return {
        "assets": {**USD, "ETH": {"price": "$100"}},
        "oracles": {"one": {"kind": "fixed", "price": "$1"}},
        "issuers": {
            "I": {
                "owns": {"ETH": "10"},
                "issues": {"T": {"kind": "par", "par": "$1", "supply": "1100"}},
            }
        },
        "markets": {
            "m": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": "0"}},
                "collateral": {"T": {"lltv": "0.95", "incentive": "5%", "oracle": "one"}},
            }
        },
        "venues": {
            "v": {
                "convention": "binance",
                "mode": "isolated",
                "maintenance": "2%",
                "adl": adl,
                **fields,
            }
        },
        "positions": {
            "s1": short(120, 100),
            "s2": short(110, 50, owner="I"),
            "s3": short(130, 600),
            "s4": short(105, 400),
            "l": {"venue": "v", "long": "15 ETH", "entry": "$110", "margin": {"USDC": "240"}},
            "b": {"market": "m", "collateral": {"T": "1000"}, "debt": {"USDC": "900"}},
        },
    }


@pytest.mark.parametrize(
    ("adl", "taken", "token", "lender"),
    [
        ("queue", (5, 10, 0, 0), F(91, 110), F(9100, 11)),
        ("pro_rata", (F(15, 4),) * 4, F(53, 55), 900),
        ("water_filling", (5, F(55, 8), 0, F(25, 8)), F(197, 220), F(9850, 11)),
    ],
)
def test_2_who_is_deleveraged_decides_what_the_token_is_worth(adl, taken, token, lender):
    done = play(venue_of_five(adl), {"ETH": (100, 90, 70)})
    sizes = done.records[1].state.venues[0].size[0]
    close(10 + sizes[:4], taken)
    close(price(done, "T")[-1:], [token])
    supply = done.plan.place["m"]
    close([done.end.values.price[0, supply] * 900], [lender])


def test_2_at_the_previous_mark_the_long_keeps_what_it_had():
    done = play(venue_of_five("queue", adl_at="previous_mark"), {"ETH": (100, 90, 70)})
    close(price(done, "T")[-1:], [F(17, 22)])


def test_2_a_fund_covers_its_share():
    done = play(venue_of_five("pro_rata", insurance="$20"), {"ETH": (100, 90, 70)})
    close(10 + done.records[1].state.venues[0].size[0][:4], [2.5] * 4)


def run_on_vault(runs):
    tree = {
        "assets": {**USD, "C": {"price": "$1"}},
        "oracles": {"one": {"kind": "fixed", "price": "$1"}},
        "issuers": {
            "V": {
                "owns": {"USDC": "100", "m": "900"},
                "issues": {"v": {"kind": "share", "supply": "1000"}},
            }
        },
        "markets": {
            "m": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": "300"}},
                "collateral": {"C": {"lltv": "0.9", "incentive": "5%", "oracle": "one"}},
            }
        },
        "positions": {"b": {"market": "m", "collateral": {"C": "400"}, "debt": {"USDC": "600"}}},
    }
    tree["oracles"]["one"]["price"] = "$2"
    return play(tree, count=3, stages=runs)


def wants(units_, by, **fields):
    return {"wants_out": str(units_), "by": by, **fields}


@pytest.mark.parametrize(
    ("runs", "paid"),
    [
        (
            [
                {"at": "1s", "run": {"v": wants(300, "A")}},
                {"at": "2s", "run": {"v": wants(400, "B")}},
            ],
            (300, 100),
        ),
        (
            [
                {"at": "1s", "run": {"v": wants(300, "A")}},
                {"at": "1s", "run": {"v": wants(400, "B")}},
            ],
            (F(1200, 7), F(1600, 7)),
        ),
    ],
)
def test_5_the_first_to_leave_are_paid_at_book(runs, paid):
    done = run_on_vault(runs)
    state = done.end.state
    close([leak(done, "leavers:A"), leak(done, "leavers:B")], paid)
    close(price(done, "v")[-1:], [F(2, 3)])
    close(book(done, "v")[-1:], [1])
    assert events(done, "gated")["v"][-1][1] == pytest.approx(300, rel=1e-12)
    gone = float(done.start.state.units[0, done.plan.place["v"]] - state.units[0, -2])
    assert sum(map(float, paid)) - gone * 4 / 5 == pytest.approx(80, rel=1e-12)


def test_8_a_system_without_static_equilibrium_runs_to_its_end():
    done = run(*examples.circular("100%"))
    assert done.start.values.price[0, done.plan.place["Bt"]] == pytest.approx(20 / 21, rel=1e-12)
    close(price(done, "Bt"), [F(199, 210)] * 21)
    assert [k for k, _ in events(done, "liquidated")["p"]] == [0]
    done = run(*examples.circular("50%"))
    close(
        price(done, "Bt")[:3], [0.95, 0.95 + 0.00005952380952380952, 0.95 + 0.0000580357142857143]
    )
    assert price(done, "Bt")[-1] == pytest.approx(0.950058072009, rel=1e-12)
    assert done.records[1].gap[0] == pytest.approx(0.00005952380952380952, rel=1e-9)


@pytest.mark.parametrize(
    ("eta", "cliff", "fall"), [(0, 0.937886193810, 0.683319094150), (2, 0.963792508790, 1e-9)]
)
def test_4_a_cliff_stands_where_the_envelope_says(eta, cliff, fall):
    for side, closed, at in ((1e-10, 12, 0.836), (-1e-10, 40 if eta else 25, fall)):
        system, scenario = examples.ladder(cliff + side, eta=eta)
        done = run(system, to_the_end(scenario))
        assert int((done.end.state.venues[0].size[0] == 0).sum()) == closed
        assert market(done, "X")[-1] == pytest.approx(at, abs=1e-9)


def test_10_funding_eats_the_margin():
    def system():
        tree = hedged()
        tree["issuers"]["I"]["issues"]["T"]["supply"] = "1040"
        tree["positions"]["s"] |= {"margin": {"USDC": "40"}, "funding": "-36.5%/y"}
        return tree

    daily = play(system(), step="1d", count=12)
    assert [k for k, _ in events(daily, "hedge_closed")["s"]] == [11]
    close([float(daily.end.state.cash[0, 0])], [29])
    close(price(daily, "T")[-1:], [F(1029, 1040)])
    hourly = play(system(), step="1h", count=242)
    assert [k for k, _ in events(hourly, "hedge_closed")["s"]] == [241]
