"""The verb ``restaking``: the certificate beside the exact break point."""

import json

import pytest

STAKES = """\
looprisk: 1
issuers:
  A: {outside: {stake: $60M}, depends_on: {avs-1: oracle, avs-2: bridge}}
  B: {outside: {stake: $50M}, depends_on: {avs-1: oracle}}
scenarios:
  slashed: {stages: [{loss: {A: 100%}}]}
"""
ORACLE = "oracle: {prize: $30M, threshold: 100%}"
BRIDGE = "bridge: {prize: $20M, threshold: 100%}"


@pytest.fixture
def stakes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stakes.yaml").write_text(STAKES, encoding="utf-8")
    return "stakes.yaml"


def test_it_shows_the_bound_beside_the_break_point(cli, stakes):
    done = cli("restaking", f"{stakes}::slashed", "--service", ORACLE, "--service", BRIDGE)
    assert done.code == 0
    # A carries 30 x 60/110 + 20 = 36.36: a slack of 0.65; alone with the bridge it needs 20 of 60
    assert "multiplied by 2.538 at most" in " ".join(done.out.split())
    assert "an attack pays from 66.67% of the shock on" in " ".join(done.out.split())


def test_without_a_shock_there_is_the_bound_alone(cli, stakes):
    done = cli("restaking", stakes, "--service", ORACLE, "--format", "json")
    document = json.loads(done.out)
    assert document["break_fraction"] is None
    assert document["slack"] == pytest.approx(110 / 30 - 1)


def test_a_service_is_a_map(cli, stakes):
    done = cli("restaking", stakes, "--service", "{oracle: 5}")
    assert done.code == 2
    assert "this is no service" in done.err


def test_services_stand_in_a_file_too(cli, stakes, tmp_path):
    (tmp_path / "services.yaml").write_text(f"{ORACLE}\n{BRIDGE}\n", encoding="utf-8")
    asked = cli("restaking", f"{stakes}::slashed", "--service", ORACLE, "--service", BRIDGE)
    done = cli("restaking", f"{stakes}::slashed", "--service", "services.yaml")
    assert (done.code, done.out) == (0, asked.out)


def test_a_file_of_services_that_is_none_is_told(cli, stakes, tmp_path):
    assert cli("restaking", stakes, "--service", "gone.yaml").code == 2
    (tmp_path / "services.yaml").write_text("oracle: 5\n", encoding="utf-8")
    assert "this is no service" in cli("restaking", stakes, "--service", "services.yaml").err
    done = cli("restaking", stakes, "--service", "nobody: {prize: $1, threshold: 10%}")
    assert "services: nobody stands behind `nobody`" in done.err
    assert "services: services" not in done.err
