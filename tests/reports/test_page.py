"""The report: one safe file that reads, prints and adds up."""

import re
from functools import cache

import pytest

import looprisk as lr
from looprisk.errors import ModelError
from looprisk.model import Case, Scenario
from looprisk.reports.resting import resting
from looprisk.reports.study import Study
from tests.reports.hostile import NAMES
from tests.reports.pages import check_page
from tests.reports.painted import LOOK
from tests.reports.systems import FIVE, study


def case_of(system, **shock):
    return Case(system=system, scenario=Scenario(stages=[shock]))


@cache
def hostile_case():
    """A system whose every label, source and note is a hostile name."""
    issuers = {
        f"v{at}": {
            "label": name,
            "outside": {"book": "$10M"},
            "owns": {"base": 5} if at else {},
            "owes": {"outside": "$8M"},
            "issues": {f"t{at}": {"kind": "share", "supply": 2, "label": name}},
            "pays": ["debts", f"t{at}"],
        }
        for at, name in enumerate(NAMES)
        if name.strip()
    }
    sources = {
        f"s{at}": {"class": "declared", "title": name}
        for at, name in enumerate(NAMES)
        if name.strip()
    }
    system = lr.System(
        name="<b>bold</b>",
        sources=sources,
        source="s0",
        assets={"base": {"price": "$1", "label": NAMES[3]}},
        issuers=issuers,
    )
    about = '<script>alert(1)</script> & "quotes"'
    shock = {"loss": {f"v{at}": "$3M" for at in range(0, 60, 3)}}
    return Case(system=system, scenario=Scenario(stages=[shock], about=about), name="x")


@cache
def page_of(name, scenario):
    return lr.report(study(name, scenario).what, ["looprisk run x.yaml::y"]).html()


@pytest.mark.parametrize(("name", "scenario"), FIVE)
def test_every_page_is_one_safe_file(name, scenario):
    page = check_page(page_of(name, scenario))
    figures = len(page.every("figure"))
    assert figures in {6, 7}  # what moves the loss, where there is one
    assert len([a for a in page.every("a") if a["href"].startswith("#tab")]) == figures
    assert len([a for a in page.every("a") if a["href"].startswith("#fig")]) == figures
    assert all(svg["role"] == "img" for svg in page.every("svg"))
    assert len(page_of(name, scenario)) < 150_000


def test_a_report_says_what_a_reader_looks_for():
    text = page_of("stream-own-token", "loss-93")
    digest = study("stream-own-token", "loss-93").clearing.inputs_digest
    for words in (
        "Asked: A loss of $93.0M at Stream/outside/fund",
        "xUSD holders lose $45.0M, everybody else $48.0M",
        "Who stands on what",
        "How far it was from safe",
        "What this rests on",
        "residual",
        digest,
        "looprisk run x.yaml::y",
        "CBB0FE",
    ):
        assert words in text


def test_same_scenario_same_bytes():
    again = lr.report(study("cycle", "ten-percent").what, ["looprisk run x.yaml::y"]).html()
    assert again == page_of("cycle", "ten-percent")


def test_hostile_labels_stay_words():
    made = lr.report(hostile_case(), ["looprisk run '</code><script>alert(1)</script>'"])
    page = check_page(made.html())
    known = (
        "html|head|meta|title|style|body|main|header|section|p|h[123]|dl|div|dt|dd|span|figure|"
        "figcaption|a|table|caption|thead|tbody|tr|th|td|ul|li|pre|code|br|svg|desc|defs|pattern|"
        "rect|line|path|circle|text"
    )
    assert all(re.fullmatch(known, tag) for tag, _ in page.tags)
    text = made.markdown()
    typed = [line for line in text.splitlines() if not line.startswith("    ")]  # code is inert
    assert not re.search(r"<[a-z/!]", "\n".join(typed), re.IGNORECASE)
    assert "@everyone" not in text
    assert not re.search(r"^::", text, re.MULTILINE)


def test_a_hostile_page_is_quiet_readable_and_not_too_wide(page):
    said = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: said.append(message.text))
    page.set_content(lr.report(hostile_case()).html())
    assert page.evaluate(LOOK) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert said == []


def test_a_page_prints_without_splitting_a_figure(browser):
    page = browser.new_page()
    page.set_content(page_of("stream-own-token", "loss-93"))
    assert page.pdf().count(b"/Type /Page\n") in range(5, 14)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1017})  # A4 less its margins
    heights = page.evaluate(
        "[...document.querySelectorAll('figure')].map(f => [f.getBoundingClientRect().height,"
        " getComputedStyle(f).breakInside])"
    )
    assert all(height < 1017 and rule == "avoid" for height, rule in heights)
    page.close()


def test_200_nodes_are_under_500_kilobytes():
    issuers = {
        f"vault-{at:03}": {
            "label": f"Vault number {at} of the two hundred",
            "outside": {"book": "$1M"},
            "owns": {f"t{at - 20:03}": 4} if at >= 20 else {},
            "owes": {"outside": "$0.5M"},
            "issues": {f"t{at:03}": {"kind": "share", "supply": 10}},
            "pays": ["debts", f"t{at:03}"],
        }
        for at in range(200)
    }
    shock = {"loss": {f"vault-{at:03}": "$0.9M" for at in range(10)}}
    text = lr.report(case_of(lr.System(issuers=issuers), **shock)).html()
    check_page(text)
    assert len(text.encode()) < 500_000


def test_the_share_that_rests_on_assumptions_is_what_comes_through_them():
    # F holds nothing of G; the loss at F is sourced, that at G is not; V holds half of G
    system = lr.System(
        sources={"chain": {"class": "observed", "title": "chain"}},
        issuers={
            "F": {
                "source": "chain",
                "outside": {"cash": "$100"},
                "issues": {"f": {"kind": "share", "supply": 100}},
            },
            "G": {
                "outside": {"cash": "$100"},
                "issues": {"g": {"kind": "share", "supply": "100 @chain"}},
            },
            "V": {
                "source": "chain",
                "owns": {"g": 50},
                "issues": {"v": {"kind": "share", "supply": 50}},
            },
        },
    )
    found = Study(what=case_of(system, loss={"F": "$30", "G": "$10"}))
    rests = resting(found.clearing, found.travel)
    assert [(row.assumption.input, row.loss_usd) for row in rests.rows] == [
        ("G/outside/cash", pytest.approx(10.0))
    ]
    assert rests.share == pytest.approx(0.25)


def test_only_a_scenario_is_reported():
    with pytest.raises(ModelError, match="drawn from a scenario, not Clearing"):
        lr.report(study("cycle", "ten-percent").clearing)
