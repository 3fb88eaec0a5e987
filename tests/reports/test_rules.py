"""The chapter `same shock, other rule`, with what other files say of the same shock."""

import pytest

import looprisk as lr
from looprisk.errors import ModelError
from looprisk.reports.rule_chapter import rule_chapter
from tests.reports.systems import SCENARIOS, study


def test_a_case_beside_is_a_row_with_its_own_answer():
    other = study("stream-own-token", "loss-93")
    chapter = rule_chapter(study("stream-recourse", "loss-93"), beside=[other.case])
    table = chapter.blocks[-1].table
    this, that = table.rows
    assert (this.first_break, that.first_break) == ("$170.0M", "$31.3M")
    claims = [row for row in other.clearing.waterfall_rows if row.kind == "claim"]
    most = max(claims, key=lambda row: row.loss_usd)
    assert (that.most, that.most_usd) == (most.claimant, most.loss_usd)
    whole = sum(row.loss_usd for row in claims)
    assert that.most_usd + that.others_usd == pytest.approx(whole)


def test_without_another_rule_the_chapter_says_so():
    (said,) = rule_chapter(study("cycle", "ten-percent")).blocks
    assert "no other rule would change who bears this" in said.text


def test_what_has_no_rules_holds_nothing_beside():
    case = lr.load(SCENARIOS / "hedge-in-time.yaml")["rally-first"]
    with pytest.raises(ModelError, match="holds nothing against another rule"):
        lr.report(case, beside=[case])
