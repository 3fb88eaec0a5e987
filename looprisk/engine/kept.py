"""What the points of one stage have in common: nodes made from equal numbers are one node.

A scan of a curved response looks at a system at many points, and most of it is the same at all of
them. A stage keeps its nodes for as long as its question is asked, and finds them again by the
numbers that they are made from; what was audited of such a node stays audited.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from looprisk.engine.point import Compiled
from looprisk.engine.skeleton import Node, Skeleton


@dataclass(slots=True, eq=False)
class Kept:
    """The nodes of the last point, by their ids, and what was compiled of all of them."""

    last: Compiled | None = None
    _made: dict[str, tuple[tuple[object, ...], Node]] = field(default_factory=dict)
    _sound: dict[str, tuple[Node, tuple[bool, ...]]] = field(default_factory=dict)

    def node(self, id: str, inputs: tuple[object, ...], make: Callable[[], Node]) -> Node:
        """Return a node, made anew where its inputs are others than at the last point."""
        last = self._made.get(id)
        if last is not None and last[0] == inputs:
            return last[1]
        node = make()
        self._made[id] = (inputs, node)
        return node

    def same(self, node: Node) -> Node:
        """Return a node, the one of the last point where it is equal."""
        return self.node(node.id, (node,), lambda: node)

    def compiled(self, parts: Skeleton) -> Compiled | None:
        """Return what was compiled at the last point, if of these very nodes."""
        if self.last is None or len(parts.nodes) != len(self.last.skeleton.nodes):
            return None
        pairs = zip(parts.nodes, self.last.skeleton.nodes, strict=True)
        return self.last if all(node is last for node, last in pairs) else None

    def is_sound(self, node: Node, watched: tuple[bool, ...]) -> bool:
        """Return whether this very node was audited with the same of its claims watched."""
        last = self._sound.get(node.id)
        return last is not None and last[0] is node and last[1] == watched

    def found_sound(self, parts: Skeleton, watched: tuple[tuple[bool, ...], ...]) -> None:
        """Note that in no node a payment rises where a condition fails."""
        for node, claims in zip(parts.nodes, watched, strict=True):
            self._sound[node.id] = (node, claims)
