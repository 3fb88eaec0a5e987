"""Each exit code, reached in more than one way; errors are told once and never as a traceback."""

import pytest

from looprisk.cli import run_line, shipped
from looprisk.cli.failure import RefusedError, exit_code
from looprisk.errors import (
    DataError,
    FileError,
    LoopriskError,
    ModelError,
    NoSolutionError,
    NotCarriedError,
    NotExactError,
    Problem,
    UnknownValueError,
)
from looprisk.files import examples

LATE = """\
  late:
    time: {step: 1m, horizon: 1h}
    stages: [{change: {fUSD/supply: 5M}}]
    expect: [{of: fUSD, metric: loss_usd, is: $0}]
"""


def fails(done, code, *words):
    assert done.code == code
    assert done.out == ""
    for word in words:
        assert done.err.count(word) == 1, done.err
    assert "Traceback" not in done.err


# 0 ----------------------------------------------------------------------------------------


def test_0_an_answer(cli, fund):
    assert cli("run", fund).code == 0


def test_0_expectations_that_hold(cli, fund):
    assert cli("check", fund).code == 0


def test_0_help_and_version(cli):
    for words in ([], ["--help"], ["--version"], ["run", "--help"]):
        done = cli(*words)
        assert (done.code, done.err) == (0, "")
        assert "looprisk" in done.out


# 1 ----------------------------------------------------------------------------------------


def test_1_an_expectation_fails(cli, failing):
    assert cli("check", failing).code == 1


def test_1_in_one_of_two_files(cli, fund, tmp_path):
    (tmp_path / "other.yaml").write_text(fund.read_text().replace("is: $0", "is: $1"))
    assert cli("check", fund, "other.yaml").code == 1


def test_1_also_where_another_scenario_has_no_answer(cli, failing):
    failing.write_text(failing.read_text() + LATE)
    done = cli("check", failing)
    assert done.code == 1
    assert "1 without an answer · exit 1" in done.out


# 2 ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runn", "fund.yaml"], "Did you mean 'run'?"),
        (["run"], "Missing argument 'FILE'"),
        (["run", "fund.yaml", "--fromat", "csv"], "No such option"),
        (["run", "fund.yaml", "--format", "xlsx"], "'xlsx' is not one of"),
        (["run", "fund.yaml", "--width", "3"], "--width"),
        (["run", "none.yaml"], "no such file"),
        (["run", "fund.yaml::smal"], "did you mean small?"),
        (["run", "fund.yaml::"], "is not FILE::SCENARIO"),
        (["run", "fund.yaml", "--set", "Fund"], "this is not PATH=VALUE"),
        (["run", "fund.yaml", "--set", "Fnd/x=1"], "did you mean Fund?"),
        (
            ["run", "fund.yaml", "--set", "Fund/owes/Lender=5M"],
            "`5M`: of what? write $5M",
        ),
        (["run", "fund.yaml", "--set", "Fund/pays=[debts"], "not readable as YAML"),
        (["run", "fund.yaml", "--set", "a/b=1", "--set", "a/b=2"], "--set a/b is given twice"),
        (["run", "fund.yaml", "--shock", "loss: {Fnd: $1}"], "did you mean Fund?"),
        (["run", "fund.yaml", "--shock", ""], "a shock and its size are expected"),
        (["run", "fund.yaml", "-o", "none/answer.json"], "cannot write none/answer.json"),
        (["schema", "-o", "none/schema.json"], "cannot write none/schema.json"),
        (["break", "fund.yaml::smal"], "did you mean small?"),
        (["check", "fund.yaml::smal"], "did you mean small?"),
    ],
)
def test_2_usage(cli, fund, words, told):
    fails(cli(*words), 2, told)


def test_2_a_bad_file(cli, fund):
    fund.write_text(fund.read_text().replace("$10M", "10M"))
    fails(cli("run", fund), 2, "money wears a dollar sign")


def test_2_the_errors_of_all_files_at_once(cli, fund, tmp_path):
    fund.write_text(fund.read_text().replace("$10M", "10M"))
    (tmp_path / "other.yaml").write_text(fund.read_text().replace("kind: share", "kind: shares"))
    done = cli("check", "fund.yaml", "other.yaml")
    assert done.code == 2
    assert done.err.count("money wears a dollar sign") == 2
    assert "other.yaml:7" in done.err


def test_2_a_system_has_nothing_to_run(cli, fund):
    fund.write_text(fund.read_text().partition("scenarios:")[0])
    fails(cli("run", fund), 2, "has no scenario", "--shock")


def test_2_init_does_not_overwrite(cli, fund):
    before = fund.read_text()
    fails(cli("init", fund), 2, "exists and is left as it is")
    assert fund.read_text() == before


# 3 ----------------------------------------------------------------------------------------


def test_3_the_shipped_case_is_missing(cli, monkeypatch):
    from looprisk.cli import verbs

    monkeypatch.setattr(verbs, "DEMO", (shipped.Shown("gone", "none.yaml"),))
    fails(cli("demo"), 3, "none.yaml is missing from this installation")


def test_3_the_shipped_case_is_damaged(cli, fund, monkeypatch):
    from looprisk.cli import verbs

    fund.write_text("looprisk: 1\nassets: [\n")
    monkeypatch.setattr(verbs, "shipped", lambda name: fund)
    fails(cli("demo"), 3, "the shipped case is damaged", "install looprisk again")


def test_3_only_files_of_the_package_are_shipped():
    with pytest.raises(DataError, match="missing") as caught:
        examples.shipped("fund.yaml")
    assert exit_code(caught.value) == 3


# 4 ----------------------------------------------------------------------------------------


def test_4_an_unknown_value(cli, fund):
    fund.write_text(fund.read_text().replace("[debts, fUSD]", "unknown"))
    fails(cli("run", "fund.yaml::large"), 4, "Fund/pays is unknown")


def test_4_a_start_that_is_set_to_unknown(cli, fund):
    fails(cli("run", f"{fund}::small", "--set", "Fund/outside/strategies=unknown"), 4)


def test_4_a_scenario_without_answer_does_not_hide_the_others(cli, fund):
    fund.write_text(fund.read_text() + LATE)
    done = cli("run", fund)
    assert done.code == 4
    assert "fund::small" in done.out
    assert done.err.startswith("error: late: ")


def test_4_a_check_without_answer(cli, fund):
    fund.write_text(fund.read_text() + LATE)
    done = cli("check", fund)
    assert done.code == 4
    assert done.out.splitlines()[-1] == "3 passed · 3 scenarios · 1 without an answer · exit 4"


@pytest.mark.parametrize(
    "kind", [UnknownValueError, NotCarriedError, NotExactError, NoSolutionError]
)
def test_4_stands_for_every_answer_that_cannot_be_given(kind):
    assert exit_code(kind("no")) == 4


@pytest.mark.parametrize(
    "error", [ModelError([Problem(("a",), "wrong")]), FileError((), "a.yaml:1:1: error: wrong")]
)
def test_2_stands_for_what_is_written_wrongly(error):
    assert exit_code(error) == 2


def test_4_a_defect_is_told_as_one(cli, fund, monkeypatch):
    from looprisk.cli import verbs

    def breaks(_):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(verbs, "load", breaks)
    done = cli("run", fund)
    assert done.code == 4
    assert "please report it" in done.err
    assert "ZeroDivisionError" in done.err


def test_an_error_is_a_looprisk_error():
    assert issubclass(RefusedError, LoopriskError)


# 130 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["run", "break", "check"])
def test_130_interrupted(cli, fund, monkeypatch, verb):
    from looprisk.cli import judge, verbs

    def stop(_):
        raise KeyboardInterrupt

    for module in (judge, verbs):
        monkeypatch.setattr(module, "load", stop)
    done = cli(verb, fund)
    assert (done.code, done.out, done.err) == (130, "", "interrupted\n")


def test_130_leaves_no_half_file(fund, monkeypatch, capsys):
    import os

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    assert run_line(["run", "fund.yaml::small", "-o", "answer.json"]) == 130
    assert sorted(path.name for path in fund.parent.iterdir()) == ["fund.yaml"]
