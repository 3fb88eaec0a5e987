"""Layers: what stands how deep on what comes from outside."""

import random
from pathlib import Path

import pytest

from looprisk.files.load import load
from looprisk.graph import exposure_graph, layers
from looprisk.model.system import System

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def layers_of(name):
    return layers(load(SCENARIOS / f"{name}.yaml").system)


def share(supply=100):
    return {"kind": "share", "supply": supply}


@pytest.fixture(scope="module")
def stream():
    return layers_of("stream-system")


def test_stream_outside_money_and_assets_are_layer_0(stream):
    zero = {name for name, layer in stream.items() if layer == 0}
    assert zero == {"USDC", "pUSD", "Stream/outside/fund", "Elixir/outside/other-backing"}


@pytest.mark.parametrize("claim", ["xUSD", "deUSD", "plume-xusd", "sdeUSD"])
def test_stream_the_loop_shares_layer_1(stream, claim):
    assert stream[claim] == 1


@pytest.mark.parametrize("claim", ["Stream/owes/TelosC", "Stream/owes/unidentified", "eth-sdeusd"])
def test_stream_who_lends_to_the_loop_is_in_layer_2(stream, claim):
    assert stream[claim] == 2


@pytest.mark.parametrize("vault", ["MEV-USDC", "Relend-USDC", "MEV-USDC-arb", "Re7-pUSD"])
def test_stream_vaults_over_markets_over_positions_over_tokens_are_in_layer_3(stream, vault):
    assert stream[vault] == 3


def test_stream_claims_on_positions_follow_the_loop_they_are_in(stream):
    assert stream["stream-plume/debt"] == stream["plume-xusd"] == 1
    assert stream["stream-plume/equity"] == stream["xUSD"] == 1
    # its owner is in the loop and its lender is not
    assert stream["stream-eth/equity"] == 1
    assert stream["stream-eth/debt"] == stream["eth-sdeusd"] == 2
    assert stream["plume-xusd/reserves"] == 2


def test_stream_what_passes_loss_on_adds_no_layer(stream):
    assert stream["Stream"] == stream["stream-plume"] == 1
    assert stream["pusd-borrowers"] == 2
    assert stream["Re7-pUSD/issuer"] == 3


def test_pyramid():
    found = layers_of("pyramid")
    assert found["BASE"] == 0
    assert [found[token] for token in ("g-share", "m-share", "t-share")] == [1, 2, 3]


def test_seniority_moves_no_layer():
    found = layers_of("pyramid")
    assert found["top/owes/outside"] == found["t-share"] == found["top"] == 3


def test_cycle():
    found = layers_of("cycle")
    assert found["first-share"] == found["lever-share"] == found["first"] == 1
    assert found["lever/owes/outside"] == 2


def test_a_token_pledged_by_its_issuer_is_a_loop_of_its_own():
    found = layers_of("stream-own-token")
    assert found["xUSD"] == found["plume-xusd"] == found["deUSD"] == 1


def test_one_loop_of_an_outsider():
    found = layers_of("wsteth-loop")
    assert found["wstETH"] == found["ETH"] == 0
    assert found["wsteth-eth"] == found["me"] == found["me/debt"] == found["me/equity"] == 1


def test_a_hedged_book():
    found = layers_of("delta-neutral")
    assert found["hyperliquid"] == 0
    assert found["eth-short"] == found["nUSD"] == found["Neutral/equity"] == 1


def test_a_market_that_lends_several_tokens_is_as_deep_as_its_deepest_supply():
    terms = {"lltv": "75%", "incentive": "5%", "oracle": "market"}
    system = System(
        assets={"ETH": {"price": "$3_000"}, "USDC": {"price": "$1"}},
        issuers={"F": {"owns": {"ETH": 1}, "issues": {"f": share()}}},
        markets={
            "core": {
                "rules": "aave-v3",
                "lends": {"USDC": {"cash": 1}, "ETH": {"cash": 1}},
                "collateral": {"f": terms},
                "insurance": "$5",
            }
        },
        positions={"p": {"market": "core", "collateral": {"f": 1}, "debt": {"USDC": 1}}},
    )
    found = layers(system)
    assert found["f"] == found["core/ETH"] == 1
    assert found["core/USDC"] == found["core"] == found["p"] == found["p/debt"] == 2
    assert found["core/reserves"] == found["core/insurance"] == 2


def test_nothing_behind_a_token_is_layer_1():
    assert layers(System(issuers={"I": {"issues": {"t": share()}}})) == {"I": 1, "t": 1}


def test_of_one_name_for_issuer_and_token_the_layer_is_the_tokens():
    vault = {"owes": {"B": "$10"}, "issues": {"V": share()}, "pays": ["debts", "V"]}
    back = {"issues": {"b": share()}}
    system = System(issuers={"V": {**vault, "owns": {"b": 5}}, "B": back})
    found = layers(system)
    # V owes B and owns its token: they are a loop; the token V stands on that
    assert found["V/issuer"] == found["V/owes/B"] == found["b"] == 1
    assert found["V"] == 2


def random_tower(seed):
    rng = random.Random(seed)
    issuers = {}
    for i in range(30):
        below = rng.sample(range(i), min(i, rng.randrange(4)))
        owns = {f"t{j}": 1 for j in below} | ({"BASE": 1} if rng.random() < 0.5 else {})
        issuers[f"I{i}"] = {"owns": owns, "issues": {f"t{i}": share()}}
    names = list(issuers)
    rng.shuffle(names)
    return System(assets={"BASE": {"price": "$1"}}, issuers={name: issuers[name] for name in names})


@pytest.mark.parametrize("seed", range(20))
def test_a_token_is_one_layer_above_the_deepest_that_backs_it(seed):
    system = random_tower(seed)
    found = layers(system)
    for name, issuer in system.issuers.items():
        deepest = max((found[thing] for thing in issuer.owns), default=0)
        assert found[f"t{name[1:]}"] == 1 + deepest


@pytest.mark.parametrize("name", [path.stem for path in sorted(SCENARIOS.glob("*.yaml"))])
def test_no_layer_is_below_what_backs_it(name):
    system = load(SCENARIOS / f"{name}.yaml").system
    found = layers(system)
    graph = exposure_graph(system)
    keyed = {node: node.removesuffix("/issuer") for node in graph}
    assert all(found[keyed[a]] <= found[keyed[b]] for a, b in graph.edges)
    assert set(graph) <= set(found)
