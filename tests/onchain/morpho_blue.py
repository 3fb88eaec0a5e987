"""Morpho Blue on the test chain, with two markets and what stands on them."""

from dataclasses import dataclass
from typing import Any

from eth_abi import encode
from web3 import Web3

WAD = 10**18


@dataclass(frozen=True, slots=True)
class MorphoMarket:
    """One market: its terms as Morpho wants them, and its id."""

    terms: tuple[str, str, str, str, int]
    id: bytes

    @property
    def hex(self) -> str:
        return "0x" + self.id.hex()


def create_market(by, morpho, irm, *, loan, collateral, oracle, lltv) -> MorphoMarket:
    """Create a market; ``lltv`` is in units of 1e18."""
    if not morpho.functions.isLltvEnabled(lltv).call():
        by.send(morpho.functions.enableLltv(lltv))
    terms = (loan.address, collateral.address, oracle.address, irm.address, lltv)
    by.send(morpho.functions.createMarket(terms))
    kinds = ["address", "address", "address", "address", "uint256"]
    return MorphoMarket(terms, bytes(Web3.keccak(encode(kinds, terms))))


def lend(by, morpho, market: MorphoMarket, token: Any, amount: int, user: str) -> None:
    by.send(token.functions.mint(user, amount))
    by.send(token.functions.approve(morpho.address, 2**256 - 1), user)
    by.send(morpho.functions.supply(market.terms, amount, 0, user, b""), user)


def pledge(by, morpho, market: MorphoMarket, token: Any, amount: int, user: str) -> None:
    by.send(token.functions.approve(morpho.address, 2**256 - 1), user)
    by.send(morpho.functions.supplyCollateral(market.terms, amount, user, b""), user)


def borrow(by, morpho, market: MorphoMarket, amount: int, user: str) -> None:
    by.send(morpho.functions.borrow(market.terms, amount, 0, user, user), user)


def loop_vault(by, morpho, market, vault, asset, user, start, ltv_percent, turns) -> None:
    """Deposit into a vault, pledge its shares, borrow its asset, deposit again."""
    by.send(asset.functions.mint(user, start))
    by.send(asset.functions.approve(vault.address, 2**256 - 1), user)
    cash = start
    for turn in range(turns + 1):
        before = vault.functions.balanceOf(user).call()
        by.send(vault.functions.deposit(cash, user), user)
        shares = vault.functions.balanceOf(user).call() - before
        pledge(by, morpho, market, vault, shares, user)
        if turn < turns:
            cash = cash * ltv_percent // 100
            borrow(by, morpho, market, cash, user)
