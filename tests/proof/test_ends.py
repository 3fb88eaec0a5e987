"""Greatest and least of random systems that mix every element, against plain means, exactly.

``right_side`` is written from the rules of the model; ``ends`` finds the two ends of it without the
engine. More systems by hand: ``LOOPRISK_PROOF_SYSTEMS=20000 pytest tests/proof``.
"""

import os

import pytest

from looprisk.analysis.solve import Solved, solve
from looprisk.engine.book import book
from looprisk.engine.clear import clear
from looprisk.engine.market import market_values
from looprisk.engine.point import Point
from looprisk.errors import NotExactError
from looprisk.model import System
from tests.proof.draw import Draw
from tests.proof.ends import end
from tests.proof.market_side import MarketSide
from tests.proof.moment import F
from tests.proof.plain import Plain
from tests.semantics.build import case
from tests.tables.twins import Row, table_of

MOST = int(os.environ.get("LOOPRISK_PROOF_SYSTEMS", "1000"))
BATCH = 50
FIRST = range(0, MOST, BATCH)
SHARES = [F(1), F(1, 3), F(1), F(2, 3), F(0)]


def compared(seed: int, *, tables: bool = False) -> tuple[Solved, Plain, F] | None:
    """One random system, solved; None where the audits refuse it.

    With ``tables`` some accounts stand in tables for the engine, and never for the plain means.
    """
    drawn = Draw(seed)
    found = case(System(**drawn.system), drawn.stage)
    listed = Plain(found.system, found.scenario.stages[0])
    if tables and drawn.tables:
        found = case(System(**in_tables(drawn)), drawn.stage)
    try:
        solved = solve(found)
    except NotExactError:
        return None
    return solved, listed, SHARES[seed % len(SHARES)]


def in_tables(drawn: Draw) -> dict:
    """The same system with all accounts of some markets in a table each."""
    positions = dict(drawn.positions)
    for market, rows in drawn.tables.items():
        accounts = [positions.pop(row) for row in rows]
        positions[f"{market}book"] = table_of([_row(account) for account in accounts], market)
    return {**drawn.system, "positions": positions}


def _row(account: dict) -> Row:
    amounts = (account["collateral"], account["debt"])
    return Row(*({thing: str(n) for thing, n in several.items()} for several in amounts))


def same_values(point: Point, wanted: dict[str, F], where: object) -> None:
    """Every claim is worth what the rules say; of a table, all its accounts together."""
    found = {claim: point.claim(claim) for claim in point.compiled.index.claim}
    catalogue = point.compiled.world.catalogue
    for name, table in catalogue.tables.items():
        names = (*table.crowds, *table.apart)
        market = name.removesuffix("book")
        rows = {claim.partition("/")[0] for claim in wanted if claim.startswith(f"{market}a")}
        for kind in ("debt", "equity", "income"):
            together = sum((found.pop(f"{one}/{kind}", F(0)) for one in names), F(0))
            listed = sum((wanted.get(f"{row}/{kind}", F(0)) for row in rows), F(0))
            assert together == listed, (where, kind)
    assert found == {claim: wanted[claim] for claim in found}, where


@pytest.mark.parametrize("first", FIRST)
def test_greatest_and_least_are_those_of_the_rules(first):
    refused = 0
    for seed in range(first, first + BATCH):
        both = compared(seed, tables=True)
        if both is None:
            refused += 1
            continue
        solved, plain, s = both
        for selection in ("greatest", "least"):
            ends = {"greatest": solved.greatest, "least": solved.least} if s == 1 else {}
            point = ends.get(selection) or solved.scaled.at(s, selection)
            wanted = plain.solve(s, greatest=selection == "greatest")
            same_values(point, wanted, (seed, s, selection))
            if seed % 4 == 1 and plain.moment(s).quotes:
                sellers_get_what_is_quoted(point, plain, s, wanted, (seed, s, selection))
            if seed % 4 == 0:
                books_agree(point, wanted, (seed, s, selection))
                floats_come_near(point, selection, (seed, s, selection))
    assert refused <= BATCH // 4


def books_agree(point: Point, wanted: dict[str, F], where: object) -> None:
    """What screens show: computed prices of shares, and every supply."""
    shown = book(point)
    units = {
        supply: point.compiled.index.claim_of[point.compiled.index.claim[supply]].units
        for supply in shown.supplies
    }
    prices = {token: price for token, price in shown.prices.items() if f"book of {token}" in wanted}
    prices |= {s: value / units[s] for s, value in shown.supplies.items() if units[s]}
    assert prices == {thing: wanted[f"book of {thing}"] for thing in prices}, where


def sellers_get_what_is_quoted(
    point: Point, plain: Plain, s: F, wanted: dict[str, F], where: object
) -> None:
    """The market basis of the same solution."""
    side = MarketSide(plain.moment(s), wanted)
    at_market = end(side.claims, side.sweep, tuple(wanted), greatest=True)
    tables = tuple(f"{name}/" for name in point.compiled.world.catalogue.tables)
    # what the accounts of a table get is compared together, in ``same_values``
    found = {c: v for c, v in market_values(point).items() if not c.startswith(tables)}
    assert found == {claim: side.at_quote(at_market, claim) for claim in found}, where


def floats_come_near(point: Point, selection: str, where: object) -> None:
    rounded = clear(point.compiled.form.floats(), selection)
    size = float(max(1, *point.solution.y))
    for exact, near in zip(point.solution.y, rounded.y, strict=True):
        assert near == pytest.approx(float(exact), abs=1e-9 * size), where
