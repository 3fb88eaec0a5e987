"""A chain at one pinned block: every read is of that block or fails."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from looprisk.errors import (
    AnswerError,
    HistoryError,
    ReorgError,
    UnreadableError,
    WrongChainError,
)
from looprisk.onchain.abi import AGGREGATE, Answer, Call, Function, aggregated, decoded
from looprisk.onchain.rpc import (
    Ask,
    Json,
    Kind,
    Node,
    RpcError,
    bytes_of,
    fields_of,
    number_of,
    text_of,
)

MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
"""The same on every chain that has it."""
MOST_CALLS = 200
"""In one aggregate."""
MOST_ASKS = 10
"""In one JSON-RPC batch: what public nodes take."""
MOST_BLOCKS = 1 << 20
"""In one request for logs; halved where a node refuses."""
GROWS_AFTER = 8
"""Requests for logs that succeed before a range that was halved is doubled again."""
MOST_KEPT = 20_000
"""Answers that are remembered while one thing is imported."""
FINALIZED = "finalized"


@dataclass(frozen=True, slots=True)
class Pin:
    """The block that everything is read at. ``timestamp`` is in seconds since 1970."""

    chain_id: int
    number: int
    hash: str
    timestamp: int


@dataclass(frozen=True, slots=True)
class Log:
    """One event: the contract, its topics, its data and where it stands."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block: int


def pin(node: Node, block: int | str = FINALIZED, chain_id: int | None = None) -> Pin:
    """Return the block to read at: a number, or ``latest``, ``safe`` or ``finalized``.

    Raises WrongChainError where the node serves another chain than ``chain_id``, HistoryError
    where it has no such block.
    """
    served = number_of(node.request("eth_chainId", []), "the chain id", node.host)
    if chain_id is not None and served != chain_id:
        raise WrongChainError(
            f"{node.host} serves chain {served}, and chain {chain_id} is asked for",
            f"set LOOPRISK_RPC_{chain_id} to a node of chain {chain_id}, or give --rpc",
        )
    return _head(node, block, served)


def _head(node: Node, block: int | str, chain_id: int) -> Pin:
    asked = hex(block) if isinstance(block, int) else block
    head = node.request("eth_getBlockByNumber", [asked, False])
    if head is None:
        raise HistoryError(
            f"{node.host} has no block {block}", "another one: --block NUMBER, or --block latest"
        )
    fields = fields_of(head, "a block", node.host)
    found = Pin(
        chain_id,
        number_of(fields.get("number"), "the number of a block", node.host),
        text_of(fields.get("hash"), "the hash of a block", node.host),
        number_of(fields.get("timestamp"), "the time of a block", node.host),
    )
    if len(bytes_of(found.hash, "the hash of a block", node.host)) != 32:
        raise AnswerError(f"{node.host}: the hash of a block is not 32 bytes")
    if isinstance(block, int) and found.number != block:
        raise AnswerError(f"{node.host} answers with block {found.number} for block {block}")
    return found


@dataclass(slots=True)
class Snapshot:
    """A node at a pinned block.

    Reads are by block hash (EIP-1898): a block that leaves the chain makes them fail, and never
    answers with another block's state.
    """

    node: Node
    pin: Pin
    multicall: str | None = None
    """Multicall3, where ``settle`` found it."""
    most_calls: int = MOST_CALLS
    most_blocks: int = MOST_BLOCKS
    most_asks: int = MOST_ASKS
    by_hash: bool = True
    """False: the node takes block numbers only; ``verify`` then says whether all was of one block.
    """
    logs_read: bool = False
    resumed: bool = False
    """The block was pinned by an earlier run that did not end."""
    _answers: dict[tuple[str, Function, bytes], Answer] = field(default_factory=dict, repr=False)
    _codes: dict[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def at(self) -> Json:
        """The pinned block, as parameters name it."""
        if not self.by_hash:
            return hex(self.pin.number)
        return {"blockHash": self.pin.hash, "requireCanonical": True}

    @property
    def all_by_hash(self) -> bool:
        """Whether all that was read is bound to the pinned block; else ``verify`` says so."""
        return self.by_hash and not self.logs_read

    def read(self, call: Call) -> Answer:
        """Return the answer to one call; what a contract refuses is missing in it."""
        return self.read_all([call])[0]

    def read_all(self, calls: Sequence[Call]) -> list[Answer]:
        """Return the answers to many calls in few requests, in the order asked.

        What was asked before is not asked again. A call that fails among others without a reason
        is asked again apart, which tells a refusal from a limit of the node.
        """
        wanted = {_key(call): call for call in calls}
        known = {key: self._answers[key] for key in wanted if key in self._answers}
        open_ = [(key, call) for key, call in wanted.items() if key not in known]
        rest = iter(open_)
        while part := list(islice(rest, self.most_calls)):
            found, _ = self._whole([call for _, call in part])
            known.update(zip((key for key, _ in part), found, strict=True))
        if len(self._answers) < MOST_KEPT:
            self._answers.update(known)
        return [known[_key(call)] for call in calls]

    def code(self, address: str) -> bytes:
        """Return the code of a contract, empty where there is none."""
        if address not in self._codes:
            try:
                code = self._pinned("eth_getCode", [address])
            except RpcError as refusal:
                raise self._told(refusal) from None
            self._codes[address] = bytes_of(code, "the code of a contract", self.node.host)
        return self._codes[address]

    def read_each(self, calls: Iterable[Call]) -> Iterator[Answer]:
        """Yield the answers to any number of calls, in the order asked; none is remembered."""
        rest = iter(calls)
        while part := list(islice(rest, self.most_calls)):
            found, refused = self._whole(part)
            # what has too little gas among others is better asked in smaller company
            if refused > MOST_ASKS:
                self.most_calls = max(1, len(part) // 2)
            yield from found

    def _whole(self, calls: list[Call]) -> tuple[list[Answer], int]:
        """Return the answers to calls, split as the node wants; and how many were asked twice."""
        try:
            return self._aggregate(calls)
        except RpcError as refusal:
            if refusal.kind is not Kind.TOO_MUCH or len(calls) == 1:
                raise self._told(refusal) from None
        self.most_calls = half = max(1, len(calls) // 2)
        first, second = self._whole(calls[:half]), self._whole(calls[half:])
        return first[0] + second[0], first[1] + second[1]

    def logs(
        self,
        address: str,
        topics: Sequence[Json],
        first: int,
        reached: Callable[[int], None] | None = None,
    ) -> Iterator[Log]:
        """Yield the events of a contract from block ``first`` to the pinned one, in order.

        ``topics`` holds a topic, a list of them or None for each place. A range the node finds
        too large is halved. ``reached`` is told each block up to which all were read.
        """
        self.logs_read = True
        start, run = first, 0
        while start <= self.pin.number:
            last = min(start + self.most_blocks - 1, self.pin.number)
            asked: Json = {
                "address": address,
                "topics": list(topics),
                "fromBlock": hex(start),
                "toBlock": hex(last),
            }
            try:
                found = self.node.request("eth_getLogs", [asked])
            except RpcError as refusal:
                if refusal.kind is not Kind.TOO_MUCH or last == start:
                    raise self._told(refusal) from None
                self.most_blocks, run = max(1, (last - start + 1) // 2), 0
                continue
            yield from self._logs(found, address, start, last)
            if reached is not None:
                reached(last)
            start, run = last + 1, run + 1
            if run % GROWS_AFTER == 0:
                self.most_blocks = min(2 * self.most_blocks, MOST_BLOCKS)

    def before(self, block: int) -> Snapshot:
        """Return the same chain at an earlier block: a number, below 0 so many before the pin.

        Raises HistoryError where the node has no such block.
        """
        number = block if block >= 0 else max(0, self.pin.number + block)
        if number >= self.pin.number:
            raise HistoryError(
                f"block {number} is not before {self.pin.number}, which is read",
                "an earlier one: --since NUMBER, or --since -7200",
            )
        earlier = Snapshot(self.node, _head(self.node, number, self.pin.chain_id))
        earlier.by_hash = self.by_hash
        # a call to what is not there yet would not fail, but answer nothing
        earlier.multicall = MULTICALL3 if earlier.code(MULTICALL3) else None
        return earlier

    def settle(self) -> None:
        """Find out whether the node takes block hashes, and whether the chain has Multicall3."""
        try:
            self._pinned("eth_getCode", [MULTICALL3])
        except RpcError as refusal:
            if refusal.kind not in {Kind.OTHER, Kind.NO_METHOD}:
                raise self._told(refusal) from None
            self.by_hash = False
        self.multicall = MULTICALL3 if self.code(MULTICALL3) else None

    def verify(self) -> None:
        """Raise ReorgError where the pinned block is no longer part of the chain."""
        head = self.node.request("eth_getBlockByNumber", [hex(self.pin.number), False])
        now = head.get("hash") if isinstance(head, dict) else None
        if now != self.pin.hash:
            raise ReorgError(
                f"block {self.pin.number} was replaced while it was read",
                "run it again; --block finalized is never replaced",
            )

    def _pinned(self, method: str, params: list[Json]) -> Json:
        return self.node.request(method, [*params, self.at])

    def _aggregate(self, calls: Sequence[Call]) -> tuple[list[Answer], int]:
        """Return the answers to calls made in one, and how many of them had to be asked apart."""
        if self.multicall is None or len(calls) == 1:
            return self._apart(calls), 0
        sent: Json = {"to": self.multicall, "data": _hex(aggregated(calls))}
        data = self._pinned("eth_call", [sent])
        raw = bytes_of(data, "the answers to several calls", self.node.host)
        whole = decoded(Call(self.multicall, AGGREGATE), raw).items()
        if len(whole) != len(calls):
            raise AnswerError(f"{self.node.host}: {len(whole)} answers to {len(calls)} calls")
        answers: dict[int, Answer] = {}
        for at, (call, one) in enumerate(zip(calls, whole, strict=True)):
            done, returned = one if isinstance(one, tuple) else (False, b"")
            if done:
                answers[at] = decoded(call, returned)
            elif returned:
                answers[at] = Answer(call, missing="the contract refuses")
        # nothing in it: the contract may have refused, or run out of gas that it has alone
        unsaid = [at for at in range(len(calls)) if at not in answers]
        answers.update(zip(unsaid, self._apart([calls[at] for at in unsaid]), strict=True))
        return [answers[at] for at in range(len(calls))], len(unsaid)

    def _apart(self, calls: Sequence[Call]) -> list[Answer]:
        """Ask each call by itself, some of them in one request where the node allows it."""
        answers: list[Answer] = []
        start = 0
        while start < len(calls):
            part = calls[start : start + self.most_asks]
            if len(part) == 1:
                answers.append(self._alone(part[0]))
                start += 1
                continue
            try:
                found = self.node.batch([self._ask(call) for call in part])
            except RpcError:
                self.most_asks = max(1, len(part) // 2)
                continue
            for call, one in zip(part, found, strict=True):
                answers.append(self._one_of(call, one))
            start += len(part)
        return answers

    def _one_of(self, call: Call, one: Json | RpcError) -> Answer:
        """Return the answer in a member of a batch; one that failed otherwise is asked alone."""
        if isinstance(one, RpcError):
            refused = one.kind is Kind.REVERTED
            return self._missing(call, one) if refused else self._alone(call)
        return decoded(call, bytes_of(one, f"the answer of {call}", self.node.host))

    def _alone(self, call: Call) -> Answer:
        method, params = self._ask(call)
        try:
            data = self.node.request(method, params)
        except RpcError as refusal:
            return self._missing(call, refusal)
        return decoded(call, bytes_of(data, f"the answer of {call}", self.node.host))

    def _ask(self, call: Call) -> Ask:
        return "eth_call", [{"to": call.to, "data": _hex(call.data)}, self.at]

    def _missing(self, call: Call, refusal: RpcError) -> Answer:
        if refusal.kind is Kind.REVERTED:
            return Answer(call, missing=f"the contract refuses ({refusal.text})")
        raise self._told(refusal) from None

    def _told(self, refusal: RpcError) -> Exception:
        """Return the refusal as an error that says what to do."""
        block = f"block {self.pin.number}"
        if refusal.kind is Kind.NO_BLOCK:
            return ReorgError(
                f"{block} is no longer part of the chain of {self.node.host}",
                "run it again; --block finalized is never replaced",
            )
        if refusal.kind is Kind.NO_HISTORY:
            return HistoryError(
                f"{self.node.host} no longer has the state of {block}",
                "use a node that keeps history (an archive node), or a later --block",
            )
        if refusal.kind is Kind.TOO_MUCH:
            return UnreadableError(
                f"{refusal.message}, even for one call", "use a node with larger limits: --rpc"
            )
        return refusal

    def _logs(self, found: Json, address: str, first: int, last: int) -> Iterator[Log]:
        host = self.node.host
        if not isinstance(found, list):
            raise AnswerError(f"{host}: the logs are not a list")
        for one in found:
            fields = fields_of(one, "a log", host)
            topics = fields.get("topics")
            log = Log(
                text_of(fields.get("address"), "the address of a log", host),
                tuple(
                    bytes_of(topic, "a topic", host)
                    for topic in (topics if isinstance(topics, list) else [])
                ),
                bytes_of(fields.get("data"), "the data of a log", host),
                number_of(fields.get("blockNumber"), "the block of a log", host),
            )
            if log.address.lower() != address.lower() or not first <= log.block <= last:
                raise AnswerError(f"{host}: a log that was not asked for")
            yield log


def _key(call: Call) -> tuple[str, Function, bytes]:
    # one question may be read as two types: a symbol as text or as a word
    return call.to, call.function, call.data


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
