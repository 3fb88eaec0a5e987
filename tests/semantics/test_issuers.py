"""Issuers: ranks, who is paid first, default costs, loops of debt and of shares. Numbers by hand."""

import pytest

import looprisk as lr
from looprisk import System
from tests.semantics.build import (
    F,
    at,
    breaks,
    least_breaks,
    par,
    share,
    solved,
    values,
)


def four_ranks() -> System:
    """A loan of 20, then 80 tokens at par, then a note of 15, then equity, on 130 of assets."""
    return System(
        issuers={
            "I": {
                "outside": {"book": "$130"},
                "owes": {
                    "loan": {"to": "outside", "amount": "$20"},
                    "note": {"to": "outside", "amount": "$15"},
                },
                "issues": {"tok": par(80)},
                "pays": ["loan", "tok", "note", "equity"],
            }
        }
    )


def test_ranks_are_paid_in_order():
    found = solved(four_ranks(), {"loss": {"I": "100%"}})
    point = at(found, "1/4")
    assert values(point, "I/owes/loan", "tok", "I/owes/note", "I/equity") == [20, F(155, 2), 0, 0]
    assert point.token("tok") == F(31, 32)
    assert breaks(found) == {
        ("I", "insolvent"): F(3, 26),
        ("I", "impaired"): F(3, 26),
        ("I/owes/note", "impaired"): F(3, 26),
        ("tok", "impaired"): F(3, 13),
        ("I/owes/loan", "impaired"): F(11, 13),
    }


def test_the_break_points_say_the_same_in_text():
    rows = lr.break_points(four_ranks(), loss={"I": "100%"}).rows
    exact = {(row.of, row.event): row.exact for row in rows}
    assert exact[("I", "insolvent")] == "3/26"
    assert exact[("tok", "impaired")] == "3/13"
    assert exact[("I/owes/loan", "impaired")] == "11/13"
    assert [row.at.value for row in rows] == sorted(row.at.value for row in rows)
    assert not any(row.attained for row in rows)


RING = {
    "A": {"outside": {"cash": "$20"}, "owes": {"B": "$4", "outside": "$17"}, "pays": ["debts"]},
    "B": {"outside": {"cash": "$20"}, "owes": {"C": "$3", "outside": "$18"}, "pays": ["debts"]},
    "C": {"outside": {"cash": "$10"}, "owes": {"A": "$2", "outside": "$8"}, "pays": ["debts"]},
}


def paid(point, issuer: str) -> F:
    node = next(n for n in point.compiled.skeleton.nodes if n.id == issuer)
    return sum((point.claim(c.id) for c in node.claims if c.face is not None), F(0))


@pytest.mark.parametrize(
    ("s", "payments"),
    [
        ("0", [21, 21, 10]),
        ("1/10", [20, 21, 10]),
        ("3/10", [F(11613, 731), F(12446, 731), F(6895, 731)]),
        ("1/2", [F(8295, 731), F(8890, 731), F(4925, 731)]),
    ],
)
def test_a_ring_of_debts(s, payments):
    found = solved(System(issuers=RING), {"loss": dict.fromkeys("ABC", "100%")})
    assert [paid(at(found, s), name) for name in "ABC"] == payments


def tower(pays_s: list, pays_e: list, recovery: str | None = None) -> System:
    """S and E hold each other's paper, V lends to S; PEERS case B, outside assets 460, 40, 13."""
    default = {"outside": recovery, "claims": recovery} if recovery else None
    more = {} if default is None else {"default_recovery": default}
    holders = {"to": "outside", "amount": "$245"}
    return System(
        issuers={
            "S": {
                "outside": {"book": "$460"},
                "owes": {"E": "$68", "V": "$217", "holders": holders},
                "pays": pays_s,
                **more,
            },
            "E": {
                "outside": {"book": "$40"},
                "owes": {"S": "$75", "holders": {"to": "outside", "amount": "$30"}},
                "pays": pays_e,
                **more,
            },
            "V": {
                "outside": {"book": "$13"},
                "owes": {"holders": {"to": "outside", "amount": "$230"}},
                **more,
            },
        }
    )


PRO_RATA = (["debts"], ["debts"])
HOLDERS_FIRST = (["holders", ["E", "V"]], ["holders", "S"])
HOLDERS_LAST = ([["E", "V"], "holders"], ["S", "holders"])


def losses(found) -> dict[tuple[str, str], F]:
    """Break points in dollars of the loss at S, whose whole 460 is the shock."""
    return {key: s * 460 for key, s in breaks(found).items()}


@pytest.mark.parametrize(
    ("loss", "s", "e", "v"),
    [
        ("5", F(530), F(105), F(230)),
        ("6", F(529), F(105), None),
        ("93", F(146757, 337), F(161546, 1685), F(644683, 3370)),
        ("200", F(107060, 337), F(27216, 337), F(48215, 337)),
        ("400", F(32860, 337), F(17696, 337), F(17835, 337)),
    ],
)
def test_the_tower_pro_rata(loss, s, e, v):
    found = solved(tower(*PRO_RATA), {"loss": {"S": f"${loss}"}})
    assert paid(found.end, "S") == s
    assert paid(found.end, "E") == e
    if v is not None:
        assert paid(found.end, "V") == v
    assert found.end.solution.z.tolist() == found.least.solution.z.tolist()


def test_the_tower_breaks_pro_rata():
    found = solved(tower(*PRO_RATA), {"loss": {"S": "100%"}})
    point = at(found, F(93, 460))
    assert paid(point, "S") / 530 == F(2769, 3370)
    assert paid(point, "V") / 230 == F(644683, 775100)
    broken = losses(found)
    assert broken[("S", "insolvent")] == 5
    assert broken[("V", "insolvent")] == 5
    assert broken[("E", "insolvent")] == F(965, 34)


def test_the_tower_pays_holders_first():
    found = solved(tower(*HOLDERS_FIRST), {"loss": {"S": "100%"}})
    point = at(found, F(93, 460))
    for creditor, face in (("E", 68), ("V", 217)):
        assert point.claim(f"S/owes/{creditor}") / face == F(132, 217)
    assert paid(point, "V") / 230 == F(29, 46)
    broken = losses(found)
    assert broken[("S", "insolvent")] == 5
    assert broken[("V", "insolvent")] == 5
    assert broken[("E", "insolvent")] == F(1195, 68)
    assert broken[("S/owes/holders", "impaired")] == 225


def test_the_tower_pays_holders_last():
    found = solved(tower(*HOLDERS_LAST), {"loss": {"S": "100%"}})
    point = at(found, F(93, 460))
    assert values(point, "S/owes/E", "S/owes/V") == [68, 217]
    assert paid(point, "V") == 230
    assert point.claim("S/owes/holders") / 245 == F(157, 245)
    broken = losses(found)
    assert broken[("S/owes/holders", "impaired")] == 5
    assert broken[("V", "insolvent")] == 250
    assert broken[("E", "insolvent")] == F(17855, 68)


def test_default_costs_bring_the_tower_down_at_once():
    found = solved(tower(*PRO_RATA, recovery="90%"), {"loss": {"S": "100%"}})
    point = at(found, F(93, 460))
    assert [paid(point, n) for n in "SEV"] == [
        F(6556365, 17173),
        F(6876513, 85865),
        F(10467531, 68692),
    ]
    broken = losses(found)
    assert {broken[(n, "insolvent")] for n in "SEV"} == {5}
    just = next(p for seg in found.segments for p in seg.pieces if p.lo == F(5, 460) < p.hi)
    index = found.end.compiled.index
    after = [just.z(just.lo)[index.claim[c]] for c in index.claim]
    by_name = dict(zip(index.claim, after, strict=True))
    s_pays = sum(v for c, v in by_name.items() if c.startswith("S/owes/"))
    e_pays = sum(v for c, v in by_name.items() if c.startswith("E/owes/"))
    assert s_pays == F(8025525, 17173)
    assert e_pays == F(1544949, 17173)
    assert by_name["V/owes/holders"] == F(63165087, 343460)


def test_default_costs_leave_two_solutions_already_before_the_loss():
    found = solved(tower(*PRO_RATA, recovery="90%"), {"loss": {"S": "100%"}})
    assert paid(at(found, "0"), "S") == 530
    assert paid(at(found, "0", "least"), "S") == F(8109000, 17173)
    assert {s for key, s in least_breaks(found).items() if key[1] == "insolvent"} == {0}


def test_default_costs_on_what_lies_outside_alone():
    """alpha 0.9 on outside assets, beta 0.5 on claims: far above its debts nothing is lost."""
    system = System(
        issuers={
            "A": {
                "outside": {"book": "$1000"},
                "owes": {"B": "$10"},
                "pays": ["debts", "equity"],
                "default_recovery": {"outside": "90%", "claims": "50%"},
            },
            "B": {"outside": {"book": "$1"}},
        }
    )
    found = solved(system, {"loss": {"A": "100%"}})
    assert breaks(found)[("A", "insolvent")] == F(99, 100)
    assert at(found, "199/200").claim("A/owes/B") == F(9, 2)
    assert at(found, "99/100").claim("A/owes/B") == 10


def test_a_closed_loop_of_debts_has_a_greatest_and_a_least_solution():
    """Two issuers owe each other 1 and have nothing: any (t, t) clears."""
    system = System(issuers={"A": {"owes": {"B": "$1"}}, "B": {"owes": {"A": "$1"}}})
    found = solved(system)
    assert values(found.start, "A/owes/B", "B/owes/A") == [1, 1]
    assert values(at(found, "0", "least"), "A/owes/B", "B/owes/A") == [0, 0]
    with_a_cent = system.set({"A/outside": {"cash": "$0.01"}})
    assert values(at(solved(with_a_cent), "0", "least"), "A/owes/B", "B/owes/A") == [1, 1]


def test_faces_in_an_asset_move_with_its_price():
    """A note of 2 ETH and a note of 100 dollars share a rank; ETH falls from 50 to 25."""
    system = System(
        assets={"ETH": {"price": "$50"}},
        issuers={
            "I": {
                "outside": {"cash": "$120"},
                "owes": {
                    "eth": {"to": "outside", "amount": "2 ETH"},
                    "usd": {"to": "outside", "amount": "$100"},
                },
                "pays": ["debts"],
            }
        },
    )
    found = solved(system, {"price": {"ETH": "-50%"}})
    assert values(found.start, "I/owes/eth", "I/owes/usd") == [60, 60]
    assert values(found.end, "I/owes/eth", "I/owes/usd") == [40, 80]
    assert not found.segments
    assert values(at(found, "1/2"), "I/owes/eth", "I/owes/usd") == [F(360, 7), F(480, 7)]


def pyramid(*leverages: int) -> System:
    """Each layer owns all the shares of the one below, levered; one dollar of equity on top."""
    issuers = {}
    equity = 1
    for place in reversed(range(len(leverages))):
        assets = equity * leverages[place]
        issuers[f"L{place}"] = {
            "owns": {f"s{place - 1}" if place else "BASE": assets},
            "owes": {"outside": f"${assets - equity}"},
            "issues": {f"s{place}": share(equity)},
            "pays": ["debts", f"s{place}"],
        }
        equity = assets
    return System(assets={"BASE": {"price": "$1"}}, issuers=issuers)


def test_a_pyramid_multiplies():
    found = solved(pyramid(2, 3, 4), {"price": {"BASE": "-100%"}})
    broken = breaks(found)
    wiped = [broken[(f"L{layer}", "insolvent")] for layer in range(3)]
    assert wiped == [F(1, 2), F(1, 6), F(1, 24)]
    assert at(found, "3/100").token("s2") == F(28, 100)


def test_a_cycle_of_shares_multiplies():
    """A fifth of the first fund stands in a version of itself with leverage 4."""
    system = System(
        assets={"BASE": {"price": "$1"}},
        issuers={
            "one": {"owns": {"BASE": 80, "lever-share": 20}, "issues": {"t1": share(100)}},
            "lever": {
                "owns": {"t1": 88},
                "owes": {"outside": "$66"},
                "issues": {"lever-share": share(22)},
                "pays": ["debts", "lever-share"],
            },
        },
    )
    found = solved(system, {"price": {"BASE": "-100%"}})
    assert breaks(found)[("lever", "insolvent")] == F(1, 16)
    assert at(found, "1/100").token("t1") == 1 - F(4, 100)
    assert at(found, "1/100").token("lever-share") == 1 - F(16, 100)


def two_firms(face_1: int, face_2: int, alpha: str = "100%") -> System:
    """1 holds a third of 2's equity and half of its debt, 2 a quarter and a fifth of 1's."""
    fifth, half = F(1, 5), F(1, 2)
    return System(
        issuers={
            "F1": firm("F2", "e1", {"e2": 4}, face_1 * fifth, face_1 * (1 - fifth), alpha),
            "F2": firm("F1", "e2", {"e1": 3}, face_2 * half, face_2 * half, alpha),
        }
    )


def firm(other: str, token: str, owns: dict, held: F, free: F, alpha: str) -> dict:
    owes = {"held": {"to": other, "amount": held}, "free": {"to": "outside", "amount": free}}
    return {
        "outside": {"a": "$1"},
        "owns": owns,
        "owes": owes,
        "issues": {token: share(12)},
        "pays": ["debts", token],
        "default_recovery": {"outside": alpha, "claims": "100%"},
    }


@pytest.mark.parametrize(
    ("system", "equity", "debt"),
    [
        (two_firms(0, 0), [F(16, 11), F(15, 11)], [0, 0]),
        (two_firms(5, 5), [0, 0], [F(5, 3), F(4, 3)]),
        (two_firms(0, 5), [F(12, 7), 0], [0, F(10, 7)]),
        (two_firms(5, 5, "10%"), [0, 0], [F(1, 6), F(2, 15)]),
        (two_firms(0, 5, "10%"), [F(6, 5), 0], [0, F(2, 5)]),
    ],
    ids=["equity", "both-owe", "one-owes", "both-owe-costs", "one-owes-costs"],
)
def test_two_firms_hold_each_others_equity_and_debt(system, equity, debt):
    start = solved(system).start
    assert values(start, "e1", "e2") == equity
    assert [paid(start, "F1"), paid(start, "F2")] == debt


def test_a_circle_of_junior_debts_runs_dry_at_once():
    """Each pays 10 outside first and the rest to the other: no dollar in the circle has a holder."""
    senior = {"to": "outside", "amount": "$10"}
    system = System(
        issuers={
            "A": {
                "outside": {"x": "$15"},
                "owes": {"out": senior, "B": "$20"},
                "pays": ["out", "B", "equity"],
            },
            "B": {
                "outside": {"x": "$15"},
                "owes": {"out": senior, "A": "$20"},
                "pays": ["out", "A", "equity"],
            },
        }
    )
    found = solved(system, {"loss": {"A": "100%"}})
    broken = breaks(found)
    assert broken[("A/owes/B", "impaired")] == F(1, 3)
    assert broken[("B/owes/A", "impaired")] == F(2, 3)
    assert broken[("A/owes/out", "impaired")] == F(2, 3)
    assert values(at(found, "2/3"), "A/owes/B", "B/owes/A") == [15, 20]
    just = next(p for seg in found.segments for p in seg.pieces if p.lo == F(2, 3))
    index = found.end.compiled.index.claim
    assert [just.z(F(2, 3))[index[c]] for c in ("A/owes/B", "B/owes/A")] == [0, 5]
