"""Proxies as the environment names them; the key of a node and of a proxy are never told."""

import json
import logging
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from looprisk.errors import EndpointError
from looprisk.onchain.endpoint import Endpoint
from looprisk.onchain.http import HttpNode, Patience
from tests.onchain.misbehaviour import CANARY
from tests.onchain.venue import Exchange

QUICK = Patience(attempts=2, timeout=2, deadline=5, first_pause=0.01, sleep=lambda _: None)
PASSWORD = "c4n4ry-password"


class Relay:
    """A proxy that keeps what it was asked, answers plain requests itself and refuses tunnels."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str | None]] = []
        relay = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def _keep(self) -> None:
                word = self.headers.get("Proxy-Authorization")
                relay.asked.append((self.command, self.path, word))

            def do_POST(self) -> None:
                self._keep()
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                body = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "0x1"}).encode()
                self.send_response(200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_CONNECT(self) -> None:
                self._keep()
                self.send_response(407)
                self.end_headers()

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.place = f"127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def relay(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    server = Relay()
    yield server
    server.stop()


def asked_of(url):
    node = HttpNode(Endpoint(url, "--rpc"), QUICK)
    try:
        return node.request("eth_chainId", [])
    finally:
        node.close()


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
def test_a_node_over_http_is_asked_through_the_proxy(relay, monkeypatch, name):
    # the upper name of a plain proxy is not read where a web server may have set it
    monkeypatch.setenv(name, f"http://user:{PASSWORD}@{relay.place}")
    assert asked_of("http://node.invalid:8545/key?a=b") == "0x1"
    ((command, path, word),) = relay.asked
    assert (command, path) == ("POST", "http://node.invalid:8545/key?a=b")
    assert word is not None
    assert word.startswith("Basic ")


def test_a_tunnel_shows_the_proxy_the_host_alone(relay, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HTTPS_PROXY", f"http://user:{PASSWORD}@{relay.place}")
    with pytest.raises(EndpointError, match="407") as caught:
        asked_of(f"https://node.invalid/{CANARY}")
    assert {(command, path) for command, path, _ in relay.asked} == {
        ("CONNECT", "node.invalid:443")
    }
    told = f"{caught.value} {caught.value!r} {caplog.text}"
    assert CANARY not in told
    assert PASSWORD not in told


@pytest.mark.parametrize("direct", ["node.invalid", ".invalid", "*", "other.org,node.invalid"])
def test_what_no_proxy_names_is_reached_directly(relay, monkeypatch, direct):
    monkeypatch.setenv("HTTP_PROXY", f"http://{relay.place}")
    monkeypatch.setenv("NO_PROXY", direct)
    with pytest.raises(EndpointError, match="no connection"):
        asked_of("http://node.invalid/")
    assert relay.asked == []


@pytest.mark.parametrize("direct", ["", "invalid.org", "de.invalid"])
def test_what_it_does_not_name_is_not(relay, monkeypatch, direct):
    monkeypatch.setenv("HTTP_PROXY", f"http://{relay.place}")
    monkeypatch.setenv("NO_PROXY", direct)
    assert asked_of("http://node.invalid/") == "0x1"


def test_a_node_on_this_machine_is_always_reached_directly(relay, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", f"http://{relay.place}")
    server = Exchange()
    server.answers = {"there": {"yes": True}}
    try:
        node = HttpNode(Endpoint(f"{server.url}/info", "--rpc"), QUICK)
        assert node.post("there", {"type": "there"}) == {"yes": True}
        node.close()
    finally:
        server.stop()
    assert relay.asked == []


@pytest.mark.parametrize(
    "url", [f"socks5://u:{PASSWORD}@h:1", "https://h:1", f"http://u:{PASSWORD}@h:port", "http://"]
)
def test_a_proxy_that_cannot_be_used_is_told(relay, monkeypatch, url):
    monkeypatch.setenv("HTTPS_PROXY", url)
    with pytest.raises(EndpointError, match="not one over http") as caught:
        asked_of("https://node.invalid/")
    assert PASSWORD not in f"{caught.value} {caught.value.help}"
