"""Verdicts for CI servers: JUnit that validates, GitHub's annotations and summary in its limits."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from lxml import etree

from looprisk.results.answers import CheckReport
from looprisk.results.github import PER_KIND, SUMMARY_BYTES, commands, file_commands, summary
from looprisk.results.junit import junit
from looprisk.results.records import NoAnswer, Verdict

ROOT = Path(__file__).parents[2]
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))
LATE = """\
  late:
    set: {Fund/pays: unknown}
    stages: [{loss: {Fund: $1M}}]
    expect: [{of: lUSD, metric: loss_usd, is: $0}]
"""


def verdict(outcome="FAIL", got=2.0, **changes):
    fields = {
        "name": "a name", "asked": "loss_usd is $1", "expected": "$1", "unit": "usd",
        "limit": 1.0, "scenario": "s", "file": "a.yaml", "line": 3, "flow": "a → b",
    }  # fmt: skip
    return Verdict(outcome=outcome, got=got, **{**fields, **changes})


def report(*rows, errors=()):
    return CheckReport(rows=rows, scenario_count=1, unanswered=len(errors), errors=tuple(errors))


def test_junit_has_one_case_an_expectation_and_validates(cli, policy):
    policy.write_text(policy.read_text() + LATE)
    done = cli("check", "policy.yaml", "--junit", "out.xml")
    assert done.code == 1
    tree = etree.parse("out.xml")
    SCHEMA.assertValid(tree)
    root = tree.getroot()
    assert dict(root.attrib) == {"name": "looprisk", "tests": "6", "failures": "2", "errors": "1"}
    cases = [(c.get("classname"), c.get("name"), [e.tag for e in c]) for c in root.iter("testcase")]
    assert cases == [
        ("policy.yaml::small", "holders bear it", []),
        ("policy.yaml::small", "lUSD loss_usd is $0", []),
        ("policy.yaml::large", "no lender loses", ["failure"]),
        ("policy.yaml::large", "Fund break_at of insolvent at least $6M", ["failure"]),
        ("policy.yaml::large", "lUSD time_of of impaired at least 1h", ["skipped"]),
        ("policy.yaml::late", "no certified answer", ["error"]),
    ]
    failure = next(root.iter("failure"))
    assert failure.get("message") == "policy.yaml:20: FAIL no lender loses: expected $0, got $1.00M"
    assert failure.text.splitlines() == [
        "policy.yaml:20",
        "loss_usd is $0",
        "Fund/outside/strategies −$5.00M → Lender (loan to Fund) −$1.00M → lUSD",
        "structural",
    ]


def test_the_line_of_junit_is_the_line_of_the_expectation(cli, policy):
    cli("check", "policy.yaml", "--junit", "out.xml")
    text = next(etree.parse("out.xml").getroot().iter("failure")).text
    line = int(text.splitlines()[0].rpartition(":")[2])
    assert "no lender loses" in policy.read_text().splitlines()[line - 1]


def test_junit_of_nothing_validates():
    SCHEMA.assertValid(etree.fromstring(junit(report()).encode()))


def test_annotations_stand_at_the_lines_that_fail(cli, policy):
    done = cli("check", "policy.yaml", "--github", "--quiet")
    assert done.err.splitlines() == [
        (
            "::error file=policy.yaml,line=20,title=no lender loses::policy.yaml:20: FAIL no lender "
            "loses: expected $0, got $1.00M; Fund/outside/strategies −$5.00M → Lender (loan to Fund) "
            "−$1.00M → lUSD"
        ),
        (
            "::error file=policy.yaml,line=21,title=Fund break_at of insolvent at least $6M::"
            "policy.yaml:21: FAIL Fund break_at of insolvent at least $6M: at least $6M, got $4.00M; "
            "Fund/outside/strategies −$5.00M → Fund"
        ),
        (
            "::warning file=policy.yaml,line=22,title=lUSD time_of of impaired at least 1h::n/a: "
            "needs a scenario with time"
        ),
    ]


def test_annotations_are_told_from_the_root_of_the_repository(cli, policy, monkeypatch):
    below = policy.parent / "deep"
    below.mkdir()
    monkeypatch.chdir(below)
    monkeypatch.setenv("GITHUB_WORKSPACE", str(policy.parent))
    done = cli("check", "../policy.yaml", "--github", "-q")
    assert all(
        line.partition("file=")[2].startswith("policy.yaml,") for line in done.err.splitlines()
    )


def test_the_errors_of_a_broken_file_are_annotated_too(cli, policy):
    policy.write_text(policy.read_text().replace("supply: 4M", "suply: 4M"))
    done = cli("check", "policy.yaml", "--github")
    assert done.code == 2
    assert "::error file=policy.yaml,line=6,col=35,title=looprisk::unknown key `suply`" in (
        done.err.splitlines()
    )
    many = "\n".join(f"a.yaml:{k}:1: error: no::error::x" for k in range(1, 30))
    lines = file_commands(many, Path())
    assert len(lines) == PER_KIND
    assert "and 20 more errors" in lines[-1]


def test_of_a_thousand_failures_nine_are_shown_and_the_rest_is_counted():
    rows = [verdict(name=f"n{k}", got=1.0 + k) for k in range(1000)]
    warnings = [verdict("n/a", name=f"w{k}") for k in range(11)]
    errors = [NoAnswer(scenario="late", message="why", file="a.yaml", line=2)]
    lines = commands(report(*rows, *warnings, errors=errors), Path())
    for level, most in (("error", 1001), ("warning", 11)):
        mine = [line for line in lines if line.startswith(f"::{level} ")]
        assert len(mine) == PER_KIND
        assert f"and {most - PER_KIND + 1} more" in mine[-1]
    assert "title=n999::" in lines[0]  # the worst comes first


@pytest.mark.parametrize("hostile", ["x\n::error::boo", "a%0A::error::boo", "a,line=9::b", "::x"])
def test_a_name_cannot_write_a_command_of_its_own(hostile):
    lines = commands(report(verdict(name=hostile, file=hostile, flow=hostile)), Path())
    (line,) = lines
    head, _, data = line.removeprefix("::error ").partition("::")
    assert [part.partition("=")[0] for part in head.split(",")] == ["file", "line", "title"]
    assert "\n" not in data
    assert "%0A" not in data.replace("%250A", "")


def test_the_summary_is_appended_with_the_worst_first(cli, policy, monkeypatch, tmp_path):
    place = tmp_path / "summary.md"
    place.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place))
    cli("check", "policy.yaml", "--github", "-q")
    lines = place.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == [
        "before",
        "### looprisk: 2 failed, 2 passed, 1 not judged · 2 scenarios · exit 1",
    ]
    assert [line.split("|")[1].strip() for line in lines[5:]] == ["**FAIL**"] * 2 + [
        "n/a",
        "ok",
        "ok",
    ]


def test_the_summary_stays_within_what_a_step_may_have():
    rows = [verdict(name=f"n{k} " + "long " * 150, flow="way " * 150) for k in range(1000)]
    text = summary(report(*rows))
    assert len(text.encode()) <= SUMMARY_BYTES
    assert re.search(r"\d+ of 1004 lines were cut", text.splitlines()[-1])
    assert summary(report(*rows), 500).count("\n") < 10


def test_check_json_says_why_there_is_no_answer(cli, policy):
    policy.write_text(policy.read_text() + LATE)
    document = json.loads(cli("check", "policy.yaml", "--format", "json").out)
    (error,) = document["errors"]
    assert (error["scenario"], error["file"], error["line"]) == ("late", "policy.yaml", 23)


# the action ----------------------------------------------------------------------------------


def used():
    for path in [*(ROOT / ".github").rglob("*.yml")]:
        for line in path.read_text().splitlines():
            if "uses:" in line:
                yield path.name, line.split("uses:")[1].split("#")[0].strip()


def test_every_action_is_pinned_by_its_commit():
    found = list(used())
    assert len(found) >= 5
    for file, name in found:
        assert name.startswith("./") or re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name), (file, name)


def test_the_action_judges_the_files_it_is_given(policy, tmp_path):
    action = yaml.safe_load((ROOT / ".github/actions/check/action.yml").read_text())
    (tmp_path / "more.yaml").write_text(policy.read_text())
    script = action["runs"]["steps"][-1]["run"]
    tools = tmp_path / "bin"
    tools.mkdir()
    said = tools / "looprisk"
    said.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    said.chmod(0o755)
    done = subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=tmp_path,
        env={
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "FILES": "*.yaml\npolicy.yaml::small $(touch bad)",
            "JUNIT": "out file.xml",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "check", "--github", "--junit", "out file.xml", "--",
        "more.yaml", "policy.yaml", "policy.yaml::small", "$(touch", "bad)",
    ]  # fmt: skip
    assert not (tmp_path / "bad").exists()


def test_the_script_of_the_action_holds_no_expression():
    action = yaml.safe_load((ROOT / ".github/actions/check/action.yml").read_text())
    assert not any("${{" in step.get("run", "") for step in action["runs"]["steps"])


def test_a_junit_file_without_a_folder_is_refused_before_anything_is_judged(policy, cli):
    done = cli("check", "policy.yaml", "--junit", "gone/report.xml")
    assert (done.code, done.out) == (2, "")
    assert "there is no folder gone\n  help: mkdir -p gone" in done.err
