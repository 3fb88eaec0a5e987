"""Loops: found where planted, and what comes back of a dollar lost."""

import itertools
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from looprisk.analysis.api import run
from looprisk.files.load import load
from looprisk.graph import layers, loops
from looprisk.model.system import System

ROOT = Path(__file__).parents[2]
SCENARIOS = ROOT / "scenarios"


def system_of(name):
    return load(SCENARIOS / f"{name}.yaml").system


def loop_of(name):
    (loop,) = loops(system_of(name))
    return loop


def holding_each_other(shares):
    """Return funds whose shares of each other are ``shares[i][j]``: held of i's token by j."""
    n = len(shares)
    return System(
        issuers={
            f"I{j}": {
                "owns": {f"t{i}": shares[i][j] for i in range(n) if shares[i][j]},
                "issues": {f"t{j}": {"kind": "share", "supply": 1}},
            }
            for j in range(n)
        }
    )


def test_cycle_of_two_tokens_returns_the_product_of_the_shares():
    loop = loop_of("cycle")
    c, leverage = 20 / 100, 88 / 22
    assert loop.members == ("first-share", "lever-share")
    assert loop.gain == pytest.approx(c * leverage, rel=1e-14)
    assert loop.gains == {
        "first-share": pytest.approx(c * leverage),
        "lever-share": pytest.approx(c * leverage),
    }
    assert loop.spectral_radius == pytest.approx((c * leverage) ** 0.5, abs=1e-11)


@pytest.mark.parametrize("n", [2, 3, 7, 40])
def test_a_plain_cycle_returns_the_product_and_shrinks_by_its_root(n):
    held = [0.95 - 0.01 * i for i in range(n)]
    shares = [[held[i] if j == (i + 1) % n else 0 for j in range(n)] for i in range(n)]
    (loop,) = loops(holding_each_other(shares))
    assert loop.members == tuple(f"t{i}" for i in range(n))
    product = float(np.prod(held))
    assert all(gain == pytest.approx(product, rel=1e-12) for gain in loop.gains.values())
    assert loop.spectral_radius == pytest.approx(product ** (1 / n), abs=1e-10)


def test_a_closed_circle_returns_everything():
    (loop,) = loops(holding_each_other([[0, 1], [1, 0]]))
    assert (loop.gain, loop.spectral_radius) == (1.0, 1.0)


@given(
    st.integers(2, 6).flatmap(
        lambda n: st.lists(
            st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=n, max_size=n
        )
    )
)
def test_funds_that_hold_each_other_return_one_less_one_over_the_diagonal(weights):
    n = len(weights)
    shares = [
        [0 if i == j else round(weights[i][j] / (9 * n), 4) for j in range(n)] for i in range(n)
    ]
    inverse = np.linalg.inv(np.eye(n) - np.array(shares))
    for loop in loops(holding_each_other(shares)):
        at = [int(member[1:]) for member in loop.members]
        for member, i in zip(loop.members, at, strict=True):
            assert loop.gains[member] == pytest.approx(1 - 1 / inverse[i, i], abs=1e-12)
        inside = np.array(shares)[np.ix_(at, at)]
        radius = max(abs(np.linalg.eigvals(inside)))
        assert loop.spectral_radius == pytest.approx(radius, abs=1e-6)


def test_an_own_token_pledged_returns_the_part_that_is_pledged():
    """MODEL: y = b + theta y while the loan is sound, so a dollar becomes 1 / (1 - theta)."""
    terms = {"lltv": "86%", "oracle": "nav"}
    token = {"kind": "share", "supply": 200, "book_price": "$2"}
    system = System(
        assets={"USDC": {"price": "$1"}},
        issuers={"S": {"outside": {"fund": "$400"}, "issues": {"x": token}}},
        markets={
            "m": {
                "rules": "morpho-blue",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"x": terms},
            }
        },
        positions={
            "p": {"market": "m", "owner": "S", "collateral": {"x": 50}, "debt": {"USDC": 60}}
        },
    )
    (loop,) = loops(system)
    assert loop.members == ("x",)
    assert loop.nodes == ("x", "S", "p")
    assert loop.gain == loop.gain_at("S") == 0.25
    assert loop.spectral_radius == pytest.approx(0.25, abs=1e-11)
    assert layers(system)["m"] == 2


def test_a_rank_bears_pro_rata_to_face():
    loop = loop_of("stream-recourse")
    assert loop.members == ("Stream/owes/Elixir", "deUSD")
    owed = sum(
        loan.amount.number for loan in system_of("stream-recourse").issuers["Stream"].owes.values()
    )
    elixir = system_of("stream-recourse").issuers["Stream"].owes["Elixir"].amount.number
    expected = float(elixir / owed) * 75 / 121
    assert loop.gain == pytest.approx(expected)
    assert loop.gain == pytest.approx(0.07956, abs=1e-5)


def test_stream_in_cycle_order_with_its_gains():
    loop = loop_of("stream-system")
    assert loop.members == ("xUSD", "plume-xusd", "deUSD", "sdeUSD")
    pledged, plume = (65_840_112 + 644_315) / 204e6, 65_840_112 / 204e6
    owned, staked = 65_442_613.694 / 121e6, 14_109_392.91 / 121e6 * 8_944_676 / 13_204_860
    assert loop.gain == pytest.approx(pledged)
    # the other pledge of xUSD, on Arbitrum, sends its owner's part round once more
    arb = 644_315 / 204e6
    assert loop.gains["deUSD"] == pytest.approx((owned + staked) * plume / (1 - arb))
    assert loop.gains["plume-xusd"] == pytest.approx(loop.gains["deUSD"])
    assert loop.spectral_radius > 0.5 > loop.gain


@pytest.mark.parametrize(
    ("name", "shock", "claim"),
    [
        ("stream-system", {"loss": {"Stream": 1e6}}, "xUSD"),
        ("cycle", {"price": {"BASE": "-1%"}}, "first-share"),
    ],
)
def test_the_first_dollars_of_a_clearing_are_multiplied_as_the_gain_says(name, shock, claim):
    put_in = 1e6 if "loss" in shock else 0.8
    lost = run(system_of(name), **shock).layer(claim).economic_loss_usd
    assert lost == pytest.approx(put_in / (1 - loop_of(name).gains[claim]), rel=1e-9)


def test_behind_the_equity_the_lenders_of_a_clearing_lose_as_the_gain_says():
    system = system_of("stream-recourse")
    a, b = (run(system, loss={"Stream": loss}) for loss in (300e6, 301e6))
    loans = [row.id for row in a.layer_rows if row.kind == "loan"]
    more = sum(b.layer(i).economic_loss_usd - a.layer(i).economic_loss_usd for i in loans)
    gain = loop_of("stream-recourse").gain_at("Stream")
    assert more == pytest.approx(1e6 / (1 - gain), rel=1e-9)


@pytest.mark.parametrize("loss", [1, 120, 170, 200, 300, 450])
@pytest.mark.parametrize("name", ["stream-system", "stream-recourse", "stream-own-token"])
def test_no_stage_of_a_loss_sends_back_more_than_the_gain(name, loss):
    system = system_of(name)
    a, b = (run(system, loss={"Stream": amount * 1e6}) for amount in (loss, loss + 0.001))
    more = sum(
        b.layer(row.id).economic_loss_usd - row.economic_loss_usd
        for row in a.layer_rows
        if row.id == "xUSD" or row.id.startswith("Stream/owes/")
    )
    most = 1e3 / (1 - loop_of(name).gain_at("Stream"))
    assert more <= most * (1 + 1e-6)


def test_an_unknown_holding_has_no_gain():
    system = system_of("cycle").tree()
    system["issuers"]["first"]["owns"]["lever-share"] = "unknown"
    (loop,) = loops(System.from_tree(system))
    assert loop.members == ("first-share", "lever-share")
    assert (loop.gain, loop.spectral_radius) == (None, None)


def test_an_unknown_order_of_payment_counts_whatever_returns_most():
    tree = system_of("stream-recourse").tree()
    tree["issuers"]["Stream"]["pays"] = "unknown"
    (loop,) = loops(System.from_tree(tree))
    assert loop.gain == pytest.approx(75 / 121)


def test_a_gain_is_asked_for_inside_the_loop():
    with pytest.raises(KeyError):
        loop_of("cycle").gain_at("BASE")


def test_a_pyramid_has_no_loop():
    assert loops(system_of("pyramid")) == ()


def planted(seed, *, sizes=(3, 5, 2)):
    """Return a random tower with cycles planted in it, and the cycles."""
    rng = random.Random(seed)
    owns = {i: {f"t{j}": 1 for j in range(i) if rng.random() < 0.05} for i in range(60)}
    cycles = []
    names = itertools.count(100)
    for size in sizes:
        cycle = [next(names) for _ in range(size)]
        owns |= {
            there: {f"t{here}": 50} for here, there in zip(cycle[-1:] + cycle, cycle, strict=False)
        }
        owns[cycle[0]][f"t{rng.randrange(60)}"] = 1
        cycles.append([f"t{i}" for i in cycle])
    # what stands on a loop, and what it stands on, is not in it
    owns[99] = {cycle[0]: 1 for cycle in cycles}
    return (
        System(
            issuers={
                f"I{i}": {"owns": held, "issues": {f"t{i}": {"kind": "share", "supply": 100}}}
                for i, held in owns.items()
            }
        ),
        cycles,
    )


@pytest.mark.parametrize("seed", range(10))
def test_planted_loops_are_found_and_nothing_else(seed):
    system, cycles = planted(seed)
    found = loops(system)
    assert [list(loop.members) for loop in found] == cycles
    assert [loop.gain for loop in found] == [pytest.approx(0.5 ** len(c)) for c in cycles]
    depth = layers(system)
    assert all(len({depth[member] for member in cycle}) == 1 for cycle in cycles)


def test_long_loops_are_found_in_order():
    system, cycles = planted(1, sizes=(150, 1_500))
    assert [list(loop.members) for loop in loops(system)] == cycles
    assert loops(system)[0].spectral_radius == pytest.approx(0.5, abs=1e-11)


PROGRAM = """
import json
from looprisk.files.load import load
from looprisk.graph import exposure_graph, layers, loops
system = load("scenarios/stream-system.yaml").system
graph = exposure_graph(system)
found = [
    [loop.members, loop.nodes, loop.gains, loop.spectral_radius] for loop in loops(system)
]
print(json.dumps([list(graph.nodes.data()), list(graph.edges.data()), layers(system), found]))
"""


def test_order_and_digits_do_not_depend_on_the_hash_seed():
    answers = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        answer = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        answers.add(answer.stdout)
    (only,) = answers
    assert json.loads(only)[3][0][0][0] == "xUSD"
