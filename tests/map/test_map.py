"""The map: look-through sums, loops summed exactly, shared dependencies, the verb."""

import json
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.analysis.mapping import common, exposure
from looprisk.cli import run_line

SCENARIOS = Path(__file__).parents[2] / "scenarios"


def two_vaults() -> lr.System:
    """A holds a fifth of B and B half of A: a loop."""
    return lr.System(
        assets={"USDC": {"price": 1}},
        issuers={
            "A": {
                "owns": {"USDC": 80, "b": "20%"},
                "issues": {"a": {"kind": "share", "supply": 100, "book_price": "$1"}},
            },
            "B": {
                "owns": {"a": "50%", "USDC": 50},
                "issues": {"b": {"kind": "share", "supply": 100, "book_price": "$1"}},
            },
        },
    )


def test_the_verb_prints_the_map_and_one_look_through(capsys):
    file = str(SCENARIOS / "stream-2025.yaml")
    assert run_line(["map", file]) == 0
    out = capsys.readouterr().out
    assert "stand on" in out
    assert "loop 1" in out
    assert run_line(["map", file, "--of", "deUSD"]) == 0
    assert "Stream/outside/fund" in capsys.readouterr().out


def test_json_is_one_document(capsys):
    assert run_line(["map", str(SCENARIOS / "cycle.yaml"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)


def test_a_loop_is_summed_to_all_that_backs_a_token():
    """A fifth of b is behind a and half of a behind b: all of it ends in cash."""
    found = exposure(two_vaults(), of="a")
    assert {row.id for row in found.source_rows} == {"USDC"}
    assert sum(row.share for row in found.source_rows) == pytest.approx(1)


def test_parts_that_share_a_dependency_stand_in_one_row():
    system = lr.System(
        assets={"ETH": {"price": 1000}},
        issuers={
            name: {
                "depends_on": {"bridge": "one"},
                "owns": {"ETH": 1},
                "issues": {f"{name}-t": {"kind": "share", "supply": 1000}},
            }
            for name in ("A", "B")
        },
    )
    assert "one" in repr(common(system))
