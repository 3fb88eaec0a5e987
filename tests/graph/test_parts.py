"""The parts of a graph, against networkx."""

import networkx as nx
import numpy as np
import pytest

from looprisk.graph.parts import parts_of


@pytest.mark.parametrize("seed", range(40))
def test_parts_are_those_of_networkx_each_after_all_it_leads_to(seed):
    random = np.random.default_rng(seed)
    nodes = [f"n{i}" for i in range(int(random.integers(1, 40)))]
    leads = {
        node: random.choice(nodes, int(random.integers(0, 4)), replace=True).tolist()
        for node in nodes
    }
    parts = parts_of(leads)
    graph = nx.DiGraph(leads)
    assert set(parts) == set(map(frozenset, nx.strongly_connected_components(graph)))
    assert sum(map(len, parts)) == len(nodes)
    place = {node: i for i, part in enumerate(parts) for node in part}
    assert all(place[to] <= place[node] for node in nodes for to in leads[node])


def test_a_way_of_a_hundred_thousand_nodes_needs_no_recursion():
    nodes = [str(i) for i in range(100_000)]
    chain = {node: [after] for node, after in zip(nodes, nodes[1:] + nodes[:1], strict=True)}
    assert parts_of(chain) == [frozenset(nodes)]
