"""Who bears the loss.

Every outside claimant, liquidators and other leaks, and loss beyond every claim.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from looprisk.analysis.flows import Flows
from looprisk.analysis.names import claimant
from looprisk.analysis.solve import Solved
from looprisk.engine.point import Point
from looprisk.engine.state import ZERO
from looprisk.model.positions import LoanPosition
from looprisk.results.records import WaterfallRow


def waterfall(solved: Solved, before: Flows, after: Flows) -> tuple[WaterfallRow, ...]:
    """Return what each outside claimant bears; the rows add up to the loss that was put in.

    What liquidators seized at earlier stages stands in their own row: what they paid, less what
    they hold.
    """
    seized = seized_value(solved)
    rows = []
    for claim in solved.end.compiled.index.claim_of:
        old, new = (
            before.outside.get(claim.id, ZERO),
            after.outside[claim.id] - seized.get(claim.id, ZERO),
        )
        new += paid_out(solved).get(claim.id, ZERO)
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
    rows += [
        WaterfallRow(claimant=f"owner of {name}", via=f"{name}/debt", loss_usd=float(-amount))
        for name, amount in sorted(drawn(solved).items())
        if amount
    ]
    return (*rows, *_leaks(before, after), *_liquidators(solved, seized), *_excess(solved))


def _leaks(before: Flows, after: Flows) -> list[WaterfallRow]:
    rows = []
    for node, leak in after.leak_names.items():
        gain = after.leaked[node] - before.leaked.get(node, ZERO)
        if gain:
            rows.append(
                WaterfallRow(
                    claimant=leak or "others", via=node, loss_usd=float(-gain), kind="leak"
                )
            )
    return sorted(rows, key=lambda row: (row.loss_usd, row.via))


def _liquidators(solved: Solved, seized: dict[str, Fraction]) -> list[WaterfallRow]:
    paid = repaid_earlier(solved)
    net = paid - sum(seized.values(), ZERO)
    if not (paid or any(seized.values())):
        return []
    return [
        WaterfallRow(claimant="liquidators", via="earlier stages", loss_usd=float(net), kind="leak")
    ]


def paid_out(solved: Solved) -> Mapping[str, Fraction]:
    """Return what those who left were paid in runs, by claim, in USD."""
    return solved.end.compiled.world.before.paid


def repaid_earlier(solved: Solved) -> Fraction:
    """Return what liquidators paid in at stages before the last, in USD at today's prices."""
    world = solved.end.compiled.world
    total = ZERO
    for supply, (market, token) in world.catalogue.supplies.items():
        more = world.before.cash[supply] - solved.scaled.start.cash[supply]
        for name, _ in world.catalogue.positions_in(market):
            account = world.before.accounts[name]
            more += account.credit + account.income
        more += world.before.withdrawn.get(supply, ZERO)
        for stage in solved.case.scenario.stages:
            for position in stage.open.values():
                if (
                    isinstance(position, LoanPosition)
                    and position.market == market
                    and token in position.debt
                ):
                    more += position.debt[token].number
        if more:
            total += more * solved.end.value(world.price(token))
    return total


def seized_value(solved: Solved) -> dict[str, Fraction]:
    """Return what collateral seized at earlier stages is worth now, by token or asset, in USD."""
    point = solved.end
    found: dict[str, Fraction] = {}
    for name, account in solved.end.compiled.world.before.accounts.items():
        for collateral, units in _posted(solved, name).items():
            taken = units - account.collateral.get(collateral, ZERO)
            if taken:
                found[collateral] = found.get(collateral, ZERO) + taken * _unit_value(
                    point, collateral
                )
    return found


def _posted(solved: Solved, name: str) -> Mapping[str, Fraction]:
    """Return the collateral that an account had when it came into being."""
    first = solved.scaled.start.accounts.get(name)
    if first is not None:
        return first.collateral
    for stage in solved.case.scenario.stages:
        position = stage.open.get(name)
        if isinstance(position, LoanPosition):
            return {c: n.number for c, n in position.collateral.items()}
    return {}


def drawn(solved: Solved) -> dict[str, Fraction]:
    """Return what owners of opened accounts took out, less the assets they put in, by account.

    In USD.
    """
    found: dict[str, Fraction] = {}
    for run, stage in zip(solved.runs, solved.case.scenario.stages, strict=False):
        world = run.world(ZERO, ZERO, still=ZERO)
        for name, position in stage.open.items():
            if not isinstance(position, LoanPosition):
                continue
            taken = [(t, n.number) for t, n in position.debt.items()]
            given = [(c, -n.number) for c, n in position.collateral.items()]
            found[name] = sum(
                (
                    n * world.price(a).at(ZERO)
                    for a, n in taken + given
                    if a in world.catalogue.system.assets
                ),
                ZERO,
            )
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
    left = sum(paid_out(solved).values(), ZERO) + sum(drawn(solved).values(), ZERO)
    return old - (new - repaid_earlier(solved) + assets + left) + over
