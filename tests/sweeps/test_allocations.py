"""Who bears one shock under every rule that could be written."""

from fractions import Fraction
from itertools import permutations

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.errors import ModelError

LOSS = {"F": 50}


def fund(**changed):
    """Assets of 100 against three promises of 30, 40 and 20, all outside."""
    given = {
        "outside": {"book": 100},
        "owes": {"outside": 30},
        "issues": {"a": lr.Par(supply=40, par="$1"), "b": lr.Par(supply=20, par="$1")},
        "pays": ["debts", "a", "b"],
    }
    return lr.System(issuers={"F": lr.Issuer(**{**given, **changed})})


def paid(ranks, assets):
    """The waterfall by hand, in fractions: each rank whole, the last one pro rata."""
    face = {"debts": 30, "a": 40, "b": 20}
    left, got = Fraction(assets), {}
    for rank in ranks:
        owed = sum(face[name] for name in rank)
        share = min(Fraction(1), left / owed) if owed else Fraction(1)
        for name in rank:
            got[name] = face[name] * share
        left -= owed * share
    return {name: face[name] - got.get(name, 0) for name in face}


def test_every_order_is_asked_and_equals_the_waterfall_by_hand():
    found = lr.allocations(fund(), loss=LOSS)
    asked = {row.rule: row for row in found.rows}
    orders = [[(name,) for name in order] for order in permutations(("debts", "a", "b"))]
    orders.append([("debts", "a", "b")])
    assert len(found.rows) == len(orders)  # six orders and together; one of them is as given
    for ranks in orders:
        listed = [rank[0] if len(rank) == 1 else list(rank) for rank in ranks]
        words = (
            "["
            + ", ".join(
                word if isinstance(word, str) else f"[{', '.join(word)}]" for word in listed
            )
            + "]"
        )
        row = asked["as given" if words == "[debts, a, b]" else words]
        by_hand = paid(ranks, 50)
        names = {"lenders to F": "debts", "a holders": "a", "b holders": "b"}
        for claimant, name in names.items():
            assert row.losses.get(claimant, 0.0) == pytest.approx(float(by_hand[name]), abs=1e-12)
        assert sum(row.losses.values()) == pytest.approx(50)
        assert (row.residual, row.conservation_gap) == (0, 0)


def test_an_order_nobody_knows_is_asked_in_every_way():
    found = lr.allocations(fund(pays="unknown"), loss=LOSS)
    assert "F/pays is unknown" in found.rows[0].refused
    assert [row.refused for row in found.rows[1:]] == [""] * 7
    assert found.headline.startswith("system: a holders lose $0 to $40.00, by")


def test_a_share_stays_last():
    issues = {"a": lr.Par(supply=40, par="$1"), "s": lr.Share(supply=30)}
    found = lr.allocations(fund(issues=issues, pays=["debts", "a", "s"]), loss=LOSS)
    assert [row.rule for row in found.rows] == ["as given", "[a, debts, s]", "[[debts, a], s]"]


def test_who_bears_the_shortfall_of_copies_is_a_rule():
    token = lr.Share(
        supply=60,
        copies={"l2": {"supply": 40, "locked": 20}},
        shortfall_borne_by="all",
    )
    vault = lr.Issuer(outside={"book": 100}, issues={"t": token})
    found = lr.allocations(lr.System(issuers={"V": vault}), loss={"V": 50})
    assert [row.rule for row in found.rows] == ["as given", "[l2]"]
    assert all(sum(row.losses.values()) == pytest.approx(50) for row in found.rows)


def test_where_no_rule_matters_it_says_so():
    plain = lr.System(issuers={"F": lr.Issuer(outside={"book": 9}, owes={"outside": 5})})
    found = lr.allocations(plain, loss={"F": 5})
    assert found.headline == "system: no other rule would change who bears this."
    with pytest.raises(ModelError, match=r"`G` is not known here"):
        lr.allocations(plain, of=["G"], loss={"F": 5})


def test_the_verb_writes_the_table(tmp_path, capsys):
    path = tmp_path / "fund.yaml"
    lr.save(fund(), path)
    words = [str(path), "--shock", "loss: {F: $50}"]
    assert run_line(["allocations", *words]) == 0
    out = capsys.readouterr().out
    assert "[[debts, a, b]]" in out
    assert "certified: 7 of 7 rows" in out
    assert run_line(["allocations", *words, "--of", "G"]) == 2
    assert "`G` is not known here" in capsys.readouterr().err
    assert run_line(["allocations", str(path), "--shock", "loss: {F: $50}", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8
