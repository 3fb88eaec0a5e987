"""Accounts in several exchanges of the venue, and their balances: every part with its own margin."""

from fractions import Fraction

import pytest

import looprisk as lr
from looprisk.errors import AnswerError
from tests.onchain.test_hedges import BASE, WHO, one_short
from tests.onchain.venue import account, market


def named_exchange(exchange, coin="xyz:TSLA", margin=0):
    """Show a second exchange with one coin, and the account's short there."""
    marks = {"ETH": 300.0}
    state = account(20_000.0, [("ETH", -20.0, 310.0)], marks)
    state["assetPositions"][0]["position"]["coin"] = coin
    market_ = market(marks)
    market_[0]["universe"][1]["name"] = coin
    market_[0]["collateralToken"] = margin
    exchange.answers |= {
        "perpDexs": [None, {"name": "xyz", "fullName": "XYZ"}, {"name": "empty"}],
        "clearinghouseState xyz": state,
        "metaAndAssetCtxs xyz": market_,
        "clearinghouseState empty": account(0.0, [], {}),
    }
    return float(state["assetPositions"][0]["position"]["liquidationPx"])


SPOT = [
    {
        "tokens": [{"name": name, "index": at} for at, name in enumerate(("USDC", "HYPE", "USDH"))],
        "universe": [
            {"name": "@107", "tokens": [1, 0], "index": 107},
            {"name": "@230", "tokens": [2, 0], "index": 230},
        ],
    },
    [{"coin": "@107", "markPx": "40.5"}, {"coin": "@230", "markPx": "0.999"}],
]


def balance(coin, token, total):
    return {"coin": coin, "token": token, "hold": "0.0", "total": total, "entryNtl": "0.0"}


def test_every_exchange_of_the_venue_is_read(exchange):
    """An account has margin of its own in each, in the token that the exchange names."""
    one_short(exchange)
    reported = named_exchange(exchange, margin=2)
    exchange.answers["spotMetaAndAssetCtxs"] = SPOT
    system = lr.import_hedges(WHO, rpc=exchange.url)
    assert list(system.positions) == ["h-00000000-ETH", "h-00000000-xyz-TSLA"]
    leg = system.positions["h-00000000-xyz-TSLA"]
    assert list(leg.margin) == ["USDH"]
    assert system.venues[leg.venue].label == "Hyperliquid, xyz"
    assert system.positions["h-00000000-ETH"].venue != leg.venue
    points = lr.break_points(system, price={"xyz-TSLA": "+400%"})
    (row,) = [one for one in points.rows if (one.of, one.event) == (leg_id(leg), "hedge_closed")]
    assert 300 * (1 + row.at.value) == pytest.approx(reported, rel=1e-9)
    asked = [one["dex"] for one in exchange.asked if one["type"] == "metaAndAssetCtxs"]
    assert asked == ["", "xyz"]


def leg_id(leg):
    return f"h-{leg.address[2:10]}-{(leg.short or leg.long).of}"


def test_balances_are_owned_at_their_marks(exchange):
    one_short(exchange)
    rows = [balance("USDC", 0, "1000.25"), balance("HYPE", 1, "12.5"), balance("OLD", 7, "3.0")]
    exchange.answers["spotClearinghouseState"] = {"balances": [*rows, balance("USDH", 2, "0.0")]}
    exchange.answers["spotMetaAndAssetCtxs"] = SPOT
    system = lr.import_hedges(WHO, rpc=exchange.url)
    (issuer,) = system.issuers.values()
    owned = {name: one.number for name, one in issuer.owns.items()}
    assert owned == {"USDC": Fraction("1000.25"), "HYPE": Fraction("12.5"), "OLD": 3}
    assert system.assets["HYPE"].price.number == Fraction("40.5")
    assert system.assets["OLD"].price.is_unknown


def test_an_account_of_balances_alone_is_one(exchange):
    exchange.answers |= {
        "clearinghouseState": account(0.0, [], {}),
        "spotClearinghouseState": {"balances": [balance("USDC", 0, "7.5")]},
    }
    system = lr.import_hedges(WHO, rpc=exchange.url)
    assert not system.positions
    assert system.issuers["a-00000000"].owns["USDC"].number == Fraction("7.5")


def test_balances_join_what_the_owner_has(exchange, at_venue, tmp_path):
    """What it owns already is added to, in a file by a value that is set, and named as such."""
    one_short(exchange)
    rows = [balance("USDC", 0, "1000.0"), balance("UETH", 1, "2.0")]
    exchange.answers["spotClearinghouseState"] = {"balances": rows}
    exchange.answers["spotMetaAndAssetCtxs"] = SPOT
    (tmp_path / "base.yaml").write_text(BASE)
    words = ("--venue", "hyperliquid", "--into", "base.yaml", "--owner", "Neutral")
    coins = ("--coin", "ETH=WETH", "--coin", "UETH=WETH", "-o", "joined.yaml")
    code, _, err = at_venue("import", WHO, *words, *coins)
    assert code == 0, err
    written = lr.load(tmp_path / "joined.yaml").system
    base = lr.load(tmp_path / "base.yaml").system
    joined = lr.import_hedges(
        WHO, into=base, owner="Neutral", coins={"ETH": "WETH", "UETH": "WETH"}
    )
    for system in (written, joined):
        owned = {name: one.number for name, one in system.issuers["Neutral"].owns.items()}
        assert owned == {"WETH": 102, "USDC": 1000}
        assert system.provenance["issuers", "Neutral", "owns", "USDC"] == "hyperliquid"


@pytest.mark.parametrize(
    ("kind", "answer", "words"),
    [
        ("perpDexs", {"name": "xyz"}, "exchanges are not a list"),
        ("perpDexs", [None, {"fullName": "X"}], "name of an exchange"),
        ("spotClearinghouseState", [], "balances is not an object"),
        ("spotClearinghouseState", {"balances": [balance("X", -1, "1")]}, "token of a balance"),
        ("spotClearinghouseState", {"balances": [balance("X", 1, "-1")]}, "below 0"),
        ("spotMetaAndAssetCtxs", [{}], "not two lists"),
        ("spotMetaAndAssetCtxs", [SPOT[0], [{"coin": "@107"}]], "markPx"),
    ],
)
def test_balances_that_are_none_are_told(exchange, kind, answer, words):
    one_short(exchange)
    exchange.answers["spotClearinghouseState"] = {"balances": [balance("HYPE", 1, "1.0")]}
    exchange.answers[kind] = answer
    with pytest.raises(AnswerError, match=words):
        lr.import_hedges(WHO, rpc=exchange.url)
