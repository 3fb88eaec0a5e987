"""Debts in the unit of a token: what is good for the token is bad for who owes it."""

import pytest

import looprisk as lr
from looprisk import System
from looprisk.engine.bounds import bounds
from looprisk.engine.catalogue import Catalogue
from looprisk.engine.stage import StageRun
from looprisk.engine.state import start_state
from looprisk.errors import NotExactError
from tests.semantics.build import F, account, at, market, share, solved


def short_of_itself(collateral: int, owner: str | None = "H") -> System:
    """An issuer of 100 tokens has 90 and half of a fund that owes 10 of its tokens against a pledge."""
    pledge = {"market": "M", "collateral": {"PLEDGE": collateral}, "debt": {"T": 10}}
    if owner:
        pledge["owner"] = owner
    return System(
        assets={"PLEDGE": {"price": "$1"}},
        issuers={
            "I": {"outside": {"book": "$90"}, "owns": {"h": 1}, "issues": {"T": share(100)}},
            "H": {"issues": {"h": share(2)}},
        },
        markets={"M": market("PLEDGE", token="T", lltv="47.5%", incentive="10%")},
        positions={"p": pledge},
    )


def test_a_short_of_oneself_may_have_no_solution():
    with pytest.raises(NotExactError, match=r"no certified solution.*add `time`") as caught:
        lr.run(short_of_itself(20))
    assert "p → H → I → p" in str(caught.value)


def test_the_bounds_are_those_of_the_cycle_of_picard():
    catalogue = Catalogue(short_of_itself(20))
    start = start_state(catalogue)
    run = StageRun(catalogue=catalogue, start=start, before=start, after=start)
    compiled = run.compiled_at(F(0), {})
    high, low = bounds(compiled.form)
    token = compiled.index.node["I"]
    assert low.y[token] / 100 == pytest.approx(0.94761, abs=1e-5)
    assert high.y[token] / 100 == pytest.approx(0.95262, abs=1e-5)
    assert compiled.minus_cycle


def test_where_the_bounds_meet_the_solution_is_certified():
    start = solved(short_of_itself(25)).start
    # 100 p = 90 + (25 - 10 p) / 2, and 0.475 x 25 covers 10 p
    assert start.token("T") == F(41, 42)


@pytest.mark.parametrize("pledged", [2, 200, 20_000])
def test_a_pledge_that_others_do_not_need_is_no_bound(pledged):
    """A bound on I counts all of a pledge beside it, of which it can only get the debt of 1.

    There 10 tokens cost more than the pledge of p, whose lenders then get the pledge: more than the
    10 tokens are worth in the solution.
    """
    tree = short_of_itself(25).tree()
    tree["assets"]["USDC"] = {"price": "$1"}
    tree["issuers"]["I"]["owns"]["N"] = "100%"
    tree["markets"]["N"] = market("PLEDGE")
    tree["positions"]["q"] = account("N", "PLEDGE", pledged, 1)
    # 100 p = 90 + 1 + (25 - 10 p) / 2
    assert solved(System(**tree)).start.token("T") == F(207, 210)


def test_a_minus_sign_between_components_does_no_harm():
    """Nobody inside owns the account: the token is worth what backs it, the account owes 10 of it."""
    system = short_of_itself(20, owner=None).set({"I/outside/book": "$94"})
    found = solved(system, {"loss": {"I": "100%"}})
    assert found.start.token("T") == F(94, 100)
    assert [found.start.claim(c) for c in ("p/debt", "p/equity")] == [F(94, 10), F(106, 10)]
    assert at(found, "1/2").claim("p/equity") == 20 - F(47, 10)
    dear = solved(short_of_itself(20, owner=None).set({"I/outside/book": "$96"}))
    # 9.6 is over 47.5 % of 20: the liquidator takes 1.1 x 9.6
    assert dear.start.state_of("p") == {"liquidated"}
    assert [dear.start.claim(c) for c in ("p/debt", "p/equity")] == [F(96, 10), 20 - F(1056, 100)]
