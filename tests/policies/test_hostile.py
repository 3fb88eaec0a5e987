"""Names that try to act: as CSV, Markdown, JUnit, annotations, on a terminal, in a notebook."""

import csv
import io
import os
import pty
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree
from markdown_it import MarkdownIt

from looprisk.results.answers import CheckReport
from looprisk.results.diffs import BreakMove, Changed, Diff, Edge, LossMove, Unanswered
from looprisk.results.figures import Difference
from looprisk.results.github import commands, summary
from looprisk.results.junit import junit
from looprisk.results.names import for_log
from looprisk.results.records import NoAnswer, Verdict
from looprisk.results.verifications import Verification
from tests.reports.hostile import NAMES, clearing

ROOT = Path(__file__).parents[2]
SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
MENTIONS = re.compile(r"@\w|(?<!&)#\d|://|www\.")
"""What GitHub makes a mention, an issue or a link of by itself."""
SHOWN = {
    *("div", "p", "strong", "em", "br", "h3", "ul", "li", "table", "caption"),
    *("thead", "tbody", "tr", "th", "td"),
}
REPORT = CheckReport(
    rows=tuple(
        Verdict(
            outcome=("FAIL", "ok", "n/a", "open")[at % 4],
            name=name,
            asked=name,
            expected=name,
            got=2.0,
            unit="usd",
            limit=1.0,
            because=name,
            flow=name,
            scenario=name,
            file=name.replace("\x00", ""),
            line=3,
        )
        for at, name in enumerate(NAMES)
    ),
    scenario_count=1,
    unanswered=len(NAMES),
    errors=tuple(NoAnswer(scenario=name, message=name, file="a.yaml", line=1) for name in NAMES),
)
DIFF = Diff(
    before="a",
    after="b",
    breaks=tuple(
        BreakMove(scenario=name, of=name, event="bad_debt", before=None, after=0.5)
        for name in NAMES
    ),
    losses=tuple(
        LossMove(scenario=name, layer=name, before_usd=0.0, after_usd=1.0) for name in NAMES
    ),
    edges=tuple(Edge(holder=name, claim=name, before_usd=None, after_usd=1.0) for name in NAMES),
    changes=tuple(Changed(path=name, before=name, after=name) for name in NAMES),
    unanswered=tuple(Unanswered(scenario=name, side="after", message=name) for name in NAMES),
)
VERIFICATION = Verification(
    scenario=NAMES[0],
    figures=1,
    differences=tuple(Difference(name, name, name) for name in NAMES),
    disproved=NAMES[1],
    made_by=NAMES[2],
)


def answers():
    one = clearing()
    return {
        "clearing": one,
        "layers": one.layers,
        "waterfall": one.waterfall,
        "break points": one.break_points,
        "report": REPORT,
        "verdicts": REPORT.table,
        "diff": DIFF,
        "verification": VERIFICATION,
    }


TABLES = {
    "layers": clearing().layers,
    "waterfall": clearing().waterfall,
    "break points": clearing().break_points,
    "verdicts": REPORT.table,
    "parameters": DIFF.parameters,
    "edges": DIFF.edge_table,
    "losses": DIFF.layers,
    "moved": DIFF.break_points,
    "differences": VERIFICATION.table,
}


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_comment(self, data):
        self.seen.append(("comment", {}))


def check_page(text):
    for tag, attributes in Page(text).seen:
        assert tag in SHOWN, (tag, attributes)
        assert not any(name.startswith("on") for name in attributes), attributes
        assert attributes.keys() <= {"class", "scope", "align", "style"}, attributes
        assert attributes.get("style", "") in {"", "text-align:right", "text-align:left"}


def test_there_are_enough_names():
    assert len(set(NAMES)) >= 60


@pytest.mark.parametrize("name", TABLES)
def test_a_spreadsheet_reads_words_as_words(name):
    text = TABLES[name].to_csv()
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(TABLES[name].rows) + 1
    for row in rows:
        for cell in row:
            assert not ACTING.search(cell), cell
            number = re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell)
            assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "::")), cell
    assert not re.search(r"^\s*::|##\[", for_log(text).splitlines()[0])


@pytest.mark.parametrize("name", answers())
def test_markdown_shows_names_and_does_nothing_with_them(name):
    text = answers()[name]._repr_markdown_()
    check_page(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))
    assert not re.search(MENTIONS, text)


def test_the_summary_of_a_step_is_markdown_too():
    text = summary(REPORT)
    check_page(MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(text))
    assert not re.search(MENTIONS, text)


@pytest.mark.parametrize("name", answers())
def test_a_notebook_shows_names_and_does_nothing_with_them(name):
    text = answers()[name]._repr_html_()
    check_page(text)
    assert not ACTING.search(text)


def test_junit_of_hostile_names_validates_and_holds_text_only():
    text = junit(REPORT)
    root = etree.fromstring(text.encode())
    SCHEMA.assertValid(root)
    assert len(list(root.iter("testcase"))) == 2 * len(NAMES)
    assert not ACTING.search(text)


def test_annotations_of_hostile_names_are_one_command_each():
    for name, row in zip(NAMES, REPORT.rows, strict=True):
        (line,) = commands(CheckReport(rows=(Failing.of(row),), scenario_count=1), Path())
        assert len(line.splitlines()) == 1, name
        head, _, data = line.removeprefix("::error ").partition("::")
        keys = [part.partition("=")[0] for part in head.split(",")]
        assert keys in (["file", "line", "title"], ["title"]), line
        assert not re.search(r"%0[aAdD]", line), line
        assert data


class Failing:
    @staticmethod
    def of(row):
        from dataclasses import replace

        return replace(row, outcome="FAIL")


PRINTS = """
from looprisk.cli.emit import Color, note, out, write
from looprisk.results import Screen, check_text, run_text, explain_text, break_text
from tests.policies.test_hostile import DIFF, REPORT, VERIFICATION, NAMES, clearing
from looprisk.cli.comparing import _diff_text, _text
from looprisk.results.github import commands
to = out(form=None, path=None, color=Color.always, width=100, quiet=False)
screen = Screen(width=100, color=True)
write(to, run_text(clearing(), screen, NAMES))
write(to, check_text(REPORT, screen))
write(to, _diff_text(DIFF, to))
write(to, _text(VERIFICATION, to))
for name in NAMES:
    note(name)
"""


def test_a_terminal_is_told_text_and_colours_and_nothing_else():
    master, slave = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", PRINTS], stdout=slave, stderr=slave, cwd=ROOT, env=environment
    ) as process:
        os.close(slave)
        told = b""
        while True:
            try:
                piece = os.read(master, 65_536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            told += piece
    os.close(master)
    assert process.returncode == 0, told.decode()
    text = told.decode("utf-8").replace("\r\n", "\n")
    plain = re.sub(r"\x1b\[(?:0|1|2|31|32|33)m", "", text)  # our own colours
    bad = {letter for letter in plain if unicodedata.category(letter) in {"Cc", "Cf"}} - {"\n"}
    assert not bad
    assert plain.count("alert(1)") > 20
    assert not [line for line in plain.split("\n") if re.match(r"\s*::|.*##\[", line)]
