"""What the accounts of one import touch of a pool, put together: a pool is written once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from looprisk.onchain.aave_terms import Mode, Pool, Reserve


@dataclass(slots=True)
class Touched:
    """A pool, as far as an import reaches it; amounts are in the smallest units."""

    pool: Pool
    accounts: list[str] = field(default_factory=list)
    """Those that are read one by one."""
    _reserves: dict[str, Reserve] = field(default_factory=dict)
    _modes: dict[int, Mode] = field(default_factory=dict)
    _owed: dict[str, int] = field(default_factory=dict)

    def add(
        self, reserves: Iterable[Reserve], modes: Iterable[Mode], owed: Mapping[str, int]
    ) -> None:
        """Add what one reading touches, and what it lists as owed of each asset."""
        for one in reserves:
            self._reserves.setdefault(one.token, one)
        for mode in modes:
            # of older releases a reading finds in a mode only what it looked for
            known = self._modes.get(mode.number, mode)
            self._modes[mode.number] = replace(
                known,
                collateral=known.collateral | mode.collateral,
                lent=known.lent | mode.lent,
            )
        for token, amount in owed.items():
            self._owed[token] = self._owed.get(token, 0) + amount

    @property
    def reserves(self) -> list[Reserve]:
        """The reserves, in the order of the pool."""
        return [self._reserves[one] for one in self.pool.found.reserves if one in self._reserves]

    @property
    def modes(self) -> list[Mode]:
        """The e-modes, by their numbers."""
        return [self._modes[number] for number in sorted(self._modes)]

    def owed(self, token: str) -> int:
        """Return the debt that is listed beside the pool."""
        return self._owed.get(token, 0)
