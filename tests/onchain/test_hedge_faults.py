"""What the server of a venue may do wrong: the right hedges or a typed error, and never the key."""

import gzip
import logging

import pytest

from looprisk.errors import DataError, EndpointError
from looprisk.onchain.hedges import Joined, hedges, system_of
from looprisk.onchain.http import Patience
from tests.onchain.faulty import FaultyNode, Reply
from tests.onchain.misbehaviour import CANARY, busy, first
from tests.onchain.test_hedges import WHO


@pytest.fixture
def proxy(exchange):
    node = FaultyNode(f"{exchange.url}/info")
    yield node
    node.stop()


QUICK = Patience(
    attempts=3,
    timeout=0.4,
    deadline=10,
    first_pause=0.01,
    largest_answer=1 << 20,
    sleep=lambda _: None,
)
PAGE = b"<html>welcome</html>"
SURVIVED = {
    "busy": first(1, busy("0")),
    "failing": first(2, lambda asked: Reply(b"oops", 503)),
    "cut": first(1, lambda asked: Reply(asked.forward(), cut=True)),
    "dropped": first(1, lambda asked: Reply(drop=True)),
    "slow": first(1, lambda asked: Reply(asked.forward(), wait=0.6)),
    "a page": first(1, lambda asked: Reply(PAGE)),
}
TOLD = {
    "always busy": (busy(), "HTTP 429, after 3 attempts"),
    "a page": (lambda asked: Reply(PAGE), "without JSON"),
    "not let in": (lambda asked: Reply(b"", 403), "does not let us in"),
    "elsewhere": (lambda asked: Reply(b"", 302, (("location", "/x"),)), "sends us elsewhere"),
    "huge": (lambda asked: Reply(b"[" + b" " * (2 << 20) + b"]"), "more than 1 MB"),
    "deep": (lambda asked: Reply(b"[" * 5000 + b"]" * 5000), "without JSON"),
    "null": (lambda asked: Reply(b"null"), "the account is not an object"),
    "a list": (lambda asked: Reply(b"[]"), "the account is not an object"),
}


@pytest.fixture
def through(proxy, tmp_path, caplog, capfd):
    """Read through the proxy, and look for the key in all that came of it."""
    caplog.set_level(logging.DEBUG)

    def run():
        tape, shown = tmp_path / "tape.gz", ""
        url = f"{proxy.url}/{CANARY}?token={CANARY}"
        try:
            made = hedges(WHO, Joined(coins={}), rpc=url, record=tape, patience=QUICK)
            shown = f"{made} {system_of(made, None)}"
            assert CANARY.encode() not in gzip.decompress(tape.read_bytes())
        except DataError as error:
            shown = f"{error} {error!r} {error.__cause__!r}"
            assert not tape.exists()
            raise
        finally:
            out, err = capfd.readouterr()
            assert CANARY not in f"{shown}{caplog.text}{out}{err}"
        return made

    return run


@pytest.mark.parametrize("fault", SURVIVED)
def test_it_is_survived(through, proxy, exchange, fault):
    proxy.plan = SURVIVED[fault]
    assert through() == hedges(WHO, Joined(coins={}), rpc=exchange.url)


@pytest.mark.parametrize("fault", TOLD)
def test_it_is_told(through, proxy, fault):
    proxy.plan, words = TOLD[fault]
    with pytest.raises(DataError, match=words):
        through()


def test_the_help_names_the_venue(through, proxy):
    proxy.plan = busy()
    with pytest.raises(EndpointError) as caught:
        through()
    assert "LOOPRISK_HYPERLIQUID" in str(
        caught.value.problems if hasattr(caught.value, "problems") else caught.value.help
    )
