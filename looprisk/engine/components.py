"""Loops and order of a form: strongly connected components, and one cut out as its own form."""

from __future__ import annotations

from dataclasses import replace
from graphlib import TopologicalSorter

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from looprisk.engine.form import Flags, Index, NormalForm, Numbers


def dependencies(form: NormalForm) -> tuple[Index, Index]:
    """Return (from, to) node pairs: the value or the cell of ``to`` depends on ``from``."""
    pay_cell = np.searchsorted(form.pay_ptr, form.face_pay, side="right") - 1
    source = [
        form.issuer[form.held_claim],
        form.issuer[form.read_claim],
        form.issuer[form.face_claim],
    ]
    target = [form.held_by, form.cond_node[form.read_cond], form.cell_node[pay_cell]]
    return np.concatenate(source), np.concatenate(target)


def components(form: NormalForm) -> tuple[Index, ...]:
    """Return the strongly connected components, each after everything it depends on."""
    source, target = dependencies(form)
    n = form.nodes
    graph = coo_array((np.ones(len(source)), (source, target)), shape=(n, n)).tocsr()
    count, label = connected_components(graph, directed=True, connection="strong")
    edges = np.unique(label[source].astype(np.int64) * count + label[target])
    needs: dict[int, list[int]] = {component: [] for component in range(count)}
    for before, after in zip((edges // count).tolist(), (edges % count).tolist(), strict=True):
        if before != after:
            needs[after].append(before)
    ends = np.cumsum(np.bincount(label, minlength=count))
    members = np.split(np.argsort(label, kind="stable"), ends[:-1])
    return tuple(members[component] for component in TopologicalSorter(needs).static_order())


def restrict(form: NormalForm, members: Index, z: Numbers) -> NormalForm:
    """Return the form of one component.

    The claims on everything before it are folded in at their values ``z`` [C]. The form must stand
    at one shock fraction (no slopes).
    """
    inside = np.zeros(form.nodes, dtype=np.bool_)
    inside[members] = True
    claim_in = inside[form.issuer]
    renode = np.cumsum(inside) - 1
    reclaim = np.cumsum(claim_in) - 1

    b = form.b_const[members].copy()
    outer = inside[form.held_by] & ~claim_in[form.held_claim]
    np.add.at(b, renode[form.held_by[outer]], form.held_share[outer] * z[form.held_claim[outer]])
    keep_held = inside[form.held_by] & claim_in[form.held_claim]

    cond_in = inside[form.cond_node]
    recond = np.cumsum(cond_in) - 1
    cond_const = form.cond_const[cond_in].copy()
    read_out = cond_in[form.read_cond] & ~claim_in[form.read_claim]
    np.add.at(
        cond_const,
        recond[form.read_cond[read_out]],
        form.read_coef[read_out] * z[form.read_claim[read_out]],
    )
    keep_read = cond_in[form.read_cond] & claim_in[form.read_claim]

    cell_in = inside[form.cell_node]
    pay_in = _spread(cell_in, form.pay_ptr)
    repay = np.cumsum(pay_in) - 1
    pay_const = form.pay_const[pay_in].copy()
    face_out = pay_in[form.face_pay] & ~claim_in[form.face_claim]
    np.add.at(
        pay_const,
        repay[form.face_pay[face_out]],
        form.face_coef[face_out] * z[form.face_claim[face_out]],
    )
    keep_face = pay_in[form.face_pay] & claim_in[form.face_claim]

    need_in = _spread(cell_in, form.cell_cond_ptr)
    nothing = b[:0]
    names = replace(
        form.names,
        nodes=tuple(form.names.nodes[i] for i in members),
        claims=tuple(name for name, keep in zip(form.names.claims, claim_in, strict=True) if keep),
        conditions=tuple(n for n, keep in zip(form.names.conditions, cond_in, strict=True) if keep),
        leaks=tuple(form.names.leaks[i] for i in members),
    )
    return NormalForm(
        b_const=b,
        b_slope=form.b_slope[members] * 0,
        claim_ptr=_pointer(np.diff(form.claim_ptr)[members]),
        held_claim=reclaim[form.held_claim[keep_held]],
        held_by=renode[form.held_by[keep_held]],
        held_share=form.held_share[keep_held],
        cell_ptr=_pointer(np.diff(form.cell_ptr)[members]),
        pay_const=pay_const,
        pay_slope=pay_const * 0,
        pay_rate=form.pay_rate[pay_in],
        cond_node=renode[form.cond_node[cond_in]],
        cond_const=cond_const,
        cond_slope=cond_const * 0,
        cond_own=form.cond_own[cond_in],
        read_cond=recond[form.read_cond[keep_read]],
        read_claim=reclaim[form.read_claim[keep_read]],
        read_coef=form.read_coef[keep_read],
        cell_cond_ptr=_pointer(np.diff(form.cell_cond_ptr)[cell_in]),
        cell_cond=recond[form.cell_cond[need_in]],
        face_pay=repay[form.face_pay[keep_face]],
        face_claim=reclaim[form.face_claim[keep_face]],
        face_coef=form.face_coef[keep_face] if len(form.face_pay) else nothing,
        names=names,
    )


def _pointer(widths: Index) -> Index:
    return np.concatenate([[0], np.cumsum(widths)]).astype(np.intp)


def _spread(flags: Flags, pointer: Index) -> Flags:
    """Return for every entry of a pointer array whether its row is flagged."""
    spread: Flags = np.repeat(flags, np.diff(pointer))
    return spread
