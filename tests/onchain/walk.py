"""Walks of many accounts through two pools of Aave and a market of Morpho Blue.

An account in a block is one state. After each step every figure that looprisk reads of a state is
compared with what the contracts themselves answer, asked through web3's codec and not through
looprisk. Nothing is close: all are equal to the last unit.
"""

import json
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from eth_abi import decode

from looprisk.onchain import aave, morpho
from looprisk.onchain.aave_rules import standing
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look
from tests.onchain.reading import snapshot_of

WAD = 10**18
FOREVER = 2**256 - 1
NAMES = ("USDC", "WETH", "wstETH")
ROUND = 3_000 * 10**8
MARKET = "wstETH/WETH"
GAS = 5_000_000


@dataclass(frozen=True)
class Act:
    """One step: what is done, by whom, with which token, how much of what is possible."""

    kind: str
    who: int = 0
    token: int = 0
    size: float = 0.5


@dataclass
class Walk:
    """Accounts on the test chain, and how far they have come."""

    town: Any
    judge: Any
    users: list[str]
    states: int = 0
    done: dict[str, int] = field(default_factory=dict)

    def act(self, act: Act) -> None:
        """Take one step; what the contracts refuse changes nothing but the time."""
        ACTS[act.kind](self, act)
        self.compare()

    def send(self, kind: str, function: Any, sender: str) -> None:
        sent = function.transact({"from": sender, "gas": GAS})
        wait = self.town.by.web3.eth.wait_for_transaction_receipt
        if wait(sent, timeout=60, poll_latency=0.002).status == 1:
            self.done[kind] = self.done.get(kind, 0) + 1

    def compare(self) -> None:
        """Compare every account in every place at the latest block."""
        with snapshot_of(self.town) as snapshot:
            for pool in self.town.pools.values():
                judged = aave_judged(self.town, pool, self.users, snapshot.pin.hash)
                for user, theirs in zip(self.users, judged, strict=True):
                    self._aave(snapshot, pool, user, theirs)
            self._morpho(snapshot)

    def _aave(self, snapshot: Any, pool: Any, user: str, theirs: Any) -> None:
        account, balances = theirs
        found = aave.recognise(Look(snapshot, user, Places((pool.address,))))
        if not found:
            assert account[:2] == (0, 0)
            return
        (one,) = found
        read = aave.read(snapshot, one)
        ours = standing(read.legs)
        collateral, debt, _, threshold, _, health = account
        assert (ours.collateral, ours.debt) == (collateral, debt)
        assert (ours.threshold, ours.health) == (threshold, health)
        held = {one.token: (one.supplied, one.owed) for one in read.held}
        assert held == {token: amounts for token, amounts in balances.items() if any(amounts)}
        self.states += 1

    def _morpho(self, snapshot: Any) -> None:
        market = self.town.markets[MARKET]
        (read,) = morpho.markets(snapshot, self.town.morpho.address, [market.hex])
        at = snapshot.pin.number
        f = self.judge.functions
        totals = f.accrued(market.terms, market.id).call(block_identifier=at)
        ours = read.totals
        assert totals == [ours.supplied, ours.supply_shares, ours.borrowed, ours.borrow_shares]
        asked = [(self.judge, "debt", [market.terms, market.id, user]) for user in self.users] + [
            (self.judge, "refuses", [market.terms, user]) for user in self.users
        ]
        answers = batch(self.town, asked, snapshot.pin.hash)
        place, count = self.town.morpho.address, len(self.users)
        for user, debt, why in zip(self.users, answers, answers[count:], strict=False):
            there = morpho.positions(snapshot, place, [market.hex], user)
            if not there:
                assert decode(["uint256"], debt) == (0,)
                continue
            account = morpho.MorphoAccount(
                user, read, there[0].supply_shares, there[0].borrow_shares, there[0].collateral
            )
            assert decode(["uint256"], debt) == (account.debt,)
            (said,) = decode(["string"], why)
            assert (said == "position is healthy") is (account.health >= WAD), said
            self.states += 1


def aave_judged(town, pool, users, block):
    """Return what a pool says of each account: its six figures, its balances by token."""
    tokens = [token.address for token in town.tokens.values()]
    asked = [
        one
        for user in users
        for one in (
            (pool.pool, "getUserAccountData", [user]),
            *((pool.data, "getUserReserveData", [token, user]) for token in tokens),
        )
    ]
    answers = batch(town, asked, block)
    width = 1 + len(tokens)
    for start in range(0, len(answers), width):
        account = decode(["uint256"] * 6, answers[start])
        rows = [decode(["uint256"] * 4, raw) for raw in answers[start + 1 : start + width]]
        balances = {
            token: (row[0], row[1] + row[2]) for token, row in zip(tokens, rows, strict=True)
        }
        yield account, balances


def batch(town, asked, block):
    """Return the raw answers of contracts, all at one block."""
    at = {"blockHash": "0x" + block.removeprefix("0x")}
    bodies = [
        {
            "jsonrpc": "2.0",
            "id": number,
            "method": "eth_call",
            "params": [{"to": to.address, "data": to.encode_abi(name, args=args)}, at],
        }
        for number, (to, name, args) in enumerate(asked)
    ]
    request = urllib.request.Request(
        town.url, json.dumps(bodies).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        said = {one["id"]: bytes.fromhex(one["result"][2:]) for one in json.load(answer)}
    return [said[number] for number in range(len(bodies))]


def begun(town, shop, count) -> Walk:
    """Return a walk of ``count`` new accounts that have tokens and something in each place."""
    by, node = town.by, town.node
    node.rpc("anvil_autoImpersonateAccount", True)
    judge = by.deploy(shop.own("Judge"), town.morpho.address)
    users = [by.web3.to_checksum_address(f"0x{0xABBA_0000 + at:040x}") for at in range(count)]
    walk = Walk(town, judge, users)
    spenders = [*(pool.address for pool in town.pools.values()), town.morpho.address]
    for at, user in enumerate(users):
        node.rpc("anvil_setBalance", user, hex(10**24))
        for name in NAMES:
            token = town.tokens[name]
            by.send(token.functions.mint(user, 10**6 * 10 ** token.functions.decimals().call()))
            for spender in spenders:
                by.send(token.functions.approve(spender, FOREVER), user)
        for kind in ("supply", "supply", "lend", "pledge"):
            ACTS[kind](walk, Act(kind, at, at + 1, 0.3 + at / count / 2))
        for kind in ("borrow", "mborrow"):
            ACTS[kind](walk, Act(kind, at, at, 0.5 + at / count / 2))
    return walk


def _amount(walk, token, size):
    """Return an amount of a token worth up to 30,000 dollars."""
    price = {"USDC": 1, "WETH": 3000, "wstETH": 3600}[token]
    units = walk.town.tokens[token].functions.decimals().call()
    return max(1, int(size * 30_000 / price * 10**units))


def _pool(walk, act):
    pools = list(walk.town.pools.values())
    return pools[(act.who + act.token // len(NAMES)) % len(pools)]


def _of(walk, act):
    """Return pool, token name, token and account that an act is about."""
    name = NAMES[act.token % len(NAMES)]
    user = walk.users[act.who % len(walk.users)]
    return _pool(walk, act), name, walk.town.tokens[name], user


def supply(walk, act):
    pool, name, token, user = _of(walk, act)
    f = pool.pool.functions.supply(token.address, _amount(walk, name, act.size), user, 0)
    walk.send("supply", f, user)


def borrow(walk, act):
    pool, _, token, user = _of(walk, act)
    room = pool.pool.functions.getUserAccountData(user).call()[2]
    price = pool.oracle.functions.getAssetPrice(token.address).call()
    units = 10 ** token.functions.decimals().call()
    amount = int(room * units // price * min(1.02, act.size * 1.1)) + 1
    walk.send("borrow", pool.pool.functions.borrow(token.address, amount, 2, 0, user), user)


def _touched(walk, act, place):
    """Return pool, account, and the token of it that is not zero at ``place``; its amount."""
    pool, _, _, user = _of(walk, act)
    read = pool.data.functions.getUserReserveData
    tokens = [walk.town.tokens[name].address for name in NAMES]
    there = [(one, amount) for one in tokens if (amount := read(one, user).call()[place])]
    return pool, user, *(there[act.token % len(there)] if there else (tokens[0], 0))


def repay(walk, act):
    pool, user, token, owed = _touched(walk, act, 2)
    amount = FOREVER if act.size > 0.9 else int(owed * act.size) + 1
    walk.send("repay", pool.pool.functions.repay(token, amount, 2, user), user)


def withdraw(walk, act):
    pool, user, token, there = _touched(walk, act, 0)
    amount = FOREVER if act.size > 0.95 else int(there * act.size * 0.3) + 1
    walk.send("withdraw", pool.pool.functions.withdraw(token, amount, user), user)


def mode(walk, act):
    pool, _, _, user = _of(walk, act)
    walk.send("mode", pool.pool.functions.setUserEMode(int(act.size > 0.4)), user)


def liquidate(walk, act):
    """Liquidate whoever can be, in any pool, by the next account."""
    for at, user in enumerate(walk.users):
        for pool in walk.town.pools.values():
            if pool.pool.functions.getUserAccountData(user).call()[5] < WAD:
                _liquidate(walk, pool, at, act)
                return
    mliquidate(walk, act)


def _liquidate(walk, pool, at, act):
    user, other = walk.users[at], walk.users[(at + 1) % len(walk.users)]
    read = pool.data.functions.getUserReserveData
    tokens = [walk.town.tokens[name].address for name in NAMES]
    rows = {token: read(token, user).call() for token in tokens}
    pledged = max(tokens, key=lambda token: rows[token][0] > 0)
    owed = max(tokens, key=lambda token: rows[token][2] > 0)
    amount = FOREVER if act.size > 0.5 else int(rows[owed][2] * act.size) + 1
    call = pool.pool.functions.liquidationCall(pledged, owed, user, amount, False)
    walk.send("liquidate", call, other)


def price(walk, act):
    name = NAMES[act.token % len(NAMES)]
    base = {"USDC": 1, "WETH": 3000, "wstETH": 3600}[name]
    reach = 0.05 if name == "USDC" else 0.35
    walk.town.set_price(name, base * (1 - reach + 2 * reach * act.size))
    walk.done["price"] = walk.done.get("price", 0) + 1


def pass_time(walk, act):
    walk.town.node.pass_time(1 + int(act.size**4 * 10**7))
    walk.done["time"] = walk.done.get("time", 0) + 1


def _morpho(walk, act):
    return walk.town.markets[MARKET], walk.users[act.who % len(walk.users)]


def lend(walk, act):
    market, user = _morpho(walk, act)
    amount = _amount(walk, "WETH", act.size)
    f = walk.town.morpho.functions.supply(market.terms, amount, 0, user, b"")
    walk.send("lend", f, user)


def pledge(walk, act):
    market, user = _morpho(walk, act)
    amount = _amount(walk, "wstETH", act.size)
    f = walk.town.morpho.functions.supplyCollateral(market.terms, amount, user, b"")
    walk.send("pledge", f, user)


def mborrow(walk, act):
    market, user = _morpho(walk, act)
    _, shares, collateral = walk.town.morpho.functions.position(market.id, user).call()
    totals = walk.town.morpho.functions.market(market.id).call()
    owed = shares * totals[2] // max(1, totals[3])
    amount = max(1, int((collateral * 1.2 * 0.945 - owed) * min(1.02, act.size * 1.1)))
    f = walk.town.morpho.functions.borrow(market.terms, amount, 0, user, user)
    walk.send("mborrow", f, user)


def mrepay(walk, act):
    market, user = _morpho(walk, act)
    _, shares, _ = walk.town.morpho.functions.position(market.id, user).call()
    part = shares if act.size > 0.9 else int(shares * act.size) + 1
    f = walk.town.morpho.functions.repay(market.terms, 0, part, user, b"")
    walk.send("mrepay", f, user)


def mwithdraw(walk, act):
    market, user = _morpho(walk, act)
    _, _, collateral = walk.town.morpho.functions.position(market.id, user).call()
    amount = int(collateral * act.size * 0.3) + 1
    f = walk.town.morpho.functions.withdrawCollateral(market.terms, amount, user, user)
    walk.send("mwithdraw", f, user)


def mliquidate(walk, act):
    market, liquidator = _morpho(walk, act)
    for user in walk.users:
        why = walk.judge.functions.refuses(market.terms, user).call()
        if not why:
            _, shares, collateral = walk.town.morpho.functions.position(market.id, user).call()
            words = (
                (0, int(shares * act.size) + 1)
                if act.who % 2
                else (max(1, int(collateral * act.size)), 0)
            )
            f = walk.town.morpho.functions.liquidate(market.terms, user, *words, b"")
            walk.send("mliquidate", f, liquidator)
            return


ACTS = {
    "supply": supply,
    "borrow": borrow,
    "repay": repay,
    "withdraw": withdraw,
    "mode": mode,
    "liquidate": liquidate,
    "price": price,
    "time": pass_time,
    "lend": lend,
    "pledge": pledge,
    "mborrow": mborrow,
    "mrepay": mrepay,
    "mwithdraw": mwithdraw,
    "mliquidate": mliquidate,
}
