"""The sizes and edges that pictures meet: one layer and twelve, no loss, all of it, next to none."""

from functools import cache

import pytest

import looprisk as lr
from looprisk.model import Case, Scenario
from looprisk.reports import PICTURES
from looprisk.reports.study import Study
from tests.reports.painted import faults
from tests.reports.systems import STATIC
from tests.reports.test_safe import check_marks


def tower(layers, width=1):
    """Vaults over vaults, each with debt and equity of its own."""
    issuers = {}
    for layer in range(layers):
        for at in range(width):
            name = f"v{layer}-{at}"
            below = f"t{layer - 1}-{at}"
            other = f"t{layer - 1}-{(at + 1) % width}"
            owns = {below: 30, other: 20} if layer and width > 1 else {below: 50} if layer else {}
            issuers[name] = {
                "label": f"Vault {layer}.{at} of a restaked and wrapped token",
                "outside": {"own": "$60M"},
                "owns": owns,
                "owes": {"outside": "$30M"},
                "issues": {f"t{layer}-{at}": {"kind": "share", "supply": 100}},
                "pays": ["debts", f"t{layer}-{at}"],
            }
    return lr.System(name="tower", issuers=issuers)


def asked(system, **shock):
    stages = [shock] if shock else []
    return Study(what=Case(system=system, scenario=Scenario(stages=stages), name="x"))


def thin():
    """Equity of $5k under $80M, and a claim that loses a fiftieth of a percent."""
    return lr.System(
        name="thin",
        issuers={
            "S": {
                "outside": {"book": "$80.005M"},
                "owes": {"outside": "$60M", "small": {"to": "V", "amount": "$20M"}},
                "pays": ["debts", "equity"],
            },
            "V": {"outside": {"book": "$80M"}, "issues": {"v": {"kind": "share", "supply": 100}}},
        },
    )


@cache
def cases():
    twelve, sixty = tower(12), tower(6, 10)
    return {
        "one layer": asked(tower(1), loss={"v0-0": "$10M"}),
        "twelve layers": asked(twelve, loss={"v0-0": "$50M"}),
        "sixty nodes": asked(sixty, loss={f"v0-{at}": "$45M" for at in range(4)}),
        "nothing lost": asked(twelve),
        "no shock that moves": asked(tower(1), loss={"v0-0": "$0"}),
        "all lost": asked(
            tower(3, 2), loss={f"v{n}-{k}": "100%" for n in range(3) for k in (0, 1)}
        ),
        "next to nothing": asked(thin(), loss={"S": "$0.021M"}),
    }


@pytest.mark.parametrize("name", list(cases()))
def test_every_size_is_drawn_with_marks_alone(name):
    for kind in STATIC:
        check_marks(PICTURES[kind](cases()[name], "").svg())


def test_every_size_is_readable(page):
    pictures = [PICTURES[kind](found, "") for found in cases().values() for kind in STATIC]
    assert faults(page, "".join(picture.svg() for picture in pictures)) == []


def test_nothing_and_everything_have_words():
    nothing, everything = cases()["nothing lost"], cases()["all lost"]
    assert "Nobody outside loses" in PICTURES["waterfall"](nothing, "").title
    assert "No outside claimant loses" in PICTURES["waterfall"](nothing, "").svg()
    assert "No layer has lost anything" in PICTURES["reported"](nothing, "").title
    assert "gone" in PICTURES["pyramid"](everything, "").svg()
    assert "takes all of the equity" in PICTURES["pyramid"](everything, "").title


def test_a_share_that_is_next_to_nothing_is_not_shown_as_nothing():
    found = cases()["next to nothing"]
    text = PICTURES["waterfall"](found, "").svg()
    assert "&lt;0.1%" in text
    assert "100.0%" in text
    assert "$5k of equity carries" in PICTURES["pyramid"](found, "").title
