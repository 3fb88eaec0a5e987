"""An Aave v3 pool on the test chain, of the first release (v3.0.2) or of v3.2.0."""

from dataclasses import dataclass
from typing import Any

from eth_abi import encode

NOBODY = "0x" + "00" * 20
RAY = 10**27
USD = 10**8
VARIABLE = 2
LIBRARIES = (
    "SupplyLogic",
    "BorrowLogic",
    "LiquidationLogic",
    "EModeLogic",
    "BridgeLogic",
    "ConfiguratorLogic",
    "PoolLogic",
    "FlashLoanLogic",
)
RISK = {
    "USDC": (7700, 8000, 10450),
    "WETH": (8050, 8300, 10500),
    "wstETH": (7850, 8100, 10600),
    "sUSD": (7200, 7500, 10850),
}
"""LTV, liquidation threshold and liquidation bonus, in basis points."""
ETH_MODE = 1
ETH_MODE_TERMS = (9300, 9500, 10100)


@dataclass(frozen=True, slots=True)
class AavePool:
    """The contracts of one pool."""

    version: str
    provider: Any
    pool: Any
    configurator: Any
    oracle: Any
    data: Any

    @property
    def address(self) -> str:
        return self.pool.address


def deploy_pool(by, version, artifact, tokens, feeds) -> AavePool:
    """Deploy a pool that lends and takes every token; ``artifact`` finds its contracts by name."""
    contract = _Contracts(by, artifact)
    provider = contract("PoolAddressesProvider", f"looprisk test market {version}", by.me)
    libraries: dict[str, Any] = {}
    for name in LIBRARIES:
        libraries[name] = by.deploy(artifact(name), libraries=libraries)
    suffix = "" if version == "3.0" else "Instance"
    pool_code = by.deploy(artifact(f"Pool{suffix}"), provider.address, libraries=libraries)
    configurator_code = by.deploy(artifact(f"PoolConfigurator{suffix}"), libraries=libraries)
    by.send(provider.functions.setACLAdmin(by.me))
    roles = contract("ACLManager", provider.address)
    by.send(provider.functions.setACLManager(roles.address))
    by.send(roles.functions.addPoolAdmin(by.me))
    by.send(roles.functions.addEmergencyAdmin(by.me))
    addresses = [token.address for token in tokens.values()]
    sources = [feeds[name].address for name in tokens]
    oracle = contract("AaveOracle", provider.address, addresses, sources, NOBODY, NOBODY, USD)
    by.send(provider.functions.setPriceOracle(oracle.address))
    by.send(provider.functions.setPoolImpl(pool_code.address))
    by.send(provider.functions.setPoolConfiguratorImpl(configurator_code.address))
    pool = by.at(provider.functions.getPool().call(), artifact(f"Pool{suffix}"))
    at = provider.functions.getPoolConfigurator().call()
    configurator = by.at(at, artifact(f"PoolConfigurator{suffix}"))
    data = contract("AaveProtocolDataProvider", provider.address)
    by.send(provider.functions.setPoolDataProvider(data.address))
    made = AavePool(version, provider, pool, configurator, oracle, data)
    list_ = _list_3_0 if version == "3.0" else _list_3_2
    by.send(configurator.functions.initReserves(list_(contract, made, tokens)))
    _configure(by, made, tokens)
    return made


@dataclass(frozen=True, slots=True)
class _Contracts:
    by: Any
    artifact: Any

    def __call__(self, name, *arguments):
        return self.by.deploy(self.artifact(name), *arguments)


def _list_3_0(contract, made, tokens):
    pool = made.pool.address
    claim, stable, variable = (
        contract(name, pool).address for name in ("AToken", "StableDebtToken", "VariableDebtToken")
    )
    rates = [9 * RAY // 10, 0, RAY // 25, 6 * RAY // 10, 0, 0, 0, 0, RAY // 5]
    strategy = contract("DefaultReserveInterestRateStrategy", made.provider.address, *rates)
    treasury = contract.by.accounts[9]
    reserves = []
    for name, token in tokens.items():
        words = [f"Aave {name}", f"a{name}", f"Aave variable debt {name}", f"vd{name}"]
        words += [f"Aave stable debt {name}", f"sd{name}"]
        units = token.functions.decimals().call()
        codes = [claim, stable, variable, units, strategy.address]
        reserves.append((*codes, token.address, treasury, NOBODY, *words, b""))
    return reserves


def _list_3_2(contract, made, tokens):
    pool = made.pool.address
    claim = contract("ATokenInstance", pool).address
    variable = contract("VariableDebtTokenInstance", pool).address
    strategy = contract("DefaultReserveInterestRateStrategyV2", made.provider.address).address
    rates = encode(["uint16", "uint32", "uint32", "uint32"], [9000, 0, 400, 6000])
    treasury = contract.by.accounts[9]
    reserves = []
    for name, token in tokens.items():
        words = [f"Aave {name}", f"a{name}", f"Aave variable debt {name}", f"vd{name}"]
        codes = [claim, variable, True, strategy]
        reserves.append((*codes, token.address, treasury, NOBODY, *words, b"", rates))
    return reserves


def _configure(by, made, tokens) -> None:
    set_ = made.configurator.functions
    for name, token in tokens.items():
        by.send(set_.configureReserveAsCollateral(token.address, *RISK[name]))
        by.send(set_.setReserveBorrowing(token.address, True))
        by.send(set_.setReserveFactor(token.address, 1000))
    by.send(set_.setSupplyCap(tokens["wstETH"].address, 650_000))
    ether = [tokens["WETH"].address, tokens["wstETH"].address]
    if made.version == "3.0":
        by.send(set_.setEModeCategory(ETH_MODE, *ETH_MODE_TERMS, NOBODY, "ETH correlated"))
        for address in ether:
            by.send(set_.setAssetEModeCategory(address, ETH_MODE))
    else:
        by.send(set_.setEModeCategory(ETH_MODE, *ETH_MODE_TERMS, "ETH correlated"))
        by.send(set_.setAssetCollateralInEMode(ether[1], ETH_MODE, True))
        by.send(set_.setAssetBorrowableInEMode(ether[0], ETH_MODE, True))


def list_more(by, made, shop, tokens, sources) -> None:
    """List further tokens in a pool of v3.2 as collateral, with the terms of USDC."""
    contract = _Contracts(by, shop.aave_3_2)
    addresses = [token.address for token in tokens.values()]
    feeds = [sources[name].address for name in tokens]
    by.send(made.oracle.functions.setAssetSources(addresses, feeds))
    by.send(made.configurator.functions.initReserves(_list_3_2(contract, made, tokens)))
    for address in addresses:
        terms = (address, *RISK["USDC"])
        by.send(made.configurator.functions.configureReserveAsCollateral(*terms))


def supply(by, made, token, amount, user) -> None:
    """Mint tokens to ``user`` and supply them."""
    by.send(token.functions.mint(user, amount))
    allow(by, token, made.address, user)
    by.send(made.pool.functions.supply(token.address, amount, user, 0), user)


def borrow(by, made, token, amount, user) -> None:
    by.send(made.pool.functions.borrow(token.address, amount, VARIABLE, 0, user), user)


def allow(by, token, spender, user) -> None:
    by.send(token.functions.approve(spender, 2**256 - 1), user)


def loop(by, made, swap, user, collateral, debt, start, ltv_bps, turns, mode=0) -> None:
    """Supply, borrow, swap, supply again: ``turns`` times."""
    for token in (collateral, debt):
        allow(by, token, made.address, user)
        allow(by, token, swap.address, user)
    by.send(collateral.functions.mint(user, start))
    if mode:
        by.send(made.pool.functions.setUserEMode(mode), user)
    amount = start
    for _ in range(turns):
        by.send(made.pool.functions.supply(collateral.address, amount, user, 0), user)
        worth = swap.functions.quote(collateral.address, debt.address, amount).call()
        lent = worth * ltv_bps // 10_000
        borrow(by, made, debt, lent, user)
        before = collateral.functions.balanceOf(user).call()
        by.send(swap.functions.swap(debt.address, collateral.address, lent), user)
        amount = collateral.functions.balanceOf(user).call() - before
    by.send(made.pool.functions.supply(collateral.address, amount, user, 0), user)
