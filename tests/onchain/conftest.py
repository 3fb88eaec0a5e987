"""Fixtures of the tests against real contracts; only this machine's own loopback is reached."""

import os
import socket

import pytest

from tests.onchain.workshop import MissingError, workshop

LOOPBACK = "127.0.0.1"


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    """Let tests of this folder reach the node they started, and nothing else."""
    connect = socket.socket.connect

    def only_here(self, address):
        if address[0] != LOOPBACK:
            raise AssertionError(f"a test reached for {address[0]}")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)


@pytest.fixture(scope="session")
def shop():
    """The installed node and contracts. Without them, tests skip by name; in CI they fail."""
    try:
        return workshop()
    except MissingError as error:
        message = f"no chain with real contracts: {error}"
        if os.environ.get("CI") == "true":
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


@pytest.fixture(scope="session")
def built(shop):
    """The town, built once for all tests."""
    from tests.onchain.town import build

    town = build(shop)
    yield town
    town.node.stop()


@pytest.fixture
def town(built):
    """The town as it was built: what a test changes is undone after it."""
    before = built.node.rpc("evm_snapshot")
    yield built
    built.node.rpc("evm_revert", before)


@pytest.fixture
def spare(shop):
    """An empty chain of a test's own, for what cannot be undone: a reorganisation."""
    from tests.onchain.anvil import Anvil

    node = Anvil(shop.anvil)
    yield node
    node.stop()


@pytest.fixture
def exchange():
    """A perpetual exchange that answers with the account of its own documentation."""
    from tests.onchain.venue import DOCUMENTED, MARKS, Exchange

    server = Exchange()
    server.shows(DOCUMENTED, MARKS)
    yield server
    server.stop()


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    """The command line, in an empty folder; no line of it ends in a traceback."""
    from looprisk.cli import run_line

    monkeypatch.chdir(tmp_path)

    def run(*words):
        code = run_line([str(word) for word in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return code, out, err

    return run


@pytest.fixture
def at_venue(typed, exchange, monkeypatch):
    """The command line, with that exchange for the real one."""
    monkeypatch.setenv("LOOPRISK_HYPERLIQUID", exchange.url)
    return typed


@pytest.fixture
def cli(typed, town, tmp_path, monkeypatch):
    """The command line, with the town's node and a cache of its own."""
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)
    return typed
