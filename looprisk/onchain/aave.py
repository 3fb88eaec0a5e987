"""Accounts of Aave v3 and of its forks, Spark among them: v3.0.2 to v3.7."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.onchain import aave_terms as terms
from looprisk.onchain.aave_rules import Leg, Standing
from looprisk.onchain.aave_terms import Mode, Pool, Reserve
from looprisk.onchain.abi import Answer, Call, call
from looprisk.onchain.reader import Look
from looprisk.onchain.snapshot import Snapshot

USER = "getUserAccountData(address)(uint256,uint256,uint256,uint256,uint256,uint256)"
MODE_OF = "getUserEMode(address)(uint256)"
_OF_USER = (
    "getUserReserveData(address,address)"
    "(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint40,bool)"
)


@dataclass(frozen=True, slots=True)
class Found:
    """An account that has something in a pool."""

    pool: terms.Found
    account: str
    theirs: Standing
    """As the pool says."""
    mode: int
    """The e-mode of the account; 0 is none."""


@dataclass(frozen=True, slots=True)
class Held:
    """What an account has and owes of one reserve, in its smallest units."""

    reserve: Reserve
    supplied: int
    is_collateral: bool
    owed: int

    @property
    def token(self) -> str:
        """The asset."""
        return self.reserve.token

    @property
    def pledged(self) -> int:
        """What stands for the debt of the account."""
        return self.supplied if self.is_collateral and self.reserve.threshold else 0

    def leg(self, mode: Mode | None) -> Leg:
        """Return it as the pool values it for an account in ``mode``."""
        inside = mode if mode is not None and self.token in mode.collateral else None
        return Leg(
            self.pledged,
            self.owed,
            self.reserve.price if inside is None or inside.price is None else inside.price,
            10**self.reserve.decimals,
            self.reserve.threshold if inside is None else inside.threshold,
        )


@dataclass(frozen=True, slots=True)
class AaveAccount:
    """One account in one pool, as the contracts hold it."""

    pool: Pool
    account: str
    mode: Mode | None
    held: tuple[Held, ...]
    theirs: Standing

    @property
    def tokens(self) -> tuple[str, ...]:
        """The assets of the account."""
        return tuple(one.token for one in self.held)

    @property
    def issues(self) -> None:
        """An account issues nothing."""

    @property
    def owes(self) -> bool:
        """Whether it owes anything there."""
        return any(one.owed for one in self.held)

    @property
    def pledges(self) -> bool:
        """Whether anything of it is collateral."""
        return any(one.pledged for one in self.held)

    @property
    def legs(self) -> tuple[Leg, ...]:
        """The account as the pool values it."""
        return tuple(one.leg(self.mode) for one in self.held)


def standing_of(answer: Answer) -> Standing:
    """Return what a pool says of an account."""
    return Standing(*(answer.integer(place) for place in (0, 1, 3, 5)))


def asks(look: Look) -> list[Call]:
    """Return what tells a pool and an account in it."""
    return [asked for place in look.places.contracts for asked in _asks(place, look.address)]


def _asks(place: str, account: str) -> list[Call]:
    return [*terms.asks(place), call(place, USER, account), call(place, MODE_OF, account)]


def recognise(look: Look) -> tuple[Found, ...]:
    """Return the pools among the places in which the address has collateral or debt."""
    found = []
    for place in look.places.contracts:
        *first, user, mode = look.snapshot.read_all(_asks(place, look.address))
        pool = terms.found_in(place, first)
        if pool is not None and user.ok and (user.integer(0) or user.integer(1)):
            found.append(Found(pool, look.address, standing_of(user), mode.integer()))
    return tuple(found)


def read(snapshot: Snapshot, found: Found) -> AaveAccount:
    """Return the account with the reserves it touches."""
    in_mode = terms.mode_asks(found.pool, found.mode) if found.mode else []
    pool = terms.contracts(snapshot, found.pool, in_mode)
    of_user = [call(pool.data, _OF_USER, one, found.account) for one in found.pool.reserves]
    pool = terms.based(snapshot, pool, of_user)
    touched = [
        (reserve, answer)
        for reserve, answer in zip(found.pool.reserves, snapshot.read_all(of_user), strict=True)
        if answer.integer(0) or answer.integer(1) or answer.integer(2)
    ]
    tokens = [reserve for reserve, _ in touched]
    beside = terms.tag_asks(pool, tokens) if found.mode else []
    reserves = terms.reserves(snapshot, pool, tokens, beside)
    (mode,) = terms.modes(snapshot, pool, [found.mode], tokens) if found.mode else (None,)
    return AaveAccount(
        pool=pool,
        account=found.account,
        mode=mode,
        held=_held(reserves, [answer for _, answer in touched]),
        theirs=found.theirs,
    )


def _held(reserves: Sequence[Reserve], answers: Sequence[Answer]) -> tuple[Held, ...]:
    return tuple(
        Held(one, user.integer(0), user.flag(8), user.integer(1) + user.integer(2))
        for one, user in zip(reserves, answers, strict=True)
    )
