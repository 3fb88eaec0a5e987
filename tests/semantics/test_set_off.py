"""Set-off by hand: claims of two parties on each other are netted before anything is solved."""

import pytest

import looprisk as lr
from looprisk import System
from tests.semantics.build import DOLLAR, F, account, market, par, solved


def lent_and_held(pledged: str | None = None) -> System:
    """E lent S 60; S holds 70 of E's 100 tokens and owes others 40."""
    return System(
        issuers={
            "E": {
                "outside": {"cash": "$40"},
                "issues": {"eUSD": par(100)},
                "pays": ["eUSD", "equity"],
                "set_off": {"S": {"pledged": pledged}} if pledged else {},
            },
            "S": {
                "outside": {"cash": "$10"},
                "owns": {"eUSD": 70},
                "owes": {"E": "$60", "others": {"to": "outside", "amount": "$40"}},
                "pays": ["debts"],
            },
        }
    )


def test_mutual_claims_without_set_off():
    start = solved(lent_and_held()).start
    assert start.token("eUSD") == F(23, 29)
    assert start.claim("S/owes/others") / 40 == F(19, 29)


@pytest.mark.parametrize("pledged", ["void", "honoured"])
def test_mutual_claims_set_off(pledged):
    start = solved(lent_and_held(pledged)).start
    assert start.token("eUSD") == 1
    assert start.claim("S/owes/others") / 40 == F(1, 2)


PLEDGES = {
    "as they are": ("eUSD", {}),
    "wrapped": (
        "w",
        {
            "Wrap": {
                "owns": {"eUSD": 30},
                "issues": {"w": {"kind": "share", "supply": 30}},
            }
        },
    ),
}


@pytest.mark.parametrize("pledge", PLEDGES)
@pytest.mark.parametrize(
    ("note", "pledged", "price", "lender"),
    [
        # all 30 pledged are void, then 30 of the 40 that S has free: 40 for 40
        (60, "void", 1, 0),
        # the note is smaller than the pledge: 20 void, 10 left behind the debt, 40 for 80
        (20, "void", F(1, 2), 10 * F(1, 2) / F(105, 100)),
        # pledges stand: the 40 free are netted, 40 for 60
        (60, "honoured", F(2, 3), 30 * F(2, 3) / F(105, 100)),
    ],
)
def test_pledges_are_void_first_or_honoured(pledge, note, pledged, price, lender):
    """E has 40 and a note of S against 100 tokens: S has 40 free and 30 pledged for 25."""
    thing, wrapper = PLEDGES[pledge]
    system = System(
        assets=DOLLAR,
        issuers={
            "E": {
                "outside": {"cash": "$40"},
                "issues": {"eUSD": par(100)},
                "set_off": {"S": {"pledged": pledged}},
            },
            "S": {"owns": {"eUSD": 40}, "owes": {"E": f"${note}"}},
            **wrapper,
        },
        markets={"m": market(thing)},
        positions={"p": {**account("m", thing, 30, 25), "owner": "S"}},
    )
    # what S has left of the tokens, and its account, is there for what is left of the note
    start = solved(system).start
    assert start.token("eUSD") == price
    assert start.claim("p/debt") == lender


def test_a_set_off_of_every_token_there_is_is_refused():
    system = lent_and_held("void").set({"eUSD/supply": 70, "S/owes/E": "$70"})
    with pytest.raises(lr.NotCarriedError, match="every eUSD there is would be set off"):
        solved(system)
