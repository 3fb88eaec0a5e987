"""Responses that are no straight lines: the scan against a fine grid of exact solutions."""

from dataclasses import replace

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.check import check
from looprisk.analysis.solve import solve
from looprisk.engine.curved import WIDTH
from looprisk.engine.kept import Kept
from looprisk.engine.monitors import holds_at, monitors
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario
from tests.files.corpus import SCENARIOS
from tests.semantics.build import DOLLAR, F, account, at, market, share, solved


def sold_by_its_owner(book: str = "$140") -> System:
    """An issuer posts its own token; what sellers get for it falls, so the share sold grows."""
    return System(
        assets=DOLLAR,
        issuers={
            "I": {
                "outside": {"book": book},
                "owes": {"bank": {"to": "outside", "amount": "$70"}},
                "issues": {"X": share(150, market_price="$1")},
                "pays": ["debts", "X"],
            },
            "W": {"owns": {"X": 40}, "owes": {"outside": "$10"}, "pays": ["debts", "equity"]},
        },
        markets={"m": market("X", lltv="80%")},
        positions={"p": account("m", "X", 50, 35, owner="I")},
    )


def grid(found, points: int) -> dict:
    """The events that hold at each point of a grid."""
    holding = {}
    for k in range(points + 1):
        s = F(k, points)
        point = at(found, s)
        holding[s] = {
            (m.of, m.event) for m in monitors(point.compiled, found.baseline) if holds_at(m, point)
        }
    return holding


@pytest.mark.parametrize(
    "stage",
    [
        {"depeg": {"X": "60%"}},
        {"depeg": {"X": "60%"}, "loss": {"I": "$40"}},
        {"depeg": {"X": "$0.2"}, "price": {"USDC": "+10%"}},
    ],
    ids=["depeg", "with-a-loss", "with-a-dearer-debt"],
)
def test_the_scan_agrees_with_a_fine_grid(stage):
    found = solved(sold_by_its_owner(), stage)
    assert not found.segments
    broken = found.broken
    seen = grid(found, 500)
    assert set().union(*seen.values()) == set(broken)
    for s, events in seen.items():
        for key, stretches in broken.items():
            inside = any(x.lo < s <= x.hi or (x.attained and s == x.lo) for x in stretches)
            assert (key in events) == inside, (key, s)
    for key, stretches in broken.items():
        lo = stretches[0].lo
        assert lo == 0 or key not in events_at(found, lo)
        assert key in events_at(found, min(F(1), lo + 2 * WIDTH))


def events_at(found, s: F) -> set:
    point = at(found, s)
    return {(m.of, m.event) for m in monitors(point.compiled, found.baseline) if holds_at(m, point)}


def test_triggers_are_exact_and_the_rest_is_a_bracket():
    rows = {
        (r.of, r.event): r for r in lr.break_points(sold_by_its_owner(), depeg={"X": "60%"}).rows
    }
    liquidated = rows[("p", "liquidated")]
    # 0.8 x 50 x (1 - 0.6 s) = 35
    assert (liquidated.kind, liquidated.exact) == ("exact", str(F(1, 8) / F(6, 10)))
    insolvent = rows[("I", "insolvent")]
    assert insolvent.fraction is None or insolvent.kind == "bracket"


def test_a_depeg_below_a_level_is_found_where_the_response_is_curved():
    system = sold_by_its_owner()
    expect = [
        {"of": "X", "metric": "break_fraction", "event": "depegged", "below": "$0.7", "is": "50%"},
        {"of": "X", "event": "depegged", "below": "$0.7", "happens": "always"},
        {"of": "X", "event": "depegged", "below": "$0.3", "happens": "never"},
    ]
    tree = {"stages": [{"depeg": {"X": "60%"}}], "expect": expect}
    scenario, problems = parse_scenario(tree, system)
    assert not problems
    report = check(Case(system=system, scenario=scenario))
    assert [row.outcome for row in report.rows] == ["ok", "ok", "ok"], report.rows


def test_faces_of_one_rank_in_two_units_are_curved():
    system = System(
        assets={"ETH": {"price": "$50"}},
        issuers={
            "I": {
                "outside": {"cash": "$150"},
                "owes": {
                    "eth": {"to": "outside", "amount": "2 ETH"},
                    "usd": {"to": "outside", "amount": "$50"},
                },
                "pays": ["debts", "equity"],
            }
        },
    )
    found = solved(system, {"price": {"ETH": "+100%"}, "loss": {"I": "$20"}})
    assert not found.segments
    (stretch,) = found.broken[("I", "insolvent")]
    assert abs(stretch.lo - 0) <= WIDTH
    assert found.end.claim("I/owes/eth") == F(200, 250) * 130


def test_a_price_and_its_unit_move_together():
    """A loop of wstETH that owes ETH: what ETH does in dollars changes no break point."""
    system = lr.load(SCENARIOS / "wsteth-loop.yaml").system
    both = lr.run(system, price={"wstETH": -0.1, "ETH": -0.3})
    slips = lr.run(system, price={"wstETH": -0.1})
    for row in slips.layer_rows:
        dollars = both.layer(row.id)
        assert dollars.economic_usd == pytest.approx(row.economic_usd * 0.7)
    at = {(b.of, b.event): b.fraction for b in lr.break_points(system, price={"wstETH": -0.1}).rows}
    found = lr.break_points(system, price={"wstETH": -0.1, "ETH": -0.3}).rows
    assert [b.fraction for b in found if b.event == "liquidated"] == pytest.approx(
        [f for (_, event), f in at.items() if event == "liquidated"], abs=1e-9
    )


@pytest.mark.parametrize(
    ("file", "scenario"),
    [
        ("stream-runs", "everybody-asks"),
        ("stream-morpho", "cash-before"),
        ("stream-own-token", "how-far"),
        ("accounts-table", "minus-20"),
    ],
)
def test_points_that_keep_their_nodes_are_those_made_anew(file, scenario):
    """Node by node, claim by claim, to the last digit, in whatever order they are asked."""
    run = solve(lr.load(SCENARIOS / f"{file}.yaml")[scenario]).scaled
    kept = replace(run, kept=Kept())
    for s in (F(0), F(1, 3), F(9, 10), F(1, 3), F(1)):
        one, other = kept.at(s), run.at(s)
        assert one.compiled.skeleton == other.compiled.skeleton
        assert one.compiled.minus_cycle == other.compiled.minus_cycle
        for name in ("y", "z", "alive", "cells"):
            mine, theirs = (getattr(p.solution, name).tolist() for p in (one, other))
            assert mine == theirs
    assert kept.at(F(1, 3)).solution is kept.at(F(1, 3)).solution
    assert run.at(F(1, 3)).solution is not run.at(F(1, 3)).solution


def test_only_what_was_audited_as_it_is_now_is_passed_over():
    found = solved(sold_by_its_owner(), {"depeg": {"X": "60%"}})
    run = replace(found.scaled, kept=Kept())
    before = run.at(F(1, 5)).compiled
    index, held = before.index, set(before.form.held_claim.tolist())
    node = before.node_of["p"]
    watched = tuple(index.claim[claim.id] in held for claim in node.claims)
    assert any(watched)
    assert run.kept.is_sound(node, watched)
    assert not run.kept.is_sound(node, tuple(not flag for flag in watched))
    later = run.at(F(4, 5)).compiled.node_of["p"]
    assert later != node
    assert not run.kept.is_sound(node, watched)
    assert run.kept.is_sound(later, watched)
