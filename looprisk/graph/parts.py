"""The parts of a graph whose nodes all lead to one another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

Parts: TypeAlias = Sequence[frozenset[str]]


def parts_of(leads: Mapping[str, Iterable[str]]) -> Parts:
    """Return the strongly connected parts of a graph, each after all that it leads to.

    ``leads`` has every node, with the nodes that it leads to. One walk in depth (Tarjan 1972, in
    the form of Pearce 2016), without recursion.

    >>> parts_of({"ETH": ["A"], "A": ["B"], "B": ["A", "C"], "C": []})[-1]
    frozenset({'ETH'})
    """
    found: list[frozenset[str]] = []
    first: dict[str, int] = {}
    """Node: the number of the earliest node that it is known to lead back to."""
    done = len(leads)
    open_: list[str] = []
    for root in leads:
        if root in first:
            continue
        first[root] = number = len(first)
        way: list[tuple[str, int, Iterator[str]]] = [(root, number, iter(leads[root]))]
        while way:
            node, number, after = way[-1]
            low = first[node]
            for to in after:
                mark = first.get(to)
                if mark is None:
                    first[node], first[to] = low, len(first)
                    way.append((to, first[to], iter(leads[to])))
                    break
                low = min(low, mark)
            else:
                way.pop()
                first[node] = low
                if way:
                    above = way[-1][0]
                    first[above] = min(first[above], low)
                if low < number:
                    open_.append(node)
                    continue
                part = [node]
                first[node] = done
                while open_ and first[open_[-1]] >= number:
                    member = open_.pop()
                    first[member] = done
                    part.append(member)
                found.append(frozenset(part))
    return found
