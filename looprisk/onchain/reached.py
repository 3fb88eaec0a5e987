"""What an import has reached: who keeps assets in its own name, and where it may keep them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from looprisk.onchain.aave_claim import AaveClaim
from looprisk.onchain.abi import NOBODY, Call, call
from looprisk.onchain.comet import CometMarket
from looprisk.onchain.euler import EulerVault
from looprisk.onchain.pendle import Wrapper
from looprisk.onchain.places import Places
from looprisk.onchain.reader import Look, Reading
from looprisk.onchain.snapshot import Snapshot
from looprisk.onchain.vault import Vault

_BALANCE = "balanceOf(address)(uint256)"
_CLAIM = "aToken()(address)"
"""As wrappers of Aave's claims call what they keep."""
KEEPERS = (Vault, Wrapper)
"""Issuers of whom nothing else tells what they have, and owe, in markets."""


@dataclass(slots=True)
class Reached:
    """Issuers and markets met so far; each issuer is looked for once in each place."""

    snapshot: Snapshot
    places: Places
    begun: frozenset[str]
    """What the user named, which was looked for in the places already."""
    lists_all: bool
    """All who borrow are listed, issuers among them."""
    wallet: str = ""
    """The address that is imported, where nothing stands there but what it has."""
    _keepers: dict[str, None] = field(default_factory=dict)
    _markets: dict[str, None] = field(default_factory=dict)

    def by(self, readings: Iterable[Reading]) -> tuple[list[Look], list[Call]]:
        """Return where to look next for what issuers have, and the calls for what they hold.

        That is, of the places, where these are tokens, which the user alone can tell of.
        """
        before, known = {*self._keepers}, {*self._markets}
        if self.wallet:
            self._keepers.setdefault(self.wallet)
        for reading in readings:
            if isinstance(reading, KEEPERS) and reading.issues is not None:
                self._keepers.setdefault(reading.issues)
            if (market := _market_of(reading)) is not None:
                self._markets.setdefault(market)
        looks = []
        for one in () if self.lists_all else self._keepers:
            first = () if one in before | self.begun else self.places.contracts
            later = [at for at in self._markets if one not in before or at not in known]
            if contracts := tuple(dict.fromkeys((*first, *later))):
                where = replace(self.places, contracts=contracts)
                looks.append(Look(self.snapshot, one, where))
        new = [one for one in self._keepers if one not in before]
        asked = [one for keeper in new for one in self.balances(keeper)]
        return looks, [*asked, *(call(one, _CLAIM) for one in new)]

    def balances(self, holder: str) -> list[Call]:
        """Return the calls for what somebody holds of the places."""
        return [call(at, _BALANCE, holder) for at in self.places.contracts]

    def kept(self, asked: Sequence[Call]) -> list[str]:
        """Return the places that are tokens and that an issuer has some of; and what it names."""
        kept = []
        for answer in self.snapshot.read_all(asked):
            if answer.ok and answer.asked.function.outputs == ("address",):
                kept.append(answer.address())
            elif answer.ok and answer.integer():
                kept.append(answer.asked.to)
        return [one for one in kept if one != NOBODY]


def _market_of(reading: Reading) -> str | None:
    """Return the contract in which issuers may have something, where a reading is of one."""
    match reading:
        case AaveClaim():
            return reading.pool.address
        case CometMarket():
            return reading.comet
        case EulerVault():
            return reading.vault
        case _:
            return None


def even_claims(readings: Iterable[Reading]) -> dict[str, str]:
    """Return the claims whose balances are amounts of an asset, and of which."""
    even: dict[str, str] = {}
    for reading in readings:
        match reading:
            case AaveClaim():
                even[reading.token] = reading.reserve.token
            case CometMarket():
                even[reading.comet] = reading.base
            case _:
                pass
    return even
