from dataclasses import FrozenInstanceError, replace

import pytest

from looprisk.errors import ModelError
from looprisk.results import At, Cause, Certificate, CheckReport, Shock, ShockMove, WaterfallRow
from looprisk.results.break_phrases import never_breaks
from looprisk.results.numbers import DOLLARS, MILLIONS
from looprisk.results.phrases import (
    certified,
    clearing_headline,
    shock_headline,
)
from tests.results.examples import BREAKS, CERTIFICATE, CHECK, CLEARING, LOOP_BREAKS, SHOCK


def _row(claimant, loss, kind="claim"):
    return WaterfallRow(claimant=claimant, via="v", loss_usd=loss, kind=kind)


@pytest.mark.parametrize(
    ("rows", "who"),
    [
        ([], "nobody loses"),
        ([_row("A", 0.0)], "nobody loses"),
        ([_row("A", -2e6)], "nobody loses, holders gain $2.0M"),
        ([_row("TelosC", 5e6), _row("B", 0.0)], "TelosC loses $5.0M, nobody else loses"),
        (
            [_row("xUSD holders", 5e6), _row("B", 14)],
            "xUSD holders lose $5.0M, everybody else <$1k",
        ),
        ([_row("A", 5e6), _row("B", -2e6)], "A loses $5.0M, everybody else gains $2.0M"),
        ([_row("A", 3e6), _row("B", 5e6), _row("A", 4e6)], "A loses $7.0M, everybody else $5.0M"),
        (
            [_row("A", 5e6), _row("liquidators", -1e6, "leak"), _row("", 2e6, "excess")],
            "A loses $5.0M, nobody else loses, liquidators take $1.0M, $2.0M is beyond every claim",
        ),
    ],
)
def test_the_headline_says_who_loses(rows, who):
    assert clearing_headline(SHOCK, rows, MILLIONS) == f"A loss of $250.0M at Stream: {who}."


def test_a_small_book_is_told_in_dollars():
    assert clearing_headline(SHOCK, [_row("me", 14)], DOLLARS).endswith(
        "me loses $14.00, nobody else loses."
    )


@pytest.mark.parametrize(
    ("verb", "size", "unit", "text"),
    [
        ("loss", 93e6, "usd", "A loss of $93.0M at T"),
        ("loss", 0.4, "fraction", "A loss of 40.0% of T"),
        ("price", -0.06, "fraction", "A fall of 6.0% in the price of T"),
        ("price", 0.15, "fraction", "A rise of 15.0% in the price of T"),
        ("price", 3436.0, "price", "T at $3436.0000"),
        ("depeg", 0.1, "fraction", "A depeg of 10.0% of T"),
        ("depeg", 0.65, "price", "T at $0.6500"),
        ("default", 0.4, "fraction", "A default of T that pays 40.0%"),
        ("recognise", None, "usd", "Recognition at T"),
        ("close", None, "usd", "A close of T"),
        ("freeze", None, "usd", "A freeze of T"),
        ("mint", 1e6, "tokens", "Mint of T"),
    ],
)
def test_every_shock_has_words(verb, size, unit, text):
    move = ShockMove(verb=verb, target="T", size=size, unit=unit)
    shock = replace(SHOCK, moves=(move,))
    assert shock_headline(shock) == text
    assert shock_headline(replace(shock, moves=(move, move))) == f"{text}, with 1 more shock"
    assert shock_headline(replace(shock, moves=(move,) * 3)) == f"{text}, with 2 more shocks"
    assert shock_headline(replace(shock, moves=())) == "No shock"


def test_first_lines_of_a_sweep():
    assert BREAKS.headline == "The first break is at $170.0M: 6 of 11 layers together."
    assert LOOP_BREAKS.headline == "The first break is at 4.76%: me alone, of 2 layers."
    assert LOOP_BREAKS.subtitle == (
        "shock: fall in the price of wstETH, 0% to 100.00% · as written 100.00% (4.76% is enough)"
    )
    at_start = replace(BREAKS.rows[0], fraction=0.0, at=At(path="p", value=0.0, unit="usd"))
    told = replace(BREAKS, rows=(at_start,))
    assert told.headline == "1 of 11 layers is broken before any shock."
    weak = replace(BREAKS, rows=(replace(BREAKS.rows[0], fraction=1.4),))
    assert weak.subtitle.endswith("as written $250.0M (not enough)")
    assert len(BREAKS) == len(tuple(BREAKS)) == 11


def test_an_axis_of_several_shocks_is_called_a_shock():
    moves = (*SHOCK.moves, ShockMove(verb="price", target="ETH", size=-0.1, unit="fraction"))
    shock = replace(SHOCK, moves=moves, unit="fraction", path="Stream and 1 more", as_written=1.0)
    shock = replace(shock, searched_to=1.0)
    told = replace(BREAKS, shock=shock, rows=())
    assert told.subtitle == "shock: size of Stream and 1 more, 0% to 100.00% · as written 100.00%"


def test_a_level_falls_from_where_it_starts():
    shock = Shock(
        moves=(ShockMove(verb="depeg", target="sUSDe", size=0.65, unit="price"),),
        path="sUSDe",
        unit="price",
        start=1.0,
        as_written=0.65,
        searched_to=0.0,
    )
    told = replace(BREAKS, shock=shock, rows=())
    assert told.headline == "Nothing breaks, up to $0."
    assert told.subtitle == "shock: depeg of sUSDe, $1.0000 to $0 · as written $0.6500"


def test_never_lists_only_layers_that_no_event_reaches():
    text = never_breaks(SHOCK, BREAKS.rows, BREAKS.labels)
    assert text == "never, to $625.0M: Spark USDC, MEV Capital USDC"
    assert never_breaks(SHOCK, BREAKS.rows[:3], {}) == ""


@pytest.mark.parametrize(
    ("certificate", "text"),
    [
        (
            CERTIFICATE,
            "certified: residual 0, conservation gap 2e−16, gap to least solution $0",
        ),
        (
            replace(CERTIFICATE, least_gap_usd=None, unique=True, exact=True),
            "certified: residual 0, conservation gap 2e−16, the only solution, in exact fractions",
        ),
        (
            Certificate(residual=1e-9, conservation_gap=0.0, exact_mode=False),
            "simulated, not exact: residual 1e−9, conservation gap 0, least solution not solved",
        ),
    ],
)
def test_the_proof_is_told_in_one_line(certificate, text):
    assert certified(certificate) == text


def test_an_answer_that_does_not_add_up_is_refused():
    short = CLEARING.waterfall_rows[:-1]
    with pytest.raises(ValueError, match="the waterfall: the terms add up to"):
        replace(CLEARING, waterfall_rows=short)
    with pytest.raises(ValueError, match=r"the causes of xUSD: the terms add up to 1\.0, not to"):
        replace(CLEARING, causes={"xUSD": (Cause(text="t", amount_usd=1.0),)})
    with pytest.raises(ValueError, match="add up to nan"):
        replace(CLEARING, causes={"xUSD": (Cause(text="t", amount_usd=float("nan")),)})


def test_explain_finds_a_layer_by_id_or_by_name():
    assert CLEARING.explain("relend").rows == CLEARING.explain("Relend USDC").rows
    assert CLEARING.layer("Relend USDC").id == "relend"
    with pytest.raises(ModelError, match="`layers` lists every id"):
        CLEARING.explain("nothing like it")


def test_explain_gives_at_most_seven_causes_and_loses_nothing():
    table = CLEARING.explain("plume-xusd")
    assert len(table) == 7
    assert table["cause"][-1] == "3 smaller causes"
    assert sum(table["amount_usd"]) == pytest.approx(11.36e6, rel=1e-12)


def test_answers_render_by_themselves():
    for answer in (CLEARING, BREAKS, CHECK):
        assert repr(answer).splitlines()[0] == answer.headline
        assert "<script" not in answer._repr_html_()
        assert "style=" not in answer._repr_html_()
        assert "| :--- |" in answer._repr_markdown_() or "| ---: |" in answer._repr_markdown_()
    assert "certified:" in CLEARING._repr_markdown_()


def test_only_a_failure_exits_with_one():
    assert CHECK.exit_code == 1
    assert [row.line for row in CHECK.failed] == [14, 19]
    passed = CheckReport(rows=CHECK.rows[:2], scenario_count=1)
    assert passed.exit_code == 0
    assert passed.headline == "2 passed · 1 scenario · exit 0"


def test_answers_are_frozen():
    with pytest.raises(FrozenInstanceError):
        CLEARING.scenario = "other"
