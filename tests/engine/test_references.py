"""Published and constructed clearing cases, with their sources."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from looprisk.engine import walk
from looprisk.engine.block import Block
from looprisk.engine.clear import clear, prove
from looprisk.engine.networks import debt_network
from looprisk.engine.trace import sweep, trace
from tests.engine.systems import Condition, build, exact, issuer, position


def payments(form, selection="greatest"):
    return clear(form, selection).z[::2].tolist()


class TestEisenbergNoe:
    """Eisenberg and Noe 2001, Management Science 47(2), appendix 2."""

    def test_without_outside_assets_every_multiple_clears(self):
        form = debt_network([[0, 1], [1, 0]], [Fraction(0), Fraction(0)])
        assert payments(form) == [1, 1]
        assert payments(form, "least") == [0, 0]

    def test_any_outside_asset_makes_it_unique(self):
        form = debt_network([[0, 1], [1, 0]], [Fraction("0.01"), Fraction(0)])
        assert payments(form) == payments(form, "least") == [1, 1]


class TestRogersVeraart:
    """Rogers and Veraart 2013, Management Science 59(4); tests of ninagad's
    Greatest-Clearing-Vector-Algorithm."""

    half = Fraction(1, 2)

    def test_example_3_3(self):
        form = debt_network(
            [[0, 2], [2.2, 0]], [Fraction(1), Fraction(1)], alpha=self.half, beta=self.half
        )
        assert payments(form) == [2, Fraction("2.2")]

    def test_example_3_3_with_equal_debts_has_two_solutions(self):
        debts = [[0, 2.2], [2.2, 0]]
        form = debt_network(debts, [Fraction(1), Fraction(1)], alpha=self.half, beta=self.half)
        assert payments(form) == [Fraction("2.2"), Fraction("2.2")]
        assert payments(form, "least") == [1, 1]
        free = debt_network(debts, [Fraction(1), Fraction(1)])
        assert payments(free) == payments(free, "least") == [Fraction("2.2"), Fraction("2.2")]

    def test_section_5_1_circle(self):
        owed = [[(2, 3)[i % 2] if j == (i + 1) % 6 else 0 for j in range(6)] for i in range(6)]
        assets = [Fraction(0), Fraction("0.8")] * 3
        form = debt_network(owed, assets, alpha=self.half, beta=self.half)
        # a g / (1 - b^2) (b (1 - eps) + 1 + eps) and the mirror, at a = b = 1/2, g = 2/5, eps = 1
        assert payments(form) == [Fraction(4, 15), Fraction(8, 15)] * 3
        first = walk.greatest(Block(form)).changed
        assert set(first[:3]) == {1, 3, 5}
        assert set(first[3:]) == {0, 2, 4}


class TestFinNetValu:
    """Tests 'rogers' and 'xos default fixpoint' of FinNetValu.jl."""

    owed = ((0, "0.1", "0.7"), (2, 0, "10.5"), (0, "8.4", 0))

    @pytest.mark.parametrize(
        ("assets", "paid"),
        [((1, 1, 1), ("0.8", "9.5", "8.4")), ((0, 0, "0.1"), ("0.8", "5.625", "5.525"))],
    )
    def test_three_banks(self, assets, paid):
        owed = [[Fraction(x) for x in row] for row in self.owed]
        form = debt_network(owed, [Fraction(x) for x in assets])
        solution = clear(form)
        assert solution.z[::2].tolist() == [Fraction(x) for x in paid]
        assert sum(solution.z[1::2]) == sum(Fraction(x) for x in assets)

    @pytest.mark.parametrize(
        ("due", "cost", "equity", "debt"),
        [
            ((0, 0), 1, (Fraction(16, 11), Fraction(15, 11)), (0, 0)),
            ((5, 5), 1, (0, 0), (Fraction(5, 3), Fraction(4, 3))),
            ((0, 5), 1, (Fraction(12, 7), 0), (0, Fraction(10, 7))),
            ((5, 5), Fraction(1, 10), (0, 0), (Fraction(1, 6), Fraction(2, 15))),
            ((0, 5), Fraction(1, 10), (Fraction(6, 5), 0), (0, Fraction(2, 5))),
        ],
    )
    def test_two_firms_hold_each_others_debt_and_equity(self, due, cost, equity, debt):
        """Suzuki 2002, Fischer 2014: the cost hits outside assets only."""
        form = debt_network(
            [[0, Fraction(1, 5) * due[0]], [Fraction(1, 2) * due[1], 0]],
            [Fraction(1), Fraction(1)],
            outside_liabilities=[Fraction(4, 5) * due[0], Fraction(1, 2) * due[1]],
            alpha=cost,
            shares=[[0, Fraction(1, 4)], [Fraction(1, 3), 0]],
        )
        solution = clear(form)
        assert solution.z[1::2].tolist() == list(equity)
        assert solution.z[::2].tolist() == list(debt)


class TestThreeNodesWithARing:
    """The exercise of Barucca's NEVA: L, outside assets (20, 20, 10)(1 - s), a sink of 17, 18, 8."""

    form = debt_network(
        [[0, 4, 0], [0, 0, 3], [2, 0, 0]],
        [Fraction(20), Fraction(20), Fraction(10)],
        outside_liabilities=[17, 18, 8],
    )

    @pytest.mark.parametrize(
        ("s", "paid"),
        [
            ("0", (21, 21, 10)),
            ("0.1", (20, 21, 10)),
            ("0.3", (15.886457, 17.025992, 9.432285)),
            ("0.5", (11.347469, 12.161423, 6.737346)),
        ],
    )
    def test_payments(self, s, paid):
        falling = replace(self.form, b_slope=-self.form.b_const)
        found = [float(p) for p in payments(falling.at(Fraction(s)))]
        assert found == pytest.approx(paid, abs=5e-7)
        (last,) = [
            p
            for p in sweep(falling, Fraction(0), Fraction(1))
            if p.lo < Fraction(s) <= p.hi or Fraction(s) == p.lo
        ]
        assert last.z(Fraction(s))[::2].tolist() == payments(falling.at(Fraction(s)))


S, E, V = range(3)
"""The three layers of the tower: S and E hold each other's paper, V lends to S."""


def tower(rule="together", cost=1):
    """S owes E 68, V 217 and its holders 245; E owes S 75 and its holders 30; V owes 230.

    The loss falls on S's 460, a dollar per unit of s. The claims of each node stand in the order of
    their rank, loans to layers of one rank as one claim.
    """
    cost = {"alpha": cost, "beta": cost}
    loans, holders = {"together": (0, 0), "holders first": (1, 0), "holders last": (0, 1)}[rule]
    s_faces, e_faces = [Fraction(285), Fraction(245)], [Fraction(75), Fraction(30)]
    if rule == "together":
        nodes = [issuer(460, [530], **cost), issuer(40, [105], **cost), issuer(13, [230], **cost)]
        held = [
            ((S, 0), E, Fraction(68, 530)),
            ((S, 0), V, Fraction(217, 530)),
            ((E, 0), S, Fraction(75, 105)),
        ]
    else:
        if loans:
            s_faces.reverse()
            e_faces.reverse()
        nodes = [issuer(460, s_faces, **cost), issuer(40, e_faces, **cost), issuer(13, [230])]
        held = [
            ((S, loans), E, Fraction(68, 285)),
            ((S, loans), V, Fraction(217, 285)),
            ((E, loans), S, Fraction(1)),
        ]
    form = build(nodes, held)
    return replace(form, b_slope=exact([-1, 0, 0])), loans, holders


def breaks(pieces):
    """Return {condition: s at which it failed}."""
    return {k: piece.lo for piece in pieces for k in piece.changed}


class TestTower:
    """A three-layer tower with a cycle; GA, LP, R systemicrisk and a plain fixed point agree."""

    @pytest.mark.parametrize(
        ("loss", "paid"),
        [
            (5, (530, 105, 230)),
            (6, (529, 105, Fraction(229590566, 10**6))),
            (93, (Fraction(146757, 337), Fraction(161546, 1685), Fraction(644683, 3370))),
            (200, (Fraction(107060, 337), Fraction(27216, 337), Fraction(48215, 337))),
            (400, (Fraction(32860, 337), Fraction(17696, 337), Fraction(17835, 337))),
        ],
    )
    def test_payments(self, loss, paid):
        form, _, _ = tower()
        assert clear(form.at(Fraction(loss))).z[::2].tolist() == pytest.approx(paid, abs=5e-7)
        if loss != 6:
            assert clear(form.at(Fraction(loss))).z[::2].tolist() == list(paid)
        (piece,) = [p for p in sweep(form, Fraction(0), Fraction(400)) if p.lo < loss <= p.hi]
        assert piece.z(Fraction(loss)).tolist() == clear(form.at(Fraction(loss))).z.tolist()

    def test_break_points(self):
        form, _, _ = tower()
        assert breaks(sweep(form, Fraction(0), Fraction(400))) == {S: 5, V: 5, E: Fraction(965, 34)}

    def test_holders_first(self):
        form, loans, _ = tower("holders first")
        z = clear(form.at(Fraction(93))).z
        assert z[loans] / 285 == Fraction(132, 217)
        assert z[6] / 230 == Fraction(29, 46)
        # conditions: S in full, S's holders in full, E in full, E's holders in full, V in full
        found = breaks(sweep(form, Fraction(0), Fraction(400)))
        assert found == {0: 5, 1: 225, 2: Fraction(1195, 68), 4: 5}

    def test_holders_last(self):
        form, loans, holders = tower("holders last")
        z = clear(form.at(Fraction(93))).z
        assert (z[loans], z[6]) == (285, 230)
        assert z[holders] / 245 == Fraction(157, 245)
        found = breaks(sweep(form, Fraction(0), Fraction(300)))
        assert found == {0: 5, 1: 250, 2: Fraction(17855, 68), 4: 250}

    def test_default_costs_break_all_three_at_once(self):
        form, _, _ = tower(cost=Fraction(9, 10))
        z = [Fraction(6556365, 17173), Fraction(6876513, 85865), Fraction(10467531, 68692)]
        assert clear(form.at(Fraction(93))).z[::2].tolist() == z
        pieces = sweep(form, Fraction(0), Fraction(400))
        assert breaks(pieces) == {S: 5, E: 5, V: 5}
        assert pieces[0].z(Fraction(5))[::2].tolist() == [530, 105, 230]
        after = [Fraction(8025525, 17173), Fraction(1544949, 17173), Fraction(63165087, 343460)]
        assert pieces[1].z(Fraction(5))[::2].tolist() == after
        assert clear(form.at(Fraction(0)), "least").z[0] == Fraction(8109000, 17173)


class TestOwnToken:
    """An issuer posts its own token: N_o p + sum of min(D_j, N_j p) = A."""

    def test_reflexive_waterfall(self):
        quiet = Condition(Fraction(0))
        nodes = [
            issuer(352),
            position(0, 217, 1, 1, trigger=quiet),
            position(0, 68, 1, 1, trigger=quiet),
        ]
        held = [((0, 0), 1, Fraction(250, 485)), ((0, 0), 2, Fraction(75, 485))]
        held += [((1, 2), 0, Fraction(1)), ((2, 2), 0, Fraction(1))]
        z = clear(build(nodes, held)).z
        assert z[0] / 485 == Fraction(352, 485)
        assert (z[1], z[4]) == (Fraction(17600, 97), Fraction(5280, 97))
        assert float(z[0] / 485) == pytest.approx(0.7257731958762886, abs=1e-15)

    def test_stream_like_loop(self):
        quiet = Condition(Fraction(0))
        fund, usdc, loan, elixir = range(4)
        nodes = [
            issuer(370),
            position(0, 217, 1, 1, trigger=quiet),
            position(0, 68, 1, 1, trigger=quiet),
            issuer(62, [130]),
        ]
        held = [
            ((fund, 0), usdc, Fraction(250, 485)),
            ((fund, 0), loan, Fraction(75, 485)),
            ((usdc, 2), fund, Fraction(1)),
            ((loan, 2), fund, Fraction(1)),
            ((loan, 0), elixir, Fraction(1)),
            ((elixir, 0), fund, Fraction(75, 130)),
        ]
        form = build(nodes, held)
        form = replace(form, b_slope=exact([-1, 0, 0, 0]))
        lender, second, deusd = 1, 4, 7
        z = clear(form.at(Fraction(93))).z
        found = [z[0] / 485, z[deusd] / 130, z[lender] / 217, z[second] / 68]
        assert [float(x) for x in found] == pytest.approx(
            [0.7081, 0.8854, 0.8157, 0.7809], abs=1e-4
        )
        pieces = sweep(form, Fraction(0), Fraction(200))
        first = {c: min(p.lo for p in pieces if p.z_slope[c]) for c in (lender, second, deusd)}
        assert first[second] == first[deusd] == Fraction(224, 15)
        assert float(first[lender]) == pytest.approx(22.346923, abs=1e-6)
        # between the two the loop gain is (75/235)(75/130)
        (between,) = [p for p in pieces if p.lo == first[second]]
        gain = Fraction(75, 235) * Fraction(75, 130)
        assert float(gain) == pytest.approx(0.18412438625204583, abs=1e-15)
        assert between.z_slope[deusd] == -Fraction(75, 235) / (1 - gain)


class TestSemantics:
    """Worked examples, each done by hand and by two solvers."""

    def test_ranks(self):
        form = build([issuer(130, [20, 80, 15])], [])
        form = replace(form, b_slope=exact([-130]))
        assert clear(form.at(Fraction(1, 4))).z.tolist() == [20, Fraction(155, 2), 0, 0]
        assert sorted(breaks(sweep(form, Fraction(0), Fraction(1))).values()) == [
            Fraction(3, 26),
            Fraction(3, 13),
            Fraction(11, 13),
        ]

    def test_one_loan(self):
        units, debt = Fraction("8.784"), Fraction("7.784")
        node = position(units, debt, Fraction(915, 1000), Fraction(2000, 1949))
        form = replace(build([node], []), b_slope=exact([-units]))
        pieces = sweep(form, Fraction(0), Fraction(1))
        assert 1 - pieces[0].hi == Fraction(97300, 100467)
        jump = pieces[0].z(pieces[0].hi)[2] - pieces[1].z(pieces[0].hi)[2]
        assert jump == Fraction(49623, 243625)
        assert 1 - pieces[1].hi == Fraction(973000, 1070001)
        assert clear(form.at(Fraction(1, 10))).z[0] == Fraction(9630009, 1250000)

    def test_jump_inside_a_loop_has_two_ends(self):
        nodes = [issuer(140), position(0, 40, Fraction(86, 100), Fraction(21, 20))]
        held = [((0, 0), 1, Fraction(50, 150)), ((1, 2), 0, Fraction(1))]
        form = replace(build(nodes, held), b_slope=exact([-140, 0]))
        price = [clear(form.at(Fraction(3, 70)), end).z[0] / 150 for end in ("greatest", "least")]
        assert price == [Fraction(47, 50), Fraction(23, 25)]
        upper, lower = (trace(form, Fraction(0), Fraction(1), end) for end in ("greatest", "least"))
        assert upper[0].hi == Fraction(15, 301)
        assert lower[0].hi == Fraction(107, 3010)
        impaired = [next(p.lo for p in pieces if p.z_slope[1]) for pieces in (upper, lower)]
        assert impaired == [Fraction(1, 10), Fraction(1, 10)]

    def test_every_solution_conserves_value(self):
        for form in (tower()[0].at(Fraction(93)), tower(cost=Fraction(1, 2))[0].at(Fraction(50))):
            for end in ("greatest", "least"):
                proof = prove(form, clear(form, end))
                assert (proof.residual, proof.conservation_gap, proof.same_cells) == (0, 0, True)


def test_floats_agree_with_the_fractions_of_the_tower():
    form = tower(cost=Fraction(9, 10))[0]
    for loss in np.linspace(0, 400, 41):
        exactly = clear(form.at(Fraction(int(loss)))).z.astype(float)
        assert clear(form.floats().at(int(loss))).z == pytest.approx(exactly, abs=1e-9)
