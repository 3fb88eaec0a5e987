"""The town: one chain with tokens, feeds, two Aave pools, Morpho Blue, vaults, and who lives there.

Everything happens in a fixed order at fixed times, so that addresses, balances and interest are
the same on each build. Prices at the end: USDC $1, WETH $3000, wstETH $3600.
"""

from dataclasses import dataclass, field
from typing import Any

from tests.onchain import aave_pool, morpho_blue
from tests.onchain.aave_pool import NOBODY, AavePool, deploy_pool
from tests.onchain.anvil import Anvil
from tests.onchain.deploy import Deployer
from tests.onchain.morpho_blue import WAD, MorphoMarket, create_market
from tests.onchain.workshop import Workshop

MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11"
MILLION_USDC = 10**12
PRICES = {"USDC": 1 * 10**8, "WETH": 3000 * 10**8, "wstETH": 3600 * 10**8, "sUSD": 105 * 10**6}
MONTH = 30 * 86400


@dataclass(slots=True)
class Town:
    """What a test needs to know of the chain. ``who`` names accounts by what they do there."""

    node: Anvil
    by: Deployer
    tokens: dict[str, Any] = field(default_factory=dict)
    feeds: dict[str, Any] = field(default_factory=dict)
    aggregators: dict[str, Any] = field(default_factory=dict)
    pools: dict[str, AavePool] = field(default_factory=dict)
    swap: Any = None
    morpho: Any = None
    markets: dict[str, MorphoMarket] = field(default_factory=dict)
    queue_vault: Any = None
    fund: Any = None
    odd_token: Any = None
    old_token: Any = None
    who: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.node.url

    def set_price(self, name: str, dollars: float) -> None:
        """Let the feed of a token report another price."""
        self.by.send(self.aggregators[name].functions.updateAnswer(round(dollars * 10**8)))


RESIDENTS = (
    "lender",  # supplies every market
    "staker",  # wstETH against WETH in the e-mode of the v3.0 pool, six turns
    "trader",  # WETH against USDC in the v3.0 pool, no e-mode, four turns
    "ruined",  # bad debt in the v3.0 pool: debt without collateral
    "modern",  # wstETH against WETH in the e-mode of the v3.2 pool
    "mixed",  # three collaterals and two debts in the v3.2 pool
    "saver",  # sUSD against USDC on Morpho, six turns
    "stacker",  # wstETH against WETH on Morpho
)


def build(workshop: Workshop) -> Town:
    """Start a node and build the town on it."""
    node = Anvil(workshop.anvil)
    try:
        town = Town(node, Deployer(node))
        town.who = dict(zip(RESIDENTS, town.by.accounts[1:9], strict=True))
        _found(town, workshop)
        _aave(town, workshop)
        _morpho(town, workshop)
        _loop(town, workshop)
        node.pass_time(MONTH)
        for name, price in PRICES.items():
            # a month has passed and the feeds have reported since
            town.set_price(name, price / 10**8)
    except BaseException:
        node.stop()
        raise
    return town


def _found(town: Town, workshop: Workshop) -> None:
    by, own = town.by, workshop.own
    code = by.web3.eth.get_code(by.create(workshop.multicall3()))
    town.node.rpc("anvil_setCode", MULTICALL3, "0x" + bytes(code).hex())
    usdc = by.deploy(own("Token"), "USD Coin", "USDC", 6)
    staked = by.deploy(own("Token"), "Staked Ether", "stETH", 18)
    town.tokens = {
        "USDC": usdc,
        "WETH": by.deploy(own("Token"), "Wrapped Ether", "WETH", 18),
        "wstETH": by.deploy(own("WrappedStake"), staked.address, 12 * WAD // 10),
        "sUSD": by.deploy(own("Vault"), usdc.address, "Savings USD", "sUSD"),
    }
    town.old_token = by.deploy(own("OldToken"))
    town.odd_token = by.deploy(own("OddToken"))
    for name, price in PRICES.items():
        town.aggregators[name] = by.deploy(own("MockV3Aggregator"), 8, price)
        source = town.aggregators[name].address
        town.feeds[name] = by.deploy(own("EACAggregatorProxy"), source, NOBODY)
    _fill_vault(town)
    town.swap = by.deploy(own("ValueSwap"))
    for name, token in town.tokens.items():
        by.send(town.swap.functions.setFeed(token.address, town.feeds[name].address))
        if name != "sUSD":
            units = token.functions.decimals().call()
            by.send(token.functions.mint(town.swap.address, 10 ** (units + 8)))


def _fill_vault(town: Town) -> None:
    """One million deposited, 50,000 earned: a share is worth 1.05."""
    by, usdc, vault = town.by, town.tokens["USDC"], town.tokens["sUSD"]
    by.send(usdc.functions.mint(by.me, 2 * MILLION_USDC))
    by.send(usdc.functions.approve(vault.address, 2**256 - 1))
    by.send(vault.functions.deposit(MILLION_USDC, by.me))
    by.send(usdc.functions.transfer(vault.address, MILLION_USDC // 20))


def _aave(town: Town, workshop: Workshop) -> None:
    by, tokens, who = town.by, town.tokens, town.who
    for version, artifact in (("3.0", workshop.aave_3_0), ("3.2", workshop.aave_3_2)):
        pool = deploy_pool(by, version, artifact, tokens, town.feeds)
        town.pools[version] = pool
        aave_pool.supply(by, pool, tokens["USDC"], 20 * MILLION_USDC, who["lender"])
        aave_pool.supply(by, pool, tokens["WETH"], 20_000 * WAD, who["lender"])
    old, new = town.pools["3.0"], town.pools["3.2"]
    ether, staked, usdc = tokens["WETH"], tokens["wstETH"], tokens["USDC"]
    start = 100 * WAD
    aave_pool.loop(by, old, town.swap, who["staker"], staked, ether, start, 9000, 6, mode=1)
    aave_pool.loop(by, old, town.swap, who["trader"], ether, usdc, start // 2, 7500, 4)
    aave_pool.loop(by, new, town.swap, who["modern"], staked, ether, start, 9000, 5, mode=1)
    _mix(town, new)
    _ruin(town, old)


def _mix(town: Town, pool: AavePool) -> None:
    by, tokens, user = town.by, town.tokens, town.who["mixed"]
    aave_pool.supply(by, pool, tokens["WETH"], 7 * WAD + 123, user)
    aave_pool.supply(by, pool, tokens["USDC"], 12_345_678_901, user)
    vault, usdc = tokens["sUSD"], tokens["USDC"]
    by.send(usdc.functions.mint(user, 10_000 * 10**6))
    aave_pool.allow(by, usdc, vault.address, user)
    aave_pool.allow(by, vault, pool.address, user)
    by.send(vault.functions.deposit(10_000 * 10**6, user), user)
    shares = vault.functions.balanceOf(user).call()
    by.send(pool.pool.functions.supply(vault.address, shares, user, 0), user)
    aave_pool.borrow(by, pool, usdc, 9_876_543_210, user)
    aave_pool.borrow(by, pool, tokens["WETH"], 3 * WAD + 7, user)


def _ruin(town: Town, pool: AavePool) -> None:
    """Let the price of ether halve, take all collateral, and let the price come back."""
    by, tokens, user = town.by, town.tokens, town.who["ruined"]
    ether, usdc, liquidator = tokens["WETH"], tokens["USDC"], by.me
    aave_pool.supply(by, pool, ether, 10 * WAD, user)
    aave_pool.borrow(by, pool, usdc, 24_000 * 10**6, user)
    town.set_price("WETH", 1500)
    aave_pool.allow(by, usdc, pool.address, liquidator)
    words = [ether.address, usdc.address, user, 2**256 - 1, False]
    by.send(pool.pool.functions.liquidationCall(*words))
    town.set_price("WETH", 3000)


def _morpho(town: Town, workshop: Workshop) -> None:
    by, tokens, who, own = town.by, town.tokens, town.who, workshop.own
    feeds, vault = town.feeds, tokens["sUSD"].address
    pair = (feeds["wstETH"].address, feeds["WETH"].address)
    town.morpho = by.deploy(own("Morpho"), by.me)
    irm = by.deploy(own("IrmMock"))
    by.send(town.morpho.functions.enableIrm(irm.address))
    two_feeds = by.deploy(own("FeedOracle"), NOBODY, *pair, 18, 18)
    rate = by.deploy(own("FeedOracle"), vault, NOBODY, NOBODY, 6, 6)
    for loan, collateral, oracle, lltv in (
        ("WETH", "wstETH", two_feeds, 945 * WAD // 1000),
        ("USDC", "sUSD", rate, 915 * WAD // 1000),
    ):
        ends = {"loan": tokens[loan], "collateral": tokens[collateral]}
        market = create_market(by, town.morpho, irm, oracle=oracle, lltv=lltv, **ends)
        town.markets[f"{collateral}/{loan}"] = market
    stake, save = town.markets["wstETH/WETH"], town.markets["sUSD/USDC"]
    morpho_blue.lend(by, town.morpho, stake, tokens["WETH"], 5_000 * WAD, who["lender"])
    morpho_blue.lend(by, town.morpho, save, tokens["USDC"], MILLION_USDC, who["lender"])
    _deposit_queue(town, workshop, save)
    by.send(tokens["wstETH"].functions.mint(who["stacker"], 50 * WAD))
    morpho_blue.pledge(by, town.morpho, stake, tokens["wstETH"], 50 * WAD, who["stacker"])
    morpho_blue.borrow(by, town.morpho, stake, 54 * WAD, who["stacker"])
    asset, saver = tokens["USDC"], who["saver"]
    words = (tokens["sUSD"], asset, saver, MILLION_USDC, 88, 6)
    morpho_blue.loop_vault(by, town.morpho, save, *words)


def _deposit_queue(town: Town, workshop: Workshop, market: MorphoMarket) -> None:
    by, usdc, depositor = town.by, town.tokens["USDC"], town.who["lender"]
    words = (usdc.address, town.morpho.address, "Queue USDC", "qUSDC")
    vault = town.queue_vault = by.deploy(workshop.own("QueueVault"), *words)
    by.send(vault.functions.addMarket(market.id, 5 * MILLION_USDC))
    by.send(usdc.functions.mint(depositor, 6 * MILLION_USDC))
    aave_pool.allow(by, usdc, vault.address, depositor)
    by.send(vault.functions.deposit(5 * MILLION_USDC, depositor), depositor)


def _loop(town: Town, workshop: Workshop) -> None:
    """The fund holds shares of the queue vault, which lends against shares of the fund.

    So a receipt stands on a receipt over two protocols, and the tower leads back to itself.
    """
    by, tokens, vault = town.by, town.tokens, town.queue_vault
    usdc = tokens["USDC"]
    fund = town.fund = by.deploy(workshop.own("NestedVault"), vault.address, "Fund USD", "fUSD")
    nothing = (fund.address, NOBODY, NOBODY)
    oracle = by.deploy(workshop.own("FeedOracle"), *nothing, 6, 6)
    irm = by.at(town.markets["sUSD/USDC"].terms[3], workshop.own("IrmMock"))
    lltv = 86 * WAD // 100
    ends = {"loan": usdc, "collateral": fund}
    market = create_market(by, town.morpho, irm, oracle=oracle, lltv=lltv, **ends)
    town.markets["fUSD/USDC"] = market
    by.send(vault.functions.addMarket(market.id, 50 * MILLION_USDC))
    depositor = town.who["lender"]
    by.send(vault.functions.deposit(MILLION_USDC, depositor), depositor)
    by.send(usdc.functions.approve(fund.address, 2**256 - 1))
    by.send(fund.functions.deposit(MILLION_USDC // 2, by.me))
    by.send(fund.functions.invest(MILLION_USDC * 4 // 10))
    shares = fund.functions.balanceOf(by.me).call() // 2
    morpho_blue.pledge(by, town.morpho, market, fund, shares, by.me)
    morpho_blue.borrow(by, town.morpho, market, MILLION_USDC // 5, by.me)
