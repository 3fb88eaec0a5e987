"""The parts of a graph whose nodes all lead to one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import networkx as nx

from looprisk.graph.exposure import Graph

Parts: TypeAlias = Sequence[frozenset[str]]


def parts_of(graph: Graph) -> Parts:
    """Return the strongly connected parts, each after all that it leads to.

    >>> parts_of(nx.DiGraph([("ETH", "A"), ("A", "B"), ("B", "A"), ("B", "C")]))[-1]
    frozenset({'ETH'})
    """
    # a part is complete only when every part that it leads to is
    return [frozenset(part) for part in nx.strongly_connected_components(graph)]
