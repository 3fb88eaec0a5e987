import json

import pytest

from looprisk.cli import run_line


@pytest.fixture
def cli(capsys):
    def run(*words):
        code = run_line([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out, err

    return run


@pytest.fixture(autouse=True)
def _no_node(monkeypatch):
    for name in ("ETH_RPC_URL", "WEB3_PROVIDER_URI", "LOOPRISK_RPC_31337"):
        monkeypatch.delenv(name, raising=False)


def test_it_says_what_the_node_can_do(town, cli):
    code, out, err = cli("doctor", "--rpc", town.url, "--format", "json")
    assert (code, err) == (0, "")
    found = {row["subject"]: (row["says"], row["good"]) for row in json.loads(out)}
    assert found["chain"] == ("local (31337)", "")
    assert found["endpoint from"] == ("--rpc", "")
    assert found["reached"] == ("directly", "")
    assert found["reads by block hash"] == ("yes", "yes")
    assert found["batches"] == ("yes, 100 at once", "yes")
    assert found["state overrides"] == ("yes", "yes")
    assert found["finalized blocks"][1] == "yes"


def test_it_takes_the_endpoint_of_the_environment(town, cli, monkeypatch):
    monkeypatch.setenv("LOOPRISK_RPC_31337", town.url)
    code, out, _ = cli("doctor", "--chain", "local")
    assert code == 0
    assert "LOOPRISK_RPC_31337" in out


def test_a_chain_without_multicall_is_told(spare, cli):
    code, out, _ = cli("doctor", "--rpc", spare.url)
    assert code == 0
    assert "no: reads go in small batches" in out


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 3, "no node is configured"),
        (["--chain", "mainnte"], 2, "did you mean mainnet?"),
        (["--chain", "ethereum"], 3, "LOOPRISK_RPC_1"),
    ],
)
def test_it_says_what_to_type(cli, words, code, told):
    got, out, err = cli("doctor", *words)
    assert (got, out) == (code, "")
    assert told in err


def test_a_wrong_chain_is_refused(town, cli):
    code, out, err = cli("doctor", "--rpc", town.url, "--chain", "ethereum")
    assert (code, out) == (3, "")
    assert "serves chain 31337, and chain 1 is asked for" in err
