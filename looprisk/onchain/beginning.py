"""Since when a contract is there: so that no logs are asked for of blocks before it."""

from __future__ import annotations

from collections.abc import Sequence

from looprisk.onchain.rpc import Ask, Json, Kind, RpcError
from looprisk.onchain.snapshot import Snapshot


def begins(snapshot: Snapshot, contract: str) -> int:
    """Return the first block in which a contract has code, or one before it.

    The blocks are searched by a few at a time. A node without the history of some tells less, and
    then the answer is earlier: block 0 where it tells nothing.
    """
    low, high = 0, snapshot.pin.number
    while low < high:
        points = _between(low, high, snapshot.most_asks)
        for point, there in zip(points, _code_at(snapshot, contract, points), strict=True):
            if there is True:
                high = min(high, point)
            elif there is False:
                low = max(low, point + 1)
        if not any(point < low or point >= high for point in points):
            break
    return low


def _between(low: int, high: int, count: int) -> list[int]:
    """Return some blocks from ``low`` to before ``high``, evenly spread.

    >>> _between(0, 100, 3), _between(5, 7, 10)
    ([25, 50, 75], [5, 6])
    """
    if high - low <= count:
        return list(range(low, high))
    return [low + (high - low) * part // (count + 1) for part in range(1, count + 1)]


def _code_at(snapshot: Snapshot, contract: str, points: Sequence[int]) -> list[bool | None]:
    """Return whether there is code at each of some blocks; None where the node cannot tell."""
    asks: list[Ask] = [("eth_getCode", [contract, hex(point)]) for point in points]
    try:
        answers: list[Json | RpcError] = snapshot.node.batch(asks)
    except RpcError:
        answers = [_alone(snapshot, ask) for ask in asks]
    # an answer of any other form tells nothing
    return [one not in {"0x", "0x0"} if isinstance(one, str) else None for one in answers]


def _alone(snapshot: Snapshot, ask: Ask) -> Json | RpcError:
    try:
        return snapshot.node.request(*ask)
    except RpcError as refusal:
        if refusal.kind is Kind.BUSY:
            raise
        return refusal
