"""What cannot be answered is refused by name, with what to do instead; never a number."""

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.solve import solve
from looprisk.errors import ModelError, NotCarriedError, NotExactError, UnknownValueError
from tests.semantics.build import DOLLAR, account, case, market, par, share


def fund(**more: object) -> System:
    issuer = {
        "outside": {"book": "$100"},
        "owes": {"outside": "$40"},
        "issues": {"T": share(60)},
        "pays": ["debts", "T"],
        **more,
    }
    return System(
        assets={**DOLLAR, "ETH": {"price": "$100"}, "sETH": {"price": "1 ETH"}},
        issuers={"I": issuer, "Other": {"outside": {"x": "$1"}, "issues": {"other": share(1)}}},
        oracles={
            "wrong": {"kind": "market", "of": "other"},
            "slow": {"kind": "twap", "window": "1h"},
        },
        venues={
            "x": {"convention": "binance", "mode": "cross", "maintenance": "3%"},
            "v": {"convention": "binance", "mode": "isolated", "maintenance": "3%"},
        },
    )


def lent(oracle: str, **more: object) -> System:
    system = fund()
    return System(
        assets=system.assets,
        issuers=system.issuers,
        oracles=system.oracles,
        markets={"m": market("T", oracle=oracle, **more)},
        positions={"p": account("m", "T", 30, 10)},
    )


def hedged(venue: str, *, margin: str = "USDC", short: str = "ETH") -> System:
    system = fund()
    leg = {
        "venue": venue,
        "owner": "I",
        "short": f"1 {short}",
        "entry": "$100",
        "margin": {margin: 20},
    }
    return System(
        assets=system.assets, issuers=system.issuers, venues=system.venues, positions={"leg": leg}
    )


LOSS = {"loss": {"I": "$10"}}
REFUSED = [
    (lent("wrong"), LOSS, NotExactError, ["other", "T", "market_price", "time"]),
    (lent("slow"), LOSS, NotCarriedError, ["slow", "twap", "fixed"]),
    (lent("unknown"), LOSS, UnknownValueError, ["m/collateral/T/oracle", "--set"]),
    (hedged("x"), LOSS, NotCarriedError, ["x/mode", "cross", "time", "isolated"]),
    (hedged("v", margin="T"), LOSS, NotCarriedError, ["leg", "T", "asset"]),
    (hedged("v", short="T"), LOSS, NotCarriedError, ["leg", "T", "asset"]),
    (
        hedged("v", short="sETH"),
        {"price": {"ETH": "-10%", "sETH": "-10%"}},
        NotCarriedError,
        ["leg", "dollars"],
    ),
    (fund(pays="unknown"), LOSS, UnknownValueError, ["I/pays", "--set"]),
    (fund(outside={"book": "unknown"}), LOSS, UnknownValueError, ["I/outside/book", "--set"]),
    (fund(outside={"book": "$90..$110"}), LOSS, UnknownValueError, ["I/outside/book", "interval"]),
    (fund(outside={}, owns={"USDC": 100}), LOSS, ModelError, ["I", "nothing outside", "price"]),
    (
        lent("market", lends={"supplied": 100, "unlisted_debt": "unknown"}),
        LOSS,
        UnknownValueError,
        ["m/lends/USDC/unlisted_debt", "--set"],
    ),
]


@pytest.mark.parametrize(("system", "stage", "error", "words"), REFUSED)
def test_what_is_refused_says_where_and_what_to_do(system, stage, error, words):
    with pytest.raises(error) as caught:
        solve(case(system, stage))
    for word in words:
        assert word in str(caught.value)


def test_a_default_on_nothing_is_refused():
    vault = System(issuers={"V": {"outside": {"a": "$1"}, "issues": {"v": share(1)}}})
    with pytest.raises(ModelError, match="V owes nothing"):
        lr.run(vault, default={"V": "40%"})


def test_a_cascade_is_refused():
    clock = {"step": "1m", "horizon": "1h"}
    with pytest.raises(NotCarriedError, match="time"):
        solve(case(fund(), LOSS, time=clock))


def test_a_closed_circle_of_shares_has_no_value():
    ring = System(
        issuers={
            "A": {"outside": {"x": "$1"}, "owns": {"b": 10}, "issues": {"a": share(10)}},
            "B": {"owns": {"a": 10}, "issues": {"b": share(10)}},
        }
    )
    with pytest.raises(NotExactError, match="closed circle") as caught:
        lr.run(ring)
    assert "A" in str(caught.value)
    assert "B" in str(caught.value)
    opened = ring.set({"A/owns/b": 9})
    assert lr.run(opened).layer("a").economic_usd == pytest.approx(10)


def test_promises_in_each_others_unit_are_refused():
    """A promises 1 b a unit, B promises 1 a: neither says how many dollars."""
    issuers = {
        "A": {"outside": {"x": "$5"}, "issues": {"a": par(10, "1 b")}, "pays": ["a", "equity"]},
        "B": {"outside": {"x": "$5"}, "issues": {"b": par(10, "1 a")}, "pays": ["b", "equity"]},
    }
    with pytest.raises(ModelError, match="leads back to itself"):
        System(issuers=issuers)
