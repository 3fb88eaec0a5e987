"""The exposure graph: who stands on what, how much of it, and in which rank."""

from itertools import pairwise
from pathlib import Path

import pytest

from looprisk.files.load import load
from looprisk.graph import exposure_graph
from looprisk.model.system import System

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def fund(**fields):
    return {"issues": {"f": {"kind": "share", "supply": 100}}, **fields}


@pytest.fixture(scope="module")
def stream():
    return exposure_graph(load(SCENARIOS / "stream-system.yaml").system)


def test_every_kind_of_node_is_there(stream):
    kinds = dict(stream.nodes.data("kind"))
    assert kinds["Stream/outside/fund"] == "pile"
    assert kinds["USDC"] == "asset"
    assert kinds["Stream"] == "issuer"
    assert kinds["Stream/owes/TelosC"] == "loan"
    assert kinds["xUSD"] == "share"
    assert kinds["deUSD"] == "par"
    assert kinds["Elixir/equity"] == "equity"
    assert kinds["plume-xusd"] == "supply"
    assert kinds["stream-plume"] == "position"
    assert "Stream/equity" not in kinds


def test_edges_run_the_way_loss_travels(stream):
    way = ["Stream/outside/fund", "Stream", "xUSD", "stream-plume", "plume-xusd", "Elixir", "deUSD"]
    for source, target in pairwise(way):
        assert stream.has_edge(source, target)
        assert not stream.has_edge(target, source)
    assert stream.has_edge("deUSD", "Stream")
    assert stream.has_edge("stream-plume", "Stream")
    assert list(stream.predecessors("Stream/outside/fund")) == []


def test_money_and_shares_of_the_stream_file(stream):
    pledged = stream.edges["xUSD", "stream-plume"]
    assert pledged["usd"] == pytest.approx(65_840_112 * 1.2667)
    assert pledged["share"] == pytest.approx(65_840_112 / 204e6)
    loan = stream.edges["Stream", "Stream/owes/TelosC"]
    owed = 123_640_000 + 22_199_380 + 19_170_000 + 14_650_000 + 14e6 + 5_300_000 + 253_644_243
    assert loan == {"usd": 123_640_000.0, "share": pytest.approx(123_640_000 / owed), "rank": 0}
    assert stream.edges["Stream", "xUSD"]["rank"] == 1
    ((lender, owed_to_it),) = stream.adj["Stream/owes/TelosC"].items()
    assert stream.nodes[lender]["kind"] == "issuer"
    assert owed_to_it["share"] == 1.0
    assert stream.edges["plume-xusd", "Elixir"] == {"usd": 68_026_935.0, "share": 1.0, "rank": None}
    assert stream.edges["USDC", "MEV-USDC/issuer"] == {
        "usd": 294_410_257.0,
        "share": None,
        "rank": None,
    }


def test_a_position_stands_between_its_collateral_its_lender_and_its_owner(stream):
    assert stream.edges["stream-eth", "eth-sdeusd"]["usd"] == 8_661_707.0
    left = 8_944_676 * 1.0685 - 8_661_707
    assert stream.edges["stream-eth", "Stream"]["usd"] == pytest.approx(left)
    assert stream.edges["stream-eth", "Stream"]["rank"] == 1
    assert list(stream.successors("pusd-borrowers")) == ["plume-sdeusd"]


def test_a_market_without_cash_has_no_edge_from_its_token(stream):
    assert stream.has_edge("USDC", "eth-sdeusd")
    assert not stream.has_edge("USDC", "plume-xusd")


def test_an_issuer_named_like_its_token_keeps_a_node_of_its_own(stream):
    assert stream.nodes["MEV-USDC"]["kind"] == "share"
    assert stream.nodes["MEV-USDC/issuer"]["kind"] == "issuer"
    assert list(stream.successors("MEV-USDC/issuer")) == ["MEV-USDC"]


def test_nodes_are_plain_strings(stream):
    assert {type(node) for node in stream} == {str}
    assert {type(node) for node in dict(stream.adjacency())["stream-plume"]} == {str}


def test_labels_are_kept_as_written():
    label = "<script>alert(1)</script>\u202e[red]"
    graph = exposure_graph(System(issuers={"F": fund(label=label)}))
    assert graph.nodes["F"]["label"] == label


@pytest.mark.parametrize(
    ("amount", "usd", "share"),
    [("10", 20.0, 0.1), ("$30", 30.0, 0.15), ("25%", 50.0, 0.25), ("unknown", None, None)],
)
def test_a_holding_is_written_in_tokens_in_money_or_as_a_share(amount, usd, share):
    token = {"kind": "share", "supply": 100, "book_price": "$2"}
    system = System(issuers={"A": {"issues": {"a": token}}, "F": fund(owns={"a": amount})})
    edge = exposure_graph(system).edges["a", "F"]
    assert (edge["usd"], edge["share"]) == (pytest.approx(usd), pytest.approx(share))


def test_prices_in_other_tokens_are_followed_to_dollars():
    system = System(
        assets={"ETH": {"price": "$3_000"}, "wstETH": {"price": "1.2 ETH"}},
        issuers={
            "A": {"issues": {"a": {"kind": "par", "par": "2 wstETH", "supply": 10}}},
            "F": fund(owns={"a": 1, "wstETH": 2}),
        },
    )
    graph = exposure_graph(system)
    assert graph.edges["wstETH", "F"]["usd"] == pytest.approx(7_200)
    assert graph.edges["a", "F"]["usd"] == pytest.approx(7_200)
    assert graph.nodes["a"]["usd"] == pytest.approx(72_000)


def test_what_only_a_solve_would_give_is_none():
    graph = exposure_graph(load(SCENARIOS / "pyramid.yaml").system)
    assert graph.edges["g-share", "middle"] == {"usd": None, "share": 1.0, "rank": None}
    assert graph.nodes["g-share"]["usd"] is None


def test_copies_of_a_token_are_the_token():
    token = {
        "kind": "share",
        "supply": 100,
        "copies": {"plasma": {"supply": 60}, "base": {"supply": 40}},
        "shortfall_borne_by": "all",
    }
    system = System(
        issuers={"A": {"issues": {"a": token}}, "F": fund(owns={"a/plasma": 10, "a/base": 5})}
    )
    assert exposure_graph(system).edges["a", "F"]["share"] == pytest.approx(0.15)


def test_a_market_that_lends_several_tokens_has_several_supplies():
    terms = {"lltv": "75%", "incentive": "5%", "oracle": "market"}
    system = System(
        assets={"ETH": {"price": "$3_000"}, "USDC": {"price": "$1"}, "EURC": {"price": "$1.25"}},
        issuers={"F": fund(owns={"core/USDC": 300})},
        markets={
            "core": {
                "rules": "aave-v3",
                "lends": {"USDC": {"cash": 300}, "EURC": {"cash": 80}},
                "collateral": {"ETH": terms},
            }
        },
        positions={
            "p": {"market": "core", "collateral": {"ETH": 1}, "debt": {"USDC": 900, "EURC": 80}}
        },
    )
    graph = exposure_graph(system)
    assert "core" not in graph
    assert graph.edges["p", "core/USDC"] == {"usd": 900.0, "share": 0.9, "rank": 0}
    assert graph.edges["p", "core/EURC"] == {"usd": 100.0, "share": 0.1, "rank": 0}
    assert graph.edges["core/USDC", "F"]["share"] == pytest.approx(0.25)
    assert graph.edges["USDC", "core/USDC"]["usd"] == 300.0


def test_a_loop_is_sized_at_the_start_prices():
    graph = exposure_graph(load(SCENARIOS / "wsteth-loop.yaml").system)
    assert graph.edges["wstETH", "me"]["usd"] == pytest.approx(1_000 * 3_600)
    assert graph.edges["me", "wsteth-eth"]["usd"] == pytest.approx(0.9 * 1_000 * 3_600)


def test_unlisted_debt_taken_as_sound_is_at_hand():
    lending = {"cash": 100, "supplied": 1_000, "unlisted_debt": "sound"}
    terms = {"lltv": "86%", "oracle": "market"}
    system = System(
        assets={"ETH": {"price": "$3_000"}, "USDC": {"price": "$1"}},
        markets={
            "m": {"rules": "morpho-blue", "lends": {"USDC": lending}, "collateral": {"ETH": terms}}
        },
        positions={"p": {"market": "m", "collateral": {"ETH": 1}, "debt": {"USDC": 250}}},
    )
    graph = exposure_graph(system)
    assert graph.edges["USDC", "m"]["usd"] == 750.0
    assert graph.edges["p", "m"]["usd"] == 250.0


def test_a_leg_stands_on_its_margin_and_its_venue():
    graph = exposure_graph(load(SCENARIOS / "delta-neutral.yaml").system)
    assert set(graph.predecessors("eth-short")) == {"USDC", "hyperliquid"}
    assert list(graph.successors("eth-short")) == ["Neutral"]
    assert graph.edges["USDC", "eth-short"]["usd"] == 9e6


def test_a_table_counts_as_one_account():
    terms = {"lltv": "75%", "incentive": "5%", "oracle": "market"}
    system = System(
        assets={"ETH": {"price": "$3_000"}, "USDC": {"price": "$1"}},
        markets={
            "core": {
                "rules": "aave-v3",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {"ETH": terms},
            }
        },
        positions={
            "book": {
                "market": "core",
                "table": "t.csv",
                "rows": 2,
                "sha256": "sha256:0",
                "totals": {"collateral/ETH": 2, "debt/USDC": 4_000},
            }
        },
    )
    graph = exposure_graph(system)
    assert graph.edges["ETH", "book"]["usd"] == 6_000.0
    assert graph.edges["book", "core"]["usd"] == 4_000.0
    assert graph.nodes["core"]["usd"] == 4_000.0


def test_ranks_follow_pays_and_equal_ranks_share_pro_rata_to_face():
    issuer = {
        "outside": {"fund": "$500"},
        "owes": {"V": "$300", "W": "$100", "late": {"to": "V", "amount": "$50"}},
        "issues": {
            "p": {"kind": "par", "par": "$1", "supply": 200},
            "s": {"kind": "share", "supply": 10},
            "t": {"kind": "share", "supply": 10, "weight": 3},
        },
        "pays": [["debts", "p"], "late", ["s", "t"]],
    }
    system = System(issuers={"I": issuer, "V": fund(), "W": {"issues": {}}})
    edges = exposure_graph(system).adj["I"]
    assert {to: (way["rank"], way["share"]) for to, way in edges.items()} == {
        "I/owes/V": (0, 0.5),
        "I/owes/W": (0, pytest.approx(1 / 6)),
        "I/owes/late": (1, 1.0),
        "p": (0, pytest.approx(1 / 3)),
        "s": (2, 0.25),
        "t": (2, 0.75),
    }


def test_an_unknown_order_of_payment_has_no_rank():
    issuer = {"owes": {"outside": "$9"}, "issues": {"s": {"kind": "share", "supply": 1}}}
    both = System(issuers={"I": {**issuer, "pays": "unknown"}})
    graph = exposure_graph(both)
    assert graph.edges["I", "I/owes/outside"]["rank"] is None
    assert graph.edges["I", "s"]["rank"] == 1
