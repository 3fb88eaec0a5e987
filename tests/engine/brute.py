"""Every fixed point of a small exact form, by trying every combination of cells."""

from __future__ import annotations

import itertools
from fractions import Fraction

from looprisk.engine.form import NormalForm


class Tables:
    """The form as plain lists: what each cell pays, and what each cell needs."""

    def __init__(self, form: NormalForm) -> None:
        self.n = form.nodes
        self.b = list(form.b_const)
        self.issuer = form.issuer.tolist()
        self.held = [[] for _ in range(form.claims)]
        for c, v, share in zip(form.held_claim, form.held_by, form.held_share, strict=True):
            self.held[c].append((int(v), share))
        self.reads = [[] for _ in range(form.conditions)]
        for k, c, coef in zip(form.read_cond, form.read_claim, form.read_coef, strict=True):
            self.reads[k].append((int(c), coef))
        self.cond = list(zip(form.cond_node.tolist(), form.cond_const, form.cond_own, strict=True))
        self.cells = []
        for v in range(self.n):
            claims = range(form.claim_ptr[v], form.claim_ptr[v + 1])
            cells = []
            for k in range(form.cell_ptr[v], form.cell_ptr[v + 1]):
                start = form.pay_ptr[k]
                pays = [
                    (c, form.pay_const[start + i], form.pay_rate[start + i])
                    for i, c in enumerate(claims)
                ]
                needs = form.cell_cond[form.cell_cond_ptr[k] : form.cell_cond_ptr[k + 1]].tolist()
                cells.append((needs, pays))
            self.cells.append(cells)

    def values(self, choice: tuple[int, ...]) -> list[Fraction]:
        """Return y in one combination of cells, by elimination."""
        n = self.n
        rows = [[Fraction(int(i == j)) for j in range(n)] + [self.b[i]] for i in range(n)]
        for w, k in enumerate(choice):
            for c, const, rate in self.cells[w][k][1]:
                for v, share in self.held[c]:
                    rows[v][w] -= share * rate
                    rows[v][n] += share * const
        for i in range(n):
            pivot = next(r for r in range(i, n) if rows[r][i])
            rows[i], rows[pivot] = rows[pivot], rows[i]
            head = rows[i][i]
            rows[i] = [x / head if x else x for x in rows[i]]
            for r in range(n):
                factor = rows[r][i]
                if r != i and factor:
                    rows[r] = [
                        x - factor * y if y else x for x, y in zip(rows[r], rows[i], strict=True)
                    ]
        return [row[n] for row in rows]

    def chosen(self, y: list[Fraction], choice: tuple[int, ...]) -> bool:
        """Return whether the conditions choose this very combination at ``y``."""
        z = {}
        for w, k in enumerate(choice):
            for c, const, rate in self.cells[w][k][1]:
                z[c] = const + rate * y[w]

        def holds(k: int) -> bool:
            v, const, own = self.cond[k]
            return const + own * y[v] + sum(coef * z[c] for c, coef in self.reads[k]) >= 0

        return all(
            next(k for k, (needs, _) in enumerate(cells) if all(map(holds, needs))) == choice[v]
            for v, cells in enumerate(self.cells)
        )


def fixed_points(form: NormalForm) -> list[list[Fraction]]:
    """Return the node values of every fixed point of an exact form without closed loops."""
    tables = Tables(form)
    found = []
    for choice in itertools.product(*(range(len(cells)) for cells in tables.cells)):
        y = tables.values(choice)
        if tables.chosen(y, choice) and y not in found:
            found.append(y)
    return found
