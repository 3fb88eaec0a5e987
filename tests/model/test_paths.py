"""Paths, `set` and where values come from."""

from fractions import Fraction

import pytest

from looprisk.errors import ModelError
from looprisk.model import System, find
from looprisk.model.paths import apply_set
from looprisk.model.tree import provenance, with_source
from tests.model.examples import tree

TREE = tree()
COPIES = {
    "issuers": {
        "Stake": {
            "issues": {
                "wrETH": {
                    "kind": "share",
                    "supply": "6",
                    "copies": {"base": {"supply": "6"}},
                    "shortfall_borne_by": "all",
                }
            }
        }
    },
    "markets": {"m": {"collateral": {"wrETH/base": {"lltv": "86%"}}, "lends": {"A": {}, "B": {}}}},
    "venues": {"v": {"tiers": [{"maintenance": "1%"}, {"maintenance": "2%"}]}},
}

LEADS = [
    ("lend/collateral/xUSD/lltv", "markets/lend/collateral/xUSD/lltv"),
    ("xUSD/supply", "issuers/Stream/issues/xUSD/supply"),
    ("xUSD/market_price", "issuers/Stream/issues/xUSD/market_price"),
    ("Stream/outside/fund", "issuers/Stream/outside/fund"),
    ("Stream/owes/Fund", "issuers/Stream/owes/Fund"),
    ("Stream/pays", "issuers/Stream/pays"),
    ("Stream/default_recovery", "issuers/Stream/default_recovery"),
    ("Fund/owns/xUSD", "issuers/Fund/owns/xUSD"),
    ("Fund/supply", "issuers/Fund/issues/Fund/supply"),
    ("Fund/redeems", "issuers/Fund/issues/Fund/redeems"),
    ("Fund/label", "issuers/Fund/label"),
    (
        "pool/e_modes/eth/collateral/wstETH/oracle",
        "markets/pool/e_modes/eth/collateral/wstETH/oracle",
    ),
    ("pool/liquidators", "markets/pool/liquidators"),
    ("loop/loop/ltv", "positions/loop/loop/ltv"),
    ("leg/entry", "positions/leg/entry"),
    ("ETH/price", "assets/ETH/price"),
    ("fixed/price", "oracles/fixed/price"),
    ("ETH", "assets/ETH"),
]


@pytest.mark.parametrize(("text", "place"), LEADS)
def test_a_path_leads_to_its_keys(text, place):
    assert "/".join(find(TREE, text)) == place


def test_keys_with_a_slash_and_short_ways():
    assert find(COPIES, "m/collateral/wrETH/base/lltv")[-2:] == ("wrETH/base", "lltv")
    assert find(COPIES, "wrETH/base/supply")[-3:] == ("copies", "base", "supply")
    assert find(COPIES, "wrETH/base")[-2:] == ("copies", "base")
    assert find(COPIES, "wrETH/shortfall_borne_by")[-1] == "shortfall_borne_by"
    assert find(COPIES, "m/B/cash") == ("markets", "m", "lends", "B", "cash")
    assert find(COPIES, "v/tiers/1/maintenance") == ("venues", "v", "tiers", "1", "maintenance")


@pytest.mark.parametrize(
    ("text", "message", "help_"),
    [
        ("Steam/pays", "`Steam` is nothing in this system", "did you mean Stream?"),
        ("xUSD/suply", "`xUSD/suply`: no `suply` there", "did you mean supply?"),
        ("Stream/outside/funds", "`Stream/outside/funds`: no `funds` there", "did you mean fund?"),
        (
            "lend/collateral/xUSD/LT",
            "`lend/collateral/xUSD/LT`: no `LT` there",
            "here it is called lltv (Aave's LT)",
        ),
        (
            "Stream/default_recovery/outside",
            "`Stream/default_recovery/outside`: no `default_recovery` there",
            "it is not written yet: set `Stream/default_recovery` as a whole",
        ),
        (
            "ETH/price/usd",
            "`ETH/price/usd`: no `usd` there",
            "`ETH/price` is a value itself: leave `/usd` out",
        ),
        ("Stream/pays/7", "`Stream/pays/7`: no `7` there", None),
        ("", "`` is nothing in this system", "a path is an id followed by keys: xUSD/supply"),
        ("/", "`/` is nothing in this system", None),
    ],
)
def test_a_path_that_leads_nowhere(text, message, help_):
    with pytest.raises(ModelError) as caught:
        find(TREE, text)
    (problem,) = caught.value.problems
    assert problem.message == message
    if help_ is not None:
        assert problem.help == help_


def test_set_returns_a_new_tree_and_leaves_the_old_one():
    before = tree()
    changed = apply_set(before, {"ETH/price": "$1", "xUSD/book_price": "absent"})
    assert changed.problems == ()
    assert changed.places["ETH/price"] == ("assets", "ETH", "price")
    assert changed.tree["assets"]["ETH"]["price"] == "$1"
    assert "book_price" not in changed.tree["issuers"]["Stream"]["issues"]["xUSD"]
    assert before == TREE


def test_set_reports_every_path_that_leads_nowhere():
    changed = apply_set(TREE, {"ETHH/price": "$1", "ETH/prise": "$1"}, ("set",))
    assert [problem.path for problem in changed.problems] == [
        ("set", "ETHH/price"),
        ("set", "ETH/prise"),
    ]


SYSTEM = System.from_tree(TREE)


def test_set_gives_a_new_system():
    changed = SYSTEM.set({"lend/collateral/xUSD/lltv": 0.77, "Stream/owes/Fund": 0})
    assert changed.markets["lend"].collateral["xUSD"].lltv.number == Fraction(77, 100)
    assert changed.issuers["Stream"].owes["Fund"].amount.number == 0
    assert SYSTEM.markets["lend"].collateral["xUSD"].lltv.number == Fraction(86, 100)
    assert changed.assets["ETH"] is SYSTEM.assets["ETH"]


def test_set_and_set_back_is_where_it_started():
    text = SYSTEM.issuers["Stream"].outside["fund"].text
    there = SYSTEM.set({"Stream/outside/fund": "unknown @guess"})
    assert there != SYSTEM
    back = there.set({"Stream/outside/fund": text}, source="guess")
    assert back.issuers["Stream"].outside["fund"].number == 700_000_000
    assert System.from_tree(back.tree()) == back


def test_set_takes_maps_lists_and_absent():
    changed = SYSTEM.set(
        {
            "Stream/default_recovery": {"outside": 0.9, "claims": "90%"},
            "Stream/pays": [["Fund", "outside"], "xUSD"],
            "xUSD/book_price": "absent",
            "pool/liquidators": "absent",
        }
    )
    stream = changed.issuers["Stream"]
    assert stream.default_recovery.outside.number == Fraction(9, 10)
    assert stream.pays == (("Fund", "outside"), ("xUSD",))
    assert stream.issues["xUSD"].book_price is None
    assert changed.markets["pool"].liquidators == "absent"


def test_set_reaches_into_what_a_list_holds():
    tiers = [{"up_to": "$5k", "maintenance": "1%"}, {"maintenance": "2%"}]
    venue = {"convention": "binance", "mode": "isolated", "tiers": tiers}
    system = System.from_tree(tree(("venues.exchange", venue)))
    changed = system.set({"exchange/tiers/1/maintenance": "5%"})
    assert [str(tier.maintenance) for tier in changed.venues["exchange"].tiers] == ["1%", "5% @set"]
    one = system.set({"exchange/tiers/0": "absent"})
    assert [str(tier.maintenance) for tier in one.venues["exchange"].tiers] == ["2%"]


def test_set_may_write_into_what_it_has_just_written():
    changed = SYSTEM.set(
        {
            "Stream/default_recovery": {"outside": "90%", "claims": "90%"},
            "Stream/default_recovery/claims": "80%",
        }
    )
    assert changed.issuers["Stream"].default_recovery.claims.number == Fraction(8, 10)


def test_set_is_exact_for_python_numbers():
    third = SYSTEM.set({"xUSD/supply": Fraction(10**9, 3)})
    assert third.issuers["Stream"].issues["xUSD"].supply.number == Fraction(10**9, 3)
    again = third.set({"ETH/price": 2999})
    assert again.issuers["Stream"].issues["xUSD"].supply.number == Fraction(10**9, 3)


@pytest.mark.parametrize(
    ("changes", "path", "message"),
    [
        ({"ETH/prise": 1}, "ETH/prise", "`ETH/prise`: no `prise` there"),
        (
            {"ETH/price": "3000"},
            "ETH/price",
            "price: `3000`: a price names its unit: $3000 or 3000 ETH",
        ),
        ({"ETH/price": "absent"}, "ETH/price", "assets/ETH: `price` is missing"),
        ({"ETH": "absent"}, "ETH", "`ETH` is no asset or token of this system"),
        (
            {"Stream/pays": "absent"},
            "Stream/pays",
            "Stream has 3 claims on it and does not say who is paid first",
        ),
    ],
)
def test_set_reports_what_it_breaks(changes, path, message):
    with pytest.raises(ModelError) as caught:
        SYSTEM.set(changes)
    found = {"/".join(problem.path): problem.message for problem in caught.value.problems}
    assert any(text.endswith(message) for text in found.values()), found
    assert path in found or "" in found


def test_the_nearest_source_wins():
    found = SYSTEM.provenance
    assert found["assets", "USDC", "price"] == "seen"
    assert found["assets", "ETH", "price"] == "guess"
    assert found["markets", "lend", "lends", "USDC", "cash"] == "seen"
    assert found["markets", "lend", "collateral", "xUSD", "oracle"] == "seen"
    assert found["markets", "pool", "lends", "USDC", "cash"] == "guess"
    assert found["issuers", "Stream", "pays", "0"] == "guess"
    assert ("assets", "ETH", "tags", "0") not in found
    assert SYSTEM.class_of(found["assets", "USDC", "price"]) == "observed"


def test_a_value_without_source_is_assumed():
    bare = System(assets={"ETH": {"price": 3000}})
    assert bare.provenance == {("assets", "ETH", "price"): None}
    assert bare.class_of(None) == "assumed"


def test_what_set_changes_is_no_longer_observed():
    path = ("markets", "lend", "collateral", "xUSD", "lltv")
    assert SYSTEM.provenance[path] == "seen"
    changed = SYSTEM.set({"lend/collateral/xUSD/lltv": "77%"})
    assert changed.provenance[path] == "set"
    assert changed.class_of("set") == "assumed"
    number = SYSTEM.set({"lend/collateral/xUSD/lltv": 0.77})
    assert number.provenance[path] == "set"
    named = SYSTEM.set({"lend/collateral/xUSD/lltv": "77% @guess"})
    assert named.provenance[path] == "guess"


def test_the_source_of_a_file_covers_what_names_none():
    marked = with_source(
        {
            "assets": {
                "A": {"price": "$1", "label": "one @ a time", "tags": ["x"]},
                "B": {"price": "$1 @y"},
                "C": {"price": "$1", "source": "z"},
            },
            "issuers": {"I": {"pays": ["debts", "t @y"]}},
        },
        "f",
    )
    assert marked == {
        "assets": {
            "A": {"price": "$1 @f", "label": "one @ a time", "tags": ["x"]},
            "B": {"price": "$1 @y"},
            "C": {"price": "$1", "source": "z"},
        },
        "issuers": {"I": {"pays": ["debts @f", "t @y"]}},
    }
    assert provenance(marked)["assets", "C", "price"] == "z"


def test_a_key_below_a_value_is_told_to_be_left_out():
    tree = {"issuers": {"Fund": {"owes": {"Lender": "$6M"}}}}
    with pytest.raises(ModelError, match=r"no `amount` there") as caught:
        find(tree, "Fund/owes/Lender/amount")
    (problem,) = caught.value.problems
    assert problem.help == "`Fund/owes/Lender` is a value itself: leave `/amount` out"
