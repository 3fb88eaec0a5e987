"""Pendle V2 on the test chain: its own factories, a token of principal, one of yield, a market.

What it splits is the savings vault ``sUSD``, through a wrapper of our own: the package has none.
"""

from dataclasses import dataclass
from typing import Any

from tests.onchain.anvil import START
from tests.onchain.deploy import linked
from tests.onchain.morpho_blue import WAD
from tests.onchain.town import MILLION_USDC

DAY = 86_400
EXPIRES = (START // DAY + 240) * DAY
"""About seven months after the town was built."""
CODE_DEPLOYER = "602038038060206000396000f3fefefefefefefefefefefefefefefefefefefe"
"""Stores what follows it as the code of a contract; from Pendle's BaseSplitCodeFactory."""
TWAP = 900
PT_TO_SY, PT_TO_ASSET = 0, 1


@dataclass(slots=True)
class Pendle:
    """The contracts of one maturity."""

    sy: Any
    pt: Any
    yt: Any
    market: Any
    rates: Any
    """PendlePYLpOracle: the protocol's own answers about rates."""


def deploy_pendle(town, shop, *, amount=MILLION_USDC // 10, cached=True) -> Pendle:
    """Split shares of the vault, make a market of half of them, and let it observe for an hour."""
    by, me = town.by, town.by.me
    vault, art = town.tokens["sUSD"], shop.pendle
    sy = by.deploy(shop.own("SplitShare"), vault.address, "SY Savings USD", "SY-sUSD")
    halves = _halves(by, art("PendleYieldToken"))
    splits = _behind_proxy(
        by,
        shop,
        by.deploy(art("PendleYieldContractFactoryUpg"), *halves),
        (DAY, 3 * WAD // 100, 3 * WAD // 100, me, me),
    )
    by.send(splits.functions.createYieldContract(sy.address, EXPIRES, cached))
    words = (sy.address, EXPIRES)
    pt = by.at(splits.functions.getPT(*words).call(), art("PendlePrincipalToken"))
    yt = by.at(splits.functions.getYT(*words).call(), art("PendleYieldToken"))
    gauges = by.deploy(shop.own("NoGauges"), town.tokens["WETH"].address)
    library = by.deploy(art("OracleLib"))
    halves = _halves(by, art("PendleMarketV7"), {"OracleLib": library})
    logic = by.deploy(art("PendleMarketFactoryV7Upg"), splits.address, *halves, gauges.address)
    markets = _behind_proxy(by, shop, logic, (me, me, 80))
    terms = (pt.address, 40 * WAD, 106 * WAD // 100, WAD // 1000)
    made = by.send(markets.functions.createNewMarket(*terms))
    (event,) = markets.events.CreateNewMarket().process_receipt(made)
    market = by.at(event["args"]["market"], art("PendleMarketV7"))
    rates = _behind_proxy(by, shop, by.deploy(art("PendlePYLpOracle")), (11_000, me))
    all_ = Pendle(sy, pt, yt, market, rates)
    _fill(town, all_, amount)
    return all_


def split(town, made: Pendle, amount: int, user: str) -> int:
    """Give ``user`` tokens of principal and yield for an amount of USDC; return how many."""
    by = town.by
    _wrap(town, made, amount, user)
    by.send(made.sy.functions.transfer(made.yt.address, _of(made.sy, user)), user)
    before = _of(made.pt, user)
    by.send(made.yt.functions.mintPY(user, user), user)
    return _of(made.pt, user) - before


def buy(town, made: Pendle, amount: int) -> None:
    """Swap shares for an exact amount of principal, which moves the implied rate."""
    by, me = town.by, town.by.me
    _wrap(town, made, amount, me)
    by.send(made.sy.functions.transfer(made.market.address, _of(made.sy, me)))
    by.send(made.market.functions.swapSyForExactPt(me, amount, b""))


def lose(town, share):
    """Take a part of what the vault has, as a hack would."""
    vault, usdc = town.tokens["sUSD"], town.tokens["USDC"]
    town.node.rpc("anvil_impersonateAccount", vault.address)
    town.node.rpc("anvil_setBalance", vault.address, hex(10**20))
    taken = usdc.functions.balanceOf(vault.address).call() * share // 100
    town.by.send(usdc.functions.transfer(town.by.me, taken), vault.address)


def _fill(town, made: Pendle, amount: int) -> None:
    by, me, market = town.by, town.by.me, made.market
    minted = split(town, made, amount, me)
    _wrap(town, made, amount, me)
    by.send(made.pt.functions.transfer(market.address, minted))
    by.send(made.sy.functions.transfer(market.address, _of(made.sy, me)))
    by.send(market.functions.mint(me, _of(made.sy, market.address), minted))
    by.send(market.functions.increaseObservationsCardinalityNext(100))
    buy(town, made, amount // 20)
    town.node.pass_time(600)
    buy(town, made, amount // 50)
    town.node.pass_time(3600)


def _wrap(town, made: Pendle, amount: int, user: str) -> None:
    by, usdc, vault = town.by, town.tokens["USDC"], town.tokens["sUSD"]
    by.send(usdc.functions.mint(user, amount))
    by.send(usdc.functions.approve(vault.address, amount), user)
    by.send(vault.functions.deposit(amount, user), user)
    shares = _of(vault, user)
    by.send(vault.functions.approve(made.sy.address, shares), user)
    by.send(made.sy.functions.deposit(user, vault.address, shares, 0), user)


def _of(token, account: str) -> int:
    return token.functions.balanceOf(account).call()


def _halves(by, artifact, libraries=None):
    """Store the code of what a factory makes in two contracts; return them with their sizes."""
    code = linked(artifact, libraries or {})
    middle = len(code) // 4 * 2
    parts = (code[:middle], code[middle:])
    return [
        word for part in parts for word in (by.create(f"0x{CODE_DEPLOYER}{part}"), len(part) // 2)
    ]


def _behind_proxy(by, shop, logic, words):
    """Deploy a proxy before a contract that is set up by ``initialize``."""
    start = logic.encode_abi("initialize", args=list(words))
    proxy = by.deploy(shop.openzeppelin("ERC1967Proxy"), logic.address, start)
    return by.web3.eth.contract(address=proxy.address, abi=logic.abi)
