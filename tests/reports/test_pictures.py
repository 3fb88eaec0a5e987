"""The arithmetic of the pictures: what is drawn is what was solved."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from math import fsum

import pytest

import looprisk as lr
from looprisk.analysis.sliding import at
from looprisk.errors import ModelError
from looprisk.reports.pictures.curve import lines_of
from looprisk.reports.pictures.ladder import ladder
from looprisk.reports.pictures.pieces import pieces_of
from looprisk.reports.pictures.rungs import value_of
from looprisk.reports.pictures.waterfall import steps_of
from looprisk.results import AxisMark
from tests.reports.systems import FIVE, SCENARIOS, STATIC, study

SVG = "{http://www.w3.org/2000/svg}"
EACH = pytest.mark.parametrize(("name", "scenario"), FIVE)


def draw(kind, name, scenario):
    return lr.picture(study(name, scenario).what, kind)


@EACH
def test_equity_and_claims_of_the_pyramid_are_those_of_the_layers(name, scenario):
    clearing = study(name, scenario).clearing
    pieces = pieces_of(clearing)
    ids = {row.id for row in clearing.layer_rows}
    drawn = fsum(piece.start_usd for piece in pieces if set(piece.ids) <= ids)
    assert drawn == pytest.approx(fsum(row.claims_usd for row in clearing.layer_rows), rel=1e-12)
    for row in clearing.layer_rows:
        mine = [piece for piece in pieces if piece.ids == (row.id,)]
        assert fsum(p.lost_usd for p in mine) == pytest.approx(
            row.economic_loss_usd, rel=1e-9, abs=1e-6
        )


@EACH
def test_lost_area_of_the_pyramid_is_the_money_lost(name, scenario):
    clearing = study(name, scenario).clearing
    root = ET.fromstring(lr.picture(clearing).svg())
    pieces = pieces_of(clearing)
    band = {}
    for mark in root.iter(f"{SVG}rect"):
        if "data-k" in mark.attrib:
            key = (frozenset(mark.get("data-k").split(",")), mark.get("data-l"))
            wide, high = float(mark.get("width")), float(mark.get("height"))
            band[key] = wide * high
    for (ids, is_equity), area in band.items():
        inside = [p for p in pieces if set(p.ids) <= ids and (not p.layer) == (is_equity == "1")]
        start = fsum(p.start_usd for p in inside)
        lost = min(max(fsum(p.lost_usd for p in inside), 0.0), start)
        whole = 34 if is_equity == "1" else 46
        per_dollar = (
            max(
                float(mark.get("width"))
                for mark in root.iter(f"{SVG}rect")
                if frozenset((mark.get("data-k") or "").split(",")) == ids
                and mark.get("data-l") == is_equity
            )
            / start
        )
        assert area == pytest.approx(lost * per_dollar * whole, rel=0.02, abs=5)


@EACH
def test_steps_of_the_waterfall_end_at_nothing(name, scenario):
    clearing = study(name, scenario).clearing
    left = clearing.shock.loss_usd - fsum(step.loss_usd for step in steps_of(clearing))
    assert left == pytest.approx(0, abs=1e-9 * max(1, abs(clearing.shock.loss_usd)))


@EACH
def test_the_ladder_stands_where_the_breaks_are(name, scenario):
    breaks = study(name, scenario).breaks
    picture = ladder(breaks)
    shock = breaks.shock
    serious = {"impaired", "bad_debt", "insolvent"}
    for rung in picture.table:
        events = [r for r in breaks.rows if r.of == rung.of and r.fraction is not None]
        broken = [row.fraction for row in events if row.event in serious]
        expected = min(broken, default=min((row.fraction for row in events), default=None))
        assert rung.first == expected
        if expected is not None and events:
            at = min((r for r in events if r.fraction == expected), key=lambda r: r.event).at
            assert value_of(shock, expected) == pytest.approx(at.value, rel=1e-12)


@EACH
def test_the_curve_passes_through_the_loss_as_written(name, scenario):
    found = study(name, scenario)
    by_label = {}
    for row in found.clearing.layer_rows:
        by_label[row.label or row.id] = row
    for line in lines_of(found.breaks):
        row = by_label[line.label.split(" + ")[0]]
        x = found.breaks.shock.as_written
        reached = [p for p in line.points if p[0] <= x]
        (a, y), (b, z) = reached[-1], next((p for p in line.points if p[0] >= x), reached[-1])
        share = y if a == b else y + (x - a) / (b - a) * (z - y)
        start = row.economic_usd + row.economic_loss_usd
        assert share * start == pytest.approx(row.economic_loss_usd, rel=1e-9, abs=1e-6)


@EACH
def test_money_that_travels_is_money_that_is_there(name, scenario):
    travel = study(name, scenario).travel
    for stop in travel.stops:
        arrives = [tie for tie in travel.ties if tie.target == stop.id]
        if stop.layer and arrives:
            assert fsum(t.before_usd for t in arrives) <= stop.before_usd * (1 + 1e-9)
    clearing = study(name, scenario).clearing
    outside = fsum(s.before_usd - s.after_usd for s in travel.stops if s.layer == 0)
    legs = any(stop.kind == "venue" for stop in travel.stops)
    excess = fsum(r.loss_usd for r in clearing.waterfall_rows if r.kind == "excess")
    if not legs:
        assert outside == pytest.approx(clearing.shock.loss_usd - excess, rel=1e-9, abs=1e-6)


def test_the_range_of_the_curve_is_what_a_panic_costs():
    found = study("three-firms", "panic")
    gaps = {row.id: row.self_fulfilling_usd for row in found.clearing.layer_rows}
    least = {curve.of: at(curve, 1.0) for curve in found.breaks.least_curves}
    greatest = {curve.of: at(curve, 1.0) for curve in found.breaks.curves}
    assert sum(gap > 0 for gap in gaps.values()) > 3
    for of, gap in gaps.items():
        assert least.get(of, greatest[of]) - greatest[of] == pytest.approx(gap, abs=1e-9)
    assert "svg.lr .tint" in draw("curve", "three-firms", "panic").svg()
    assert study("stream-own-token", "loss-93").breaks.least_curves == ()


def test_titles_are_findings():
    assert draw("pyramid", "stream-own-token", "loss-93").title == (
        "$170.0M of equity carries $1.76B of claims; a loss of $93.0M takes 26.5% of the equity"
    )
    assert draw("waterfall", "stream-own-token", "loss-93").title == (
        "xUSD holders lose $45.0M of the $93.0M; 8 other claimants share $48.0M"
    )
    assert draw("ladder", "stream-own-token", "loss-93").title == (
        "13 of 14 layers break at the same $31.3M: one event, not 13"
    )
    assert draw("curve", "stream-own-token", "loss-93").title == (
        "xUSD pays first, from the start; 10 layers join at $31.3M"
    )


def test_an_answer_that_lacks_what_is_shown_says_what_to_pass():
    clearing = study("stream-own-token", "loss-93").clearing
    with pytest.raises(ModelError, match="drawn from a scenario without `time`, not Clearing"):
        lr.picture(clearing, "network")
    with pytest.raises(ModelError, match="did you mean pyramid"):
        lr.picture(clearing, "piramid")


def test_same_answer_same_bytes_in_another_process():
    code = (
        "import looprisk as lr, hashlib;"
        f"case = lr.load({str(SCENARIOS / 'cycle.yaml')!r})['ten-percent'];"
        f"text = ''.join(lr.picture(case, kind).svg() for kind in {STATIC!r});"
        "print(hashlib.sha256(text.encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(SCENARIOS.parent)},
        ).stdout
        for seed in ("0", "1")
    }
    assert len(digests) == 1


def test_the_table_goes_where_tables_go():
    table = draw("waterfall", "stream-own-token", "loss-93").table
    assert fsum(row["loss_usd"] for row in json.loads(table.to_json())) == pytest.approx(93e6)


def test_a_shock_that_bends_is_solved_at_its_dots():
    found = study("accounts-table", "minus-20")
    assert not any(len(curve.fractions) > 1 for curve in found.breaks.curves)
    lost = {row.id: row.economic_loss_usd for row in found.clearing.layer_rows}
    assert {curve.of: curve.loss_usd[-1] for curve in found.between} == pytest.approx(lost)
    halved = lr.run(lr.load(SCENARIOS / "accounts-table.yaml").system, price={"wstETH": -0.1})
    half = {row.id: row.economic_loss_usd for row in halved.layer_rows}
    assert {c.of: at(c, 0.5) for c in found.between} == pytest.approx(half, abs=1e-6)
    assert "17 sizes solved" in draw("curve", "accounts-table", "minus-20").subtitle


def test_more_than_three_marks_near_each_other_are_numbered():
    places = {"disclosed": 93e6, "a rumour": 110e6, "auditors": 120e6, "twice": 186e6}
    marks = tuple(AxisMark(label=label, value=value) for label, value in places.items())
    breaks = study("stream-own-token", "how-far").breaks
    few = ladder(replace(breaks, marks=marks[:2])).svg()
    many = ladder(replace(breaks, marks=marks)).svg()
    assert ">disclosed $93.0M<" in few
    assert ">1 disclosed $93.0M<" in many.replace("  ", " ")
    assert ">4<" in many
