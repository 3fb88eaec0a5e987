"""``picture`` and ``report`` on the command line."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from looprisk.cli import run_line
from tests.reports.pages import check_page

ROOT = Path(__file__).parents[2]
LOOP = "scenarios/wsteth-loop.yaml::ratio-slips"


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_a_picture_is_written_whole(tmp_path, capsys):
    target = tmp_path / "x.svg"
    assert run_line(["picture", LOOP, "ladder", "-o", str(target)]) == 0
    assert ET.fromstring(target.read_text("utf-8")).get("class") == "lr"
    assert list(tmp_path.iterdir()) == [target]
    assert capsys.readouterr().out == ""


def test_the_numbers_of_a_picture_instead(capsys):
    assert run_line(["picture", LOOP, "waterfall", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["loss_usd"] for row in rows] == [360_000.0, 3_240_000.0]


def test_the_ending_of_the_file_asks_for_the_numbers_too(tmp_path):
    target = tmp_path / "x.csv"
    assert run_line(["picture", LOOP, "waterfall", "-o", str(target)]) == 0
    assert "loss_usd" in target.read_text("utf-8").splitlines()[0]


def test_a_picture_that_does_not_exist_is_a_mistake_of_typing(capsys):
    assert run_line(["picture", LOOP, "waterfal"]) == 2
    assert "did you mean waterfall" in capsys.readouterr().err


def test_a_report_says_how_to_run_it_again(tmp_path, capsys):
    target = tmp_path / "report.html"
    line = ["report", LOOP, "--set", "wsteth-eth/collateral/wstETH/lltv=93%", "-o", str(target)]
    assert run_line(line) == 0
    text = target.read_text("utf-8")
    check_page(text)
    again = "looprisk report scenarios/wsteth-loop.yaml::ratio-slips --set"
    assert again in text
    assert "wsteth-eth/collateral/wstETH/lltv=93%" in text


def test_markdown_by_the_ending(tmp_path, capsys):
    target = tmp_path / "report.md"
    assert run_line(["report", "scenarios/wsteth-loop.yaml", "-o", str(target), "-q"]) == 0
    assert target.read_text("utf-8").startswith("# A fall of 100.0%")
    assert capsys.readouterr().err == ""


def test_other_formats_are_refused(capsys):
    assert run_line(["report", LOOP, "--format", "json"]) == 2
    assert "a report is HTML or Markdown, not json" in capsys.readouterr().err


def test_two_varied_values_are_a_heat_map(tmp_path):
    target = tmp_path / "heat.svg"
    line = ["picture", LOOP, "-o", str(target), "--measure", "wsteth-eth bad_debt_usd"]
    line += ["--vary", "wsteth-eth/collateral/wstETH/lltv=93%,94%", "--vary", "shock=0,0.5,1"]
    assert run_line(line) == 0
    assert "% of the largest" in target.read_text("utf-8")
    assert run_line(["picture", LOOP, "heat"]) == 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["picture", LOOP, "--measure", "me ltv"], "--measure is of a sweep"),
        (["report", LOOP, "--of", "me", "-o", "x.html"], "--of: the claim of a disclosure"),
        (["check", LOOP, "--set", "me/debt/ETH=1", "--update"], "--update writes down"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(line, message, capsys):
    assert run_line(line) == 2
    assert message in capsys.readouterr().err


def test_a_result_is_reported_from_what_it_pins(tmp_path, capsys):
    result, page = tmp_path / "result.json", tmp_path / "page.html"
    assert run_line(["run", LOOP, "-o", str(result)]) == 0
    assert run_line(["report", str(result), "-o", str(page)]) == 0
    text = page.read_text("utf-8")
    check_page(text)
    digest = json.loads(result.read_text("utf-8"))["inputs_digest"]
    assert digest in text
    assert "looprisk verify" in text
    assert run_line(["report", str(result), "--shock", "price: {wstETH: -5%}"]) == 2
    assert "is asked again as it was" in capsys.readouterr().err


def test_another_file_stands_beside_as_another_rule(tmp_path):
    page = tmp_path / "page.html"
    line = ["report", "scenarios/stream-recourse.yaml::loss-93", "-o", str(page)]
    assert run_line([*line, "--beside", "scenarios/stream-own-token.yaml::loss-93"]) == 0
    text = page.read_text("utf-8")
    assert "Same shock, other rule" in text
    assert "$31.3M" in text  # where the first lender breaks if each has only its own pledge
    assert "--beside scenarios/stream-own-token.yaml::loss-93" in text


@pytest.mark.parametrize(
    ("line", "known"),
    [
        (["picture", LOOP, "-o", "x.png"], ".svg, .txt, .json, .csv or .md"),
        (["report", LOOP, "-o", "x.pdf"], ".html, .htm or .md"),
        (["run", LOOP, "-o", "x.pdf"], ".txt, .json, .csv or .md"),
    ],
)
def test_an_ending_that_promises_another_format_is_refused(line, known, capsys, tmp_path):
    assert run_line([*line[:-1], str(tmp_path / line[-1])]) == 2
    assert known in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
