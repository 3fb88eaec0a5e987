"""Every picture has an interactive twin, with the same numbers and no markup of a name."""

import builtins
import json
from math import fsum

import pytest

import looprisk as lr
from looprisk.errors import ModelError
from looprisk.reports import FIGURES, PICTURES
from looprisk.reports.figure import figure_spec
from looprisk.reports.theme import LIGHT
from tests.reports.hostile import clearing
from tests.reports.systems import FIVE, STATIC, study
from tests.reports.test_more_pictures import lending, load, swept


def test_every_picture_has_a_twin():
    assert list(FIGURES) == list(PICTURES)


@pytest.mark.parametrize(("name", "scenario"), FIVE)
def test_twins_of_real_systems_are_figures_with_the_same_words(name, scenario):
    what = study(name, scenario).what
    for kind in STATIC:
        made = lr.figure(what, kind)
        drawn = lr.picture(what, kind)
        assert made.layout.title.text.startswith("<b>")
        assert drawn.title.split(";")[0].split("&")[0][:20] in made.layout.title.text
        json.loads(made.to_json())


def test_the_bars_of_the_pyramid_are_the_claims():
    what = study("stream-own-token", "loss-93")
    made = lr.figure(what.what, "pyramid")
    lost = fsum(bar.x[0] for bar in made.data if bar.name == "lost")
    whole = fsum(bar.x[0] for bar in made.data)
    rows = what.clearing.layer_rows
    assert lost == pytest.approx(fsum(row.economic_loss_usd for row in rows))
    assert whole == pytest.approx(fsum(row.claims_usd for row in rows))


def test_the_steps_of_the_waterfall_end_at_nothing():
    (trace,) = lr.figure(study("stream-own-token", "loss-93").what, "waterfall").data
    assert fsum(trace.x) == pytest.approx(0, abs=1)
    assert trace.x[0] == pytest.approx(93e6)


def test_twins_of_markets_time_and_sweeps_are_figures():
    table = study("accounts-table", "minus-20").what
    cascade = load("hedge-in-time")["rally-first"]
    asked = [
        (cascade, "timeline", "nUSD"),
        (cascade, "utilisation", "lend"),
        (table, "health", ""),
        (table, "distribution", "wsteth-usdc"),
        (lending(), "bad_debt", ""),
        (lending(), "depth", "pool"),
        (load("pooled")["ether-falls"], "maturity", ""),
        (study("stream-own-token", "loss-93").what, "tornado", "unidentified"),
        (study("stream-runs", "after-93M").what, "run", ""),
        (swept(), "heat", ""),
        (lr.sweep(lending(), {"shock": [0.0, 1.0]}, measure=["lend bad_debt_usd"]), None, ""),
    ]
    for what, kind, of in asked:
        made = lr.figure(what, kind, of)
        assert made.data
        assert made.layout.title.text


def test_names_cannot_be_markup_in_a_figure():
    for kind in ("pyramid", "waterfall", "ladder", "reported"):
        spec = json.dumps(figure_spec(clearing(), kind), ensure_ascii=False)
        assert "<script" not in spec.lower()
        assert "<a " not in spec.lower()
        assert "<img" not in spec.lower()


def test_without_plotly_it_says_what_to_type(monkeypatch):
    load_module = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith("plotly"):
            raise ImportError(name)
        return load_module(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'looprisk\[plots\]'"):
        lr.figure(study("cycle", "ten-percent").what)


def test_a_figure_that_does_not_exist_is_named():
    with pytest.raises(ModelError, match="did you mean pyramid"):
        lr.figure(study("cycle", "ten-percent").what, "pyramd")


def test_one_colour_has_one_meaning_in_figures_too():
    for kind in ("curve", "ladder", "pyramid"):
        spec = figure_spec(study("stream-own-token", "loss-93").what, kind)
        named = {}
        for trace in spec["data"]:
            if trace.get("showlegend", True) and "name" in trace:
                colour = (trace.get("line") or trace.get("marker"))["color"]
                named.setdefault(trace["name"], set()).add(colour)
        assert all(len(colours) == 1 for colours in named.values()), kind
        assert set().union(*named.values()) <= {
            LIGHT[c] for c in ("loss", "value", "equity", "ink")
        }


def test_a_bent_shock_is_drawn_from_what_was_solved():
    spec = figure_spec(study("accounts-table", "minus-20").what, "curve")
    assert len(spec["data"][0]["x"]) == 17
    assert spec["layout"]["xaxis"]["title"]["text"] == "fall in the price of wstETH, %"
