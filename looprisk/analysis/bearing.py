"""Who bears the loss: every outside claimant, liquidators and other leaks, and loss beyond every claim."""

from __future__ import annotations

from fractions import Fraction

from looprisk.analysis.flows import Flows
from looprisk.analysis.names import claimant
from looprisk.analysis.solve import Solved
from looprisk.engine.stage import Point
from looprisk.engine.state import ZERO
from looprisk.results.records import WaterfallRow


def waterfall(solved: Solved, before: Flows, after: Flows) -> tuple[WaterfallRow, ...]:
    """Return what each outside claimant bears; the rows add up to the loss that was put in.

    What liquidators seized at earlier stages stands in their own row: what they paid, less what they hold.
    """
    seized = seized_value(solved)
    rows = []
    for claim in solved.end.compiled.index.claim_of:
        old, new = before.outside[claim.id], after.outside[claim.id] - seized.get(claim.id, ZERO)
        loss = old - new
        if loss or old:
            rows.append(
                WaterfallRow(
                    claimant=claimant(solved, claim),
                    via=claim.id,
                    loss_usd=float(loss),
                    of_claim=float(loss / old) if old else None,
                )
            )
    rows.sort(key=lambda row: (-row.loss_usd, row.via))
    return (*rows, *_leaks(before, after), *_liquidators(solved, seized), *_excess(solved))


def _leaks(before: Flows, after: Flows) -> list[WaterfallRow]:
    rows = []
    for node, leak in after.leak_names.items():
        gain = after.leaked[node] - before.leaked[node]
        if gain:
            rows.append(
                WaterfallRow(
                    claimant=leak or "others", via=node, loss_usd=float(-gain), kind="leak"
                )
            )
    return rows


def _liquidators(solved: Solved, seized: dict[str, Fraction]) -> list[WaterfallRow]:
    paid = repaid_earlier(solved)
    net = paid - sum(seized.values(), ZERO)
    if not paid:
        return []
    return [
        WaterfallRow(
            claimant="liquidators", via="earlier stages", loss_usd=float(net), kind="leak"
        )
    ]


def repaid_earlier(solved: Solved) -> Fraction:
    """Return what liquidators paid in at stages before the last, in USD at today's prices."""
    world = solved.end.compiled.world
    total = ZERO
    for supply, (market, token) in world.catalogue.supplies.items():
        more = solved.last.before.cash[supply] - solved.last.start.cash[supply]
        for name, _ in world.catalogue.positions_in(market):
            account = solved.last.before.accounts[name]
            more += account.credit + account.income
        if more:
            total += more * solved.end.value(world.price(token))
    return total


def seized_value(solved: Solved) -> dict[str, Fraction]:
    """Return what collateral seized at earlier stages is worth now, by token or asset, in USD."""
    point = solved.end
    found: dict[str, Fraction] = {}
    for name, account in solved.last.before.accounts.items():
        for collateral, units in solved.last.start.accounts[name].collateral.items():
            taken = units - account.collateral.get(collateral, ZERO)
            if taken:
                found[collateral] = found.get(collateral, ZERO) + taken * _unit_value(point, collateral)
    return found


def _unit_value(point: Point, collateral: str) -> Fraction:
    world = point.compiled.world
    if collateral in world.catalogue.system.assets:
        return world.price(collateral).at(point.s)
    return point.token(collateral)


def _excess(solved: Solved) -> list[WaterfallRow]:
    over = solved.end.compiled.world.excess().at(solved.end.s)
    if not over:
        return []
    return [
        WaterfallRow(
            claimant="nobody", via="beyond what was there", loss_usd=float(over), kind="excess"
        )
    ]


def loss_put_in(solved: Solved) -> Fraction:
    """Return the fall in value of everything exogenous, in USD, with what exceeded it."""
    old = sum((Fraction(b) for b in solved.start.compiled.form.b_const), ZERO)
    new = sum((Fraction(b) for b in solved.end.compiled.form.b_const), ZERO)
    assets = sum(
        (v for k, v in seized_value(solved).items() if k in solved.catalogue.system.assets), ZERO
    )
    over = solved.end.compiled.world.excess().at(solved.end.s)
    return old - (new - repaid_earlier(solved) + assets) + over
