"""Why a claim loses in time: parts that add up to its loss."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.cascade.causes import SMALL, causes
from looprisk.cascade.claims import claims_of, lost
from looprisk.cascade.run import run
from looprisk.cli import run_line
from looprisk.errors import ModelError
from tests.cascade import examples
from tests.cascade.test_random_against_plain import batch

HEDGE = Path(__file__).parents[2] / "scenarios" / "hedge-in-time.yaml"
REST = "reserves, what is withheld, and debts that count a record late"


def test_they_add_up_on_random_systems():
    kinds, rests = set(), 0
    for seed in range(8):
        system, scenarios, prices = batch(seed)
        done = run(system, scenarios[0], drawn=prices)
        for claim in claims_of(done):
            parts = causes(done, claim)
            loss = float(lost(done, claim, done.end).mean())
            size = float(abs(done.start.values.node[:, claim.node]).mean()) + abs(loss) + 1
            # parts too small to be named are left out
            slack = 10 * SMALL * size
            assert math.fsum(part.loss for part in parts) == pytest.approx(loss, abs=slack)
            kinds |= {part.what.partition(" ")[0] for part in parts}
            rests += any(part.what == REST for part in parts)
    assert {"legs", "cash", "what", "accounts", "paid", "of"} <= kinds
    assert rests < 40


def test_the_first_example_by_hand():
    """Example 1: 10 ETH fall to 60, the short that died took 200 of margin and left 0."""
    answer = lr.run(lr.load(HEDGE)["rally-first"])
    table = answer.explain("nUSD")
    told = dict(zip(table["cause"], table["amount_usd"], strict=True))
    assert told["ETH: $1.00k to $600.00"] == pytest.approx(400)
    assert told["legs and margin: $200.00 to $0"] == pytest.approx(200)
    loss = answer.layer("nUSD").economic_loss_usd
    assert math.fsum(table["amount_usd"]) == pytest.approx(loss, rel=1e-12)


def test_leavers_and_what_others_bear_have_lines_of_their_own():
    system, scenario = examples.run(together=False)
    done = run(system, scenario)
    claims = {claim.id: claim for claim in claims_of(done)}
    parts = {part.what: part.loss for part in causes(done, claims["V"])}
    assert parts["paid for units that left"] == pytest.approx(-400)
    assert parts["USD"] == pytest.approx(100)
    assert parts["m"] == pytest.approx(300)


def test_the_command_line_explains_in_time(capsys):
    assert run_line(["run", f"{HEDGE}::rally-first", "--explain", "nUSD"]) == 0
    shown = capsys.readouterr().out
    assert "nUSD loses $566.67: 3 causes add up to it." in shown
    assert "legs and margin: $200.00 to $0" in shown
    with pytest.raises(ModelError, match="did you mean nUSD"):
        lr.run(lr.load(HEDGE)["rally-first"]).explain("nUSDC")
