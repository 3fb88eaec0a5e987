"""Stages in order: what a liquidation leaves behind, and that no dollar is lost on the way."""

import pytest

import looprisk as lr
from looprisk import System
from looprisk.analysis.bearing import loss_put_in, seized_value, waterfall
from looprisk.analysis.flows import flows
from looprisk.engine.book import book
from tests.semantics.build import DOLLAR, F, account, breaks, market, share, solved, values


def lent(oracle: str = "market", **more: object) -> System:
    """A vault lends 80 of its 100 against 100 units of an asset at one dollar."""
    return System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        oracles={"still": {"kind": "fixed", "price": "$0.9"}},
        issuers={"V": {"owns": {"M": 100}, "issues": {"v": share(100)}}},
        markets={"M": market("A", oracle=oracle, cash=20, realises="true", **more)},
        positions={"p": account("M", "A", 100, 80)},
    )


def rows(found) -> dict[tuple[str, str], float]:
    before, after = flows(found.start), flows(found.end)
    return {(r.claimant, r.via): r.loss_usd for r in waterfall(found, before, after)}


def test_a_liquidated_account_keeps_what_was_not_seized():
    """At 0.9 the liquidator repays 80 and takes 84 dollars of collateral: 280/3 units."""
    found = solved(lent(), {"price": {"A": "-10%"}}, {"price": {"A": "0%"}})
    second = found.scaled.before
    assert second.accounts["p"].collateral == {"A": F(20, 3)}
    assert second.cash["M"] == 100
    assert values(found.ends[0], "p/equity", "p/debt", "M") == [6, 80, 100]
    assert values(found.end, "p/equity", "p/debt", "M", "v") == [F(20, 3), 0, 100, 100]
    assert seized_value(found) == {"A": F(280, 3)}
    assert rows(found)[("liquidators", "earlier stages")] == pytest.approx(-40 / 3)
    assert rows(found)[("owner of p", "p/equity")] == pytest.approx(40 / 3)
    assert loss_put_in(found) == 0


def test_the_liquidators_bear_a_further_fall():
    found = solved(lent(), {"price": {"A": "-10%"}}, {"price": {"A": "-55%"}})
    # they paid 80 for 280/3 units that are worth 42 now
    assert rows(found)[("liquidators", "earlier stages")] == pytest.approx(80 - 42)
    assert rows(found)[("owner of p", "p/equity")] == pytest.approx(20 - 3)
    assert loss_put_in(found) == 55
    assert found.end.claim("v") == 100
    assert ("p", "bad_debt") not in breaks(found)


def test_bad_debt_stays_when_the_price_comes_back():
    """At 0.7 the collateral brings 70 / 1.05."""
    found = solved(lent(), {"price": {"A": "-30%"}}, {"price": {"A": "0%"}})
    recovered = F(70) / F(105, 100)
    for point in found.ends:
        assert point.claim("v") == recovered + 20
        assert book(point).supplies["M"] == recovered + 20
        assert ("p", "bad_debt") in {(m.of, m.event) for m in found.holding(point)}
    assert found.scaled.before.accounts["p"].collateral == {"A": 0}
    assert rows(found)[("liquidators", "earlier stages")] == pytest.approx(float(recovered) - 100)


def test_bad_debt_stays_under_a_wrong_oracle_too():
    """The oracle first reads too little, so that all is sold, and then nothing is left to read."""
    system = lent("still")
    found = solved(system, {"misprice": {"still": "-30%"}}, {"misprice": {"still": "$0.9"}})
    recovered = F(63) / F(105, 100)
    assert [p.claim("p/debt") for p in found.ends] == [recovered, 0]
    assert [p.claim("v") for p in found.ends] == [recovered + 20, recovered + 20]
    assert [book(p).supplies["M"] for p in found.ends] == [recovered + 20, recovered + 20]
    for point in found.ends:
        assert ("p", "bad_debt") in {(m.of, m.event) for m in found.holding(point)}


def test_seized_tokens_stay_with_the_liquidators():
    """Own tokens pledged: after the seizure they are held outside and share every further loss."""
    system = System(
        assets=DOLLAR,
        issuers={"I": {"outside": {"book": "$140"}, "issues": {"X": share(150)}}},
        markets={"m": market("X")},
        positions={"p": account("m", "X", 50, 40, owner="I")},
    )
    found = solved(system, {"loss": {"I": "$10"}}, {"loss": {"I": "$26"}})
    # 100 p = 130 - 42: the liquidator repays 40 and takes 42 dollars of tokens
    first, second = found.ends
    assert first.token("X") == F(88, 100)
    left = 50 - 42 / F(88, 100)
    assert found.scaled.before.accounts["p"].collateral == {"X": left}
    # all the issuer has, its tokens in the account among them, is divided by 150
    assert second.token("X") == F(104) / (150 - left)
    seized = 50 - left
    assert seized_value(found) == {"X": seized * second.token("X")}
    paid = rows(found)[("liquidators", "earlier stages")]
    assert paid == pytest.approx(float(40 - seized * second.token("X")))
    assert second.claim("m") == 40


def test_three_stages_keep_every_dollar():
    stages = (
        {"price": {"A": "-10%"}, "name": "one"},
        {"price": {"A": "-60%"}, "name": "two"},
        {"price": {"A": "-20%"}, "name": "three"},
    )
    found = solved(two_deep(), *stages)
    assert loss_put_in(found) == 40
    assert found.after("start") is found.start
    assert found.after("two") is found.ends[1]
    assert found.after(None) is found.ends[2]


def two_deep() -> System:
    """Two accounts; the second breaks in the second stage."""
    return System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        issuers={"V": {"owns": {"M": 100}, "issues": {"v": share(100)}}},
        markets={"M": market("A")},
        positions={"near": account("M", "A", 100, 80), "far": account("M", "A", 100, 40)},
    )


def test_the_waterfall_of_stages_in_an_answer():
    clearing = lr.run(lent(), stages=[lr.Stage(price={"A": "-10%"}), lr.Stage(price={"A": "-55%"})])
    assert clearing.shock.loss_usd == 55
    assert sum(row.loss_usd for row in clearing.waterfall_rows) == pytest.approx(55)
    assert {row.claimant for row in clearing.waterfall_rows if row.kind == "leak"} == {
        "liquidators"
    }


def test_losses_add_up_over_stages_and_percents_count_from_the_start():
    system = System(issuers={"I": {"outside": {"a": "$100"}, "issues": {"T": share(100)}}})
    found = solved(system, {"loss": {"I": "30%"}}, {"loss": {"I": "$10"}}, {"loss": {"I": "80%"}})
    assert [p.claim("T") for p in found.ends] == [70, 60, 0]
    assert found.end.compiled.world.excess().at(F(1)) == 20


def test_recognition_brings_the_loss_into_the_book():
    system = System(
        issuers={"I": {"outside": {"a": "$100"}, "issues": {"T": share(100, book_price="$1")}}}
    )
    found = solved(system, {"loss": {"I": "30%"}}, {"recognise": ["I"]})
    assert [book(p).prices["T"] for p in found.ends] == [1, F(7, 10)]
    assert [p.token("T") for p in found.ends] == [F(7, 10), F(7, 10)]


def test_a_buyer_who_overpays_seizes_what_the_oracle_says():
    """Nothing backs the token any more, and somebody still pays 0.9 for it."""
    system = System(
        assets=DOLLAR,
        issuers={
            "I": {"outside": {"book": "$100"}, "issues": {"T": share(100, market_price="$1")}}
        },
        markets={"m": market("T")},
        positions={"p": account("m", "T", 50, 40)},
    )
    found = solved(system, {"loss": {"I": "100%"}, "depeg": {"T": "10%"}}, {"depeg": {"T": "20%"}})
    assert [p.claim("m") for p in found.ends] == [40, 40]
    assert found.scaled.before.accounts["p"].collateral == {"T": 50 - F(42) / F(9, 10)}
    assert rows(found)[("liquidators", "earlier stages")] == 40


def test_liquidators_who_took_what_was_worthless_gain_when_it_comes_back():
    found = solved(lent(), {"price": {"A": "-100%"}}, {"price": {"A": "-5%"}})
    assert found.ends[0].claim("p/debt") == 0
    assert rows(found)[("liquidators", "earlier stages")] == -95
    assert loss_put_in(found) == 5
