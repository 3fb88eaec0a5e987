"""Many borrowers on the test chain, put into the storage of the real contracts.

A transaction for each would take minutes. What a borrower leaves behind is written where the
contracts keep it, its event is told by a contract that stands in for them for a moment, and from
then on the real code answers for it: balances, health, liquidations.
"""

import json
import urllib.request

from eth_abi import encode
from eth_utils import keccak

EVENTS = 2_000
"""In one transaction."""
MANY = 220
"""Enough for a table."""
WRITES = 1_000
"""In one request."""
FIRST = 0x1000_0000_0000_0000_0000_0000_0000_0000_0000_0000


def accounts(count, first=FIRST):
    """Return the addresses of a crowd, in the order in which they borrowed."""
    return [f"0x{at:040x}" for at in range(first, first + count)]


def crowd_on_morpho(town, shop, market, count, *, collateral, shares):
    """Let ``count`` accounts borrow in a market; the two functions give the amounts of each."""
    base = int.from_bytes(keccak(encode(["bytes32", "uint256"], [market.id, 2])), "big")
    position = base.to_bytes(32, "big")
    words, whole = [], 0
    for at, account in enumerate(accounts(count)):
        slot = int.from_bytes(keccak(bytes.fromhex(account[2:].rjust(64, "0")) + position), "big")
        words.append((slot + 1, shares(at) | collateral(at) << 128))
        whole += shares(at)
    write(town, town.morpho.address, words)
    _owe(town, market, whole)
    tell(town, shop, town.morpho.address, "inMarket", market.id, count)


def crowded(town, shop, count=MANY):
    """Let a crowd borrow ether on Morpho, and return how its market is named."""
    market = town.markets["wstETH/WETH"]
    crowd_on_morpho(
        town,
        shop,
        market,
        count,
        collateral=lambda at: 10**18 + at * 10**15,
        shares=lambda at: (at % 7 + 1) * 10**23,
    )
    return f"local:{town.morpho.address}/{market.hex}"


def _owe(town, market, shares):
    """Add shares to the debt of a market, and to its supply what they owe."""
    slot = int.from_bytes(keccak(encode(["bytes32", "uint256"], [market.id, 3])), "big")
    stored = town.morpho.functions.market(market.id).call()
    owed = shares * (stored[2] + 1) // (stored[3] + 10**6)
    supplied, borrowed = stored[0] + owed, stored[2] + owed
    write(
        town,
        town.morpho.address,
        [(slot, supplied | stored[1] << 128), (slot + 1, borrowed | (stored[3] + shares) << 128)],
    )
    token = town.tokens[{t.address: n for n, t in town.tokens.items()}[market.terms[0]]]
    assert town.morpho.functions.market(market.id).call()[2] == borrowed
    assert token.functions.balanceOf(town.morpho.address).call() >= stored[0] - stored[2]


def crowd_on_aave(town, shop, pool, count, *, pledges, owes):
    """Let accounts borrow in a pool. ``pledges`` and ``owes`` give {token: scaled amount}."""
    reserves = [str(one) for one in pool.pool.functions.getReservesList().call()]
    tokens = {one: pool.data.functions.getReserveTokensAddresses(one).call() for one in reserves}
    writes, bits = {}, []
    for at, account in enumerate(accounts(count)):
        used = 0
        for side, place, amounts in ((2, 0, pledges(at)), (1, 2, owes(at))):
            for token, amount in amounts.items():
                used |= side << 2 * reserves.index(token)
                writes.setdefault(tokens[token][place], {})[account] = amount
        bits.append((account, used))
    for contract, balances in writes.items():
        _balances(town, contract, balances)
    read = pool.pool.functions.getUserConfiguration
    slot = found(town, pool.address, lambda who: read(who).call()[0], range(50, 60))
    write(town, pool.address, [(within(slot, account), used) for account, used in bits])
    for token in reserves:
        if any(owes(at).get(token) for at in range(count)):
            tell(town, shop, pool.address, "inReserve", token, count)


def _balances(town, contract, balances):
    """Set scaled balances of a token of a pool, and its scaled supply."""
    abi = [
        {
            "type": "function",
            "name": name,
            "stateMutability": "view",
            "inputs": [{"type": "address", "name": ""}] if takes else [],
            "outputs": [{"type": "uint256", "name": ""}],
        }
        for name, takes in (("scaledBalanceOf", True), ("scaledTotalSupply", False))
    ]
    token = town.by.at(contract, {"abi": abi})
    read = lambda who: token.functions.scaledBalanceOf(who).call()  # noqa: E731
    slot = found(town, contract, read, range(50, 60))
    whole = token.functions.scaledTotalSupply().call() + sum(balances.values())
    write(town, contract, [(within(slot, who), amount) for who, amount in balances.items()])
    for at in range(slot - 3, slot + 6):
        before = town.node.rpc("eth_getStorageAt", contract, hex(at), "latest")
        if int(before, 16) + sum(balances.values()) == whole and int(before, 16):
            write(town, contract, [(at, whole)])
            assert token.functions.scaledTotalSupply().call() == whole
            return
    raise AssertionError("the supply of the token is kept elsewhere")


def found(town, contract, read, places):
    """Return the place of a mapping from accounts, by what the contract reads of it."""
    probe = f"0x{0xC0FFEE:040x}"
    for slot in places:
        write(town, contract, [(within(slot, probe), 77)])
        seen = read(town.by.web3.to_checksum_address(probe))
        write(town, contract, [(within(slot, probe), 0)])
        if seen == 77:
            return slot
    raise AssertionError("no such mapping")


def within(slot, account):
    key = bytes.fromhex(account.removeprefix("0x").rjust(64, "0"))
    return int.from_bytes(keccak(key + slot.to_bytes(32, "big")), "big")


def write(town, contract, words):
    """Write words of storage, many in one request."""
    for start in range(0, len(words), WRITES):
        asked = [
            {
                "jsonrpc": "2.0",
                "id": at,
                "method": "anvil_setStorageAt",
                "params": [contract, f"0x{slot:064x}", f"0x{word:064x}"],
            }
            for at, (slot, word) in enumerate(words[start : start + WRITES])
        ]
        body = json.dumps(asked).encode()
        request = urllib.request.Request(town.url, body, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert all(one["result"] for one in json.load(answer))


def tell(town, shop, contract, name, of, count):
    """Let a contract say that the crowd has borrowed."""
    stand_in = town.by.deploy(shop.own("Crowd"))
    code = town.node.rpc("eth_getCode", contract, "latest")
    there = town.node.rpc("eth_getCode", stand_in.address, "latest")
    town.node.rpc("anvil_setCode", contract, there)
    told = town.by.at(contract, shop.own("Crowd"))
    for start in range(0, count, EVENTS):
        some = min(EVENTS, count - start)
        town.by.send(getattr(told.functions, name)(of, FIRST + start, some))
    town.node.rpc("anvil_setCode", contract, code)
