"""Vaults of Euler v2, and what the 256 accounts of an owner pledge and owe there."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.onchain.abi import Answer, Call, call
from looprisk.onchain.euler_prices import QUOTE, Price, prices
from looprisk.onchain.euler_rules import SUB_ACCOUNTS, Ltv, counted, sub_account, worth
from looprisk.onchain.reader import Look
from looprisk.onchain.snapshot import Snapshot

DOLLAR = "0x0000000000000000000000000000000000000348"
"""The unit of account of most vaults: 840, the number of the dollar among currencies."""
_LTVS = "LTVFull(address)(uint16,uint16,uint16,uint48,uint32)"


@dataclass(frozen=True, slots=True)
class Terms:
    """How a vault takes shares of another as collateral."""

    vault: str
    ltv: Ltv
    theirs: int
    """The threshold now, as the contract says."""
    price: Price | None
    """Of what the shares are of; None where the oracle does not say how it reads them."""


@dataclass(frozen=True, slots=True)
class EulerVault:
    """A vault, in the smallest units of its asset, with the interest up to the pinned block."""

    vault: str
    asset: str
    unit: str
    unit_decimals: int
    now: int
    cash: int
    borrowed: int
    supplied: int
    """As the contract says."""
    discount: int
    """Most of a liquidator's discount, in basis points."""
    socialises: bool
    """Bad debt lowers what depositors are owed."""
    terms: tuple[Terms, ...]
    price: Price | None

    @property
    def tokens(self) -> tuple[str, ...]:
        """The share and the asset; collaterals are opened where an account has them."""
        return (self.vault, self.asset)

    @property
    def issues(self) -> str:
        """The share, which is the claim on this market."""
        return self.vault

    @property
    def prices(self) -> tuple[Price, ...]:
        """What the asset and the collaterals are priced by, as far as that is known."""
        found = (self.price, *(one.price for one in self.terms))
        return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True)
class Pledge:
    """Shares of a vault that an account has enabled as collateral."""

    vault: str
    shares: int
    asset: str
    """What the vault lends; the share itself where it is no vault of Euler's."""
    assets: int
    """What the shares are of it."""
    value: int
    """By the oracle of the vault that lends, in the unit of account."""
    ltv: int
    """Basis points, now."""


@dataclass(frozen=True, slots=True)
class EulerAccount:
    """One of the 256 accounts of an owner, and the vault that it may owe."""

    owner: str
    number: int
    account: str
    vault: str
    asset: str
    debt: int
    liability: int
    """In the unit of account."""
    pledges: tuple[Pledge, ...]
    theirs: tuple[int, int]
    """Collateral as it counts, and liability, as the vault says."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """The vault that lends, its asset, the shares that are pledged, and what they are of."""
        pledged = (token for one in self.pledges for token in (one.vault, one.asset))
        return (self.vault, self.asset, *pledged)

    @property
    def issues(self) -> None:
        """An account issues nothing."""

    @property
    def collateral(self) -> int:
        """What the pledges count for against a liquidation."""
        return counted((one.value, one.ltv) for one in self.pledges)


@dataclass(frozen=True, slots=True)
class Found:
    """An account that has a controller: the vault that may keep it from withdrawing."""

    owner: str
    number: int
    vault: str
    enabled: tuple[str, ...]


def asks_vault(look: Look) -> tuple[Call, ...]:
    """Return the one question that no contract of another protocol answers."""
    return (_connector(look.address),)


def recognise_vault(look: Look) -> tuple[str, ...]:
    """Return the address where it is a vault."""
    (connector,) = look.snapshot.read_all(asks_vault(look))
    if not connector.ok:
        return ()
    signatures = ("unitOfAccount()(address)", "LTVList()(address[])")
    answers = look.snapshot.read_all([call(look.address, one) for one in signatures])
    return (look.address,) if all(one.ok for one in answers) else ()


def asks_account(look: Look) -> tuple[Call, ...]:
    """Return the same of each place: a vault names the connector."""
    return tuple(_connector(place) for place in look.places.contracts)


def recognise_account(look: Look) -> tuple[Found, ...]:
    """Return which of the 256 accounts of the address have a controller."""
    answers = look.snapshot.read_all(asks_account(look))
    named = [answer.address() for answer in answers if answer.ok]
    return tuple(
        one for evc in dict.fromkeys(named) for one in _controlled(look.snapshot, evc, look.address)
    )


def _connector(vault: str) -> Call:
    return call(vault, "EVC()(address)")


def _controlled(snapshot: Snapshot, evc: str, owner: str) -> list[Found]:
    accounts = [sub_account(owner, number) for number in range(SUB_ACCOUNTS)]
    signature = "getControllers(address)(address[])"
    answers = snapshot.read_all([call(evc, signature, one) for one in accounts])
    with_debt = [
        (number, controller)
        for number, answer in enumerate(answers)
        for controller in answer.addresses()
    ]
    enabled = snapshot.read_all(
        [call(evc, "getCollaterals(address)(address[])", accounts[at]) for at, _ in with_debt]
    )
    return [
        Found(owner, number, controller, answer.addresses())
        for (number, controller), answer in zip(with_debt, enabled, strict=True)
    ]


def read_account(snapshot: Snapshot, found: Found) -> EulerAccount:
    """Return the account, valued as the vault that lends to it does."""
    vault, account = found.vault, sub_account(found.owner, found.number)
    asset, oracle, unit, debt, theirs = snapshot.read_all(
        [
            call(vault, "asset()(address)"),
            call(vault, "oracle()(address)"),
            call(vault, "unitOfAccount()(address)"),
            call(vault, "debtOf(address)(uint256)", account),
            call(vault, "accountLiquidity(address,bool)(uint256,uint256)", account, True),
        ]
    )
    where = (oracle.address(), unit.address())
    owed = debt.integer()
    liability = _value(snapshot, where, asset.address(), owed)
    pledges = _pledges(snapshot, found, account, where)
    return EulerAccount(
        owner=found.owner,
        number=found.number,
        account=account,
        vault=vault,
        asset=asset.address(),
        debt=owed,
        liability=liability,
        pledges=pledges,
        theirs=(theirs.integer(0), theirs.integer(1)),
    )


def _value(snapshot: Snapshot, where: tuple[str, str], token: str, amount: int) -> int:
    oracle, unit = where
    if token == unit or not amount:
        return amount
    return snapshot.read(call(oracle, QUOTE, amount, token, unit)).integer()


def _pledges(
    snapshot: Snapshot, found: Found, account: str, where: tuple[str, str]
) -> tuple[Pledge, ...]:
    """Return what the account has of each collateral it enabled and the vault takes."""
    asked = [
        one
        for token in found.enabled
        for one in (
            call(token, "balanceOf(address)(uint256)", account),
            call(found.vault, _LTVS, token),
            call(token, "totalAssets()(uint256)"),
            call(token, "totalSupply()(uint256)"),
            call(token, "EVC()(address)"),
            call(token, "asset()(address)"),
        )
    ]
    answers = snapshot.read_all(asked)
    pledges = []
    for at, token in enumerate(found.enabled):
        balance, terms, assets, supply, evc, asset = answers[6 * at : 6 * at + 6]
        ltv, shares = _ltv(terms).at(snapshot.pin.timestamp), balance.integer()
        if not shares or not ltv:
            continue
        inside, amount = token, shares
        if evc.ok:
            inside = asset.address()
            amount = worth(shares, assets.integer(), supply.integer())
        value = _value(snapshot, where, token, shares)
        pledges.append(Pledge(token, shares, inside, amount, value, ltv))
    return tuple(pledges)


def read_vault(snapshot: Snapshot, vault: str) -> EulerVault:
    """Return a vault with the terms of every collateral that it takes."""
    names = ("asset", "oracle", "unitOfAccount")
    parts = snapshot.read_all([call(vault, f"{name}()(address)") for name in names])
    asset, oracle, unit = (one.address() for one in parts)
    numbers = ("cash", "totalBorrows", "totalAssets", "maxLiquidationDiscount", "configFlags")
    cash, borrowed, supplied, discount, flags = (
        one.integer()
        for one in snapshot.read_all([call(vault, f"{name}()(uint256)") for name in numbers])
    )
    listed = snapshot.read(call(vault, "LTVList()(address[])")).addresses()
    ltvs = snapshot.read_all([call(vault, _LTVS, one) for one in listed])
    now = snapshot.read_all([call(vault, "LTVLiquidation(address)(uint16)", one) for one in listed])
    found = prices(snapshot, oracle, unit, [asset, *listed])
    decimals = _unit_decimals(snapshot, unit)
    return EulerVault(
        vault=vault,
        asset=asset,
        unit=unit,
        unit_decimals=decimals,
        now=snapshot.pin.timestamp,
        cash=cash,
        borrowed=borrowed,
        supplied=supplied,
        discount=discount,
        socialises=not flags & 1,
        terms=tuple(
            Terms(one, _ltv(full), theirs.integer(), price)
            for one, full, theirs, price in zip(listed, ltvs, now, found[1:], strict=True)
        ),
        price=found[0],
    )


def _unit_decimals(snapshot: Snapshot, unit: str) -> int:
    """Return the decimals of the unit of account; a currency that is no token has 18."""
    answer = snapshot.read(call(unit, "decimals()(uint256)"))
    return answer.integer() if answer.ok else 18


def _ltv(full: Answer) -> Ltv:
    fields = [full.integer(place) for place in range(5)]
    return Ltv(*fields)
