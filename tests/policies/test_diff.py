"""What changed between two files: values, edges, break points and losses, the worst first."""

import json
import re

import pytest
from markdown_it import MarkdownIt

import looprisk as lr
from looprisk.results.diffs import BreakMove, Changed, Diff, Edge, LossMove


@pytest.fixture
def other(policy):
    """The policy, with one value changed and one more owner."""
    path = policy.with_name("other.yaml")
    text = policy.read_text().replace("strategies: $10M", "strategies: $9M")
    text = text.replace(
        "scenarios:",
        "  Owner:\n    owns: {lUSD: 2M}\n    issues: {o: {kind: share, supply: 1M}}\nscenarios:",
        1,
    )
    path.write_text(text)
    return path


def test_what_changed_is_told_with_what_it_does(policy, other):
    found = lr.diff(policy, other)
    assert found.changes == (
        Changed(path="Fund/outside/strategies", before="$10M", after="$9M"),
        Changed(path="Owner/owns/lUSD", before=None, after="2M"),
        Changed(path="Owner/issues/o/kind", before=None, after="share"),
        Changed(path="Owner/issues/o/supply", before=None, after="1M"),
    )
    new = {(edge.holder, edge.claim): edge.after_usd for edge in found.edges if edge.is_new}
    assert new == {("Owner", "lUSD"): 2e6, ("outside", "o"): 2e6}
    # Fund owes 6M: of 10M it fails after a loss of 4M, of 9M after 3M
    moved = {(m.scenario, m.of, m.event): m for m in found.breaks}
    move = moved["large", "Fund", "insolvent"]
    assert (move.before, move.after, move.before_at.value, move.after_at.value) == (
        0.8,
        0.6,
        4e6,
        3e6,
    )
    # of a loss of 5M the lender bore 1M, and of the smaller fund it bears 2M
    losses = {(m.scenario, m.layer): (m.before_usd, m.after_usd) for m in found.losses}
    assert losses["large", "lUSD"] == (1e6, 2e6)
    assert losses["large", "fUSD"] == (4e6, 3e6)
    assert losses["large", "o"] == (0.0, 0.5e6)


def test_the_worst_comes_first(policy, other):
    found = lr.diff(policy, other)
    orders = [move.order for move in found.breaks]
    assert orders == sorted(orders)
    assert [move.more_usd for move in found.losses] == sorted(
        (move.more_usd for move in found.losses), reverse=True
    )
    back = lr.diff(other, policy)
    assert not any(move.is_worse for move in back.breaks)
    assert {edge.is_gone for edge in back.edges if edge.holder == "Owner"} == {True}


def test_nothing_changed(policy, cli):
    found = lr.diff(policy, policy)
    assert (found.changes, found.edges, found.breaks, found.losses) == ((), (), (), ())
    assert cli("diff", "policy.yaml", "policy.yaml").out == "Nothing changed.\n"


def test_results_are_compared_as_their_files_are(policy, other, cli):
    cli("run", "policy.yaml", "-o", "a.json", "-q")
    cli("run", "other.yaml", "-o", "b.json", "-q")
    of_files, of_results = lr.diff(policy, other), lr.diff("a.json", "b.json")
    assert of_results.breaks == of_files.breaks
    assert of_results.losses == of_files.losses
    assert of_results.edges == of_files.edges
    assert set(of_results.changes) == set(of_files.changes)


def test_what_only_one_side_answers_is_said(policy, other, cli):
    other.write_text(
        other.read_text().replace("  small:", "  tiny:").replace("[debts, fUSD]", "unknown")
    )
    found = lr.diff(policy, other)
    said = {(one.scenario, one.side): one.message for one in found.unanswered}
    assert said["small", "after"] == "it is not there any more"
    assert said["tiny", "before"] == "it was not there yet"
    assert "Fund/pays is unknown" in said["large", "after"]
    done = cli("diff", "policy.yaml", "other.yaml", "--width", "300")
    assert done.code == 0
    assert "no answer: small, after: it is not there any more" in done.out


def many(count, name="issuer-{}"):
    return Diff(
        before="a",
        after="b",
        breaks=tuple(
            BreakMove(
                scenario="s", of=name.format(k), event="bad_debt", before=0.9, after=k / count
            )
            for k in range(count)
        ),
        losses=tuple(
            LossMove(
                scenario="s", layer=name.format(k), before_usd=0.0, after_usd=1e6 * (count - k)
            )
            for k in range(count)
        ),
        edges=tuple(
            Edge(holder=name.format(k), claim="x", before_usd=None, after_usd=1.0, is_new=True)
            for k in range(count)
        ),
        changes=tuple(
            Changed(path=f"{name.format(k)}/owns/x", before="1", after="2") for k in range(count)
        ),
    )


@pytest.mark.parametrize("name", ["issuer-{}", "漢字" * 10 + "-{}"])
def test_a_comment_says_what_was_cut_of_each_part(name):
    text = many(1000, name).to_markdown()
    assert len(text) <= 65_536
    assert len(text.encode()) <= 65_536
    cuts = [int(n.replace(",", "")) for n in re.findall(r"\*([\d,]+) of 1,000 rows were cut", text)]
    rows = [line for line in text.split("\n") if line.startswith("| ") and "---" not in line]
    heads = sum("before" in line and "after" in line for line in rows)
    assert len(rows) - heads + sum(cuts) == 4000
    assert rows[1].startswith(f"| {name.format(0)} |")  # the worst break point stays
    assert len(text) > 30_000


def test_all_that_fits_stays():
    text = many(20).to_markdown()
    assert "cut" not in text
    assert text.count("\n| ") == 4 * (20 + 2)


def test_markdown_parses_into_tables(policy, other):
    html = MarkdownIt("gfm-like", {"linkify": False}).render(lr.diff(policy, other).to_markdown())
    assert html.count("<table>") == 4
    assert "Fund/outside/strategies</td>" in html


def test_json_holds_everything(policy, other, cli):
    document = json.loads(cli("diff", "policy.yaml", "other.yaml", "--format", "json").out)
    assert document["schema"] == "looprisk/diff/1"
    assert {"path": "Fund/outside/strategies", "before": "$10M", "after": "$9M"} in document[
        "parameters"
    ]
    assert document["break_points"][0]["worse"] is True


def test_a_file_that_is_not_there(policy, cli):
    assert cli("diff", "policy.yaml", "gone.yaml").code == 2
    assert cli("diff", "policy.yaml", "gone.json").code == 3


def test_one_scenario_is_held_against_another(policy, cli):
    # small is a loss of 3M, large of 5M: fUSD bears 3M of the one, its whole 4M of the other
    file = lr.load(policy)
    found = lr.diff(file["small"], file["large"])
    assert {(m.scenario, m.layer): m.more_usd for m in found.losses} == {
        ("small", "fUSD"): 1e6,
        ("small", "Fund/owes/Lender"): 1e6,
        ("small", "lUSD"): 1e6,
    }
    assert Changed(path="scenarios/small/stages/0/loss/Fund", before="$3M", after="$5M") in (
        found.changes
    )
    assert (found.edges, found.unanswered) == ((), ())
    done = cli("diff", "policy.yaml::small", "policy.yaml::large", "--format", "csv")
    assert (done.code, done.out) == (0, found.parameters.to_csv())


def test_beside_one_scenario_only_its_like_is_compared(policy, other, cli):
    found = lr.diff(lr.load(policy)["large"], other)
    assert {move.scenario for move in found.losses} == {"large"}
    assert not found.unanswered
    assert lr.diff(policy, lr.load(other)["large"]).losses == found.losses
    other.write_text(other.read_text().replace("  large:", "  larger:"))
    done = cli("diff", "policy.yaml::large", "other.yaml")
    assert done.code == 2
    assert "no scenario `large` in other.yaml" in done.err
    assert "its scenarios are small, larger" in done.err
