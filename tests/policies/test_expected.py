"""Expected results: what is written down beside a file, and how far it may move."""

import json

import pytest

from looprisk.results.figures import differences, figures, room


def expected(policy):
    return policy.with_name("policy.expected.json")


def changed(policy, **changes):
    path = expected(policy)
    document = json.loads(path.read_text())
    document["scenarios"]["large"] |= changes.pop("figures", {})
    path.write_text(json.dumps(document | changes, indent=2))


@pytest.fixture
def passing(policy, cli):
    """A policy that holds, with its results written down."""
    text = policy.read_text()
    policy.write_text(
        text.replace("is: $0, name: no", "is: $1M, name: no").replace("at_least: $6M", "is: $4M")
    )
    done = cli("check", "policy.yaml", "--update")
    assert done.code == 0
    assert "wrote policy.expected.json" in done.err
    return policy


LOSS = "layers/lUSD/economic_loss_usd"


def test_what_was_written_down_holds(cli, passing):
    done = cli("check", "policy.yaml", "--width", "200")
    assert done.code == 0
    assert "large: results as expected" in done.out
    figures_ = json.loads(expected(passing).read_text())["scenarios"]["large"]
    assert figures_[LOSS] == 1e6
    assert figures_["break_points/Fund insolvent/exact"] == "4/5"


def test_a_figure_that_moved_fails_at_its_line(cli, passing):
    changed(passing, figures={LOSS: 2e6})
    done = cli("check", "policy.yaml", "--format", "json")
    (row,) = [r for r in json.loads(done.out)["verdicts"] if r["outcome"] == "FAIL"]
    assert done.code == 1
    assert row["because"] == f"{LOSS}: 2000000.0, now 1000000.0"
    assert LOSS in expected(passing).read_text().splitlines()[row["line"] - 1]


@pytest.mark.parametrize(
    ("tolerances", "code"),
    [
        ({"*": "0"}, 1),
        ({"*_usd": "1"}, 1),
        ({"*_usd": "2"}, 0),
        ({"*_usd": "0.0001%"}, 1),
        ({"*_usd": "0.0002%"}, 0),
        ({"*_usd": "2", LOSS: "1"}, 1),
        ({"*_usd": "1", "layers/lUSD/*": "any"}, 0),
    ],
)
def test_each_field_has_its_tolerance_and_the_longest_pattern_decides(
    cli, passing, tolerances, code
):
    changed(passing, figures={LOSS: 1e6 + 1.5}, tolerances={"*": "1e-6", **tolerances})
    assert cli("check", "policy.yaml").code == code


def test_update_keeps_the_tolerances_and_writes_nothing_new_where_all_is_as_it_was(cli, passing):
    changed(passing, tolerances={"*_usd": "2"})
    cli("check", "policy.yaml", "--update")
    text = expected(passing).read_text()
    assert json.loads(text)["tolerances"] == {"*_usd": "2"}
    assert "wrote" not in cli("check", "policy.yaml", "--update").err
    assert expected(passing).read_text() == text


def test_update_of_one_scenario_leaves_the_others(cli, passing):
    changed(passing, figures={LOSS: 2e6})
    cli("check", "policy.yaml::small", "--update")
    assert json.loads(expected(passing).read_text())["scenarios"]["large"][LOSS] == 2e6
    assert cli("check", "policy.yaml::small").code == 0
    assert cli("check", "policy.yaml").code == 1


def test_a_scenario_that_is_new_or_gone_fails_until_it_is_written_down(cli, passing):
    text = passing.read_text()
    passing.write_text(text.replace("  small:", "  tiny:"))
    rows = json.loads(cli("check", "policy.yaml", "--format", "json").out)["verdicts"]
    failed = {row["name"]: row["because"] for row in rows if row["outcome"] == "FAIL"}
    assert failed["tiny: results as expected"].startswith("no results are written down")
    assert failed["small: results as expected"].startswith("the file has no such run")
    assert cli("check", "policy.yaml", "--update").code == 0


def test_another_start_has_other_results_and_is_not_compared(cli, passing):
    done = cli("check", "policy.yaml::small", "--set", "Fund/outside/strategies=$20M")
    assert "results as expected" not in done.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON"),
        ('{"schema": "looprisk/expected/9"}', "looprisk/expected/1"),
        ('{"schema": "looprisk/expected/1", "tolerances": {"*": "much"}}', "no tolerance"),
        ('{"schema": "looprisk/expected/1", "scenarios": {"s": 1}}', "figures by path"),
    ],
)
def test_a_file_that_is_none_is_one_error(cli, passing, text, says):
    expected(passing).write_text(text)
    done = cli("check", "policy.yaml")
    assert (done.code, done.out) == (2, "")
    assert says in done.err


def test_figures_are_named_by_what_they_are_about_and_not_by_their_place():
    one = {"layers": [{"id": "a", "x": 1}, {"id": "b", "x": 2}]}
    other = {"layers": [{"id": "b", "x": 2}, {"id": "a", "x": 3}]}
    assert [str(d) for d in differences(figures(one), figures(other))] == ["layers/a/x: 1, now 3"]
    assert [str(d) for d in differences(figures(one), {}, {"layers/a/*": room("any")})] == [
        "layers/b/id: b, now (not there)",
        "layers/b/x: 2, now (not there)",
    ]
