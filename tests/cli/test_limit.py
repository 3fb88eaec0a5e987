"""The verb ``limit`` with published rules, and the table of parameters it writes."""

import json
import shutil
from pathlib import Path

import pytest

PT = Path(__file__).parents[1] / "sweeps" / "pt.yaml"
CAP = "plasma-core/collateral/PT/cap"


@pytest.fixture
def listing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(PT, tmp_path / "pt.yaml")
    return "pt.yaml"


def test_a_published_rule_needs_no_scenario(cli, listing):
    done = cli("limit", listing, CAP, "--preset", "twice-liquidity")
    assert done.code == 0
    assert "241.717M" in done.out
    assert "t/18614" in done.out


def test_governance_writes_the_table_of_parameters(cli, listing):
    words = ("--preset", "twice-liquidity", "--governance", "--format", "md")
    done = cli("limit", listing, CAP, *words)
    assert done.code == 0
    first = done.out.splitlines()
    assert first[0] == "| Instance | Asset | Current Supply Cap | Recommended Supply Cap |"
    assert first[2] == "| Plasma Core | PT-sUSDe-22OCT2026 | 200,000,000 | 241,717,000 |"
    assert "block 23" in done.out


def test_several_paths_are_one_table(cli, listing):
    paths = (CAP, "plasma-core/collateral/PT/incentive")
    done = cli("limit", listing, *paths, "--preset", "twice-liquidity", "--format", "json")
    assert [row["recommended"] for row in json.loads(done.out)] == ["241,717,000", "-"]


@pytest.mark.parametrize("words", [(), ("--keep", "of: looper", "--preset", "break-8")])
def test_one_thing_is_kept(cli, listing, words):
    done = cli("limit", listing, CAP, *words)
    assert done.code == 2
    assert "--keep EXPECTATION or --preset RULE" in done.err
