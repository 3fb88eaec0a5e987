"""A system with many accounts of several legs, approached by straight lines.

What such accounts pay never rises as a price falls, and along :func:`~looprisk.engine.reckoning.
tangent` they pay no less at lower prices than they do. So the greatest solution of the system with
these lines is not below its own greatest solution, and the lines drawn there are closer. The least
solution is approached from below, along chords up to the greatest. Either way the end is told by
the accounts alone: there they pay what the lines say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order

from looprisk.engine.affine import affine
from looprisk.engine.basket_nodes import BasketsNode, View, view
from looprisk.engine.baskets import Floats, by_column
from looprisk.engine.clear import Selection, Solution
from looprisk.engine.components import dependencies
from looprisk.engine.form import Flags, NormalForm, Numbers
from looprisk.engine.reckoning import (
    Handed,
    Lines,
    Reckoned,
    Together,
    chord,
    handed,
    paid,
    reckon,
    tangent,
)
from looprisk.engine.skeleton import Claim, Index, Node, Skeleton
from looprisk.errors import NoSolutionError, NotExactError

MOST = 500
"""Lines drawn anew before a system counts as not to be approached."""
SAME = 1e-12
"""Payments that differ by no more than this share of the debts are the same."""
BEYOND = 1e200
"""In USD, more than any claim is worth: where the way from above begins."""

Solve = Callable[[NormalForm, Selection], Solution]


@dataclass(frozen=True, kw_only=True, eq=False)
class Approached:
    """A system with the lines of all its accounts drawn at one of its solutions."""

    skeleton: Skeleton
    form: NormalForm
    index: Index
    solution: Solution
    tables: Mapping[str, Together]
    """The accounts of each table there."""


def undrawn(skeleton: Skeleton, form: NormalForm, index: Index) -> Undrawn:
    """Return a system before anything is drawn in of what its tables pay; ``form`` is in floats.

    Raises NotExactError for a debt in a token that the debtors decide the price of.
    """
    tables = _tables(skeleton, index)
    form = _potential(form, tables)
    decided = _downstream(form, tables)[form.issuer]
    _check_loans(tables, decided, index)
    return Undrawn(skeleton=skeleton, form=form, index=index, tables=tables, open=decided)


def approached(system: Undrawn, solve: Solve, selection: Selection) -> Approached:
    """Return the greatest or the least solution of a system at one point of a shock.

    ``solve`` clears a form. Raises NoSolutionError where no end is found.
    """
    found = _from_above(system, solve)
    if selection == "least":
        found = _from_below(system, solve, found.solution)
    return _shown(system, found)


def _potential(form: NormalForm, tables: Sequence[_Table]) -> NormalForm:
    """Return a form in which lenders hold nothing of all that may be handed over to them.

    What depends on what is then told by the form alone, whatever lines are drawn.
    """
    pairs = sorted(
        {
            (claim, node)
            for table in tables
            for line in (table.view.worth, table.view.uncapped, table.view.cap)
            for claim in line.coef.indices.tolist()
            for node in (*table.lenders, table.place)
        }
    )
    return _with_held(form, [(claim, node, 0.0) for claim, node in pairs])


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """A table in the form: how its prices follow the claims, and its nodes."""

    view: View
    place: int
    lenders: tuple[int, ...]
    """[B] the nodes of its lenders."""
    apart: Flags
    """[M] accounts whose readings move with the solution and are not what they are worth."""

    @property
    def node(self) -> BasketsNode:
        """The node of its owners and liquidators."""
        return self.view.node

    def at(self, z: Numbers) -> Reckoned:
        """Return the accounts at claim values ``z`` [C]."""
        return reckon(self.node.baskets, self.node.rules, self.view.prices(z))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Undrawn:
    """A system in which what the accounts of its tables pay is not drawn in."""

    skeleton: Skeleton
    form: NormalForm
    index: Index
    tables: tuple[_Table, ...]
    open: Flags
    """[C] claims whose value what the accounts pay may decide."""

    def at(self, s: Fraction) -> Undrawn:
        """Return the system at one point of its stretch of the shock."""
        tables = tuple(replace(table, view=table.view.shocked(float(s))) for table in self.tables)
        return replace(self, form=self.form.at(float(s)), tables=tables)

    def upstream(self, solve: Solve, selection: Selection) -> Numbers:
        """Return claim values [C] in which those are final that the accounts do not decide."""
        views = [table.view for table in self.tables]
        read = (line for v in views for line in (v.worth, v.uncapped, v.cap, v.sale, v.loans))
        if all(self.open[line.coef.indices].all() for line in read):
            return np.zeros(self.form.claims)
        return np.where(self.open, 0.0, solve(self.form, selection).z)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """A solution along lines, the form with them drawn in, and the accounts there."""

    form: NormalForm
    solution: Solution
    accounts: tuple[Reckoned, ...]

    def met(self, tables: Sequence[_Table]) -> bool:
        """Return whether the accounts pay what the lines say."""
        z, y = self.solution.z, self.solution.y
        for table, found in zip(tables, self.accounts, strict=True):
            prices, accounts = table.view.prices(z), table.node.baskets
            off = np.abs(paid(accounts, prices, found) - y[list(table.lenders)])
            if (off > SAME * (accounts.owed * prices.loans)).any():
                return False
        return True


def _along(
    system: Undrawn, solve: Solve, lines: Sequence[Lines], z: Numbers, selection: Selection
) -> _Found:
    """Return the solution of a system whose accounts pay along lines drawn at ``z`` [C]."""
    pairs = zip(system.tables, lines, strict=True)
    form = _drawn(system, [_handed(table, line, z) for table, line in pairs], z)
    solution = solve(form, selection)
    accounts = tuple(table.at(solution.z) for table in system.tables)
    return _Found(form=form, solution=solution, accounts=accounts)


def _from_above(system: Undrawn, solve: Solve) -> _Found:
    z = np.where(system.open, BEYOND, system.upstream(solve, "greatest"))
    at = tuple(table.at(z) for table in system.tables)
    for _ in range(MOST):
        found = _along(system, solve, [tangent(each) for each in at], z, "greatest")
        if found.met(system.tables):
            return found
        z, at = found.solution.z, found.accounts
    raise _no_end(system)


def _from_below(system: Undrawn, solve: Solve, top: Solution) -> _Found:
    """Approach the least solution; where it is the greatest, the first chords already end there.

    Beside each chord the tangent is tried: it ends where no account changes its state between the
    two.
    """
    z = system.upstream(solve, "least")
    high = [table.view.prices(top.z) for table in system.tables]
    for _ in range(MOST):
        chords = [
            chord(t.node.baskets, t.node.rules, t.view.prices(z), above, t.apart)
            for t, above in zip(system.tables, high, strict=True)
        ]
        found = _along(system, solve, chords, z, "least")
        if found.met(system.tables):
            return found
        z = np.maximum(z, found.solution.z)
        tangents = [tangent(each) for each in found.accounts]
        beside = _along(system, solve, tangents, z, "least")
        same = all(map(_alike, found.accounts, beside.accounts))
        if same and beside.met(system.tables):
            return beside
    raise _no_end(system)


def _tables(skeleton: Skeleton, index: Index) -> tuple[_Table, ...]:
    found = []
    for node in skeleton.nodes:
        if isinstance(node, BasketsNode):
            apart = [
                bool(leg.reading.reads and leg.reading != leg.price) or leg.cap is not None
                for leg in node.legs
            ]
            lenders = (index.node[node.baskets.claim_of(loan)] for loan in node.baskets.loans)
            found.append(
                _Table(
                    view=view(node, index),
                    place=index.node[node.id],
                    lenders=tuple(lenders),
                    apart=node.baskets.pattern @ np.array(apart, dtype=np.float64) > 0,
                )
            )
    return tuple(found)


def _downstream(form: NormalForm, tables: Sequence[_Table]) -> Flags:
    """Return [N] the nodes whose value what the accounts pay may decide."""
    source, target = dependencies(form)
    graph = csr_array((np.ones(len(source)), (source, target)), shape=(form.nodes, form.nodes))
    found = np.zeros(form.nodes, dtype=np.bool_)
    for node in (node for table in tables for node in table.lenders):
        if not found[node]:
            found[breadth_first_order(graph, node, return_predecessors=False)] = True
    return found


def _check_loans(tables: Sequence[_Table], decided: Flags, index: Index) -> None:
    for table in tables:
        owed = table.view.loans.coef.tocoo()
        for loan, claim in zip(*(c.tolist() for c in owed.coords), strict=True):
            if decided[claim]:
                token = table.node.baskets.loans[loan]
                raise NotExactError(
                    f"{table.node.id}: its accounts owe {token}, and what they pay decides the "
                    f"price of {index.claim_of[claim].id}: leave out the debts in {token}, or list "
                    "these accounts as positions"
                )


def _alike(one: Reckoned, other: Reckoned) -> bool:
    """Return whether all accounts are in the same state."""
    first, second = tangent(one), tangent(other)
    return bool(
        (one.acted == other.acted).all()
        and (first.worth == second.worth).all()
        and ((first.reading > 0) == (second.reading > 0)).all()
    )


def _handed(table: _Table, lines: Lines, z: Numbers) -> Handed:
    prices = table.view.prices(z)
    debt = table.node.baskets.debts @ prices.loans
    return handed(table.node.baskets, prices, debt, lines)


def _parts(table: _Table, drawn: Handed, open_: Flags, z: Numbers) -> tuple[Floats, csr_array]:
    """Return [B] dollars and [B, C] shares of claims that lenders have.

    A reading that the accounts do not decide is a number of dollars.
    """
    worth, reading = table.view.worth, table.view.reading(z)
    follows = csr_array(csr_array(drawn.reading) @ reading.coef)
    dollars = drawn.const + drawn.worth @ worth.const + drawn.reading @ reading.const
    dollars += follows @ np.where(open_, 0.0, z)
    shares = csr_array(drawn.worth) @ worth.coef + by_column(follows, open_.astype(np.float64))
    return dollars, csr_array(shares)


def _drawn(system: Undrawn, drawn: Sequence[Handed], z: Numbers) -> NormalForm:
    """Return the form with the lines of all tables."""
    b = system.form.b_const.copy()
    held: list[tuple[int, int, float]] = []
    for table, part in zip(system.tables, drawn, strict=True):
        dollars, shares = _parts(table, part, system.open, z)
        b[list(table.lenders)] = dollars
        b[table.place] -= dollars.sum()
        entries = shares.tocoo()
        rows, claims = (each.tolist() for each in entries.coords)
        for loan, claim, share in zip(rows, claims, entries.data.tolist(), strict=True):
            if share:
                held += [(claim, table.lenders[loan], share), (claim, table.place, -share)]
    return _with_held(replace(system.form, b_const=b), held)


def _with_held(form: NormalForm, held: Sequence[tuple[int, int, float]]) -> NormalForm:
    """Return a form with more holdings: (claim, node, share)."""
    claim, by, share = zip(*held, strict=True) if held else ((), (), ())
    return replace(
        form,
        held_claim=np.concatenate([form.held_claim, np.array(claim, dtype=np.intp)]),
        held_by=np.concatenate([form.held_by, np.array(by, dtype=np.intp)]),
        held_share=np.concatenate([form.held_share, np.array(share, dtype=np.float64)]),
    )


def _shown(system: Undrawn, found: _Found) -> Approached:
    """Return nodes, claims and cells as they are in the form with the lines."""
    form, index, nodes = found.form, system.index, system.skeleton.nodes
    states = _states(system.tables, found)
    claims = list(index.claim_of)
    for place, holders in _holders(form, states.keys()).items():
        claims[place] = replace(claims[place], holders=holders)
    drawn = tuple(
        _as_drawn(
            node, tuple(claims[slice(*form.claim_ptr[place : place + 2])]), form, place, states
        )
        for place, node in enumerate(nodes)
    )
    cells = list(index.cell_state)
    for place, state in states.items():
        cells[int(form.cell_ptr[place])] = state
    return Approached(
        skeleton=Skeleton(nodes=drawn),
        form=form,
        index=replace(index, claim_of=tuple(claims), cell_state=tuple(cells)),
        solution=found.solution,
        tables={
            t.node.id: Together(t.node.baskets, t.view.prices(found.solution.z), at)
            for t, at in zip(system.tables, found.accounts, strict=True)
        },
    )


def _holders(
    form: NormalForm, places: Iterable[int]
) -> dict[int, tuple[tuple[str, Fraction], ...]]:
    """Return who has what share of each claim that one of the nodes at ``places`` holds."""
    touched = np.zeros(form.claims, dtype=np.bool_)
    touched[form.held_claim[np.isin(form.held_by, list(places))]] = True
    some = np.flatnonzero(touched[form.held_claim])
    pairs = zip(form.held_claim[some].tolist(), form.held_by[some].tolist(), strict=True)
    shares: dict[int, dict[str, float]] = {}
    for (claim, by), share in zip(pairs, form.held_share[some].tolist(), strict=True):
        held = shares.setdefault(claim, {})
        held[form.names.nodes[by]] = held.get(form.names.nodes[by], 0.0) + share
    return {
        claim: tuple((by, Fraction(share)) for by, share in held.items() if share)
        for claim, held in shares.items()
    }


def _as_drawn(
    node: Node,
    claims: tuple[Claim, ...],
    form: NormalForm,
    place: int,
    states: Mapping[int, frozenset[str]],
) -> Node:
    if place not in states:
        return replace(node, claims=claims)
    (cell,) = node.cells
    own = affine(Fraction(float(form.b_const[place])))
    return replace(node, b=own, claims=claims, cells=(replace(cell, state=states[place]),))


def _states(tables: Sequence[_Table], found: _Found) -> dict[int, frozenset[str]]:
    """Return what has happened at the nodes of the tables, in words."""
    states: dict[int, frozenset[str]] = {}
    for table, at in zip(tables, found.accounts, strict=True):
        debts = table.node.baskets.debts
        places = (*table.lenders, table.place)
        words: list[set[str]] = [set() for _ in places]
        for word, who in (("liquidated", at.acted), ("unpaid", at.unpaid)):
            met = [*(who @ debts > 0).tolist(), bool(who.any())]
            for place in np.flatnonzero(met).tolist():
                words[place].add(word)
        states |= {place: frozenset(state) for place, state in zip(places, words, strict=True)}
    return states


def _no_end(system: Undrawn) -> NoSolutionError:
    return NoSolutionError(
        f"{system.tables[0].node.id}: what its accounts pay and what they are worth do not come to "
        f"rest after {MOST} looks at all of them"
    )
