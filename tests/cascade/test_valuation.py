"""What the plain program says things are worth, against the static clearing with nothing acting."""

import random

import looprisk
from looprisk.model import Scenario, System
from tests.cascade.plain.run import run
from tests.cascade.systems import random_case


def quiet(system):
    """Return the system without legs, in which no oracle ever sees a fall."""
    tree = system.tree()
    tree["oracles"] = {"much": {"kind": "fixed", "price": "$1_000_000"}}
    tree["positions"] = {n: p for n, p in tree["positions"].items() if "venue" not in p}
    for market in tree["markets"].values():
        for terms in (
            market["collateral"],
            *(m["collateral"] for m in market.get("e_modes", {}).values()),
        ):
            for one in terms.values():
                one["oracle"] = "much"
    tree["venues"], tree["liquidity"] = {}, {}
    for issuer in tree["issuers"].values():
        issuer.pop("rebalance", None)
        issuer.pop("feeds", None)
        for receipt in issuer["issues"].values():
            receipt.pop("market_price", None)
    return System.from_tree(tree)


def test_economic_and_book_values_are_those_of_the_clearing():
    draw = random.Random(3)
    compared = 0
    for seed in range(3):
        system, _ = random_case(seed, paths=0)
        if "short" in system.markets:
            continue
        system = quiet(system)
        shock = {
            "price": {"X": f"{draw.randint(-70, 20)}%", "W": f"{draw.randint(-60, 60)}%"},
            "loss": {"Q": f"${draw.randint(0, 20_000)}"},
            "recognise": ["Q"] if draw.random() < 0.5 else [],
        }
        clearing = looprisk.run(system, **shock)
        stage = {"at": "0s", **shock}
        world = run(system, Scenario(time={"step": "1s", "horizon": "1s"}, stages=[stage]))
        for layer in clearing.layers:
            if layer.price is not None and layer.id in world.last.economic:
                found = (world.records[1].book[layer.id], world.records[1].economic[layer.id])
                wanted = (layer.price.book, layer.price.economic)
                gap = max(abs(a - b) for a, b in zip(found, wanted, strict=True))
                assert gap <= 1e-9 * max(1.0, *wanted), (seed, layer.id, found, wanted, shock)
                compared += 1
    assert compared > 6
