"""The order of rows in a file changes no digit: not of fractions, and not of floats."""

import random

import pytest

import looprisk as lr
from looprisk.model.case import Case
from looprisk.model.scenario import Scenario
from looprisk.results.result_json import break_points_json, dumps, result_json


def crossed(count):
    """Issuers that hold and owe each other at random, in USD; above 60 they clear in floats."""
    draw = random.Random(count)
    names = [f"v{i}" for i in range(count)]
    issuers = {
        name: {
            "outside": {"cash": draw.randint(1, 9), "loans": draw.randint(1, 9)},
            "owns": {f"t-{other}": draw.randint(1, 5) for other in draw.sample(names, 3)},
            "owes": {other: draw.randint(1, 9) for other in draw.sample(names, 2) if other != name},
            "issues": {f"t-{name}": {"kind": "share", "supply": 60}},
            "pays": ["debts", f"t-{name}"],
        }
        for name in names
    }
    for issuer in issuers.values():
        issuer["owns"] = {t: u for t, u in issuer["owns"].items() if t not in issuer["issues"]}
    return {"issuers": issuers}


def shuffled(tree, draw):
    if not isinstance(tree, dict):
        return tree
    keys = draw.sample(list(tree), len(tree))
    return {key: shuffled(tree[key], draw) for key in keys}


@pytest.mark.parametrize("count", [12, 64])
def test_the_order_of_rows_changes_no_digit(count):
    tree = crossed(count)
    texts, points = set(), set()
    for seed in range(3):
        system = lr.System.from_tree(shuffled(tree, random.Random(seed)) if seed else tree)
        scenario = Scenario(stages=[{"loss": {"v0/outside/loans": "100%", "v1": "70%"}}])
        case = Case(system=system, scenario=scenario, name="hit")
        done = lr.run(case)
        assert done.certificate.exact is (count <= 60)
        texts.add(dumps({**result_json(done), "inputs": {}}))
        points.add(dumps({**break_points_json(lr.break_points(case)), "inputs": {}}))
    assert (len(texts), len(points)) == (1, 1)
