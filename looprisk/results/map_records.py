"""The rows of a map: who holds what, where it ends, who stands on it, what is shared.

Money is US dollars at book unless a name says real; shares are fractions of 1. ``None`` is a number
that nobody knows, never zero.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

End = Literal["asset", "pile", "venue", "unlisted", "cover", "unknown", "nothing", ""]
"""Where dollars end: what is priced outside, money outside, debts that are not listed, insurance,
what nobody knows, nothing at all."""


class Held(NamedTuple):
    """One claim or asset in one hand; a map may have a hundred thousand of them."""

    layer: int
    claim: str
    kind: str
    holder: str
    """Id of an issuer, a market, an account; ``outside``."""
    usd: float | None
    share: float | None
    """Of the units; of a loan, its part of all loans of that issuer; ``None`` of an asset."""
    claim_label: str = ""
    holder_label: str = ""
    loop: int | None = None
    """The number of the loop that the claim is in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MapLoop:
    """Claims that back each other."""

    number: int
    members: tuple[str, ...]
    """In cycle order, by the names to show."""
    gain: float | None
    """Of one dollar lost at the first, the most that comes back to it; ``None`` if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backing:
    """What stands under the paper of one issuer."""

    id: str
    label: str = ""
    own_usd: float | None
    """Its assets without its own tokens."""
    claims_usd: float | None
    """What others have of it: loans, and tokens that are not its own pledge to itself."""
    backing_ratio: float | None
    equity_usd: float | None
    """Own assets less what it owes; below 0 if it owes more."""
    assets_to_equity: float | None
    """Own assets over equity; ``None`` where no equity is left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something in which dollars end, loops summed."""

    id: str
    label: str = ""
    kind: End
    usd: float | None
    share: float
    real_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A party that dollars pass on their way down, each dollar once."""

    id: str
    label: str = ""
    kind: Literal["issuer", "market"]
    usd: float | None
    share: float
    comes_back: bool = False
    """It is the issuer or market itself: what comes back to it round its loops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way down; a loop is closed once."""

    names: tuple[str, ...]
    """The claims passed, by the names to show, and where it ends."""
    share: float
    usd: float | None
    closes: bool
    """It ends where it has been before; what goes round again is in the other ways."""
    wrap_depth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposed:
    """Somebody who stands on something, directly or through others."""

    id: str
    label: str = ""
    kind: Literal["issuer", "market", "account", "outside"]
    direct_usd: float | None
    """Of what it has itself."""
    usd: float | None
    """Of what it has itself and through others, each dollar once."""
    share: float | None
    """Of all that it has."""
    layer: int
    curator: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One line of a look-through, whatever it says."""

    says: Literal["ends at", "passes", "stands on it"]
    id: str
    label: str
    kind: str
    usd: float | None
    share: float | None
    real_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """Something that several parts depend on together."""

    kind: str
    """``oracle``, ``issuer``, ``asset``, ``venue``, ``bridge`` or the word of a ``depends_on``."""
    value: str
    parts: tuple[str, ...]
    usd: float | None
    share: float | None
    """Of the book value asked about: what stands on it, each dollar once."""
    lowest_layer: int
    highest_layer: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """How much paper stands on how much; ``None`` where an unknown number decides."""

    book_usd: float | None
    real_usd: float | None
    book_to_real: float | None
    rehypothecation_ratio: float | None
    hhi_by_issuer: float | None
    top_holder: float | None = None
    top_three_by_issuer: float | None = None
    top_three_holders: float | None = None
    unknown: tuple[str, ...] = field(default_factory=tuple)
    """Paths of the unknown numbers that all of this rests on."""
