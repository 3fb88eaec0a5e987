"""Scenarios: shocks, stages, expectations; what can be struck so in a system."""

from fractions import Fraction

import pytest

from looprisk.errors import ModelError
from looprisk.model import Expectation, Scenario, Stage, System, check_scenario, parse_scenario
from looprisk.model.expectation import judged, tolerance
from looprisk.model.groups import group, members
from looprisk.model.vocabulary import EVENTS, METRICS, SHOCKS
from tests.model.examples import tree

SYSTEM = System.from_tree(tree())
OK = {"stages": [{"price": {"ETH": "-10%"}}]}
TIME = {"start": "2025-06-10T00:00Z", "step": "1m", "horizon": "24h"}
SHOCK_LIST = ", ".join(SHOCKS)


def problems(raw, system=SYSTEM):
    scenario, found = parse_scenario(raw, system, ("scenarios", "s"))
    assert (scenario is None) == bool(found)
    return found


def stage(**shocks):
    return {"stages": [shocks]}


def expect(**fields):
    return {**OK, "expect": [{"of": "xUSD", **fields}]}


ACCEPTED = [
    stage(price={"ETH": "$2_500 @seen", "wstETH": "1.1 ETH", "USDC": "+1%"}),
    stage(price={"each(lst)": "-15%", "USDC": "-1%"}),
    stage(depeg={"xUSD": "10%", "deUSD": "$0.65"}),
    stage(loss={"Stream": "60%", "Stream/outside/fund": "$93M", "exchange": "50%", "USDC": "5M"}),
    stage(recognise=["Stream"], default={"Stream": "40%", "Stream/owes/Fund": "0%"}),
    stage(default={"pledge": "0%"}, mint={"xUSD": "80_000"}),
    stage(open={"late": {"market": "lend", "collateral": {"xUSD": "1"}, "debt": {"USDC": "1"}}}),
    stage(adl={"leg": {"share": "43%", "at": "$3_468"}}, close=["leg"]),
    stage(drain={"deep": "85%"}, misprice={"fixed": "-6%"}, freeze=["fixed"]),
    stage(run={"Fund": {"wants_out": "$2M", "over": "7d", "order": "first_come"}}),
    stage(run={"pool/USDC": {"wants_out": "30%"}}, change={"pool/liquidators": "absent"}),
    {"set": {"lend/collateral/xUSD/oracle": "market", "Stream/pays": "unknown"}, **OK},
    {"expect": [{"of": "each(markets)", "metric": "lender_loss_usd", "is": "$0"}]},
    {
        "stages": [{"name": "a", "price": {"ETH": "-1%"}}],
        "ray": "a",
        "solution": "both",
        "expect": [{"of": "Stream/owes/Fund", "metric": "recovery", "is": "1", "after": "a"}],
    },
    {
        "time": TIME,
        "paths": {"between": "linear", "points": {"ETH": {"0h": "$3_000", "24h": "$2_000"}}},
        "stages": [
            {"at": "3h", "drain": {"deep": "85%"}},
            {"when": {"of": "lend", "event": "bad_debt"}, "freeze": ["fixed"]},
            {"when": {"price": "xUSD", "below": "$1.10"}, "freeze": ["fixed"]},
        ],
        "expect": [{"of": "lend", "metric": "utilisation", "at": "24h", "at_most": "100%"}],
    },
]


@pytest.mark.parametrize("raw", ACCEPTED)
def test_what_the_language_has_is_read(raw):
    assert problems(raw) == ()


REFUSED = [
    (stage(name="idle"), "stages/0", f"stages: a stage without a shock; the shocks are {SHOCK_LIST}", ""),
    (stage(shock={"ETH": "-1%"}), "stages/0/shock", "unknown key `shock`", None),
    (
        stage(price={"xUSD": "-6%"}),
        "stages/0/price/xUSD",
        "`xUSD` is a receipt token: it has no price to move",
        "write `depeg` (what a seller gets falls) or `loss` (what backs it is gone)",
    ),
    (
        stage(depeg={"ETH": "5%"}),
        "stages/0/depeg/ETH",
        "`ETH` is an asset: nothing stands behind it that it could depart from",
        "write `price: {ETH: -5%}`",
    ),
    (stage(price={"ETHH": "-6%"}), "stages/0/price/ETHH", "`ETHH` is no asset of this system", "did you mean ETH?"),
    (stage(price={"wstETH": "1.1 ETHH"}), "stages/0/price/wstETH", "`ETHH` is no asset or token of this system", "did you mean ETH?"),
    (stage(price={"each(lstt)": "-6%"}), "stages/0/price/each(lstt)", "`lstt` is no group and no tag of this system", "did you mean lst?"),
    (stage(depeg={"each(lst)": "6%"}), "stages/0/depeg/each(lst)", "`each(lst)` is empty here: no part of lst can be struck so", ""),
    (stage(price={"ETH": "-120%"}), "stages/0/price/ETH", "ETH: `-120%`: a price cannot fall by more than 100%", ""),
    (stage(loss={"xUSD": "5%"}), "stages/0/loss/xUSD", "`xUSD` is a token: a loss strikes what backs it", "name its issuer: Stream"),
    (stage(loss={"Stream/outside/funds": "5%"}), "stages/0/loss/Stream/outside/funds", "`Stream/outside/funds`: no `funds` there", "did you mean fund?"),
    (stage(loss={"Stream/owes/Fund": "5%"}), "stages/0/loss/Stream/owes/Fund", "`Stream/owes/Fund`: a loss strikes an issuer or one of its piles", "write Stream/outside/fund"),
    (stage(loss={"Stream": "5M"}), "stages/0/loss/Stream", "Stream: `5M`: of what? write $5M or 5M USDC", ""),
    (stage(loss={"Steam": "$5M"}), "stages/0/loss/Steam", "`Steam` is no issuer, venue or asset of this system", "did you mean Stream?"),
    (stage(recognise=["Steam"]), "stages/0/recognise/0", "`Steam` is no issuer of this system", "did you mean Stream?"),
    (stage(default={"Stream/owes/Fnd": "0%"}), "stages/0/default/Stream/owes/Fnd", "`Stream/owes/Fnd` is no claim on Stream", "did you mean Stream/owes/Fund?"),
    (stage(adl={"pledge": {"share": "1%", "at": "$1"}}), "stages/0/adl/pledge", "`pledge` is no leg on a venue of this system", "known here: leg"),
    (stage(close=["lego"]), "stages/0/close/0", "`lego` is no leg on a venue of this system", "did you mean leg?"),
    (stage(run={"pool": {"wants_out": "1%"}}), "stages/0/run/pool", "`pool` is no token or market supply of this system", None),
    (stage(mint={"ETH": "1"}), "stages/0/mint/ETH", "`ETH` is no token of this system", None),
    (stage(open={"leg": {"market": "lend", "collateral": {}, "debt": {}}}), "stages/0/open/leg", "`leg` names another part already", ""),
    (stage(open={"new": {"market": "lendd", "collateral": {}, "debt": {}}}), "stages/0/open/new/market", "`lendd` is no market of this system", "did you mean lend?"),
    (stage(change={"ETH/prise": "$1"}), "stages/0/change/ETH/prise", "`ETH/prise`: no `prise` there", "did you mean price?"),
    (stage(at="3h", freeze=["fixed"]), "stages/0/at", "`at` needs `time` on the scenario", None),
    ({"time": TIME, **stage(at="3h", when={"of": "lend", "event": "bad_debt"}, freeze=["fixed"])}, "stages/0", "stages: a stage has `at` or `when`; one of the two", ""),
    ({"time": TIME, **stage(when={"of": "lend"}, freeze=["fixed"])}, "stages/0/when", "when: a trigger is {of, event}, or {price, below} or {price, above}", ""),
    ({"time": TIME, **stage(when={"of": "lendd", "event": "bad_debt"}, freeze=["fixed"])}, "stages/0/when/of", "`lendd` is nothing in this system", "did you mean lend?"),
    ({"time": TIME, "paths": {"between": "hold", "points": {"ETH": {"0": "$1"}}}, **OK}, "paths/points/ETH/0", "ETH: `0`: a duration names its unit: 0s, 0m, 0h or 0d", ""),
    ({"time": TIME, "paths": {"between": "hold", "points": {"ETH": {"0h": "$1"}}}, **OK}, "stages/0/price/ETH", "`ETH` has a path already: a stage cannot move it too", ""),
    ({"paths": {"between": "hold", "table": "t.csv"}, **OK}, "paths", "`paths` needs `time` on the scenario", None),
    ({"ray": "shok", "stages": [{"name": "shock", "price": {"ETH": "-1%"}}]}, "ray", "ray: `shok` is no stage of this scenario", "did you mean shock?"),
    ({"stages": [{"name": "a", "price": {"ETH": "-1%"}}] * 2}, "stages", "two stages are named `a`", ""),
    ({"set": {"xUSD/suply": "1M"}, **OK}, "set/xUSD/suply", "`xUSD/suply`: no `suply` there", "did you mean supply?"),
    ({"set": {"lend/collateral/xUSD/lltv": "91.5"}, **OK}, "set/lend/collateral/xUSD/lltv", "lltv: 91.5 is more than 1 and has no unit; write 91.5% or 0.915", ""),
    ({"set": {"lend/collateral/xUSD/oracle": "fixd"}, **OK}, "set/lend/collateral/xUSD/oracle", "`fixd` is no oracle of this system", "did you mean fixed?"),
    ({**OK, "solution": "best"}, "solution", None, None),
    ({**OK, "tests": []}, "tests", "unknown key `tests`", "here it is called expect"),
    (stage(price={"ETH": "-6% @nobody"}), "stages/0/price/ETH", "`@nobody` is not under `sources:`", "known here: guess, seen"),
    (expect(happens="never"), "expect/0", f"expect: `happens` needs an `event`: {', '.join(EVENTS)}", ""),
    (expect(), "expect/0", "expect: what is expected? a `metric` with `is`, `at_least` or `at_most`, or an `event` that `happens`", ""),
    (expect(event="liquidated"), "expect/0", "expect: an `event` needs `happens: never` or `happens: always`", ""),
    (expect(**{"is": "5%"}), "expect/0", f"expect: `is` needs a `metric`: {', '.join(METRICS)}", ""),
    (expect(metric="loss_usd"), "expect/0", "expect: `loss_usd` needs `is`, `at_least` or `at_most`", ""),
    (expect(metric="los_fraction", **{"is": "6%"}), "expect/0/metric", "metric: `los_fraction` is not known here; did you mean loss_fraction?", ""),
    (expect(metric="loss_fraction", event="liquidatd", at_most="6%"), "expect/0/event", "event: `liquidatd` is not known here; did you mean liquidated?", ""),
    (expect(metric="loss_usd", happens="never", event="impaired", at_most="$6"), "expect/0", "expect: `happens` judges an event, `is` a metric; one of the two", ""),
    (expect(metric="loss_usd", at_most="$6", **{"is": "$5"}), "expect/0", "expect: `is` stands alone; `at_least` and `at_most` may go together", ""),
    (expect(metric="break_at", at_least="8%"), "expect/0", f"expect: `break_at` needs an `event`: {', '.join(EVENTS)}", ""),
    (expect(event="depegged", happens="never"), "expect/0", "expect: `depegged` needs a level: `below: $0.95`", ""),
    (expect(metric="loss_usd", at_most="$6", within="1%"), "expect/0", "expect: `within` goes with `is`", ""),
    (expect(metric="loss_usd", at_most="6"), "expect/0/at_most", "at_most: `6`: money wears a dollar sign: $6", ""),
    (expect(metric="assets_to_equity", **{"is": "4.12"}), "expect/0/is", "is: `4.12`: a multiple ends in x: 4.12x", ""),
    (expect(metric="loss_fraction", within="0.2", **{"is": "5%"}), "expect/0/within", "within: `0.2`: write 5% (relative) or 0.2pp (absolute)", ""),
    (expect(metric="loss_fraction", after="shock", **{"is": "5%"}), "expect/0/after", "after: `shock` is no stage of this scenario", None),
    ({**OK, "expect": [{"of": "xUSDD", "metric": "loss_usd", "is": "$5"}]}, "expect/0/of", "`xUSDD` is nothing in this system", "did you mean xUSD?"),
    ({**OK, "expect": [{"of": "Stream/owes/Fnd", "metric": "recovery", "is": "5%"}]}, "expect/0/of", "`Stream/owes/Fnd` is no claim and no copy of this system", "did you mean Stream/owes/Fund?"),
    ({**OK, "expect": [{"of": "each(lrts)", "metric": "loss_usd", "is": "$5"}]}, "expect/0/of", "`lrts` is no group and no tag of this system", None),
    (expect(metric="look_through", at_most="10%", of_issuer="Steam"), "expect/0/of_issuer", "`Steam` is no issuer of this system", "did you mean Stream?"),
    ("a text", "", "s: a map is expected here, not `a text`", ""),
    ({"stages": "x"}, "stages", "stages: a list is expected here, not `x`", ""),
    ({"stages": ["x"]}, "stages/0", "stages: a map is expected here, not `x`", ""),
]  # fmt: skip


@pytest.mark.parametrize(("raw", "path", "message", "help_"), REFUSED)
def test_a_wrong_scenario_says_what_to_write(raw, path, message, help_):
    found = {"/".join(problem.path[2:]): problem for problem in problems(raw)}
    assert path in found, found
    if message is not None:
        assert found[path].message == message
    if help_ is not None:
        assert found[path].help == help_


def test_one_bad_stage_hides_no_other():
    raw = {
        "stages": [{"price": {"xUSD": "-6%"}}, {"depeg": {"ETH": "5%"}}, {"name": "idle"}],
        "expect": [
            {"of": "xUSD", "happens": "never"},
            {"of": "xUSD", "metric": "los_fraction", "is": "6%"},
        ],
    }
    assert {"/".join(problem.path[2:]) for problem in problems(raw)} == {
        "stages/0/price/xUSD",
        "stages/1/depeg/ETH",
        "stages/2",
        "expect/0",
        "expect/1/metric",
    }


def test_without_a_system_only_the_scenario_itself_is_judged():
    assert problems(stage(price={"nobody": "-6%"}), None) == ()
    assert len(problems(stage(name="idle"), None)) == 1


def test_each_metric_is_typed_by_its_unit():
    texts = {
        "usd": ("$5M", "usd"),
        "price": ("$0.28", "usd"),
        "fraction": ("3.54%", "fraction"),
        "multiple": ("4.12x", "multiple"),
        "seconds": ("3h", "seconds"),
        "tokens": ("5M", "tokens"),
        "ray": ("$1.2014", "usd"),
    }
    for metric, meaning in METRICS.items():
        text, unit = texts[meaning.unit]
        assert judged(text, metric).unit == unit
    assert judged("8%", "break_at").number == Fraction(8, 100)
    assert judged(0.08, "break_at").number == Fraction(8, 100)
    assert judged("-$20M", "net_delta").number == -20_000_000
    assert judged("-3%", "loss_fraction").number == Fraction(-3, 100)


@pytest.mark.parametrize(
    ("text", "metric", "number", "unit"),
    [
        ("5%", "loss_fraction", Fraction(5, 100), "relative"),
        ("5%", "break_at", Fraction(5, 100), "relative"),
        ("0.2pp", "loss_fraction", Fraction(2, 1000), "fraction"),
        ("0.0001pp", "break_at", Fraction(1, 10**6), "fraction"),
        ("$0.01", "economic_price", Fraction(1, 100), "usd"),
        ("$0.000001", "break_at", Fraction(1, 10**6), "usd"),
        ("0.01x", "assets_to_equity", Fraction(1, 100), "multiple"),
        ("0h", "time_of", Fraction(0), "seconds"),
        ("1", "debt_repaid", Fraction(1), "tokens"),
    ],
)
def test_within_is_relative_or_in_the_unit_of_the_metric(text, metric, number, unit):
    found = tolerance(text, metric)
    assert (found.number, found.unit) == (number, unit)


def test_python_writes_the_same_words():
    made = Stage(price={"wstETH": -1.0}, loss={"Stream": 93e6}, depeg={"sUSDe": 0.2})
    assert made.price["wstETH"].number == -1
    assert (made.loss["Stream"].unit, made.loss["Stream"].number) == ("usd", 93_000_000)
    assert made.depeg["sUSDe"].number == Fraction(1, 5)
    assert made.shocks == ("price", "depeg", "loss")
    keep = Expectation(of="m", metric="break_at", event="bad_debt", at_least="8%")
    assert keep == Expectation(of="m", metric="break_at", event="bad_debt", at_least=0.08)
    scenario = Scenario(stages=[made], expect=[keep])
    assert scenario.stages == (made,)
    assert scenario.solution == "greatest"


def test_a_scenario_made_in_python_is_checked_against_a_system():
    check_scenario(Scenario(stages=[Stage(loss={"Stream": 93e6})]), SYSTEM)
    with pytest.raises(ModelError, match="did you mean Stream"):
        check_scenario(Scenario(stages=[Stage(loss={"Steam": 93e6})]), SYSTEM)


def test_groups_are_tags_and_kinds():
    parts = SYSTEM.parts
    assert group("each(lst)") == ("each", "lst")
    assert group("ETH") is None
    assert members("lst", parts) == (("assets", "wstETH"),)
    assert members("collateral", parts) == (
        ("assets", "wstETH"),
        ("tokens", "deUSD"),
        ("tokens", "xUSD"),
    )
    assert members("vaults", parts) == (("issuers", "Stream"), ("issuers", "Fund"))
    assert members("markets", parts) == (("markets", "lend"), ("markets", "pool"))
    assert members("nothing", parts) == ()


@pytest.mark.parametrize(
    "junk",
    [None, [], "x", 3, {"stages": {}}, {"stages": [[]]}, {"expect": [None]}, {"set": []},
     {"set": {"a": 1}}, {"stages": [{"change": {"x": {}}}]}, {"stages": [{"price": {"ETH": []}}]},
     {"time": "x", "paths": []}, {3: 4}],
)  # fmt: skip
def test_junk_is_a_problem_and_never_a_traceback(junk):
    assert problems(junk)
