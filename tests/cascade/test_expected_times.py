"""Times that are expected: of what never happens, of losses hidden, shown, or hidden to the end."""

import pytest

import looprisk as lr
from looprisk.analysis import check
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario

SYSTEM = lr.System(
    issuers={
        "F": {
            "outside": {"pile": "$100"},
            "issues": {"f": {"kind": "share", "supply": 100, "book_price": "$1"}},
        },
        "G": {"outside": {"pile": "$10"}, "issues": {"g": {"kind": "share", "supply": 10}}},
    }
)
LOST = {"at": "1h", "loss": {"F": "40%"}}
SHOWN = {"at": "3h", "recognise": ["F"]}


def verdict(stages, **expectation):
    asked = {
        "time": {"start": "2025-01-01T00:00Z", "step": "1h", "horizon": "6h"},
        "stages": stages,
        "expect": [expectation],
    }
    scenario, problems = parse_scenario(asked, SYSTEM)
    assert not problems
    (row,) = check(Case(SYSTEM, scenario)).rows
    return row.outcome, row.got, row.got_text


@pytest.mark.parametrize(
    ("stages", "bound", "found"),
    [
        ([LOST, SHOWN], {"is": "2h"}, ("ok", 7200.0, "")),
        ([LOST, SHOWN], {"at_least": "3h"}, ("FAIL", 7200.0, "")),
        ([LOST], {"at_least": "5h"}, ("ok", None, "over 5.0 h, not shown by the horizon")),
        ([LOST], {"at_least": "6h"}, ("FAIL", None, "over 5.0 h, not shown by the horizon")),
        ([LOST], {"at_most": "9h"}, ("FAIL", None, "over 5.0 h, not shown by the horizon")),
    ],
)
def test_how_long_a_loss_is_hidden(stages, bound, found):
    assert verdict(stages, of="f", metric="hidden_for", **bound) == found


@pytest.mark.parametrize(("bound", "outcome"), [({"at_least": "0h"}, "ok"), ({"is": "1h"}, "FAIL")])
def test_no_loss_is_hidden_for_no_time(bound, outcome):
    assert verdict([LOST], of="g", metric="hidden_for", **bound) == (outcome, 0.0, "")


@pytest.mark.parametrize(
    ("bound", "outcome"), [("6h", "ok"), ("7h", "FAIL")], ids=["horizon", "beyond"]
)
def test_what_never_happens_happens_after_the_horizon_at_least(bound, outcome):
    found = verdict([LOST], of="g", metric="time_of", event="impaired", at_least=bound)
    assert found == (outcome, None, "never, to 6.0 h")
