"""What sellers get: the market basis of the same system (SEMANTICS 2).

A token with a quote is worth its quote to whoever holds it, so its claim becomes a number and
everything on top follows by the same rules. Triggers are facts: what was liquidated, and for how
much, stays as the economic solution decided it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from looprisk.engine.affine import affine
from looprisk.engine.approach import approached, undrawn
from looprisk.engine.basket_nodes import BasketsNode
from looprisk.engine.clear import clear
from looprisk.engine.compile import skeleton
from looprisk.engine.crowds import CrowdNode, borders_in, out_of_focus, split_of
from looprisk.engine.dual import exactly
from looprisk.engine.enclosed import cleared
from looprisk.engine.focus import Focus
from looprisk.engine.ladder import Line, rungs
from looprisk.engine.point import Point
from looprisk.engine.skeleton import Cell, Condition, Node, Pay, Skeleton, assemble, line
from looprisk.engine.standing import standing
from looprisk.engine.state import ONE, ZERO
from looprisk.engine.triggers import untouched


def market_values(point: Point) -> Mapping[str, Fraction]:
    """Return the market value of every claim, in USD.

    The quote times units, or what follows from quotes.
    """
    quotes = {
        claim.id: quote.at(point.s) * claim.units
        for claim in point.compiled.index.claim_of
        if claim.id in point.compiled.world.catalogue.tokens
        and (quote := point.compiled.world.quote(claim.id)) is not None
    }
    if not quotes:
        return {c: exactly(point.claim(c)) for c in point.compiled.index.claim}
    if point.compiled.world.catalogue.baskets:
        return _of_tables(point, quotes)
    nearer: Focus | None = Focus()
    while nearer is not None:
        focus = nearer
        found = (_at_market(point, node, quotes, focus) for node in point.compiled.skeleton.nodes)
        nodes = Skeleton(nodes=tuple(found))
        form, index = assemble(nodes)
        solution = cleared(form)
        nearer = out_of_focus(focus, nodes, form, index, solution)
    return {claim: quotes.get(claim, solution.z[at]) for claim, at in index.claim.items()}


def _of_tables(point: Point, quotes: Mapping[str, Fraction]) -> Mapping[str, Fraction]:
    """Return market values where tables have accounts of several legs, in floats."""
    parts = skeleton(point.compiled.world).nodes
    nodes = Skeleton(nodes=tuple(_at_market(point, node, quotes, Focus()) for node in parts))
    form, index = assemble(nodes)
    drawn = approached(undrawn(nodes, form.floats(), index), clear, "greatest")
    found = {claim: Fraction(drawn.solution.z[at]) for claim, at in index.claim.items()}
    for node in nodes.nodes:
        if isinstance(node, BasketsNode):
            kept = drawn.tables[node.id].found.owner.sum()
            found[f"{node.id}/equity"] = Fraction(float(kept))
    return {**found, **quotes}


def _at_market(point: Point, node: Node, quotes: Mapping[str, Fraction], focus: Focus) -> Node:
    """Return a node that holds quoted tokens at their quote.

    With its triggers as they were decided.
    """
    held = sum(
        (
            share * quotes[claim.id]
            for claim in point.compiled.index.claim_of
            if claim.id in quotes
            for by, share in claim.holders
            if by == node.id
        ),
        ZERO,
    )
    claims = tuple(replace(c, holders=()) if c.id in quotes else c for c in node.claims)
    moved = replace(node, b=node.b + held, claims=claims)
    if isinstance(moved, CrowdNode):
        return _decided_crowd(point, moved, focus)
    if isinstance(moved, BasketsNode):
        return _decided_accounts(point, moved, quotes)
    return _decided(point, moved) if node.id in point.compiled.world.catalogue.loans else moved


def _decided_crowd(point: Point, node: CrowdNode, focus: Focus) -> CrowdNode:
    """Return a crowd of which those who were liquidated have repaid; nobody takes the others."""
    was, steps = standing(point, node.id), node.ladder.steps
    first = was.rung.taken.liquidated
    kept = steps.units_before(first) - was.outcome.sold
    rest = untouched(steps, first)
    ladder = replace(
        rest,
        lender=rest.lender + Line(was.outcome.repaid),
        owner=rest.owner + Line(rate=kept),
    )
    shown = rungs(ladder, borders_in(focus, node.id, ladder), from_below=focus.from_below)
    crowd = point.compiled.world.catalogue.crowds[node.id]
    price = affine(was.price)
    conditions, cells = split_of(crowd, shown, price, node.units)
    return replace(
        node, conditions=conditions, cells=cells, ladder=ladder, rungs=shown, price=price
    )


def _decided_accounts(
    point: Point, node: BasketsNode, quotes: Mapping[str, Fraction]
) -> BasketsNode:
    """Return accounts of several legs of which those who were liquidated have repaid."""
    units = {claim.id: claim.units for claim in point.compiled.index.claim_of}
    legs = tuple(
        replace(leg, price=affine(quotes[leg.claim] / units[leg.claim]))
        if leg.claim in quotes
        else leg
        for leg in node.legs
    )
    done = point.table(node.id).found
    return replace(node, legs=legs, rules=replace(node.rules, done=done))


def _decided(point: Point, node: Node) -> Node:
    """Return a loan whose liquidation is a fact: repaid as it was, or untouched."""
    state = point.state_of(node.id)
    if not state & {"liquidated", "absorbed"}:
        return _untouched(point, node)
    worth = exactly(point.node(node.id))
    pays = []
    for claim in node.claims:
        paid = exactly(point.claim(claim.id))
        follows = claim.kind == "owner" and "absorbed" not in state
        pays.append(Pay(rate=paid / worth if worth else ZERO) if follows else line(paid))
    return replace(node, conditions=(), cells=(Cell(needs=(), pays=tuple(pays)),))


def _untouched(point: Point, node: Node) -> Node:
    """Return a loan that nobody liquidates: its debts share what there is, by their faces.

    Of one that defaults they get no more than the share of them that is paid.
    """
    faces = [point.face(c.id) if c.kind == "debt" else None for c in node.claims]
    debt = sum((face for face in faces if face is not None), ZERO)
    owed = next(c.id for c in node.claims if c.kind == "debt")
    part = point.compiled.world.cap(owed).at(point.s)
    covered = Condition(
        holds=f"{node.id} covers its debt",
        fails=f"{node.id} is worth less than its debt",
        const=affine(-debt),
        own=ONE,
    )
    paid = Condition(
        holds=f"{node.id} pays what its default leaves",
        fails=f"{node.id} has less than its default leaves",
        const=affine(-debt * part),
        own=ONE,
    )
    over, most, under = [], [], []
    for claim, face in zip(node.claims, faces, strict=True):
        if face is None:
            owner = Pay(const=affine(-debt), rate=ONE)
            over.append(owner if claim.kind == "owner" else Pay())
            most.append(Pay())
            under.append(Pay())
        else:
            over.append(line(face * part))
            most.append(line(face * part))
            under.append(Pay(rate=face / debt if debt else ZERO))
    cells = (
        Cell(needs=(0,), pays=tuple(over)),
        Cell(needs=(1,), pays=tuple(most)),
        Cell(needs=(), pays=tuple(under)),
    )
    return replace(node, conditions=(covered, paid), cells=cells)
