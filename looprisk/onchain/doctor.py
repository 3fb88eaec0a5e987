"""What a node can do, found by asking it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from looprisk.errors import DataError
from looprisk.onchain.access import Access, reach
from looprisk.onchain.address import chain_name
from looprisk.onchain.endpoint import Endpoint, find
from looprisk.onchain.proxy import proxy_for
from looprisk.onchain.rpc import Ask, Json, Node, RpcError
from looprisk.onchain.snapshot import FINALIZED, MULTICALL3, Pin, Snapshot, pin
from looprisk.results.columns import Column, Kind
from looprisk.results.table import Table

LARGEST_BATCH = 100
_STUB = "0x602a5f5260205ff3"
"""Code that answers 42, put in the place of a contract to see whether the node allows it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. ``good`` is None where it is only told."""

    subject: str
    says: str
    good: bool | None = None


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a node can do. The endpoint is shown as its host."""

    endpoint: str
    findings: tuple[Finding, ...]

    @property
    def table(self) -> Table[Finding]:
        """The findings as a table."""
        return Table(
            title=self.endpoint,
            columns=(
                _words("subject", "what", [one.subject for one in self.findings]),
                _words("says", "found", [one.says for one in self.findings]),
                Column(
                    name="good",
                    header=("good",),
                    kind=Kind.TEXT,
                    values=tuple(_VERDICTS[one.good] for one in self.findings),
                    hidden=True,
                ),
            ),
            rows=self.findings,
        )


_VERDICTS = {True: "yes", False: "no", None: ""}


def _words(name: str, header: str, values: list[str]) -> Column:
    return Column(name=name, header=(header,), kind=Kind.TEXT, values=tuple(values))


def diagnose(access: Access, environment: Mapping[str, str]) -> Diagnosis:
    """Ask the node what an import needs; raise DataError where it does not answer at all."""
    endpoint = find(access.chain_id, access.rpc, environment)
    node = reach(access, environment)
    try:
        started = time.perf_counter()
        latest = pin(node, "latest", access.chain_id)
        seconds = time.perf_counter() - started
        snapshot = Snapshot(node, latest)
        snapshot.settle()
        findings = (
            Finding("endpoint from", endpoint.named_by),
            _way(endpoint),
            Finding("chain", f"{chain_name(latest.chain_id)} ({latest.chain_id})"),
            Finding("latest block", f"{latest.number}"),
            Finding("time for a request", f"{seconds / 2 * 1000:.0f} ms"),
            _finalized(node),
            _by_hash(snapshot),
            _multicall(snapshot),
            _history(node, latest),
            _batches(node),
            _logs(node, latest),
            _overrides(snapshot),
        )
    finally:
        node.close()
    return Diagnosis(repr(endpoint), findings)


def _way(endpoint: Endpoint) -> Finding:
    through = proxy_for(endpoint.parts)
    says = "directly" if through is None else f"through the proxy {through.host}:{through.port}"
    return Finding("reached", says)


def _finalized(node: Node) -> Finding:
    return _tried(
        "finalized blocks",
        lambda: f"yes, {pin(node, FINALIZED).number}",
        "no: give --block, a number some minutes old",
    )


def _by_hash(snapshot: Snapshot) -> Finding:
    says = "yes" if snapshot.by_hash else "no: blocks are read by number and checked at the end"
    return Finding("reads by block hash", says, snapshot.by_hash)


def _multicall(snapshot: Snapshot) -> Finding:
    there = snapshot.multicall is not None
    says = f"yes, at {MULTICALL3}" if there else "no: reads go in small batches"
    return Finding("Multicall3", says, there)


def _history(node: Node, latest: Pin) -> Finding:
    def old() -> str:
        node.request("eth_getBalance", [MULTICALL3, hex(max(1, latest.number // 2))])
        return "yes, it answers for old blocks"

    return _tried("archive", old, "no: --block must be recent")


def _batches(node: Node) -> Finding:
    def largest() -> str:
        size = LARGEST_BATCH
        ask: Ask = ("eth_chainId", [])
        while size > 1:
            try:
                node.batch([ask] * size)
            except RpcError:
                size //= 2
            else:
                return f"yes, {size} at once"
        raise DataError("none")

    return _tried("batches", largest, "no: requests go one by one")


def _logs(node: Node, latest: Pin) -> Finding:
    def widest() -> str:
        blocks = latest.number
        while blocks > 1:
            asked: Json = {
                "address": MULTICALL3,
                "fromBlock": hex(latest.number - blocks),
                "toBlock": hex(latest.number),
            }
            try:
                node.request("eth_getLogs", [asked])
            except RpcError:
                blocks //= 2
            else:
                return f"yes, {blocks} blocks at once"
        raise DataError("none")

    return _tried("logs", widest, "no: markets must be named with --in")


def _overrides(snapshot: Snapshot) -> Finding:
    def overridden() -> str:
        code: Json = {MULTICALL3: {"code": _STUB}}
        sent: Json = {"to": MULTICALL3, "data": "0x"}
        answer = snapshot.node.request("eth_call", [sent, snapshot.at, code])
        if answer != f"0x{42:064x}":
            raise DataError("ignored")
        return "yes"

    return _tried("state overrides", overridden, "no: prices cannot be shocked in the contracts")


def _tried(subject: str, attempt: Callable[[], str], otherwise: str) -> Finding:
    try:
        return Finding(subject, attempt(), good=True)
    except DataError:
        return Finding(subject, otherwise, good=False)
