"""What a node may do wrong: the right value or an error that says what to do, never a part.

Every case runs a whole import through a proxy that misbehaves. The endpoint carries a key that
must appear nowhere: no message, no log at DEBUG, no cache, no recording.
"""

import gzip
import logging

import pytest

from looprisk.cli.failure import told
from looprisk.errors import (
    AnswerError,
    DataError,
    EndpointError,
    ReorgError,
    UnreadableError,
)
from looprisk.files.emit import dump
from looprisk.onchain.access import Access
from looprisk.onchain.http import Patience
from looprisk.onchain.importing import import_at
from tests.onchain.faulty import FaultyNode, refused, said
from tests.onchain.misbehaviour import (
    CANARY,
    SURVIVED,
    TOLD,
    busy,
    by_number_only,
    first,
    limited,
    log_cap,
    on,
)


@pytest.fixture
def proxy(town):
    node = FaultyNode(town.url)
    yield node
    node.stop()


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def importing(town, proxy, pauses, tmp_path, monkeypatch, caplog, capfd):
    """Import through the proxy, and look for the key in all that came of it."""
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    caplog.set_level(logging.DEBUG)
    patience = Patience(
        attempts=4,
        timeout=0.4,
        deadline=30,
        first_pause=0.01,
        largest_answer=1 << 20,
        sleep=pauses.append,
    )

    def run(name="staker", place=None, url=None):
        tape = tmp_path / "tape.gz"
        access = Access(
            chain_id=31337,
            block="latest",
            rpc=url or f"{proxy.url}/v2/{CANARY}?token={CANARY}",
            patience=patience,
            record=tape,
        )
        places = [place or town.pools["3.0"].address]
        shown = ""
        try:
            shown = dump(import_at(town.who[name], access, places).system)
        except DataError as error:
            shown = f"{told(error)} {error!r} {error.__cause__!r} {error.args!r}"
            assert not tape.exists()
            raise
        finally:
            out, err = capfd.readouterr()
            files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
            if tape.exists():
                files += gzip.decompress(tape.read_bytes())
            everything = f"{shown}{caplog.text}{out}{err}"
            assert CANARY not in everything
            assert CANARY.encode() not in files
        return shown

    return run


@pytest.fixture(scope="module")
def right(built, tmp_path_factory):
    """What the imports give where nothing goes wrong."""
    path = tmp_path_factory.mktemp("right") / "cache.sqlite"
    places = {"staker": built.pools["3.0"].address, "stacker": built.morpho.address}
    access = Access(chain_id=31337, block="latest", rpc=built.url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOOPRISK_CACHE", str(path))
        return {
            name: dump(import_at(built.who[name], access, [place]).system)
            for name, place in places.items()
        }


@pytest.mark.parametrize("fault", SURVIVED)
def test_it_is_survived(importing, proxy, right, fault):
    proxy.plan = SURVIVED[fault]
    assert importing() == right["staker"]
    assert proxy.asked


def test_the_pause_is_the_one_asked_for(importing, proxy, pauses):
    proxy.plan = first(1, busy("7"))
    importing()
    assert pauses == [7.0]
    proxy.asked.clear()
    proxy.plan = first(1, limited)
    importing()
    assert pauses[-1] == 2.0


def test_without_a_word_pauses_grow_and_differ(importing, proxy, pauses):
    proxy.plan = first(3, busy())
    importing()
    assert len(pauses) == 3
    assert all(0.01 * 2**at <= pause <= 0.015 * 2**at for at, pause in enumerate(pauses))


@pytest.mark.parametrize("fault", TOLD)
def test_it_is_told(importing, proxy, fault):
    proxy.plan, kind, words = TOLD[fault]
    with pytest.raises(kind) as caught:
        importing()
    assert words in str(caught.value)


def test_a_redirect_is_not_followed(importing, proxy):
    proxy.plan = TOLD["elsewhere"][0]
    with pytest.raises(EndpointError):
        importing()
    assert len(proxy.asked) == 1


def test_a_hash_that_changes_is_told(importing, proxy):
    """A node that takes numbers only, and changes its mind about the block before the end."""
    seen = []

    def changing(asked):
        if asked.method != "eth_getBlockByNumber":
            return by_number_only(asked)
        seen.append(asked)
        fields = asked.answer()["result"]
        other = "0x" + "12" * 32
        return said(asked, result=fields if len(seen) == 1 else {**fields, "hash": other})

    proxy.plan = changing
    with pytest.raises(ReorgError, match="was replaced while it was read"):
        importing()


def test_nobody_listens(importing):
    with pytest.raises(EndpointError, match="no connection"):
        importing(url=f"http://127.0.0.1:1/{CANARY}")


def test_a_host_without_name(importing):
    with pytest.raises(EndpointError, match="no connection"):
        importing(url=f"http://{CANARY}@no-such-host.invalid/{CANARY}")


# logs -------------------------------------------------------------------------------------


def test_a_cap_on_logs_is_survived(town, importing, proxy, right):
    proxy.plan = log_cap
    assert importing("stacker", town.morpho.address) == right["stacker"]


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda asked: refused(asked, -32005, "more than 1 result"), UnreadableError, "even for"),
        (lambda asked: said(asked, result=None), AnswerError, "not a list"),
        (lambda asked: said(asked, result=[7]), AnswerError, "not an object"),
        (lambda asked: said(asked, result=[{"address": 7}]), AnswerError, "address of a log"),
    ],
)
def test_logs_that_are_none(town, importing, proxy, make, kind, words):
    proxy.plan = on("eth_getLogs", make)
    with pytest.raises(kind, match=words):
        importing("stacker", town.morpho.address)


def test_logs_of_another_contract_are_refused(town, importing, proxy):
    def foreign(asked):
        logs = asked.answer()["result"]
        return said(asked, result=[{**log, "address": town.by.me} for log in logs])

    proxy.plan = on("eth_getLogs", foreign)
    with pytest.raises(AnswerError, match="not asked for"):
        importing("stacker", town.morpho.address)


def test_a_reorganisation_under_the_logs_is_told(town, importing, proxy):
    """Logs are asked by number: the block must still stand when all is read."""
    seen = []

    def changing(asked):
        if asked.method != "eth_getBlockByNumber":
            return None
        seen.append(asked)
        fields = asked.answer()["result"]
        other = "0x" + "12" * 32
        return said(asked, result=fields if len(seen) == 1 else {**fields, "hash": other})

    proxy.plan = changing
    with pytest.raises(ReorgError):
        importing("stacker", town.morpho.address)


# kindness to nodes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "version", "most"),
    [
        ("staker", "3.0", 12),
        ("modern", "3.2", 12),
        # one of its collaterals is a vault, which is opened too, and looked for in the pool
        ("mixed", "3.2", 17),
    ],
)
def test_one_account_takes_a_dozen_requests_and_a_second_time_the_block_alone(
    town, importing, proxy, name, version, most
):
    place = town.pools[version].address
    importing(name, place)
    # more: a reader recognises by calls that its `asks` does not name
    assert len(proxy.asked) <= most
    assert max(len(one.body) for one in proxy.asked if one.is_batch) <= 10
    proxy.asked.clear()
    importing(name, place)
    assert [one.method for one in proxy.asked] == ["eth_chainId", "eth_getBlockByNumber"]


def test_there_are_forty_kinds_of_them():
    assert len(SURVIVED) + len(TOLD) >= 60
