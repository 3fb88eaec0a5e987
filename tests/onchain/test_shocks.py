"""The contract itself is the judge: its own answer at any price, by a feed that says so.

An override of the feed's code in a call, at the pinned block, changes nothing else: no time passes
and no interest accrues, so that our figure and the contract's are of one moment.
"""

import pytest

from looprisk.onchain import aave
from looprisk.onchain.aave_parts import write
from looprisk.onchain.aave_rules import standing
from looprisk.onchain.abi import call, decoded
from looprisk.onchain.draft import Draft
from looprisk.onchain.erc20 import tokens
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from tests.onchain.reading import health_by_the_engine, snapshot_of

FALLS = [0.02 * step for step in range(45)] + [-0.1, -0.5, -1, 0.97, 0.999]
CASES = [("3.0", "staker", "wstETH"), ("3.0", "trader", "WETH"), ("3.2", "mixed", "WETH")]
_USER = "getUserAccountData(address)(uint256,uint256,uint256,uint256,uint256,uint256)"


def says(price):
    """Return code that answers every question with one number."""
    return f"0x7f{price:064x}5f5260205ff3"


def judged(snapshot, pool, user, feed, price):
    """Return the six figures of the pool for an account, had the feed said ``price``."""
    asked = call(pool, _USER, user)
    sent = {"to": pool, "data": "0x" + asked.data.hex()}
    answer = snapshot.node.request("eth_call", [sent, snapshot.at, {feed: {"code": says(price)}}])
    read = decoded(asked, bytes.fromhex(answer[2:]))
    return [read.integer(place) for place in range(6)]


@pytest.mark.parametrize(("version", "name", "shocked"), CASES)
def test_fifty_prices(town, version, name, shocked):
    pool, user = town.pools[version].address, town.who[name]
    feed, token = town.feeds[shocked].address, town.tokens[shocked].address
    with snapshot_of(town) as snapshot:
        (found,) = aave.recognise(Look(snapshot, user, Places((pool,))))
        account = aave.read(snapshot, found)
        draft = Draft(snapshot.pin, tokens(snapshot, account.tokens))
        write(account, draft)
        system = draft.system("test", ["aave-v3/1"])
        (position,) = system.positions
        (now,) = (one.reserve.price for one in account.held if one.token == token)
        for fall in FALLS:
            price = round(now * (1 - fall))
            collateral, debt, _, threshold, _, health = judged(snapshot, pool, user, feed, price)
            ours = standing(shocked_legs(account, token, price))
            assert (ours.collateral, ours.debt, ours.threshold) == (collateral, debt, threshold)
            assert ours.health == health
            exact = f"{(price / now - 1) * 100:.12f}%"
            engine = health_by_the_engine(system, position, {shocked: exact})
            # several collaterals: the pool cuts their mean threshold to a whole basis point
            cut = 1 / threshold if len(account.held) > 2 else 0
            assert -1e-9 <= engine / (health / 10**18) - 1 <= cut + 1e-9, fall


def shocked_legs(account, token, price):
    from dataclasses import replace

    return [
        replace(leg, price=price) if one.token == token else leg
        for leg, one in zip(account.legs, account.held, strict=True)
    ]
