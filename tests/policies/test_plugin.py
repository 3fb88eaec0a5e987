"""The pytest plugin: scenario files as tests, with the verdicts of ``check``."""

import json

import pytest

# a run of pytest inside a test forgets what it imported, and numpy loads once a process
import looprisk.files.policies  # noqa: F401

SWITCHED_ON = ("-p", "looprisk.pytest_plugin", "-p", "no:cacheprovider", "-q")
WORDS = {"passed": "ok", "failed": "FAIL", "skipped": "n/a"}


@pytest.fixture
def tests(pytester, policy, monkeypatch):
    """Run pytest in the folder of the policy with the plugin alone, in a process if told so."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.chdir(policy.parent)
    pytester._path = policy.parent

    def run(*words, apart=False):
        start = pytester.runpytest_subprocess if apart else pytester.runpytest_inprocess
        return start(*SWITCHED_ON, f"--rootdir={policy.parent}", *words)

    return run


def reported(result):
    """Return (node id, outcome) as the short report of pytest tells them."""
    found = {}
    for line in result.outlines:
        for word, outcome in (("PASSED", "ok"), ("FAILED", "FAIL"), ("ERROR", "ERROR")):
            if line.startswith(f"{word} "):
                found[line.removeprefix(f"{word} ").partition(" - ")[0].strip()] = outcome
    return found


def test_a_test_is_named_by_file_scenario_and_expectation(tests):
    result = tests("--collect-only")
    assert [line for line in result.outlines if "::" in line] == [
        "policy.yaml::small::holders bear it",
        "policy.yaml::small::lUSD loss_usd is $0",
        "policy.yaml::large::no lender loses",
        "policy.yaml::large::Fund break_at of insolvent at least $6M",
        "policy.yaml::large::lUSD time_of of impaired at least 1h",
    ]


def test_the_verdicts_are_those_of_check(tests, cli):
    rows = json.loads(cli("check", "policy.yaml", "--format", "json").out)["verdicts"]
    result = tests("-rpf")
    result.assert_outcomes(passed=2, failed=2, skipped=1)
    assert result.ret == 1
    want = {
        f"policy.yaml::{row['scenario']}::{row['name']}": row["outcome"]
        for row in rows
        if row["outcome"] != "n/a"
    }
    assert reported(result) == want
    result.stdout.fnmatch_lines(["policy.yaml:20: FAIL no lender loses: expected $0, got $1.00M"])
    result.stdout.fnmatch_lines(["*Fund/outside/strategies −$5.00M → Lender (loan to Fund)*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_one_test_can_be_named_and_the_workers_of_xdist_agree(tests):
    one = tests("policy.yaml::small::holders bear it")
    one.assert_outcomes(passed=1)
    alone, shared = tests("-rpf"), tests("-rpf", "-p", "xdist", "-n", "2", apart=True)
    shared.assert_outcomes(passed=2, failed=2, skipped=1)
    assert reported(shared) == reported(alone)


def test_a_broken_file_is_one_error_with_its_lines(tests, policy):
    policy.write_text(policy.read_text().replace("supply: 4M", "suply: 4M"))
    result = tests()
    assert result.ret == 2
    result.stdout.fnmatch_lines(["*policy.yaml:6:*unknown key `suply`*"])


def test_what_has_no_answer_fails_with_its_reason(tests, policy):
    policy.write_text(policy.read_text().replace("[debts, fUSD]", "unknown"))
    result = tests()
    result.assert_outcomes(failed=5)
    result.stdout.fnmatch_lines(["Fund/pays is unknown*"])


def test_a_group_gives_a_test_for_each_member_and_expected_results_one(tests, policy, cli):
    policy.write_text(
        """\
looprisk: 1
assets: {A: {price: $1}, B: {price: $2}}
scenarios:
  falls:
    stages: [{price: {each(assets): -2%}}]
    expect: [{of: A, metric: market_price, at_least: $0.99}]
"""
    )
    cli("check", "policy.yaml", "--update")
    assert reported(tests("-rpf")) == {
        "policy.yaml::falls[A]::A market_price at least $0.99": "FAIL",
        "policy.yaml::falls[A]::results as expected": "ok",
        "policy.yaml::falls[B]::A market_price at least $0.99": "ok",
        "policy.yaml::falls[B]::results as expected": "ok",
    }


def test_other_files_are_left_alone_and_nothing_heavy_is_loaded(tests, policy):
    policy.unlink()
    (policy.parent / "compose.yaml").write_text("services: {}\n")
    (policy.parent / "latin.yaml").write_bytes(b"looprisk: \xff\n")
    (policy.parent / "test_light.py").write_text(
        "import sys\n"
        "def test_light():\n"
        "    heavy = {'numpy', 'scipy', 'pydantic', 'yaml', 'looprisk.analysis', 'networkx'}\n"
        "    assert 'looprisk.pytest_plugin' in sys.modules\n"
        "    assert not heavy & set(sys.modules)\n"
    )
    tests(apart=True).assert_outcomes(passed=1)


def test_the_plugin_is_registered_by_its_name():
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["entry-points"]["pytest11"] == {"looprisk": "looprisk.pytest_plugin"}
