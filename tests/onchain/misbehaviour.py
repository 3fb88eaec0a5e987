"""The plans of a faulty node: what it does wrong, and what must come of it."""

import email.utils
import gzip
import json
import time

from looprisk.errors import (
    AnswerError,
    DataError,
    EndpointError,
    HistoryError,
    ReorgError,
    UnreadableError,
    WrongChainError,
)
from tests.onchain.faulty import Reply, refused, said

CANARY = "c4n4ry-key-5e1f"
"""The key in the path and the query of the endpoint."""


def first(times, make):
    """Misbehave the first ``times`` times, then behave."""
    return lambda asked: make(asked) if asked.number < times else None


def on(method, make):
    """Misbehave at one method alone."""
    return lambda asked: make(asked) if asked.method == method else None


def after(count, make):
    return lambda asked: make(asked) if asked.number >= count else None


def busy(header=None):
    headers = (("Retry-After", header),) if header is not None else ()
    return lambda asked: Reply(b"slow down", 429, headers)


def in_a_while(seconds):
    return email.utils.formatdate(time.time() + seconds, usegmt=True)


def limited(asked):
    data = {"rate": {"backoff_seconds": 2}}
    return refused(asked, -32005, "daily request count exceeded, request rate limited", data)


def throttled(asked):
    return refused(asked, 429, "Your app has exceeded its compute units per second capacity")


def cut(asked):
    return Reply(asked.forward(), cut=True)


def slow(asked):
    return Reply(asked.forward(), wait=0.6)


def other_id(asked):
    answer = asked.answer()
    return Reply(json.dumps({**answer, "id": answer["id"] + 1}).encode())


def html(asked):
    return Reply(b"<html>captcha</html>", headers=(("content-type", "text/html"),))


def zipped(asked):
    return Reply(gzip.compress(asked.forward()), headers=(("content-encoding", "gzip"),))


def by_number_only(asked):
    """A node that does not take block hashes."""
    if asked.is_batch:
        error = {"code": -32602, "message": "invalid argument 1: hex string expected"}
        envelopes = [{"jsonrpc": "2.0", "id": one["id"], "error": error} for one in asked.body]
        by_hash = "blockHash" in json.dumps(asked.body)
        return Reply(json.dumps(envelopes).encode()) if by_hash else None
    blocks = [p for p in asked.params if isinstance(p, dict) and "blockHash" in p]
    return refused(asked, -32602, "invalid argument 1: hex string expected") if blocks else None


def calls_in(asked):
    """How many calls an aggregate holds: 32 bytes after its head."""
    if asked.is_batch:
        return 1
    data = asked.params[0].get("data", "")
    aggregate = data.startswith("0x82ad56cb")
    return int(data[10 + 64 : 10 + 128], 16) if aggregate else 1


def gas_cap(asked):
    many = asked.method == "eth_call" and calls_in(asked) > 3
    return (
        refused(asked, -32000, "out of gas: gas required exceeds allowance (50000000)")
        if many
        else None
    )


def size_cap(asked):
    many = asked.method == "eth_call" and calls_in(asked) > 3
    return Reply(b"too large", 413) if many else None


def log_cap(asked):
    if asked.method != "eth_getLogs":
        return None
    wanted = asked.params[0]
    width = int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16)
    return refused(asked, -32005, "query returned more than 10000 results") if width >= 9 else None


def no_multicall(asked):
    """A chain without it."""
    code = asked.method == "eth_getCode" and asked.params[0].startswith("0xcA11bde")
    return said(asked, result="0x") if code else None


def then(*plans):
    def plan(asked):
        for one in plans:
            if (reply := one(asked)) is not None:
                return reply
        return None

    return plan


def batches(make):
    return then(
        lambda asked: make(asked) if asked.is_batch else None,
        lambda asked: None if asked.is_batch else no_multicall(asked),
    )


def reversed_batch(asked):
    return Reply(json.dumps(asked.answer()[::-1]).encode())


def failing_member(asked):
    answer = asked.answer()
    error = {"code": -32603, "message": "internal error"}
    answer[1] = {"jsonrpc": "2.0", "id": answer[1]["id"], "error": error}
    return Reply(json.dumps(answer).encode())


SURVIVED = {
    "429 with seconds to wait": first(3, busy("1")),
    "429 with a date to wait for": first(1, busy(in_a_while(3))),
    "429 without a word": first(3, busy()),
    "429 with nonsense to wait for": first(2, busy("soon")),
    "503": first(2, lambda asked: Reply(b"unavailable", 503)),
    "502 with HTML": first(2, lambda asked: Reply(b"<html>bad gateway</html>", 502)),
    "rate limit as an error": first(2, limited),
    "compute units exceeded": first(2, throttled),
    "HTML in place of JSON": first(2, html),
    "cut body": first(2, cut),
    "dropped connection": first(2, lambda asked: Reply(drop=True)),
    "time-out": first(1, slow),
    "another id": first(2, other_id),
    "empty body": first(2, lambda asked: Reply(b"")),
    "no result and no error": first(2, said),
    "a list in place of an object": first(2, lambda asked: Reply(b"[]")),
    "half of UTF-8": first(2, lambda asked: Reply(b'{"jsonrpc":"2.0","result":"\xff\xfe')),
    "unasked compression": first(1, zipped),
    "chunks": lambda asked: Reply(asked.forward(), chunked=True),
    "a connection closed each time": lambda asked: Reply(
        asked.forward(), headers=(("connection", "close"),)
    ),
    "every third request fails": lambda asked: Reply(b"", 500) if asked.number % 3 == 0 else None,
    "a gas cap": gas_cap,
    "a cap on the size of requests": size_cap,
    "block numbers only": by_number_only,
    "no Multicall3": lambda asked: None if asked.is_batch else no_multicall(asked),
    "batches in another order": batches(reversed_batch),
    "no batches": batches(lambda asked: refused(asked, -32600, "batch not supported")),
    "batches of at most three": batches(
        lambda asked: (
            refused(asked, -32000, "batch limit exceeded") if len(asked.body) > 3 else None
        )
    ),
    "a batch with a failing member": batches(failing_member),
}


def block(**changes):
    def make(asked):
        answer = asked.answer()
        fields = {k: v for k, v in {**answer["result"], **changes}.items() if v is not None}
        return said(asked, result=fields)

    return on("eth_getBlockByNumber", make)


def result(method, value):
    return on(method, lambda asked: said(asked, result=value))


def refusal(method, code, text):
    return on(method, lambda asked: refused(asked, code, text))


DEEP = b'{"result":' * 100_000

TOLD = {
    "429 for ever": (busy("0"), EndpointError, "HTTP 429, after 4 attempts"),
    "a pause of years": (busy("99999999"), EndpointError, "HTTP 429, after 1 attempts"),
    "500 for ever": (lambda asked: Reply(b"", 500), EndpointError, "HTTP 500, after 4"),
    "HTML for ever": (html, EndpointError, "without JSON"),
    "cut for ever": (cut, EndpointError, "cut or malformed"),
    "dropped for ever": (lambda asked: Reply(drop=True), EndpointError, "cut or malformed"),
    "silence": (slow, EndpointError, "no answer in 0.4 s"),
    "drops of bytes": (
        lambda asked: Reply(asked.forward(), drip=0.02),
        EndpointError,
        "no answer in 0.4 s",
    ),
    "another id for ever": (other_id, EndpointError, "another id"),
    "a body without end": (
        lambda asked: Reply(b" " * (3 << 20)),
        AnswerError,
        "answers with more than 1 MB",
    ),
    "JSON without ground": (lambda asked: Reply(DEEP), EndpointError, "without JSON"),
    "elsewhere": (
        lambda asked: Reply(b"", 302, (("location", f"/{CANARY}/other"),)),
        EndpointError,
        "redirects are not followed",
    ),
    "no key": (lambda asked: Reply(b"no", 401), EndpointError, "check the key in --rpc"),
    "key refused": (lambda asked: Reply(b"no", 403), EndpointError, "does not let us in"),
    "no such path": (lambda asked: Reply(b"?", 404), EndpointError, "no node at this address"),
    "an error that is a text": (lambda asked: said(asked, error="boom"), DataError, "boom"),
    "an error that says the key": (
        lambda asked: refused(asked, -32000, f"project {CANARY} at /v2/{CANARY} is over its limit"),
        DataError,
        "project *** at *** is over",
    ),
    "an error with control letters": (
        lambda asked: refused(asked, -32000, "\x1b[31mred\nline"),
        DataError,
        "[31mred line",
    ),
    "another chain": (result("eth_chainId", "0x1"), WrongChainError, "serves chain 1"),
    "a chain id that is none": (result("eth_chainId", "one"), AnswerError, "not a number"),
    "a chain id without digits": (result("eth_chainId", "0x"), AnswerError, "not a number"),
    "no chain id": (result("eth_chainId", None), AnswerError, "not a text"),
    "no block": (result("eth_getBlockByNumber", None), HistoryError, "has no block latest"),
    "a block that is a list": (result("eth_getBlockByNumber", []), AnswerError, "not an object"),
    "a block without time": (block(timestamp=None), AnswerError, "time of a block"),
    "a block with a short hash": (block(hash="0x12"), AnswerError, "not 32 bytes"),
    "a block with a hash that is none": (block(hash="best"), AnswerError, "not data"),
    "no answers": (result("eth_call", None), AnswerError, "not a text"),
    "answers that are no data": (result("eth_call", "0xzz"), AnswerError, "not data"),
    "answers that are numbers": (result("eth_call", 7), AnswerError, "not a text"),
    "half bytes": (result("eth_call", "0x123"), AnswerError, "not data"),
    "too few answers": (
        result("eth_call", "0x" + f"{32:064x}" + f"{0:064x}"),
        AnswerError,
        "0 answers to",
    ),
    "pruned": (
        refusal("eth_call", -32000, "missing trie node 1ae2 (path ) state 0x1ae2 is not available"),
        HistoryError,
        "archive node",
    ),
    "pruned, in other words": (
        refusal("eth_call", -32602, "BlockOutOfRangeError: block height is 281"),
        HistoryError,
        "archive node",
    ),
    "a block that left the chain": (
        refusal("eth_call", -32001, "Resource not found"),
        ReorgError,
        "run it again",
    ),
    "a block that leaves while it is read": (
        after(6, lambda asked: refused(asked, -32000, "header not found")),
        ReorgError,
        "no longer part of the chain",
    ),
    "a gas cap under one call": (
        refusal("eth_call", -32000, "out of gas"),
        UnreadableError,
        "even for one call",
    ),
    "an error nobody knows": (refusal("eth_call", -32099, "teapot"), DataError, "teapot"),
}
