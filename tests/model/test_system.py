"""A system as a whole: each rule, all problems at once, and what survives a bad part."""

import pytest

import looprisk as lr
from looprisk.errors import ModelError
from looprisk.model import System, parse_system
from tests.model.examples import GONE, tree
from tests.model.rules import RECEIPT, RULES


def problems(*edits):
    system, found = parse_system(tree(*edits))
    assert (system is None) == bool(found)
    return found


def test_the_base_system_is_whole():
    system, found = parse_system(tree())
    assert found == ()
    assert list(system.issuers) == ["Stream", "Fund", "Stable"]
    assert system.issuers["Stream"].pays == (("debts",), ("xUSD",))
    assert system.issuers["Stream"].owes["Fund"].to == "Fund"
    assert system.markets["lend"].incentive(
        system.markets["lend"].collateral["xUSD"]
    ) == pytest.approx(0.0438413)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[0][0])
def test_each_rule_names_its_place_and_what_to_write(rule):
    edit, place, message, *rest = rule
    found = {"/".join(problem.path): problem for problem in problems(edit)}
    assert place in found, problems(edit)
    if message is not None:
        assert found[place].message == message
        assert found[place].help == (rest[0] if rest else "")


def test_a_source_set_by_nobody_needs_no_entry():
    system = System.from_tree(tree()).set({"ETH/price": "$1"})
    assert system.assets["ETH"].price.source == "set"
    assert System.from_tree(system.tree()) == system


def test_supplied_may_exceed_the_listed_debts_where_the_rest_is_sound():
    edits = (
        ("markets.lend.lends.USDC.supplied", "4M"),
        ("markets.lend.lends.USDC.unlisted_debt", "sound"),
    )
    assert problems(*edits) == ()


def test_sums_are_judged_only_where_every_number_is_known():
    edits = (
        ("positions.pledge.debt", {"USDC": "unknown"}),
        ("issuers.Fund.owns.xUSD", "unknown"),
    )
    assert problems(*edits) == ()


def test_unknown_loads_where_nobody_knows():
    edits = (
        ("issuers.Stream.pays", "unknown @seen"),
        ("issuers.Stream.outside.fund", "unknown"),
        ("issuers.Stream.owes.outside", "25M..40M USDC @seen"),
        ("markets.lend.collateral.xUSD.oracle", "unknown"),
    )
    system, found = parse_system(tree(*edits))
    assert found == ()
    assert system.issuers["Stream"].pays == "unknown"


def test_all_problems_are_found_at_once():
    found = problems(
        ("assets.ETH.price", "3000"),
        ("issuers.Stream.outside.fund", "93M"),
        ("issuers.Fund.owns.USDCC", "1"),
        ("markets.lend.collateral.xUSD.oracle", "fixd"),
        ("positions.pledge.debt.USDC", "1e6"),
    )
    assert {"/".join(problem.path) for problem in found} == {
        "assets/ETH/price",
        "issuers/Stream/outside/fund",
        "issuers/Fund/owns/USDCC",
        "markets/lend/collateral/xUSD/oracle",
        "positions/pledge/debt/USDC",
    }


def test_a_bad_part_keeps_its_name():
    found = problems(("issuers.Stream.outside.fund", "93M"), ("assets.ETH.price", "3000"))
    assert len(found) == 2


def test_a_vault_and_its_only_share_may_have_one_name():
    assert problems() == ()
    two = {"Fund": RECEIPT, "Second": RECEIPT}
    found = problems(("issuers.Fund.issues", two))
    assert [problem.message for problem in found] == [
        "`Fund` names two parts: an issuer (issuers/Fund) and a token (issuers/Fund/issues/Fund)"
    ]


def test_shares_divide_what_is_left_together():
    two = {"a": RECEIPT, "b": {**RECEIPT, "weight": "2"}}
    assert problems(("issuers.Stable.issues", two), ("markets.pool.collateral.deUSD", GONE)) == ()
    edits = (
        ("issuers.Stable.issues", {"p": {"kind": "par", "par": "$1", "supply": "1"}, **two}),
        ("markets.pool.collateral.deUSD", GONE),
    )
    assert problems(*edits, ("issuers.Stable.pays", ["p", ["a", "b"]])) == ()
    (missing,) = problems(*edits)
    assert missing.help.startswith("add `pays: [p, [a, b]]`")
    (split,) = problems(*edits, ("issuers.Stable.pays", ["p", "a", "b"]))
    assert split.message == "Stable: its shares divide what is left: write [a, b]"


def test_from_tree_raises_with_every_problem():
    with pytest.raises(ModelError) as caught:
        System.from_tree(tree(("assets.ETH.price", "3000"), ("source", "nobody")))
    assert [problem.path for problem in caught.value.problems] == [
        ("assets", "ETH", "price"),
        ("source",),
    ]
    assert "assets/ETH/price: price: `3000`: a price names its unit" in str(caught.value)


@pytest.mark.parametrize(
    "junk",
    [
        {"assets": [1, 2]},
        {"assets": {"A": {"price": {"a": 1}}}},
        {"issuers": {"A": {"issues": ["x"], "owns": "y", "pays": {"a": "b"}}}},
        {"issuers": {"A": {"issues": {"t": "share"}, "owes": {"B": ["$1"]}}}},
        {"markets": {"m": {"rules": ["morpho-blue"], "lends": {"U": None}}}},
        {"positions": {"p": None, "q": {"venue": {}}, "r": {"table": []}}},
        {"sources": {"s": "t"}, "source": {"a": "b"}},
        {"name": ["x"], 3: "y"},
    ],
)
def test_junk_is_a_problem_and_never_a_traceback(junk):
    system, found = parse_system(junk)
    assert system is None
    assert found


def test_a_loop_above_its_threshold_is_refused():
    with pytest.raises(ModelError, match="is above the lltv"):
        lr.loop("wstETH", "ETH", equity=1, ltv="95%", lltv="94.5%")
    assert lr.loop("wstETH", "ETH", equity=1, ltv="94.5%", lltv="94.5%").positions["loop"]
