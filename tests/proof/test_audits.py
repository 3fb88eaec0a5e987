"""The audits refuse the systems in which more of something means less elsewhere, and no others.

Generated both ways: random systems built monotone; the same with one read turned round, which is
judged by a search for cycles of its own; the same with one payment that rises as a condition fails.
"""

from dataclasses import replace
from random import Random

import pytest

from looprisk.engine.audit import audit
from looprisk.engine.bounds import between
from looprisk.engine.form import NormalForm
from looprisk.errors import NotExactError
from tests.engine.brute import fixed_points
from tests.engine.systems import Condition, Node, build, position, random_parts
from tests.proof.moment import F

SEEDS = range(140)
LOAN = 4
"""Loans have more cells than this, issuers fewer."""


def reached(nodes: list[Node], held, start: int) -> set[int]:
    """All nodes that depend on one, itself only if it does."""
    after = {w: set() for w in range(len(nodes))}
    for (w, _), v, _ in held:
        after[w].add(v)
    for v, node in enumerate(nodes):
        for condition in node.conditions:
            for (w, _), _ in condition.reads:
                after[w].add(v)
    found: set[int] = set()
    todo = list(after[start])
    while todo:
        node = todo.pop()
        if node not in found:
            found.add(node)
            todo += after[node]
    return found


def test_systems_built_monotone_are_never_refused():
    for seed in SEEDS:
        for signs in ((0,), (-1,)):
            nodes, held = random_parts(seed, signs=signs)
            assert audit(build(nodes, held), 0, 1) == "", seed


def turned(seed: int) -> tuple[list[Node], list, int, int]:
    """A random system in which the trigger of a loan reads a claim with a minus sign."""
    random = Random(seed)
    nodes, held = random_parts(seed, most=120)
    loans = [v for v, node in enumerate(nodes) if len(node.cells) > LOAN]
    if not loans:
        nodes.append(position(random.randint(1, 5), random.randint(2, 6), F(4, 5), F(11, 10), 2))
        held += [((len(nodes) - 1, 0), 0, F(1, 2)), ((0, 0), len(nodes) - 1, F(1, 20))]
        loans = [len(nodes) - 1]
    v = random.choice(loans)
    w = random.randrange(len(nodes))
    claim = random.randrange(nodes[w].claims)
    first, *others = nodes[v].conditions
    read = ((w, claim), F(-random.randint(1, 3), 2))
    minus = replace(first, const=first.const + random.randint(0, 6), reads=(*first.reads, read))
    nodes[v] = replace(nodes[v], conditions=(minus, *others))
    return nodes, held, w, v


def test_a_minus_sign_is_refused_where_it_closes_a_loop_and_only_there():
    counted = {True: 0, False: 0}
    for seed in SEEDS:
        nodes, held, w, v = turned(seed)
        in_loop = w == v or w in reached(nodes, held, v)
        assert (audit(build(nodes, held)) != "") == in_loop, seed
        counted[in_loop] += 1
    assert min(counted.values()) >= 10


def test_a_loop_with_a_minus_sign_is_certified_only_where_one_solution_exists():
    """The certified solution is the only one of all combinations of cells; else it is refused."""
    certified = refused = 0
    for seed in SEEDS:
        nodes, held, _, _ = turned(seed)
        form = build(nodes, held)
        if not audit(form):
            continue
        points = fixed_points(form)
        try:
            found = between(form)
        except NotExactError:
            refused += len(points) != 1
            continue
        assert points == [found.y.tolist()], seed
        certified += 1
    assert certified >= 20
    assert refused >= 1


def rising(seed: int, held_claim: int) -> NormalForm:
    """A random system beside a loan that costs its liquidator money, so its owner gains by it.

    One of the lender's claim, the owner's and the junior's is held inside.
    """
    nodes, held = random_parts(seed, most=120)
    random = Random(seed)
    debt = random.randint(4, 9)
    nodes.append(position(random.randint(0, 3), debt, F(1, 2), F(random.choice([7, 8, 9]), 10)))
    here = len(nodes) - 1
    held = [*held, ((here, held_claim), random.randrange(here), F(1, 2))]
    held.append(((0, 0), here, F(1, 20)))
    return build(nodes, held)


@pytest.mark.parametrize("held_claim", [0, 2])
def test_a_payment_that_rises_when_a_condition_fails_is_refused_if_it_is_held_inside(held_claim):
    """At y = 2 d the junior's y - d becomes y - phi d, more; the lender's d stays."""
    for seed in SEEDS[:60]:
        form = rising(seed, held_claim)
        if held_claim == 0:
            assert audit(form) == "", seed
        else:
            with pytest.raises(NotExactError, match="would be paid more once"):
                audit(form)


def test_a_gauge_of_no_condition_in_use_does_not_hide_a_rise():
    loan = position(3, 4, F(1, 2), F(9, 10))
    spare = Condition(F(-1), F(0), (((0, 0), F(1)),))
    loan = replace(loan, conditions=(*loan.conditions, spare))
    with pytest.raises(NotExactError, match="would be paid more once"):
        audit(build([loan], [((0, 2), 0, F(1, 2))]))
