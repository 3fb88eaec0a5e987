"""Hidden losses that come to light: when a book takes them in."""

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.check import check
from looprisk.analysis.clearing import breaks_of, clearing_of
from looprisk.analysis.recognising import hidden_losses, recognised, recognised_along
from tests.semantics.build import DOLLAR, F, account, case, market, share, solved

POSTED = System(
    assets={**DOLLAR, "A": {"price": "$1"}},
    issuers={
        "I": {
            "outside": {"a": "$100"},
            "owns": {"A": 20},
            "issues": {"T": share(100, book_price="$1.2")},
        },
        "V": {"owns": {"T": 50}, "issues": {"v": share(60)}},
    },
)
LOSS = {"name": "loss", "loss": {"I": "30%"}}
TAKEN_IN = {"name": "taken in", "recognise": ["I"]}


def recognitions(found):
    return {(e.of, e.because) for e in clearing_of(found).event_rows if e.event == "recognised"}


def test_the_stage_that_recognises_is_the_event():
    """The holder's book is computed from the posted price, so both take it in together."""
    found = solved(POSTED, LOSS, TAKEN_IN)
    assert [dict(stage) for stage in recognised(found)] == [{}, {"T": 30, "v": 15}]
    assert recognitions(found) == {
        ("T", "its book shows the $30 that it hid"),
        ("v", "its book shows the $15 that it hid"),
    }
    # at nothing of the stage it is hidden still, at any part of it no longer
    (stretch,) = recognised_along(found, "T")
    assert (stretch.lo, stretch.hi, stretch.attained) == (0, 1, False)
    row = next(r for r in breaks_of(found).rows if (r.of, r.event) == ("T", "recognised"))
    assert (row.fraction, row.kind, row.exact) == (0, "exact", "0")


def test_a_loss_recognised_at_once_was_never_hidden():
    found = solved(POSTED, {**LOSS, "recognise": ["I"]})
    assert [dict(stage) for stage in recognised(found)] == [{}]
    assert recognised_along(found, "T") == ()


def test_a_loss_that_stays_hidden_is_no_event():
    found = solved(POSTED, LOSS, {"price": {"A": "10%"}})
    assert [dict(stage) for stage in recognised(found)] == [{}, {}]
    assert recognitions(found) == set()
    assert hidden_losses(found.end) == {"T": 28, "v": 14}


def test_the_backing_may_come_back():
    """The book is 1.2 and backing 70 + 20 (1 + 4 s) reaches it at s = 3/8; more is not hidden."""
    found = solved(POSTED, LOSS, {"price": {"A": "400%"}})
    assert found.end.token("T") == F(170, 100)
    (stretch,) = recognised_along(found, "T")
    assert (stretch.lo, stretch.attained) == (F(3, 8), True)
    row = next(r for r in breaks_of(found).rows if (r.of, r.event) == ("v", "recognised"))
    assert (row.exact, row.kind, row.because) == ("3/8", "exact", "its book shows what backs it")


def test_a_market_that_realises_bad_debt_shows_it_to_its_lenders():
    """Under a fixed oracle 60 of the 80 lent are backed; the oracle corrected, all is sold at 60."""
    system = System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        oracles={"stale": {"kind": "fixed", "price": "$1"}},
        issuers={"V": {"owns": {"M": 100}, "issues": {"v": share(100)}}},
        markets={"M": market("A", oracle="stale", cash=20, realises="true")},
        positions={"p": account("M", "A", 100, 80)},
    )
    found = solved(
        system,
        {"name": "fall", "price": {"A": "-40%"}},
        {"name": "corrected", "misprice": {"stale": "$0.6"}},
    )
    assert hidden_losses(found.ends[0]) == {"M": 20, "v": 20}
    paid = 60 / F(105, 100)
    assert found.end.claim("M") == 20 + paid
    assert [sorted(stage) for stage in recognised(found)] == [[], ["M", "v"]]
    # the reading falls from 1 to 0.6; below 0.63 a liquidator breaks even and sells all
    (stretch,) = recognised_along(found, "M")
    assert float(stretch.lo) == pytest.approx(float((1 - F(63, 100)) / F(4, 10)), abs=1e-11)


def test_in_expectations():
    asked = [
        {"of": "T", "event": "recognised", "happens": "always"},
        {"of": "T", "event": "recognised", "happens": "always", "after": "taken in"},
        {"of": "T", "event": "recognised", "happens": "never", "after": "loss"},
        {"of": "I", "event": "recognised", "happens": "always"},
        {"of": "v", "metric": "break_fraction", "event": "recognised", "is": "0%"},
    ]
    assert [row.outcome for row in check(case(POSTED, LOSS, TAKEN_IN, expect=asked)).rows] == [
        "ok"
    ] * 5
    never = [{"of": "T", "event": "recognised", "happens": "always"}]
    assert [row.outcome for row in check(case(POSTED, LOSS, expect=never)).rows] == ["FAIL"]


def test_a_run_without_stages_recognises_nothing():
    assert not [e for e in lr.run(POSTED).event_rows if e.event == "recognised"]
