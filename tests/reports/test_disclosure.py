"""What a protocol should publish of itself: every heading there, each covered or not."""

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.model import Case, Scenario
from tests.reports.pages import check_page
from tests.reports.systems import SCENARIOS, study
from tests.reports.test_page import hostile_case

HEADINGS = (
    "Backing and rehypothecation",
    "Look-through of",
    "Leverage, by definition",
    "Concentration and common dependencies",
    "Liquidity",
    "Hedge venues",
    "Oracles",
    "Reverse stress",
    "Unknowns",
    "What rules and raters ask for",
    "Sources",
)


def chapter(document, heading):
    return next(c for c in document.chapters if c.heading.startswith(heading))


def tables(document, heading):
    blocks = chapter(document, heading).blocks
    return [block.table for block in blocks if hasattr(block, "table")]


@pytest.mark.parametrize("name", ["stream-own-token", "delta-neutral", "pooled", "unknowns"])
def test_every_heading_stands_whatever_the_file_holds(name):
    file = lr.load(SCENARIOS / f"{name}.yaml")
    made = lr.report(file[next(iter(file))], template="disclosure")
    found = [chapter.heading for chapter in made.document.chapters]
    assert len(found) == len(HEADINGS)
    assert all(one.startswith(other) for one, other in zip(found, HEADINGS, strict=True))
    check_page(made.html())


def test_ratios_of_stream_are_those_worked_out_by_hand():
    # equity 170 of own assets 700; 1 / (1 - 530/700); paper 1,932.76 on 677.97 from outside
    made = lr.report(study("stream-own-token", "loss-93").what, template="disclosure").document
    (levered,) = tables(made, "Leverage")
    stream = next(row for row in levered if row.name == "Stream")
    assert stream.assets_to_equity == pytest.approx(700 / 170)
    assert stream.liabilities_to_equity == pytest.approx(530 / 170)
    boxes = {box.term: box for box in made.boxes}
    assert boxes["Backing ratio"].value == "100.0%"
    assert boxes["Rehypothecation ratio"].value == "2.85×"
    assert boxes["Reverse stress value"].value == "$31.3M"


def test_what_is_not_there_is_not_covered():
    made = lr.report(study("stream-own-token", "loss-93").what, template="disclosure").document
    (asked,) = tables(made, "What rules")
    covered = {row.heading: row.covered for row in asked}
    assert covered["reverse stress test"]
    assert covered["sensitivity to the assumptions"]
    assert not covered["performance out of sample"]
    assert not covered["supply cap against liquidity inside the liquidation bonus"]
    bare = lr.System(
        issuers={"S": {"owes": {"outside": "$1"}, "issues": {}, "outside": {"a": "$2"}}}
    )
    made = lr.report(Case(system=bare, scenario=Scenario()), template="disclosure").document
    (asked,) = tables(made, "What rules")
    covered = {row.heading: row.covered for row in asked}
    # with no shock of its own, all money outside fails
    assert covered["reverse stress test"]
    assert not covered["class of every oracle"]
    assert not covered["quality of the data"]


def test_a_hostile_system_discloses_words():
    made = lr.report(hostile_case(), template="disclosure")
    check_page(made.html())


def test_a_system_without_scenario_discloses_itself(tmp_path, capsys):
    target = tmp_path / "d.html"
    place = str(SCENARIOS / "stream-system.yaml")
    assert run_line(["report", place, "--template", "disclosure", "-o", str(target)]) == 0
    assert "Backing and rehypothecation" in target.read_text("utf-8")
    line = ["report", place, "--template", "disclosure", "--interactive", "-o", str(target)]
    assert run_line(line) == 2
    assert "no shock to move" in capsys.readouterr().err
