"""The plain program on random systems: nothing is lost, and every mechanism is met."""

from collections import Counter

from tests.cascade.plain.run import run
from tests.cascade.systems import random_case

MET = {
    "absorbed": 30,
    "backstop": 5,
    "bad_debt": 50,
    "bankrupt": 100,
    "credited": 20,
    "cut": 80,
    "deleveraged": 60,
    "dry": 5,
    "fed": 20,
    "gated": 30,
    "hedge sold": 10,
    "insured": 20,
    "lagged": 4,
    "liquidated": 300,
    "not_paid": 50,
    "paid out": 100,
    "partial": 2,
    "rebalanced": 20,
    "recognised": 20,
    "several collaterals": 60,
    "socialised": 30,
    "stock sold": 60,
    "stock unsold": 30,
}


def test_value_is_conserved_through_every_mechanism():
    met = Counter()
    for seed in range(26):
        system, scenarios = random_case(seed, paths=3)
        for scenario in scenarios:
            world = run(system, scenario)
            for record in world.records:
                size = world.records[0].outside + abs(record.gains)
                assert abs(record.gap) <= 1e-9 * size, (seed, record.k, record.gap)
            met.update(world.counts)
            met["lagged"] += world.last.lagged
    assert {what: met[what] for what, least in MET.items() if met[what] < least} == {}
