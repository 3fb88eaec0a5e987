"""What a file promises beside its expectations, from the command line."""

import json

import pytest

from tests.sweeps.test_promised import FUND


@pytest.fixture
def fund(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fund.yaml").write_text(FUND, encoding="utf-8")
    return tmp_path / "fund.yaml"


def test_check_exits_1_where_a_limit_is_not_kept(fund, cli):
    done = cli("check", "fund.yaml")
    assert done.code == 1
    assert "fund.yaml:22: FAIL limit of V/owes/outside for break-8 at least $95" in done.out


def test_what_nobody_knows_stays_open_with_bounds(fund, cli):
    fund.write_text(FUND.replace("a: $60", "a: $50..$60"), encoding="utf-8")
    done = cli("check", "fund.yaml", "--bounds", "--format", "json")
    rows = json.loads(done.out)["verdicts"]
    assert [row["outcome"] for row in rows[1:3]] == ["open", "open"]
    assert "V/outside/a decides" in rows[1]["because"]


def test_the_limits_of_a_file_are_one_table_of_parameters(fund, cli):
    done = cli("limit", "fund.yaml", "--format", "json")
    assert done.code == 0
    assert [row["path"] for row in json.loads(done.out)] == ["V/outside/a", "V/owes/outside"]
    assert cli("limit", "fund.yaml", "--preset", "break-8").code == 2


def test_the_smallest_shocks_of_a_file_are_shown(fund, cli):
    done = cli("reverse", "fund.yaml", "--format", "json")
    assert done.code == 0
    shares = [[row["share"] for row in table] for table in json.loads(done.out)]
    assert shares == [[pytest.approx(0.3), pytest.approx(0.3)], [0.5, 0.0]]
