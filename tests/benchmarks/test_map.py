"""The map of 10,000 issuers and 50,000 holdings, beside what networkx and a sparse solve take."""

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csr_array

import looprisk as lr
from looprisk.graph import exposure_graph

NODES, EACH = 10_000, 5


@pytest.fixture(scope="module")
def net():
    """Vaults with cash that own 1 % of the tokens of five others each."""
    random = np.random.default_rng(0)
    held = [random.choice(NODES - 1, EACH, replace=False) for _ in range(NODES)]
    return [[int(j) + (j >= i) for j in row] for i, row in enumerate(held)]


@pytest.fixture(scope="module")
def system(net):
    return lr.System(
        issuers={
            f"V{i}": {
                "outside": {"cash": "$100"},
                "owns": {f"t{j}": "1%" for j in row},
                "issues": {f"t{i}": {"kind": "share", "supply": 100}},
            }
            for i, row in enumerate(net)
        }
    )


def test_the_whole_map(benchmark, system):
    benchmark.group = "map of 10,000 issuers and 50,000 holdings"
    found = benchmark.pedantic(lr.exposure, (system,), rounds=1)
    assert found.outside_assets_usd == pytest.approx(100 * NODES)
    assert len(found.held_rows) >= NODES * EACH


def test_a_look_through(benchmark, system):
    benchmark.group = "map of 10,000 issuers and 50,000 holdings"
    found = benchmark.pedantic(lr.exposure, (system, "t0"), rounds=1)
    assert sum(row.share for row in found.source_rows) == pytest.approx(1)


def test_components_by_networkx(benchmark, system):
    """Only the graph and its loops: no numbers."""
    benchmark.group = "map of 10,000 issuers and 50,000 holdings"
    benchmark.pedantic(
        lambda: list(nx.strongly_connected_components(exposure_graph(system))), rounds=1
    )


def test_iterating_a_sparse_matrix(benchmark, net):
    """Only what every token is worth, from arrays: no names, no graph, no proof."""
    benchmark.group = "map of 10,000 issuers and 50,000 holdings"
    row = np.repeat(np.arange(NODES), EACH)
    held = csr_array((np.full(NODES * EACH, 0.01), (row, np.concatenate(net))), shape=(NODES,) * 2)

    def iterate():
        value = np.full(NODES, 100.0)
        for _ in range(20):
            value = 100 + held @ value
        return value

    value = benchmark(iterate)
    assert value == pytest.approx(100 + held @ value)
