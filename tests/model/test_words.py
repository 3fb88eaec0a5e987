"""The schema of a field, foreign words, the builder of a loop, and time spent on errors."""

from fractions import Fraction

import pytest
from pydantic import TypeAdapter

from looprisk.errors import ModelError, Problem
from looprisk.model import System, fields, loop, parse_system
from looprisk.model.foreign import OURS, ours
from looprisk.model.problems import unknown_key_help
from looprisk.model.scenario import Scenario
from looprisk.model.sections import PARTS
from looprisk.model.vocabulary import EVENTS, METRICS, SHOCKS, TOP_KEYS

VALUES = [
    fields.Ratio,
    fields.LargeRatio,
    fields.Money,
    fields.Price,
    fields.Tokens,
    fields.NamedTokens,
    fields.Holding,
    fields.Debt,
    fields.Loss,
    fields.Rate,
    fields.Flow,
    fields.Multiple,
    fields.Plain,
    fields.Duration,
    fields.Move,
    fields.Fall,
]


@pytest.mark.parametrize("kind", VALUES)
def test_a_value_is_a_string_or_a_number_to_an_editor(kind):
    schema = TypeAdapter(kind).json_schema()
    assert schema["type"] == ["string", "number"]
    assert schema["description"]
    reader = TypeAdapter(kind)
    for example in schema["examples"]:
        assert reader.validate_python(example).known


def test_the_whole_model_has_a_schema():
    schema = System.model_json_schema()
    assert {"assets", "issuers", "markets", "positions"} <= schema["properties"].keys()
    assert "stages" in Scenario.model_json_schema()["properties"]


def test_a_word_of_the_language_lists_its_choices_and_takes_a_source():
    schema = PARTS["markets"].model_json_schema()["properties"]["rules"]
    listed, sourced = schema["anyOf"]
    assert "morpho-blue" in listed["enum"]
    assert sourced["pattern"].startswith("^(morpho-blue|")
    assert r"aave-v3\.3" in sourced["pattern"]


@pytest.mark.parametrize(
    ("word", "keys", "called"),
    [
        ("LT", ("ltv", "lltv"), "lltv (Aave's LT)"),
        ("bonus", ("lltv", "incentive"), "incentive (Aave's LB)"),
        ("LB", ("lltv", "incentive"), "incentive (Aave's LB)"),
        ("LIF", ("lltv", "incentive"), "incentive (Morpho's LIF less 1)"),
        ("seniority", ("owns", "pays"), "pays: [first, …, last], on the issuer"),
        ("seniority", ("to", "amount"), "pays: [first, …, last], on the issuer"),
        ("curator", ("rules", "depends_on"), "depends_on: {curator: …}"),
        ("shock", ("stages", "expect"), "stages: a list, each with its shocks (price, depeg, loss, …)"),
        ("shocks", TOP_KEYS, "scenarios"),
        ("entry-price", ("entry",), "entry"),
        ("Share Price", ("book_price",), "book_price"),
    ],
)  # fmt: skip
def test_words_of_the_field_lead_to_ours(word, keys, called):
    assert ours(word, keys) == called
    assert unknown_key_help(word, "1", keys) == f"here it is called {called}"


def test_a_foreign_word_is_not_offered_where_ours_does_not_stand():
    assert ours("bonus", ("price", "decimals")) is None
    assert (
        unknown_key_help("bonus", "1", ("price", "decimals")) == "the keys here are price, decimals"
    )


def test_every_foreign_word_leads_to_a_word_that_exists():
    known = {*TOP_KEYS, *SHOCKS}
    pending = [System, Scenario, *PARTS.values()]
    for schema in (kind.model_json_schema() for kind in pending):
        for part in (schema, *schema.get("$defs", {}).values()):
            known |= part.get("properties", {}).keys()
    for word, meanings in OURS.items():
        named = {each.strip(",;:") for meaning in meanings for each in meaning.split()}
        assert named & known or "computed" in meanings[0], word


def test_metrics_have_formula_unit_and_source():
    units = {"usd", "price", "fraction", "multiple", "seconds", "tokens", "ray"}
    for name, metric in METRICS.items():
        assert metric.formula, name
        assert metric.source, name
        assert metric.unit in units
    language = (
        "book_price economic_price market_price loss_usd loss_fraction reported_loss_usd "
        "economic_loss_usd hidden_loss_usd bad_debt_usd lender_loss_usd recovery paid_usd "
        "equity_usd claims_usd assets_to_equity health_factor ltv liquidation_price "
        "bad_debt_price break_fraction break_at look_through utilisation time_of hidden_for "
        "adl_usd adl_share liquidated_usd net_delta collateral_seized debt_repaid"
    )
    assert set(language.split()) <= METRICS.keys()
    assert len(EVENTS) == 9


def test_a_loop_in_one_line():
    system = loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    assert list(system.markets) == ["wstETH-ETH"]
    assert system.positions["loop"].loop.units == 1000
    market = system.markets["wstETH-ETH"]
    assert market.collateral["wstETH"].lltv.number == Fraction("0.945")
    priced = loop("wstETH", "ETH", equity=1, ltv=0.5, lltv=0.9, price=1.2, debt_price=3000)
    assert priced.assets["wstETH"].price.of == "ETH"
    assert priced.assets["ETH"].price.number == 3000
    with pytest.raises(ModelError, match="is missing"):
        loop("wstETH", "ETH", equity=1, ltv=0.5, lltv=0.9, rules="aave-v3")


def test_a_system_made_in_python_reports_parts_and_whole_together():
    with pytest.raises(ModelError) as caught:
        System(
            assets={"ETH": {"price": "3000"}},
            issuers={"A": {"owns": {"ETHH": 1}}, "B": {"owns": {"ETH": 1}}},
        )
    assert [problem.path for problem in caught.value.problems] == [
        ("assets", "ETH", "price"),
        ("issuers", "A", "owns", "ETHH"),
    ]


def test_a_problem_reads_as_path_message_and_help():
    problem = Problem(("a", "b"), "wrong", "write c")
    assert str(problem) == "a/b: wrong\n  help: write c"
    assert str(problem.under(("x",))) == "x/a/b: wrong\n  help: write c"
    assert str(Problem((), "wrong")) == "wrong"
    assert str(ModelError([problem, Problem((), "more")])) == "a/b: wrong\n  help: write c\nmore"


def test_many_errors_are_found_in_bounded_time():
    count = 2_000
    raw = {
        "assets": {f"asset-{place}": {"price": "$1"} for place in range(count)},
        "issuers": {f"i-{place}": {"owns": {f"asset_{place}": "1"}} for place in range(count)},
    }
    _, found = parse_system(raw)
    assert len(found) == count
