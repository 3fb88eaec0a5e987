"""How many parts of a graph stand on the longest way to each."""

from __future__ import annotations

from collections import deque

import numpy as np

from looprisk.engine.form import Index


def levels(source: Index, target: Index, label: Index, count: int) -> Index:
    """Return for every component how many others stand on the longest way to it."""
    edges = np.unique(label[source].astype(np.int64) * count + label[target])
    before, after = edges // count, edges % count
    apart = before != after
    before, after = before[apart], after[apart]
    waits = np.bincount(after, minlength=count).tolist()
    ends = np.cumsum(np.bincount(before, minlength=count)).tolist()
    to = after.tolist()  # sorted by where the edges come from
    level = [0] * count
    todo = deque(component for component in range(count) if not waits[component])
    while todo:
        component = todo.popleft()
        first = ends[component - 1] if component else 0
        for other in to[first : ends[component]]:
            level[other] = max(level[other], level[component] + 1)
            waits[other] -= 1
            if not waits[other]:
                todo.append(other)
    return np.array(level, dtype=np.intp)
