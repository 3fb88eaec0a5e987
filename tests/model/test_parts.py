"""Each part by itself: what it needs, what contradicts itself, what a word fixes."""

import pickle
from fractions import Fraction

import pytest

from looprisk.errors import ModelError
from looprisk.model import (
    Asset,
    CollateralTerms,
    Issuer,
    Loan,
    LoanPosition,
    Loop,
    Market,
    Oracle,
    Par,
    PerpPosition,
    Redemption,
    Share,
    System,
    Value,
    Venue,
)
from looprisk.model.protocols import PROTOCOLS, morpho_incentive
from looprisk.model.sections import part_type, read_part

TERMS = {"lltv": "86%", "oracle": "market"}
LENDS = {"USDC": {"cash": "5M"}}


def wrong(section, raw, name="x"):
    part, found = read_part(part_type(section, raw), raw, (section, name))
    assert part is None
    return [("/".join(problem.path), problem.message, problem.help) for problem in found]


def market(**fields):
    return {"rules": "morpho-blue", "lends": LENDS, "collateral": {"ETH": TERMS}, **fields}


BROKEN = [
    ("assets", {}, "assets/x", "assets/x: `price` is missing", "add `price: …`, such as $1.2667"),
    ("assets", {"price": "3000"}, "assets/x/price", "price: `3000`: a price names its unit: $3000 or 3000 ETH", ""),
    ("assets", {"price": "$1", "decimals": "six"}, "assets/x/decimals", "decimals: `six`: a whole number stands here", ""),
    ("oracles", {"kind": "fixed"}, "oracles/x", "oracles/x: `price` is missing", "add `price: …`, such as $1.2667"),
    ("oracles", {"kind": "capped"}, "oracles/x", "oracles/x: `cap` is missing", "add `cap: …`, such as $1.2667"),
    ("oracles", {"kind": "nav", "price": "$1"}, "oracles/x/price", "price: only a fixed oracle has a price; this one is nav", ""),
    ("oracles", {"kind": "navv"}, "oracles/x/kind", "kind: `navv` is not known here; did you mean nav?", ""),
    ("oracles", {"kind": "chainlink"}, "oracles/x/kind", "kind: `chainlink` is not known here; it is one of market, nav, fixed, capped, twap, pt_discount", ""),
    ("issuers", {"outside": {"book": "93M"}}, "issuers/x/outside/book", "book: `93M`: money wears a dollar sign: $93M", ""),
    ("issuers", {"outside": "$93M"}, "issuers/x/outside", "outside: a map is expected here, not `$93M`", ""),
    ("issuers", {"owes": {"V": "217"}}, "issuers/x/owes/V", "V: `217`: of what? write $217 or 217 USDC", ""),
    ("issuers", {"owes": {"V": {"amount": "$217"}}}, "issuers/x/owes/V", "issuers/x/owes/V: `to` is missing", ""),
    ("issuers", {"issues": {"t": {"supply": "1"}}}, "issuers/x/issues/t", "issuers/x/issues/t: `kind` is missing", "add `kind: share` (what is left) or `kind: par` (a promise)"),
    ("issuers", {"issues": {"t": {"kind": "par", "supply": "1"}}}, "issuers/x/issues/t", "issuers/x/issues/t: `par` is missing", "add `par: …`, such as $1.2667"),
    ("issuers", {"issues": {"t": {"kind": "senior", "supply": "1"}}}, "issuers/x/issues/t/kind", "kind: `senior` is not known here: share (what is left) or par (a promise)", ""),
    ("issuers", {"issues": {"t": {"kind": "share", "supply": "1", "par": "$1"}}}, "issuers/x/issues/t/par", "unknown key `par`", None),
    ("issuers", {"issues": {"t": {"kind": "share", "supply": "1", "nav": "$1"}}}, "issuers/x/issues/t/nav", "unknown key `nav`", "here it is called book_price"),
    (
        "issuers",
        {"issues": {"t": {"kind": "share", "supply": "1", "copies": {"base": {"supply": "1"}}}}},
        "issuers/x/issues/t",
        "t: a token with copies says who bears a shortfall: `shortfall_borne_by: all`, or a list of its copies",
        "",
    ),
    (
        "issuers",
        {"issues": {"t": {"kind": "share", "supply": "1", "copies": {"base": {"supply": "1"}}, "shortfall_borne_by": ["bsae"]}}},
        "issuers/x/issues/t/shortfall_borne_by",
        "shortfall_borne_by: `bsae` is no copy of this token",
        "its copies are base",
    ),
    ("issuers", {"issues": {"t": {"kind": "share", "supply": "1", "shortfall_borne_by": "base"}}}, "issuers/x/issues/t/shortfall_borne_by", "shortfall_borne_by: `base`: write `all`, or a list of copies: [base]", ""),
    ("issuers", {"pays": "debts"}, "issuers/x/pays", "pays: `debts`: a list stands here, first to last: [debts]", ""),
    ("issuers", {"pays": ["a", ["b", "a"]]}, "issuers/x/pays", "pays: `a` is named twice", ""),
    ("issuers", {"pays": ["a", []]}, "issuers/x/pays", "pays: a rank names somebody", ""),
    ("issuers", {"seniority": ["a"]}, "issuers/x/seniority", "unknown key `seniority`", "here it is called pays: [first, …, last], on the issuer"),
    ("issuers", {"liabilities": {}}, "issuers/x/liabilities", "unknown key `liabilities`", "here it is called owes"),
    ("issuers", {"pay": []}, "issuers/x/pay", "unknown key `pay`", "did you mean pays?"),
    ("issuers", {"default_recovery": {"outside": "90%"}}, "issuers/x/default_recovery", "issuers/x/default_recovery: `claims` is missing", "add `claims: …`, such as 91.5%"),
    ("issuers", {"set_off": {"E": {"pledged": "maybe"}}}, "issuers/x/set_off/E/pledged", "pledged: `maybe` is not known here; it is one of void, honoured", ""),
    ("markets", {"lends": LENDS}, "markets/x", "markets/x: `rules` is missing", "add `rules: …`, one of morpho-blue, euler-v2, silo-v2, aave-v2, aave-v3, aave-v3.3, compound-v2, compound-v3, abracadabra, isolated, pooled, absorbing"),
    ("markets", market(rules="morpho"), "markets/x/rules", "rules: `morpho` is not known here; did you mean morpho-blue?", ""),
    ("markets", market(curator="Re7"), "markets/x/curator", "unknown key `curator`", "here it is called depends_on: {curator: …}"),
    ("markets", market(lends={}), "markets/x/lends", "lends: a market lends at least one token", ""),
    ("markets", market(lends={**LENDS, "USDT": {"cash": "1"}}), "markets/x/lends", "lends: a market under morpho-blue lends one token, this one 2", "write one market for each"),
    ("markets", market(realises="true"), "markets/x/realises", "realises: morpho-blue fixes this; leave it out", ""),
    ("markets", market(e_modes={"a": {"collateral": {"ETH": TERMS}}}), "markets/x/e_modes", "e_modes: morpho-blue has no e-modes", ""),
    ("markets", market(rules="aave-v3"), "markets/x/collateral/ETH", "markets/x/collateral/ETH: `incentive` is missing", "only morpho-blue has a formula for it"),
    (
        "markets",
        market(collateral={"ETH": {**TERMS, "lltv": "95%", "incentive": "6%"}}),
        "markets/x/collateral/ETH",
        "ETH: (1 + incentive) x lltv is 1.007: a liquidation would take more than there is",
        "the product must be below 1: one of the two is too large",
    ),
    ("markets", market(collateral={"ETH": {**TERMS, "ltv": "90%"}}), "markets/x/collateral/ETH/ltv", "ltv: 90% is above the lltv of 86%", "ltv is how much can be borrowed, lltv where a liquidation begins"),
    ("markets", market(collateral={"ETH": {**TERMS, "LT": "86%"}}), "markets/x/collateral/ETH/LT", "unknown key `LT`", "here it is called lltv (Aave's LT)"),
    ("markets", market(collateral={"ETH": {**TERMS, "LIF": "1.05"}}), "markets/x/collateral/ETH/LIF", "unknown key `LIF`", "here it is called incentive (Morpho's LIF less 1)"),
    ("venues", {"convention": "hyperliquid", "mode": "isolated"}, "venues/x", "venues/x: `maintenance` is missing", "a share, or `tiers`"),
    ("positions", {"market": "m"}, "positions/x", "x: a loan gives `collateral` and `debt`, or `loop`; one of the two", ""),
    ("positions", {"market": "m", "debt": {"USDC": "1"}}, "positions/x", "x: a loan gives `collateral` and `debt`, or `loop`; one of the two", ""),
    ("positions", {"market": "m", "collateral": {}, "loop": {"equity": "1", "ltv": "1%"}}, "positions/x", "x: a loan gives `collateral` and `debt`, or `loop`; one of the two", ""),
    ("positions", {"market": "m", "loop": {"equity": "1"}}, "positions/x/loop", "loop: a loop gives its `ltv` or its `leverage`; one of the two", ""),
    ("positions", {"market": "m", "loop": {"equity": "1", "ltv": "100%"}}, "positions/x/loop/ltv", "ltv: `100%`: a loop is below 100%", ""),
    ("positions", {"market": "m", "loop": {"equity": "1", "leverage": "0.5x"}}, "positions/x/loop/leverage", "leverage: `0.5x` is below 1x", ""),
    ("positions", {"venue": "v", "entry": "$1", "margin": {"USDC": "1"}}, "positions/x", "x: a leg is `short` or `long`; one of the two", ""),
    ("positions", {"venue": "v", "entry": "$1", "margin": {"USDC": "1"}, "short": "12"}, "positions/x/short", "short: `12`: of what? write 12 ETH", ""),
    ("positions", {"venue": "v", "entry": "$1", "margin": {"USDC": "1"}, "size": "12 ETH", "short": "1 ETH"}, "positions/x/size", "unknown key `size`", "here it is called short or long"),
    ("positions", {"market": "m", "debt": {"USDC": "240", "000": ""}, "collateral": {}}, "positions/x/debt/000", "000: no value; write `unknown` if nobody knows it", "inside { } a comma ends a value: write 240_000, or quote the text"),
    ("positions", {"market": "m", "collateral": {"ETH": "1e18"}, "debt": {}}, "positions/x/collateral/ETH", "ETH: `1e18`: no exponents; write 1.5M, 2B or 1_000_000", ""),
    ("liquidity", {"of": "A", "into": "B", "curve": {"kind": "exp"}}, "liquidity/x/curve/kind", None, None),
    ("assets", {"price": "$1", "4 November 2025": ""}, "assets/x/4 November 2025", "unknown key `4 November 2025`", "a comma ends a value inside { }: quote the text before it, or drop the comma"),
]  # fmt: skip


@pytest.mark.parametrize(("section", "raw", "path", "message", "help_"), BROKEN)
def test_a_broken_part_says_what_to_write(section, raw, path, message, help_):
    found = {place: (text, advice) for place, text, advice in wrong(section, raw)}
    assert path in found, found
    if message is not None:
        assert found[path][0] == message
    if help_ is not None:
        assert found[path][1] == help_


def test_all_problems_of_a_part_come_together():
    terms = {"ltv": "72%", "lt": "75%", "bonus": "8.5%", "oracle": "market"}
    raw = {"rules": "aave-v3.3", "lends": LENDS, "collateral": {"sUSDe": terms}, "curator": "Re7"}
    assert wrong("markets", raw, "aave") == [
        (
            "markets/aave/collateral/sUSDe",
            "markets/aave/collateral/sUSDe: `lltv` is missing",
            "add `lltv: …`, such as 91.5%",
        ),
        (
            "markets/aave/collateral/sUSDe/lt",
            "unknown key `lt`",
            "here it is called lltv (Aave's LT)",
        ),
        (
            "markets/aave/collateral/sUSDe/bonus",
            "unknown key `bonus`",
            "here it is called incentive (Aave's LB)",
        ),
        (
            "markets/aave/curator",
            "unknown key `curator`",
            "here it is called depends_on: {curator: …}",
        ),
    ]


def test_the_mark_is_on_the_key_or_on_the_value():
    raw = {"price": "3000", "prise": "$1"}
    _, found = read_part(Asset, raw, ("assets", "x"))
    assert [(problem.path[-1], problem.on_key) for problem in found] == [
        ("price", False),
        ("prise", True),
    ]


def test_the_incentive_of_morpho_follows_from_the_threshold():
    made = Market(**market())
    terms = made.collateral["ETH"]
    assert terms.incentive is None
    assert made.incentive(terms) == morpho_incentive(Fraction(86, 100)) == Fraction(42, 958)
    assert morpho_incentive(Fraction("0.915")) == Fraction(2000, 1949) - 1
    assert morpho_incentive(Fraction("0.385")) == Fraction(15, 100)


@pytest.mark.parametrize(
    ("rules", "shape", "realises"),
    [
        ("morpho-blue", "isolated", True),
        ("euler-v2", "isolated", True),
        ("silo-v2", "isolated", False),
        ("aave-v3.3", "pooled", False),
        ("compound-v3", "absorbing", False),
    ],
)
def test_rules_fix_shape_and_bad_debt(rules, shape, realises):
    absorbing = {"liquidation_factor": "93%", "storefront": "50%"}
    terms = TERMS | (absorbing if shape == "absorbing" else {"incentive": "5%"})
    made = Market(rules=rules, lends=LENDS, collateral={"ETH": terms})
    assert (made.protocol.shape, made.realises_bad_debt) == (shape, realises)
    assert PROTOCOLS[rules].source


def test_a_market_without_protocol_says_itself_whether_it_realises():
    terms = {**TERMS, "incentive": "5%"}
    made = Market(rules="isolated", lends=LENDS, collateral={"ETH": terms}, realises=True)
    assert made.realises_bad_debt
    assert not Market(rules="isolated", lends=LENDS).realises_bad_debt


def test_a_loan_is_short_for_its_creditor_and_amount():
    issuer = Issuer(owes={"V": "$217", "note": {"to": "E", "amount": "5M USDC"}}, pays=["debts"])
    assert issuer.owes["V"] == Loan(to="V", amount=217)
    assert (issuer.owes["note"].to, issuer.owes["note"].amount.of) == ("E", "USDC")


def test_ranks_are_tuples_in_order():
    issuer = Issuer(pays=[["E", "V"], "outside"])
    assert issuer.pays == (("E", "V"), ("outside",))
    assert Issuer(pays="unknown @letter").pays == "unknown"


def test_a_loop_gives_units():
    assert Loop(equity=100, ltv="90%").units == 1000
    assert Loop(equity=100, leverage="10x").units == 1000
    assert Loop(equity=100, leverage="10x").loan_to_value == Fraction(9, 10)


def test_python_takes_numbers_text_and_instances():
    share = Share(supply=1200)
    assert share.kind == "share"
    assert share.supply == Value(Fraction(1200), Fraction(1200), "tokens")
    level = Issuer(
        owns={"BASE": 2400}, owes={"outside": 1200}, issues={"one": share}, pays=["debts", "one"]
    )
    assert level == Issuer(
        owns={"BASE": "2_400"},
        owes={"outside": "$1_200"},
        issues={"one": {"kind": "share", "supply": "1_200"}},
        pays=["debts", "one"],
    )
    terms = CollateralTerms(lltv=0.945, oracle="market")
    assert terms.lltv.number == Fraction("0.945")
    assert Asset(price=3000).price.number == 3000
    assert Par(par=1, supply=5).par.unit == "usd"
    assert Redemption(from_="cash") == Redemption(**{"from": "cash"})


def test_python_reports_as_a_file_does():
    with pytest.raises(ModelError) as caught:
        Share(supply="$75M", shares=3)
    assert (
        str(caught.value).splitlines()[0]
        == "supply: supply: `$75M`: this counts tokens, not dollars: 75M"
    )
    assert [problem.path for problem in caught.value.problems] == [("supply",), ("shares",)]
    with pytest.raises(ModelError) as caught:
        System(assets={"ETH": {"price": "3000"}}, markets={"m": {"rules": "x"}})
    assert {problem.path for problem in caught.value.problems} == {
        ("assets", "ETH", "price"),
        ("markets", "m", "rules"),
        ("markets", "m"),
    }


def test_parts_are_frozen():
    system = System(assets={"ETH": {"price": 3000}})
    with pytest.raises(ModelError):
        LoanPosition(market="m", loop=Loop(equity=1, ltv=0.5), collateral={"ETH": 1})
    with pytest.raises(ValueError, match="frozen"):
        system.assets["ETH"].price = 1
    with pytest.raises(TypeError, match="frozen"):
        system.assets["BTC"] = Asset(price=1)
    with pytest.raises(TypeError, match="frozen"):
        system.issuers.update({})
    with pytest.raises(TypeError, match="frozen"):
        Issuer().owns["x"] = 1


def test_systems_can_be_pickled_and_copied():
    system = System(assets={"ETH": {"price": "$3_000 @x"}}, sources={"x": {"class": "observed"}})
    assert pickle.loads(pickle.dumps(system)) == system
    assert system.model_copy(deep=True) == system


def test_words_take_a_source():
    oracle = Oracle(kind="nav @feed", of="xUSD @feed")
    assert (oracle.kind, oracle.of) == ("nav", "xUSD")
    assert Venue(convention="bybit @x", mode="cross", maintenance="1%").convention == "bybit"
    leg = PerpPosition(venue="v", short="1 ETH", entry=3000, margin={"USDC": 5}, funding=0.08)
    assert leg.funding.number == Fraction(8, 100)
