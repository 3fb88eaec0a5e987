"""Systems from plain maps, solved by the engine, and exact numbers read off them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from looprisk.analysis.bearing import loss_put_in, waterfall
from looprisk.analysis.flows import causes, flows
from looprisk.analysis.solve import Solved, solve
from looprisk.engine.clear import leaks, outside, prove
from looprisk.engine.point import Point
from looprisk.model import System
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario

F = Fraction
Stage = Mapping[str, object]
DOLLAR = {"USDC": {"price": "$1"}}


def case(system: System, *stages: Stage, **more: object) -> Case:
    scenario, problems = parse_scenario({"stages": list(stages), **more}, system)
    assert not problems, problems
    return Case(system=system, scenario=scenario, name="test")


def solved(system: System, *stages: Stage) -> Solved:
    """The solution of a system under stages, its value identity checked at every end."""
    found = solve(case(system, *stages))
    for point in (found.start, *found.ends, found.least):
        keeps_every_dollar(point)
    adds_up(found)
    return found


def keeps_every_dollar(point: Point) -> None:
    """Claims outside and leaks are worth what the exogenous assets are: exactly."""
    form = point.compiled.form
    assert form.exact
    proof = prove(form, point.solution)
    assert proof.residual == 0
    assert proof.conservation_gap == 0
    assert proof.same_cells
    z = point.solution.z
    assert sum(outside(form, z)) + sum(leaks(form, point.solution.y, z)) == sum(form.b_const)
    for claim in point.compiled.index.claim_of:
        assert point.claim(claim.id) >= 0
        if claim.face is not None:
            assert point.claim(claim.id) <= point.value(claim.face)


def adds_up(found: Solved) -> None:
    """The waterfall sums to the loss put in, the causes of each claim to its loss."""
    before, after = flows(found.start), flows(found.end)
    borne = sum(row.loss_usd for row in waterfall(found, before, after))
    lost = float(loss_put_in(found))
    size = max(1.0, float(sum(abs(b) for b in found.start.compiled.form.b_const)))
    assert abs(borne - lost) <= 1e-12 * size
    for node in found.end.compiled.skeleton.nodes:
        for claim in node.claims:
            terms = causes(claim.id, node.id, before, after)
            loss = float(found.start.claim(claim.id) - found.end.claim(claim.id))
            assert len(terms) <= 7
            assert abs(sum(t.amount_usd for t in terms) - loss) <= 1e-12 * size


def breaks(found: Solved) -> dict[tuple[str, str], F]:
    """Where along the last stage each event first holds."""
    return {key: stretches[0].lo for key, stretches in found.broken.items()}


def least_breaks(found: Solved) -> dict[tuple[str, str], F]:
    assert found.broken_least is not None
    return {key: stretches[0].lo for key, stretches in found.broken_least.items()}


def at(found: Solved, s: F | str, selection: str = "greatest") -> Point:
    """The solution at a share of the last stage, its value identity checked."""
    point = found.scaled.at(F(s), selection)
    keeps_every_dollar(point)
    return point


def values(point: Point, *claims: str) -> list[F]:
    return [point.claim(claim) for claim in claims]


def market(
    collateral: str,
    *,
    lltv: str = "86%",
    incentive: object = "5%",
    oracle: str = "market",
    cash: object = 0,
    token: str = "USDC",
    **more: object,
) -> dict[str, object]:
    """An isolated market against one collateral; without ``incentive`` it is Morpho's."""
    terms = {"lltv": lltv, "oracle": oracle}
    if incentive is not None:
        terms["incentive"] = incentive
    rules = "morpho-blue" if incentive is None else "isolated"
    lends = {token: {"cash": cash, **more.pop("lends", {})}}
    return {"rules": rules, "lends": lends, "collateral": {collateral: terms}, **more}


def account(
    market: str, token: str, units: object, debt: object, **more: object
) -> dict[str, object]:
    lent = more.pop("lent", "USDC")
    return {"market": market, "collateral": {token: units}, "debt": {lent: debt}, **more}


def share(supply: object, **more: object) -> dict[str, object]:
    return {"kind": "share", "supply": supply, **more}


def par(supply: object, price: object = "$1", **more: object) -> dict[str, object]:
    return {"kind": "par", "supply": supply, "par": price, **more}
