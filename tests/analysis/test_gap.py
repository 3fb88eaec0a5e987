"""What a panic alone costs each layer: greatest less least, against every fixed point there is."""

from random import Random

import pytest

import looprisk as lr
from looprisk import System, load
from tests.engine.brute import fixed_points
from tests.semantics.build import F, case, solved

KEPT = F(1, 2)


def ring(seed: int) -> System:
    """Firms that owe each other and outside, and lose half of what they have when they fail."""
    random = Random(seed)
    names = [f"I{i}" for i in range(random.choice([2, 3, 3, 4]))]
    return System(
        issuers={
            name: {
                "outside": {"pile": f"${random.randint(1, 12)}"},
                "owes": {
                    "out": {"to": "outside", "amount": f"${random.randint(1, 6)}"},
                    "in": {
                        "to": names[(place + 1) % len(names)],
                        "amount": f"${random.randint(2, 20)}",
                    },
                },
                "pays": [["out", "in"], "equity"],
                "default_recovery": {"outside": "50%", "claims": "50%"},
            }
            for place, name in enumerate(names)
        }
    )


def paid(system: System, values: dict[str, F]) -> dict[str, F]:
    """What each claim gets at some asset values, by the rule of the contract."""
    found = {}
    for name, issuer in system.issuers.items():
        owed = {loan: terms.amount.number for loan, terms in issuer.owes.items()}
        total, worth = sum(owed.values()), values[name]
        left = worth if worth >= total else KEPT * worth
        for loan, face in owed.items():
            found[f"{name}/owes/{loan}"] = face / total * min(total, left)
        found[f"{name}/equity"] = max(F(0), left - total)
    return found


def test_the_gap_of_each_layer_is_that_of_all_fixed_points():
    several = 0
    for seed in range(60):
        system = ring(seed)
        found = solved(system, {"loss": {"I0": "20%"}})
        form, index = found.end.compiled.form, found.end.compiled.index
        points = fixed_points(form)
        ends = [
            {name: end(point[at] for point in points) for name, at in index.node.items()}
            for end in (max, min)
        ]
        high, low = (paid(system, values) for values in ends)
        gaps = {claim: high[claim] - low[claim] for claim in high}
        assert {claim: found.gap(claim) for claim in gaps} == gaps, seed
        rows = lr.run(case(system, {"loss": {"I0": "20%"}})).layer_rows
        assert {row.id: row.self_fulfilling_usd for row in rows} == {
            row.id: float(gaps[row.id]) for row in rows
        }
        several += any(gaps.values())
    assert several >= 5


@pytest.mark.parametrize("selection", ["greatest", "least", "both"])
def test_it_is_the_same_whichever_solution_answers(selection):
    system = ring(next(s for s in range(60) if _has_several(s)))
    rows = lr.run(case(system, {"loss": {"I0": "20%"}}, solution=selection)).layer_rows
    greatest = lr.run(case(system, {"loss": {"I0": "20%"}})).layer_rows
    assert [r.self_fulfilling_usd for r in rows if r.id.startswith("I")] == [
        next(g.self_fulfilling_usd for g in greatest if g.id == r.id) for r in rows
    ]


def _has_several(seed: int) -> bool:
    found = solved(ring(seed), {"loss": {"I0": "20%"}})
    return any(found.gap(claim) for claim in found.end.compiled.index.claim)


def test_the_table_shows_it_only_where_there_is_one():
    file = load("scenarios/three-firms.yaml")
    costs, whole = lr.run(file["panic"]), lr.run(file["loss-93"])
    assert "fulfilling" in costs.layers.text()
    assert "fulfilling" not in whole.layers.text()
    assert "self_fulfilling_usd" in whole.layers.to_csv().splitlines()[0]
    outside = costs.certificate.least_gap_usd
    held_outside = sum(
        row.self_fulfilling_usd
        for row in costs.layer_rows
        if row.id.endswith(("outside", "equity"))
    )
    assert held_outside == pytest.approx(outside)


def test_an_expectation_may_ask_for_it():
    expect = [{"of": "I0/owes/out", "metric": "self_fulfilling_usd", "at_most": "$0"}]
    seed = next(s for s in range(60) if _has_several(s))
    found = solved(ring(seed), {"loss": {"I0": "20%"}})
    report = lr.check(case(ring(seed), {"loss": {"I0": "20%"}}, expect=expect))
    gap = found.gap("I0/owes/out")
    assert report.rows[0].got == float(gap)
    assert report.rows[0].outcome == ("ok" if gap == 0 else "FAIL")
