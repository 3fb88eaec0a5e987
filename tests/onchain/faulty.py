"""A node that misbehaves on purpose: a proxy on loopback that follows a plan.

A plan is asked about every request and answers with a reply of its own, or with nothing, which
passes the request on to the real node.
"""

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it came: how many came before, and what is in it."""

    number: int
    body: object
    path: str
    forward: Callable[[], bytes] = field(repr=False)

    @property
    def is_batch(self) -> bool:
        return isinstance(self.body, list)

    @property
    def method(self) -> str:
        return self.body[0]["method"] if self.is_batch else self.body["method"]

    @property
    def params(self) -> list:
        return self.body["params"]

    @property
    def id(self) -> int:
        return self.body[0]["id"] if self.is_batch else self.body["id"]

    def answer(self) -> object:
        """What the real node says."""
        return json.loads(self.forward())


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent instead. ``wait`` in seconds; ``drip`` sends byte by byte; ``cut`` stops."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    wait: float = 0
    drip: float = 0
    cut: bool = False
    drop: bool = False
    chunked: bool = False


Plan = Callable[[Asked], Reply | None]


def said(asked: Asked, **fields: object) -> Reply:
    """Return a well-formed envelope with ``result`` or ``error``."""
    return Reply(json.dumps({"jsonrpc": "2.0", "id": asked.id, **fields}).encode())


def refused(asked: Asked, code: int, message: str, data: object = None) -> Reply:
    error = {"code": code, "message": message}
    return said(asked, error=error if data is None else {**error, "data": data})


class FaultyNode:
    """The proxy; ``plan`` may be changed between tests, ``asked`` keeps what came."""

    def __init__(self, upstream: str) -> None:
        self.plan: Plan = lambda asked: None
        self.asked: list[Asked] = []
        self._upstream = upstream
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self, path: str, raw: bytes) -> Reply:
        def forward() -> bytes:
            request = Request(self._upstream, raw, {"content-type": "application/json"})
            with urlopen(request, timeout=30) as answer:
                return answer.read()

        one = Asked(len(self.asked), json.loads(raw), path, forward)
        self.asked.append(one)
        return self.plan(one) or Reply(forward())


def _handler(node: FaultyNode) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            self._send(node.take(self.path, raw))

        def _send(self, reply: Reply) -> None:
            time.sleep(reply.wait)
            if reply.drop:
                self.close_connection = True
                return
            self.send_response(reply.status)
            for name, value in reply.headers:
                self.send_header(name, value)
            if reply.chunked:
                self.send_header("transfer-encoding", "chunked")
            else:
                self.send_header("content-length", str(len(reply.body)))
            self.end_headers()
            if reply.cut:
                self.wfile.write(reply.body[: len(reply.body) // 2])
                self.close_connection = True
            elif reply.drip:
                for at in range(len(reply.body)):
                    self.wfile.write(reply.body[at : at + 1])
                    time.sleep(reply.drip)
            elif reply.chunked:
                half = len(reply.body) // 2
                for piece in (reply.body[:half], reply.body[half:]):
                    self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.wfile.write(reply.body)

    return Handler
