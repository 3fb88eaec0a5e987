"""What holds in every system: properties over random small ones, in exact numbers."""

from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from looprisk.engine.clear import clear
from looprisk.engine.monitors import holds_at, monitors
from tests.semantics.build import F, at, keeps_every_dollar, solved
from tests.semantics.random_systems import relabelled, scaled, split_in_two, systems

SOME = settings(max_examples=35)
SHARES = [F(0), F(1, 7), F(1, 3), F(1, 2), F(19, 27), F(1)]


@SOME
@given(systems(depegs=True))
def test_every_dollar_is_somewhere_and_nobody_has_less_than_nothing(drawn):
    solved(
        drawn.system, drawn.stage
    )  # checks the start, the end, the least solution, the waterfall


@SOME
@given(systems())
def test_losses_grow_with_an_adverse_shock(drawn):
    found = solved(drawn.system, drawn.stage)
    for selection in ("greatest", "least"):
        points = [at(found, s, selection) for s in SHARES]
        for claim in points[0].compiled.index.claim:
            values = [p.claim(claim) for p in points]
            assert values == sorted(values, reverse=True), (claim, selection)


@SOME
@given(systems(depegs=True), st.sampled_from([2, 7, 1000]))
def test_money_has_no_scale(drawn, k):
    one, many = solved(drawn.system, drawn.stage), solved(scaled(drawn, k).system, drawn.stage)
    for first, second in zip((one.start, one.end), (many.start, many.end), strict=True):
        for claim in first.compiled.index.claim:
            assert second.claim(claim) == k * first.claim(claim)
    assert starts(one) == starts(many)


@SOME
@given(systems(depegs=True))
def test_names_and_order_mean_nothing(drawn):
    other, names = relabelled(drawn)
    one, two = solved(drawn.system, drawn.stage), solved(other.system, other.stage)
    for first, second in zip(
        (one.start, one.end, one.least), (two.start, two.end, two.least), strict=True
    ):
        for claim in first.compiled.index.claim:
            head, *rest = claim.split("/")
            assert second.claim("/".join([names.get(head, head), *rest])) == first.claim(claim)
    renamed = {
        (names.get(of.split("/")[0], of), event): s
        for (of, event), s in starts(one).items()
        if "/" not in of
    }
    assert renamed == {key: s for key, s in starts(two).items() if "/" not in key[0]}


def starts(found) -> dict:
    """Where each event holds; a curved response is left to tests of its own."""
    if not found.segments:
        return {}
    return {key: [(s.lo, s.hi) for s in stretches] for key, stretches in found.broken.items()}


@SOME
@given(systems(depegs=True), st.data())
def test_an_account_in_two_halves_is_the_same_account(drawn, data):
    assume(drawn.positions)
    name = data.draw(st.sampled_from(sorted(drawn.positions)))
    one = solved(drawn.system, drawn.stage)
    two = solved(split_in_two(drawn, name).system, drawn.stage)
    for first, second in ((one.start, two.start), (one.end, two.end), (one.least, two.least)):
        for claim in first.compiled.index.claim:
            head, _, what = claim.partition("/")
            if head == name:
                halves = [second.claim(f"{name}{half}/{what}") for half in "ab"]
                assert halves[0] == halves[1] == first.claim(claim) / 2
            else:
                assert second.claim(claim) == first.claim(claim)
    kept = {key: s for key, s in starts(one).items() if key[0] != name}
    assert kept == {
        key: s for key, s in starts(two).items() if key[0] not in {f"{name}a", f"{name}b"}
    }


@SOME
@given(systems(depegs=True))
def test_no_shock_no_loss(drawn):
    nothing = {verb: dict.fromkeys(targets, "0%") for verb, targets in drawn.stage.items()}
    found = solved(drawn.system, nothing)
    assert found.start.solution.z.tolist() == found.end.solution.z.tolist()
    unshocked = solved(drawn.system)
    assert unshocked.end.solution.z.tolist() == found.end.solution.z.tolist()


@SOME
@given(systems(depegs=True))
def test_the_pieces_of_the_response_are_its_solutions(drawn):
    found = solved(drawn.system, drawn.stage)
    for selection in ("greatest", "least"):
        segments = found.scaled.segments(selection)
        for s in SHARES:
            piece = next(
                (
                    p
                    for seg in segments
                    for p in seg.pieces
                    if p.lo < s <= p.hi or p.lo == s == p.hi
                ),
                None,
            )
            if piece is not None:
                point = at(found, s, selection)
                assert piece.z(s).tolist() == point.solution.z.tolist(), (s, selection)
        ends = [p for seg in segments for p in seg.pieces]
        assert all(a.hi == b.lo for a, b in pairwise(ends))


@SOME
@given(systems(depegs=True))
def test_an_event_is_absent_at_its_break_point_and_there_just_after(drawn):
    found = solved(drawn.system, drawn.stage)
    assume(found.segments)
    for key, stretches in found.broken.items():
        for stretch in stretches:
            if not stretch.attained:
                assert key not in held(found, stretch.lo), (key, stretch)
            if stretch.lo < stretch.hi:
                width = stretch.hi - stretch.lo
                for part in (F(1, 10**9), F(1, 2), F(10**9 - 1, 10**9)):
                    assert key in held(found, stretch.lo + part * width), (key, stretch)
        for s in SHARES:
            inside = any(x.lo < s < x.hi or (x.attained and s == x.lo) for x in stretches)
            if not inside and all(s not in (x.lo, x.hi) for x in stretches):
                assert key not in held(found, s), (key, s)


def held(found, s: F) -> set:
    point = found.scaled.at(s)
    return {(m.of, m.event) for m in monitors(point.compiled, found.baseline) if holds_at(m, point)}


@SOME
@given(systems(depegs=True))
def test_floats_come_near(drawn):
    found = solved(drawn.system, drawn.stage)
    for selection in ("greatest", "least"):
        point = at(found, 1, selection)
        floats = clear(point.compiled.form.floats(), selection)
        size = float(max(1, *point.solution.y))
        for exact, near in zip(point.solution.z, floats.z, strict=True):
            assert near == pytest.approx(float(exact), abs=1e-9 * size)


@SOME
@given(systems())
def test_the_greatest_solution_is_nowhere_below_the_least(drawn):
    found = solved(drawn.system, drawn.stage)
    for s in SHARES:
        high, low = at(found, s), at(found, s, "least")
        keeps_every_dollar(low)
        assert (high.solution.y >= low.solution.y).all()


@SOME
@given(systems(depegs=True), systems(depegs=True))
def test_stages_carry_what_a_liquidation_leaves(drawn, other):
    """Collateral less what was seized at the oracle's price, debt less what was repaid."""
    second = {"price": other.stage.get("price", {"E": "0%"})}
    found = solved(drawn.system, drawn.stage, second)
    first, run = found.ends[0], found.runs[1]
    cash = dict(found.runs[0].before.cash)
    for name, account in found.runs[0].before.accounts.items():
        left = run.before.accounts[name]
        if "liquidated" not in first.state_of(name):
            assert left == account
            continue
        (debt,), (kept,) = account.debts.values(), left.debts.values()
        repaid = debt - kept
        assert repaid == first.claim(f"{name}/debt")
        market = found.catalogue.loans[name].market
        cash[market] += repaid
        ((collateral, units),) = account.collateral.items()
        terms = found.catalogue.system.markets[market].collateral[collateral]
        seized = units - left.collateral[collateral]
        if "unpaid" in first.state_of(name):
            assert seized == units
        elif repaid:
            reading = first.reading(str(terms.oracle), collateral)
            assert seized * reading == (1 + terms.incentive.number) * repaid
    assert run.before.cash == cash
