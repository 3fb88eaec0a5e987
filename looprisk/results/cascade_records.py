"""The rows of a cascade: frozen values with their units.

Money is US dollars, times are seconds from the start, losses are positive and gains negative.
"""

from dataclasses import dataclass
from typing import Literal

from looprisk.results.records import ClaimKind, Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeCertificate:
    """The proof that comes with a cascade."""

    identity_gap: float
    """Largest miss of ``V + L = V_0 + G`` over all steps and paths, relative to ``V_0 + |G|``."""
    valuation: Literal["economic", "economic: lagged"]
    """Lagged where a debt lies in a loop with the token it is owed in: it then counts at the price
    of the record before."""
    valuation_gap: float
    """Largest move of such a price from one record to the next, USD; 0 where none is lagged."""
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLayer:
    """What one claim is worth at the end, and what it lost since the system was loaded."""

    layer: int
    id: str
    kind: ClaimKind
    label: str = ""
    start_usd: float
    """Economic value of all units before the first step."""
    book_usd: float
    economic_usd: float
    market_usd: float | None
    economic_loss_usd: float
    """Per unit at the start less per unit at the end, times the units at the start."""
    reported_loss_usd: float
    """The same in the book."""
    hidden_usd: float
    """Book less economic value of the units at the end."""
    loss_fraction: float | None
    worst_fraction: float | None = None
    """With several paths: the largest loss fraction of any."""
    price: Prices | None = None
    first_event_s: float | None = None
    """When something first happened to it or to its issuer, in path 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeEvent:
    """Something that happened in one path."""

    path: int
    step: int
    time_s: float
    phase: str
    of: str
    event: str
    amount_usd: float | None
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """The three prices of one token or supply at one record, US dollars a unit."""

    step: int
    time_s: float
    id: str
    book: float
    economic: float
    market: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How long a book showed more than there was, in path 0."""

    id: str
    lost_s: float
    """When book was first above value."""
    shown_s: float | None
    """When they were one again for good, None if not before the horizon."""
    most_usd: float
    """The most that was hidden, USD."""

    @property
    def hidden_s(self) -> float | None:
        """How long, None if to the horizon."""
        return None if self.shown_s is None else self.shown_s - self.lost_s


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolRow:
    """How near a pool came to a fall that feeds itself, in path 0."""

    pool: str
    most: float
    """The largest g of any record: what part of a fall the sales it releases add to it."""
    at_s: float
    hole_s: float | None
    """When g was 1 or more for the next falls too: a black hole; None for never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """Those who asked for their money, means over the paths."""

    who: str
    of: str
    paid_usd: float
    gain_usd: float
    """What they were paid above what their units were worth: what those who stay lose by it."""
    waiting_usd: float
    """What they still ask for at the end, at book."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCost:
    """What one claim loses with the runs of a scenario and without them, means over the paths.

    Beside it what it is worth in the greatest and in the least clearing of the record at which the
    first run strikes, before anybody leaves: what lies between is lost if everybody fears it.
    """

    id: str
    label: str = ""
    loss_usd: float
    """With the runs: those who left and those who stay together."""
    leavers_loss_usd: float
    """Of it, those who left."""
    calm_loss_usd: float
    """Where nobody leaves."""
    greatest_usd: float
    least_usd: float

    @property
    def stayers_loss_usd(self) -> float:
        """Of the loss with the runs, those who stay."""
        return self.loss_usd - self.leavers_loss_usd

    @property
    def run_loss_usd(self) -> float:
        """What the runs add to the loss; negative where they save something."""
        return self.loss_usd - self.calm_loss_usd

    @property
    def self_fulfilling_usd(self) -> float:
        """What the greatest clearing has above the least."""
        return self.greatest_usd - self.least_usd

    @property
    def bears(self) -> bool:
        """Whether runs or fear move this claim at all."""
        return bool(self.leavers_loss_usd or self.run_loss_usd or self.self_fulfilling_usd)


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSpread:
    """How the loss of one claim is spread over the paths, USD."""

    id: str
    label: str = ""
    mean_usd: float
    median_usd: float
    """An actual path loses it, as at each of the following: half of the paths lose no more."""
    q95_usd: float
    """What 95 % of the paths do not exceed."""
    q99_usd: float
    worst_usd: float
    worst_path: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EventShare:
    """In which part of the paths something happens, and the median of when it first does."""

    of: str
    event: str
    share: float
    median_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CliffRow:
    """An avalanche ahead of the start: below ``external_usd`` outside, so many may go at once."""

    pool: str
    external_usd: float
    surely_usd: float
    """Below it outside all of them go; less than ``external_usd`` where only brackets are known."""
    fall: float
    """``external_usd`` as a fall from the start, a fraction."""
    positions: int
    before_usd: float
    after_usd: float
    after_most_usd: float
    """The price before, and between what it is after, at ``external_usd``."""
    g: float
    """What a fall of 1 % at the price before adds to itself, at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """One stage of the scenario."""

    name: str
    verbs: str
    struck_s: float | None
    """When it first struck in path 0, None if it never did."""
    paths: int
    """In how many paths it struck."""
    moved: int
    """In how many of them it moved anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathLoss:
    """What one layer loses in one path."""

    path: int
    id: str
    economic_usd: float
    economic_loss_usd: float
    loss_fraction: float | None
