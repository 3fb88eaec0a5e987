"""All who borrow from a pool of Aave v3: each by the pool's own answers, each checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from looprisk.errors import AnswerError
from looprisk.onchain import aave_terms as terms
from looprisk.onchain.aave import MODE_OF, USER, Held, standing_of
from looprisk.onchain.aave_rules import standing_like
from looprisk.onchain.aave_terms import Mode, Pool, Reserve
from looprisk.onchain.abi import Answer, Call, call
from looprisk.onchain.borrowers import Borrower, Borrowers, Watch, acted, chunks, packed
from looprisk.onchain.draft import short
from looprisk.onchain.snapshot import Snapshot

BORROWED = "Borrow(address,address,address,uint256,uint8,uint256,uint16)"
_FOR = 2
"""Where the borrower stands among the topics."""
_BITS = "getUserConfiguration(address)(uint256)"
_BALANCE = "balanceOf(address)(uint256)"
TOLERANCE = Fraction(1, 10**12)
"""Of a release whose rounding is none of those known."""


@dataclass(frozen=True, slots=True)
class Touching:
    """An account, its e-mode, and the reserves it uses: two bits each, debt and collateral."""

    account: bytes
    mode: int
    bits: int

    def owes(self, at: int) -> bool:
        """Return whether it has debt in the reserve with the id ``at``."""
        return bool(self.bits >> 2 * at & 1)

    def pledges(self, at: int) -> bool:
        """Return whether what it supplied of the reserve ``at`` is its collateral."""
        return bool(self.bits >> 2 * at & 2)


@dataclass(frozen=True, slots=True)
class Listed:
    """The borrowers of a pool or of some of its reserves, and what they touch."""

    reserves: tuple[Reserve, ...]
    modes: tuple[Mode, ...]
    borrowers: Borrowers = field(repr=False)
    """What each pledges of every reserve, then what it owes of every reserve."""
    inexact: int
    """Accounts whose figures are those of the pool but for less than ``TOLERANCE``."""
    stable: int
    """Debt at stable rates, of all reserves and in their units: pools sum it up but roughly."""


def listed(
    snapshot: Snapshot, pool: Pool, named: Sequence[str], first: int, watch: Watch
) -> Listed:
    """Return all who owe something of the reserves ``named``, of any where none is."""
    ids = _ids(snapshot, pool)
    wanted = [at for at, token in ids.items() if not named or token in named]
    topics = ["0x" + token.removeprefix("0x").lower().rjust(64, "0") for token in named]
    ever = acted(
        snapshot, pool.address, BORROWED, [list(topics)] if topics else [], _FOR, first, watch
    )
    touching = [
        one for one in _touching(snapshot, pool, ever, watch) if any(one.owes(at) for at in wanted)
    ]
    used = 0
    for one in touching:
        used |= one.bits
    touched = [at for at in ids if at in wanted or used >> 2 * at & 3]
    reserves = terms.reserves(snapshot, pool, [ids[at] for at in touched])
    numbers = sorted({one.mode for one in touching} - {0})
    modes = terms.modes(snapshot, pool, numbers, [ids[at] for at in touched])
    reading = _Reading(snapshot, pool, dict(zip(touched, reserves, strict=True)), modes)
    rows = packed(reading.rows(touching, wanted, watch), 2 * len(reserves))
    return Listed(reserves, modes, rows, reading.inexact, reading.stable)


def _ids(snapshot: Snapshot, pool: Pool) -> dict[int, str]:
    """Return the reserves by their ids, in the order of the pool's own list."""
    by_id = terms.reserves_by_id(snapshot, pool, range(terms.MOST_RESERVES))
    at = {token: number for number, token in by_id.items()}
    return {at[token]: token for token in pool.found.reserves}


def _touching(
    snapshot: Snapshot, pool: Pool, accounts: Sequence[bytes], watch: Watch
) -> Iterator[Touching]:
    start = 0
    for some in chunks(accounts, short("m", pool.address), "what they use", watch):
        asked = (call(pool.address, what, one) for one in some for what in (_BITS, MODE_OF))
        answers = snapshot.read_each(asked)
        for at, (bits, mode) in enumerate(zip(answers, answers, strict=True), start):
            yield Touching(accounts[at], mode.integer(), bits.integer())
        start += len(some)


@dataclass(slots=True)
class _Reading:
    """What is needed to read accounts, and what was found on the way."""

    snapshot: Snapshot
    pool: Pool
    reserves: dict[int, Reserve]
    modes: tuple[Mode, ...]
    inexact: int = 0
    stable: int = 0

    def rows(
        self, touching: Sequence[Touching], wanted: Sequence[int], watch: Watch
    ) -> Iterator[Borrower]:
        """Yield the accounts that owe something of the wanted reserves."""
        modes = {mode.number: mode for mode in self.modes}
        accounts = [one.account for one in touching]
        start = 0
        for some in chunks(accounts, short("m", self.pool.address), "balances", watch):
            part = touching[start : start + len(some)]
            asked = (
                one
                for name, user in zip(some, part, strict=True)
                for one in self._asked(name, user)
            )
            answers = self.snapshot.read_each(asked)
            for name, user in zip(some, part, strict=True):
                held = self._held(user, answers)
                self._check(name, held, modes.get(user.mode), next(answers))
                if any(held[at].owed for at in wanted if at in held):
                    yield self._row(name, user, held)
            start += len(some)

    def _asked(self, name: str, user: Touching) -> Iterator[Call]:
        for at, reserve in self.reserves.items():
            if user.pledges(at):
                yield call(reserve.claims, _BALANCE, name)
            if user.owes(at):
                for debt in reserve.debts:
                    yield call(debt, _BALANCE, name)
        yield call(self.pool.address, USER, name)

    def _held(self, user: Touching, answers: Iterator[Answer]) -> dict[int, Held]:
        held = {}
        for at, reserve in self.reserves.items():
            pledged = next(answers).integer() if user.pledges(at) else 0
            debts = [next(answers).integer() for _ in reserve.debts] if user.owes(at) else []
            self.stable += sum(debts[:-1])
            if pledged or any(debts):
                held[at] = Held(reserve, pledged, user.pledges(at), sum(debts))
        return held

    def _check(self, name: str, held: dict[int, Held], mode: Mode | None, said: Answer) -> None:
        """Compare with the pool's own figures; raise AnswerError where they differ."""
        theirs = standing_of(said)
        ours = standing_like([one.leg(mode) for one in held.values()], theirs)
        if ours == theirs:
            return
        self.inexact += 1
        for what in ("collateral", "debt", "health"):
            mine, other = getattr(ours, what), getattr(theirs, what)
            if abs(mine - other) > TOLERANCE * other:
                raise AnswerError(
                    f"the {what} of {name} in {self.pool.address} is {other} by the pool and "
                    f"{mine} by our reading of its state",
                    "this reader does not know these contracts well enough: please report it",
                )

    def _row(self, name: str, user: Touching, held: dict[int, Held]) -> Borrower:
        there = [held.get(at) for at in self.reserves]
        pledged = (0 if one is None else one.pledged for one in there)
        owed = (0 if one is None else one.owed for one in there)
        return Borrower(name, user.mode, (*pledged, *owed))
