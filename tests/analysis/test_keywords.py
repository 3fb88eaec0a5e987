"""The words of a file are the keywords of Python: one answer, however the shock is given."""

import pytest

import looprisk as lr
from looprisk.analysis.api import Question, Shock
from looprisk.errors import ModelError
from looprisk.model import LoanPosition
from looprisk.model.vocabulary import SHOCKS

SYSTEM = lr.System(
    assets={"USDC": {"price": "$1"}, "ETH": {"price": "$100"}},
    oracles={"posted": {"kind": "fixed", "price": "$1"}},
    venues={"hl": {"convention": "hyperliquid", "mode": "isolated", "maintenance": "3%"}},
    issuers={
        "V": {
            "outside": {"x": "$50"},
            "owns": {"USDC": 100, "ETH": 1},
            "owes": {"outside": "$30"},
            "issues": {"v": {"kind": "share", "supply": 200, "book_price": "$1"}},
            "pays": ["debts", "v"],
        }
    },
    markets={
        "m": {
            "rules": "isolated",
            "lends": {"USDC": {"cash": 60}},
            "collateral": {"v": {"lltv": "86%", "incentive": "5%", "oracle": "posted"}},
        }
    },
    positions={
        "p": {"market": "m", "collateral": {"v": 50}, "debt": {"USDC": 40}},
        "short": {
            "venue": "hl",
            "owner": "V",
            "short": "1 ETH",
            "entry": "$100",
            "margin": {"USDC": 20},
        },
    },
)
SHOCK = {
    "price": {"ETH": -0.1},
    "depeg": {"v": "10%"},
    "loss": {"V": 20},
    "recognise": ["V"],
    "default": {"V/owes/outside": "50%"},
    "mint": {"v": 10},
    "adl": {"short": {"share": 0.5, "at": "$95"}},
    "close": ["short"],
    "misprice": {"posted": "-50%"},
    "freeze": ["posted"],
    "open": {"q": {"market": "m", "collateral": {"v": 10}, "debt": {"USDC": 5}}},
    "run": {"v": {"wants_out": "20%", "order": "pro_rata"}},
    "change": {"m/collateral/v/lltv": "70%"},
}


def test_every_shock_of_a_file_is_a_keyword():
    assert list(Shock.__annotations__) == list(SHOCKS)
    assert SHOCK.keys() == set(SHOCKS) - {"drain"}
    assert Question.__annotations__.keys() == {
        *SHOCKS,
        "stages",
        "time",
        "paths",
        "solution",
        "mode",
        "exact",
    }


@pytest.mark.parametrize("verb", SHOCK)
def test_a_keyword_is_the_stage_of_a_file(verb):
    shock = {verb: SHOCK[verb]}
    stage = lr.Stage(**shock)
    assert lr.run(SYSTEM, **shock) == lr.run(SYSTEM, stages=[stage])
    assert lr.break_points(SYSTEM, **shock).rows == lr.break_points(SYSTEM, stages=[stage]).rows


def test_several_strike_together():
    both = {"loss": {"V": 20}, "run": SHOCK["run"]}
    assert lr.run(SYSTEM, **both) == lr.run(SYSTEM, stages=[lr.Stage(**both)])


def test_a_position_is_opened_as_the_part_it_is():
    as_part = {"q": LoanPosition(**SHOCK["open"]["q"])}
    assert lr.run(SYSTEM, open=as_part) == lr.run(SYSTEM, open=SHOCK["open"])


def test_which_clearing_is_asked_for():
    assert lr.run(SYSTEM, loss={"V": 20}, solution="least").certificate.selection == "least"
    assert lr.run(SYSTEM, loss={"V": 20}, mode="latched").certificate.mode == "latched"


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"los": {"V": 1}}, r"`los` is not known here; did you mean loss\?"),
        ({"loss": {"V": 1}, "stages": [lr.Stage(loss={"V": 1})]}, "one of the two"),
        ({"loss": {"V": 1}, "mode": "final"}, "mode: `final` is not known here"),
        ({"stages": 3}, "stages: a list is expected here"),
    ],
)
def test_what_cannot_be_asked(asked, text):
    for question in (lr.run, lr.break_points):
        with pytest.raises(ModelError, match=text):
            question(SYSTEM, **asked)


def test_a_scenario_of_a_file_has_its_own():
    case = lr.load("scenarios/rally.yaml")["stays"]
    for asked in ({"loss": {"Fund": 1}}, {"mode": "equilibrium"}):
        with pytest.raises(ModelError, match="a scenario has its own shock"):
            lr.run(case, **asked)


@pytest.mark.parametrize("what", ["my.yaml", None, {}])
def test_what_is_no_system_is_refused_by_name(what):
    with pytest.raises(lr.ModelError, match=f"a {type(what).__name__} is neither"):
        lr.run(what)


def test_nothing_is_scaled_without_a_shock():
    loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    with pytest.raises(lr.ModelError, match="no shock is given"):
        lr.break_points(loop)
