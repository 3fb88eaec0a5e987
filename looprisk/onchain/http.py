"""A node over HTTP: retries, deadlines, limits; nothing is logged or told but its host.

Written on the standard library: web3's own transport puts the whole address into its errors and
logs, does not retry a broken connection, takes answers of another id, and loads for two seconds.
"""

from __future__ import annotations

import base64
import http.client
import json
import logging
import random
import re
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import unquote

from looprisk.errors import EndpointError
from looprisk.onchain.endpoint import Endpoint
from looprisk.onchain.proxy import Proxy, connection, proxy_for, target
from looprisk.onchain.rpc import Ask, Json, Kind, RpcError, TooLargeError

_log = logging.getLogger(__name__)

OK = 200
REDIRECTS = range(300, 400)
REFUSED = {401, 402, 403}
NOT_FOUND = 404
TOO_LARGE = 413
TOO_MANY = 429
FAILING = range(500, 600)
Answer = TypeVar("Answer")
_PIECE = 1 << 16
_BRACKETS = re.compile(rb"[\[\]{}]")
_DEEPEST = 100
_UNANSWERED = 3
"""Attempts where nobody listens."""
_LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a node is asked again. Times are in seconds."""

    attempts: int = 8
    deadline: float = 90.0
    """For one request with all its attempts."""
    timeout: float = 30.0
    """For one attempt, from its first byte to its last."""
    first_pause: float = 0.25
    """Doubles with each attempt; up to half of it more is random."""
    longest_pause: float = 20.0
    largest_answer: int = 16 * 1024 * 1024
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)


class _AgainError(Exception):
    """The same request may succeed later; ``after`` is when the node said it would."""

    def __init__(self, why: str, after: float | None = None, most: int | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.after = after
        self.most = most
        """Attempts after which it is not worth while; None: as many as patience allows."""


@dataclass(slots=True)
class HttpNode:
    """A node at an endpoint. Not for several threads at once."""

    endpoint: Endpoint
    patience: Patience = field(default_factory=Patience)
    otherwise: str = "looprisk doctor says what the node can do; another one: --rpc"
    """What to do where it does not answer."""
    requests_sent: int = 0
    _connection: http.client.HTTPConnection | None = field(default=None, repr=False)
    _last_id: int = field(default=0, repr=False)

    @property
    def host(self) -> str:
        """Host and port of the endpoint."""
        return self.endpoint.host

    def request(self, method: str, params: list[Json]) -> Json:
        """Return the result of one request; see :class:`looprisk.onchain.rpc.Node`."""
        return self._patiently(method, lambda: self._one(method, params))

    def batch(self, asks: Sequence[Ask]) -> list[Json | RpcError]:
        """Return the results of several requests sent as one."""
        if not asks:
            return []
        return self._patiently(f"batch of {len(asks)}", lambda: self._several(asks))

    def post(self, what: str, body: Json) -> Json:
        """Return the answer to a body that is no JSON-RPC, tried again as any request."""
        return self._patiently(what, lambda: self._post(body))

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _patiently(self, what: str, attempt: Callable[[], Answer]) -> Answer:
        """Try until it succeeds, is refused for good, or patience ends."""
        end = time.monotonic() + self.patience.deadline
        pause = self.patience.first_pause
        for number in range(1, self.patience.attempts + 1):
            started = time.monotonic()
            try:
                answer = attempt()
            except _AgainError as failed:
                self.close()
                why, after = failed.why, failed.after
                most = min(self.patience.attempts, failed.most or self.patience.attempts)
            else:
                _log.debug("%s: %s took %.3f s", self.host, what, time.monotonic() - started)
                return answer
            _log.debug("%s: %s, attempt %d: %s", self.host, what, number, why)
            wait = pause * (1 + random.random() / 2) if after is None else after  # noqa: S311
            pause = min(2 * pause, self.patience.longest_pause)
            if number >= most or time.monotonic() + wait > end:
                raise EndpointError(
                    f"{self.host}: {what}: {why}, after {number} attempts", self.otherwise
                )
            self.patience.sleep(wait)
        raise EndpointError(f"{self.host}: {what} was not attempted")

    def _one(self, method: str, params: list[Json]) -> Json:
        self._last_id += 1
        asked: Json = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params}
        answer = self._opened(self._post(asked), self._last_id)
        if isinstance(answer, RpcError):
            raise answer
        return answer

    def _several(self, asks: Sequence[Ask]) -> list[Json | RpcError]:
        first = self._last_id + 1
        self._last_id += len(asks)
        bodies: list[Json] = [
            {"jsonrpc": "2.0", "id": first + place, "method": method, "params": params}
            for place, (method, params) in enumerate(asks)
        ]
        answer = self._post(bodies)
        if isinstance(answer, dict):
            refusal = self._opened(answer, None)
            if isinstance(refusal, RpcError):
                raise refusal
        if not isinstance(answer, list):
            raise _AgainError("a batch was not answered with a list")
        by_id: dict[int, Json] = {}
        for one in answer:
            number = one.get("id") if isinstance(one, dict) else None
            if not isinstance(number, int) or number in by_id:
                raise _AgainError("an answer carries the id of no request")
            by_id[number] = one
        wanted = range(first, first + len(asks))
        if by_id.keys() != set(wanted):
            raise _AgainError("the answers are not those to the requests")
        return [self._opened(by_id[number], number) for number in wanted]

    def _opened(self, answer: Json, number: int | None) -> Json | RpcError:
        """Return the result in an envelope, or the refusal; a passing one is tried again."""
        if not isinstance(answer, dict):
            raise _AgainError("the answer is not an object")
        error = answer.get("error")
        if error is not None:
            refusal = self._refusal(error)
            if refusal.kind is Kind.BUSY:
                raise _AgainError(f"too many requests ({refusal.text})", _backoff(refusal.data))
            return refusal
        if number is not None and answer.get("id") != number:
            raise _AgainError("the answer carries another id")
        if "result" not in answer:
            raise _AgainError("the answer has no result")
        return answer["result"]

    def _refusal(self, error: Json) -> RpcError:
        fields = error if isinstance(error, dict) else {"message": str(error)}
        code, text = fields.get("code"), fields.get("message")
        words = self.endpoint.hide(text if isinstance(text, str) else "")
        safe = "".join(letter if letter.isprintable() else " " for letter in words)
        number = code if isinstance(code, int) else 0
        return RpcError(self.host, number, safe[:_LONGEST_WORDS], fields.get("data"))

    def _post(self, asked: Json) -> Json:
        status, headers, body = self._exchange(json.dumps(asked).encode())
        if status in REDIRECTS:
            raise EndpointError(
                f"{self.host} sends us elsewhere (HTTP {status})",
                "give the address it leads to: redirects are not followed, they carry the key on",
            )
        if status in REFUSED:
            raise EndpointError(
                f"{self.host} does not let us in (HTTP {status})",
                f"check the key in {self.endpoint.named_by}",
            )
        if status == NOT_FOUND:
            raise EndpointError(
                f"{self.host} has no node at this address (HTTP {status})",
                f"check the path in {self.endpoint.named_by}",
            )
        if status == TOO_LARGE:
            raise RpcError(self.host, status, "request too large")
        if status == TOO_MANY or status in FAILING:
            raise _AgainError(f"HTTP {status}", _seconds(headers))
        try:
            answer: Json = json.loads(_shallow(body))
        except ValueError:
            raise _AgainError(f"HTTP {status} without JSON in it") from None
        if status != OK and not (isinstance(answer, dict) and answer.get("error")):
            raise _AgainError(f"HTTP {status}")
        return answer

    def _exchange(self, body: bytes) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Send one body and return status, headers and the whole answer."""
        end = time.monotonic() + self.patience.timeout
        self.requests_sent += 1
        through = proxy_for(self.endpoint.parts)
        try:
            place, more = target(self.endpoint.parts, through)
            connected = self._connected(through)
            connected.request("POST", place, body, {**self._headers(), **more})
            response = connected.getresponse()
            return response.status, response.headers, self._body(response, end)
        except http.client.HTTPException as error:
            raise _AgainError(f"the answer is cut or malformed ({type(error).__name__})") from None
        except TimeoutError:
            raise _AgainError(f"no answer in {self.patience.timeout:.3g} s") from None
        except ssl.SSLCertVerificationError as error:
            reason = f"{self.host}: its certificate is not valid ({error.verify_message})"
            raise EndpointError(reason, "is this the host you meant?") from None
        except OSError as error:
            # a proxy that refuses the way says so in words alone
            reason = error.strerror or (str(error) if through else type(error).__name__)
            why = f"no connection ({self.endpoint.hide(reason)})"
            raise _AgainError(why, most=_UNANSWERED) from None

    def _body(self, response: http.client.HTTPResponse, end: float) -> bytes:
        pieces: list[bytes] = []
        size = 0
        while piece := response.read1(_PIECE):
            size += len(piece)
            pieces.append(piece)
            if size > self.patience.largest_answer:
                self.close()
                raise TooLargeError(self.host, self.patience.largest_answer)
            if time.monotonic() > end:
                raise TimeoutError
        if response.length:
            raise http.client.IncompleteRead(b"", response.length)
        response.close()  # else the connection waits for somebody to read nothing
        return b"".join(pieces)

    def _connected(self, through: Proxy | None) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = connection(self.endpoint.parts, through, self.patience.timeout)
        return self._connection

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        parts = self.endpoint.parts
        if parts.username:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return headers


def _shallow(body: bytes) -> bytes:
    """Return a body; raise ValueError where it nests so deep that parsing it may crash."""
    depth = 0
    for bracket in _BRACKETS.finditer(body):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > _DEEPEST:
            raise ValueError("nested too deep")
    return body


def _seconds(headers: http.client.HTTPMessage) -> float | None:
    """Return what ``Retry-After`` says, in seconds or as a date."""
    said = headers.get("Retry-After")
    if said is None:
        return None
    if said.strip().isdigit():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (TypeError, ValueError):
        return None


def _backoff(data: Json) -> float | None:
    """Return the pause that some nodes put into the data of their refusal."""
    rate = data.get("rate") if isinstance(data, dict) else None
    seconds = rate.get("backoff_seconds") if isinstance(rate, dict) else None
    usable = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return float(seconds) if usable and isinstance(seconds, int | float) and seconds >= 0 else None
