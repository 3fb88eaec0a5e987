"""What each verb moves, from its start to its size, and what is left when a stage is over."""

import pytest

from looprisk import System
from tests.semantics.build import DOLLAR, F, account, at, breaks, market, share, solved, values


def pledged(oracle: str = "market", **token: object) -> System:
    """Somebody outside posts half of 200 tokens, each backed by a dollar, for 80."""
    return System(
        assets=DOLLAR,
        oracles={"odd": {"kind": "market"}},
        issuers={"I": {"outside": {"book": "$200"}, "issues": {"T": share(200, **token)}}},
        markets={"m": market("T", oracle=oracle)},
        positions={"p": account("m", "T", 100, 80)},
    )


def test_a_depeg_starts_from_what_backs_a_token_that_nobody_quotes():
    found = solved(pledged(), {"depeg": {"T": "50%"}})
    quote = [at(found, s).compiled.world.quote("T").at(F(s)) for s in ("0", "1/2", "1")]
    assert quote == [1, F(3, 4), F(1, 2)]
    broken = breaks(found)
    assert broken[("p", "liquidated")] == F(6, 43)  # 0.86 x 100 x (1 - s/2) = 80
    assert broken[("p", "bad_debt")] == F(8, 25)  # 100 x (1 - s/2) = 1.05 x 80
    assert at(found, "1").token("T") == 1  # its backing stays


def test_a_depeg_in_percent_counts_from_the_first_quote():
    stages = ({"loss": {"I": "50%"}}, {"depeg": {"T": "10%"}}, {"depeg": {"T": "20%"}})
    ends = [p.compiled.world.quote("T") for p in solved(pledged(), *stages).ends]
    assert [quote and quote.at(F(1)) for quote in ends] == [None, F(9, 20), F(2, 5)]
    ends = [p.compiled.world.quote("T") for p in solved(pledged(market_price="$0.9"), *stages).ends]
    assert [quote.at(F(1)) for quote in ends] == [F(9, 10), F(81, 100), F(72, 100)]


def test_a_wrong_reading_grows_with_the_shock():
    found = solved(pledged("odd"), {"misprice": {"odd": "-50%"}})
    broken = breaks(found)
    assert broken[("p", "liquidated")] == F(6, 43)
    assert broken[("p", "bad_debt")] == F(8, 25)
    assert not at(found, "0").state_of("p")
    assert found.end.token("T") == 1


def test_a_wrong_reading_can_be_too_high():
    found = solved(pledged("odd"), {"misprice": {"odd": "+100%"}, "loss": {"I": "50%"}})
    assert not found.end.state_of("p")
    assert found.end.claim("p/debt") == 50


def test_a_frozen_oracle_reads_what_it_read():
    found = solved(pledged("odd"), {"freeze": ["odd"], "loss": {"I": "50%"}})
    assert found.end.reading("odd", "T") == 1
    assert not found.end.state_of("p")
    later = solved(
        pledged("odd"), {"loss": {"I": "10%"}}, {"freeze": ["odd"], "loss": {"I": "50%"}}
    )
    assert later.end.reading("odd", "T") == F(9, 10)


def test_an_asset_that_moves_with_its_unit_ends_at_its_level():
    system = System(
        assets={"ETH": {"price": "$100"}, "sETH": {"price": "1.2 ETH"}},
        issuers={"I": {"owns": {"sETH": 10}, "issues": {"T": share(10)}}},
    )
    assert solved(system, {"price": {"ETH": "-50%"}}).end.token("T") == 60
    assert solved(system, {"price": {"sETH": "$90"}}).end.token("T") == 90
    assert solved(system, {"price": {"sETH": "$90", "ETH": "-50%"}}).end.token("T") == 90
    assert solved(system, {"price": {"sETH": "1.1 ETH", "ETH": "-50%"}}).end.token("T") == 55


def test_prices_move_from_the_start():
    system = System(
        assets={"ETH": {"price": "$100"}},
        issuers={"I": {"owns": {"ETH": 10}, "issues": {"T": share(10)}}},
    )
    found = solved(system, {"price": {"ETH": "-50%"}}, {"price": {"ETH": "-10%"}})
    assert [p.token("T") for p in found.ends] == [50, 90]
    assert at(found, "1/2").token("T") == 70


def test_a_loss_beyond_a_pile_is_excess():
    system = System(
        issuers={"I": {"outside": {"a": "$60", "b": "$40"}, "issues": {"T": share(100)}}}
    )
    found = solved(system, {"loss": {"I": "$150"}})
    assert found.end.token("T") == 0
    assert found.end.compiled.world.excess().at(F(1)) == 50
    assert at(found, "2/3").token("T") == 0
    assert at(found, "1/3").token("T") == F(1, 2)
    one = solved(system, {"loss": {"I/outside/a": "$90"}})
    assert one.end.token("T") == F(40, 100)
    assert breaks(one)[("T", "impaired")] == 0


def test_a_stated_recovery_is_paid_at_most_and_the_rest_is_withheld():
    system = System(
        issuers={
            "A": {
                "outside": {"cash": "$100"},
                "owes": {"B": "$60", "C": {"to": "outside", "amount": "$20"}},
                "pays": [["B", "C"], "equity"],
            },
            "B": {"issues": {"b": share(60)}},
        }
    )
    found = solved(system, {"default": {"A/owes/B": "40%"}})
    assert [found.end.claim(c) for c in ("A/owes/B", "A/owes/C", "A/equity")] == [24, 20, 20]
    assert at(found, "1/2").token("b") == F(7, 10)
    short = solved(system, {"default": {"A/owes/B": "40%"}, "loss": {"A": "$60"}})
    assert [short.end.claim(c) for c in ("A/owes/B", "A/owes/C", "A/equity")] == [24, 10, 0]


def traced(found, claim: str, s: F) -> F:
    """The value of a claim on the pieces of the response."""
    pieces = [(seg, p) for seg in found.segments for p in seg.pieces if p.lo < s <= p.hi]
    ((segment, piece),) = pieces
    return piece.z(s)[segment.compiled.index.claim[claim]]


TENTHS = [F(k, 40) for k in range(1, 41)]


def test_recoveries_that_cross_are_traced_in_their_order():
    """B's falls from whole to 20 %, C's from 80 % to 70 %: lower than the other from 2/7 on."""
    system = System(
        issuers={
            "A": {
                "outside": {"cash": "$170"},
                "owes": {"B": "$100", "C": {"to": "outside", "amount": "$100"}},
                "pays": [["B", "C"], "equity"],
            },
            "B": {"issues": {"b": share(60)}},
        }
    )
    found = solved(
        system,
        {"default": {"A/owes/C": "80%"}},
        {"default": {"A/owes/B": "20%", "A/owes/C": "70%"}},
    )
    for s in TENTHS:
        # of 170 each would get 85
        expected = [min(F(85), 100 - 80 * s), min(F(85), 80 - 10 * s)]
        assert values(at(found, s), "A/owes/B", "A/owes/C") == expected
        assert [traced(found, c, s) for c in ("A/owes/B", "A/owes/C")] == expected
    assert breaks(found)[("A/owes/B", "impaired")] == 0


@pytest.mark.parametrize("fall", [F(0), F(1, 2)])
def test_an_account_in_default_pays_the_lesser_of_what_is_seized_and_what_it_pays(fall):
    """98 o / 1.05 is seized while o falls, and of the debt of 98 it pays at most 1 - 0.8 s."""
    system = System(
        assets={**DOLLAR, "A": {"price": "$1"}},
        oracles={"wrong": {"kind": "fixed", "price": "$0.98"}},
        markets={"m": market("A", oracle="wrong")},
        positions={"p": account("m", "A", 100, 98)},
    )
    wrong = {"misprice": {"wrong": f"-{float(fall):.0%}"}} if fall else {}
    found = solved(system, {**wrong, "default": {"p": "20%"}})
    # a reading that moves sells a share that is no line
    assert bool(found.segments) == (not fall)
    for s in TENTHS:
        expected = min(98 * (1 - s * fall) / F(105, 100), 98 * (1 - s * F(8, 10)))
        assert values(at(found, s), "m") == [expected]
        assert not found.segments or traced(found, "m", s) == expected


def test_a_venue_that_fails_takes_a_share_of_every_claim_on_it():
    system = System(
        assets={**DOLLAR, "ETH": {"price": "$100"}},
        venues={"v": {"convention": "binance", "mode": "isolated", "maintenance": "3%"}},
        issuers={"N": {"owns": {"ETH": 1}, "issues": {"n": share(120)}}},
        positions={
            "leg": {
                "venue": "v",
                "owner": "N",
                "short": "1 ETH",
                "entry": "$100",
                "margin": {"USDC": 20},
            }
        },
    )
    found = solved(system, {"price": {"ETH": "-50%"}}, {"loss": {"v": "50%"}})
    assert [p.token("n") for p in found.ends] == [1, F(50 + 35, 120)]
