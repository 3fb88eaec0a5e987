"""The verdicts of a check as JUnit XML, which every CI reads.

One suite a file, one case an expectation. Nothing in it depends on the day or the machine: the same
verdicts give the same bytes. Attributes are those that strict readers know, so the line stands in
the text of a failure.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from looprisk.results.answers import CheckReport
from looprisk.results.names import clean
from looprisk.results.phrases import failure
from looprisk.results.records import NoAnswer, Verdict

_NOT_XML = re.compile("[^\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


def junit(report: CheckReport) -> str:
    """Return the JUnit XML of a check; ``open`` and ``n/a`` are skipped, no answer is an error."""
    places = [*(row.file for row in report.rows), *(row.file for row in report.errors)]
    files = list(dict.fromkeys(places))
    root = ET.Element("testsuites", {"name": "looprisk", **_counts(report.rows, report.errors)})
    for file in files:
        rows = [row for row in report.rows if row.file == file]
        errors = [row for row in report.errors if row.file == file]
        name = _text(file) or "looprisk"
        suite = ET.SubElement(
            root,
            "testsuite",
            {
                "name": name,
                "file": name,
                **_counts(rows, errors),
                "skipped": str(sum(row.outcome in {"open", "n/a"} for row in rows)),
            },
        )
        for row in rows:
            _case(suite, row)
        for error in errors:
            _error(suite, error)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _counts(
    rows: tuple[Verdict, ...] | list[Verdict], errors: tuple[NoAnswer, ...] | list[NoAnswer]
) -> dict[str, str]:
    return {
        "tests": str(len(rows) + len(errors)),
        "failures": str(sum(row.outcome == "FAIL" for row in rows)),
        "errors": str(len(errors)),
    }


def _case(suite: ET.Element, row: Verdict) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {"classname": _text(f"{row.file}::{row.scenario}"), "name": _text(row.name or row.asked)},
    )
    if row.outcome == "FAIL":
        found = ET.SubElement(
            case, "failure", {"type": "expectation", "message": _text(failure(row))}
        )
        lines = (f"{row.file}:{row.line}", row.asked, row.because, row.flow, row.evidence)
        found.text = "\n".join(_text(line) for line in lines if line)
    elif row.outcome != "ok":
        skipped = ET.SubElement(case, "skipped", {"message": _text(row.because or row.outcome)})
        skipped.text = _text(f"{row.file}:{row.line}")


def _error(suite: ET.Element, row: NoAnswer) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {"classname": _text(f"{row.file}::{row.scenario}"), "name": "no certified answer"},
    )
    found = ET.SubElement(case, "error", {"type": "no answer", "message": _text(row.message)})
    found.text = _text(f"{row.file}:{row.line}")


def _text(words: str) -> str:
    """Return words that XML can carry, without letters that act on a page."""
    return _NOT_XML.sub("", clean(words))
