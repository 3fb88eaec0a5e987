"""The rows of an answer: frozen values that carry their labels and units.

Money is US dollars, fractions are fractions of 1, losses are positive and gains negative.
Every number was worked out before it came here; these types only hold it.
"""

from dataclasses import dataclass
from typing import Literal

from looprisk.model.vocabulary import EventName, Unit

ClaimKind = Literal["share", "par", "supply", "loan", "equity"]
Outcome = Literal["ok", "FAIL", "n/a", "open"]
"""``open``: what is not known decides, or no bound is proved; it neither passes nor fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The proof that comes with a solution."""

    residual: float
    """Largest violation of a payout equation, relative to the claims."""
    conservation_gap: float
    """Difference between the loss put in and the loss borne, relative to the claims."""
    selection: Literal["greatest", "least"] = "greatest"
    mode: Literal["equilibrium", "latched"] = "equilibrium"
    """Whether what is liquidated on the way to a shock may recover, or stays liquidated."""
    unique: bool | None = None
    """None where uniqueness was not decided."""
    least_gap_usd: float | None = None
    """Greatest minus least solution, summed over outside claims; None where it was not solved."""
    exact_mode: bool = True
    """The system is inside what the sign and jump audits guarantee."""
    exact: bool = False
    """The solution was found in rationals, so that the residual is exactly zero."""
    float_distance: float | None = None
    """How far floats are from it, relative to its largest value; None where it was not asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """The three values of one token, US dollars a token."""

    book: float
    economic: float
    market: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLoss:
    """What one claim loses, on the economic and on the reported basis."""

    layer: int
    id: str
    kind: ClaimKind
    label: str = ""
    """The name to show; the id where it is empty."""
    claims_usd: float
    """The face; for shares the economic value before the shock."""
    book_usd: float
    economic_usd: float
    market_usd: float | None = None
    economic_loss_usd: float
    reported_loss_usd: float
    loss_fraction: float | None
    """Economic loss over economic value before the shock; None where that is 0."""
    price: Prices | None = None
    first_break: float | None = None
    """Where the layer first breaks, in the unit of the shock; 0 means before any shock.
    None means never up to ``Shock.searched_to``, or not asked where that is None."""
    broken: bool = False
    """The first break lies at or under the shock as written."""
    self_fulfilling_usd: float | None = None
    """Economic value in the greatest solution less that in the least: what a panic alone costs.
    None where the least was not solved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityRow:
    """Real equity: what bears a loss first, each dollar once.

    The residual of an issuer that owes or borrows, less what it pledged itself; what owners of
    accounts outside have in them; insurance.
    """

    id: str
    """The claim, a layer's or one of its own: ``xUSD``, ``me/equity``, ``m/insurance``."""
    label: str
    start_usd: float
    loss_usd: float
    first_break: float | None = None
    """Where it is first gone, or its account first liquidated, in the unit of the shock."""
    broken: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterfallRow:
    """What one outside claimant bears. The rows add up to the loss that was put in."""

    claimant: str
    """In words that can stand in a sentence: ``xUSD holders``, ``TelosC``."""
    via: str
    """Id of the claim through which the loss arrives."""
    loss_usd: float
    of_claim: float | None = None
    """Loss over the value of the claim before the shock."""
    kind: Literal["claim", "leak", "excess"] = "claim"
    """A leak leaves the system (liquidators); an excess is loss beyond every claim."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that broke, with the inequality that broke it."""

    of: str
    event: EventName
    round: int
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """A place on the axis of the shock."""

    path: str
    value: float
    unit: Unit
    """``usd``, ``fraction`` (a move, without its sign) or ``price`` (a level)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakPoint:
    """How far the shock goes before one event happens to one layer."""

    of: str
    event: EventName
    intervals: tuple[tuple[float, float], ...]
    """Stretches of the shock, as fractions of it as written, in which the event holds."""
    fraction: float | None
    """Start of the first stretch; None means never."""
    fraction_least: float | None = None
    """The same on the least solution."""
    kind: Literal["exact", "bracket"] = "exact"
    exact: str | None = None
    """The fraction as a ratio of integers, such as ``17/70``."""
    at: At | None = None
    """The fraction in the unit of the shock; None means never."""
    attained: bool = True
    """Broken at the fraction itself, not only just after it."""
    loss_before_usd: float | None = None
    loss_after_usd: float | None = None
    """Loss of the layer at the fraction and just after it: they differ at a jump."""
    together_with: tuple[str, ...] = ()
    """Other layers whose break lies at the same shock, at most 500 of them."""
    because: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """An input that no source backs, or that a source only assumes."""

    input: str
    """Path of the input, such as ``Stream/pays``."""
    class_: str = "assumed"
    source: str = ""
    value: str = ""
    """The value as it is written in the file."""
    effect: str = ""
    """What another value would change, a whole sentence; empty where it was not solved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One term of the loss of a layer."""

    text: str
    amount_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ShockMove:
    """One verb of the shock, on one target, at its size as written."""

    verb: str
    """A shock word of the language: ``loss``, ``price``, ``depeg``, ``default``..."""
    target: str
    """What it hits, as the reader names it: ``Stream``."""
    size: float | None = None
    """Signed as written (a fall in price is negative); None where the verb has no size."""
    unit: Unit = "usd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """What was asked, and the axis that ``break`` walks along."""

    moves: tuple[ShockMove, ...]
    path: str
    """The target that the axis scales: ``Stream/outside/fund``."""
    unit: Unit
    """Unit of the axis: ``usd``, ``fraction`` (a move, without its sign) or ``price``."""
    start: float = 0.0
    """Value on the axis before any shock: 0, or the level a price starts from."""
    as_written: float
    """Value on the axis of the shock as written, such as ``250e6``."""
    searched_to: float | None = None
    """End of the axis that was traced for break points; None where none was."""
    loss_usd: float = 0.0
    """Fall in value of the exogenous assets under the shock as written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisMark:
    """A named place on the axis of the shock, such as a disclosed loss."""

    label: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LossCurve:
    """The loss of one layer over the whole shock: straight between neighbouring knots.

    A jump is two knots at one shock: the value at the jump, then the value just after it.
    """

    of: str
    fractions: tuple[float, ...]
    loss_usd: tuple[float, ...]
    start_usd: float = 0.0
    """Its economic value before any shock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The judgement of one expectation."""

    outcome: Outcome
    name: str
    asked: str
    """The expectation in the words of the file: ``lender_loss_usd is $0``."""
    expected: str
    """The bound alone, as it is written: ``$0``, ``at most 50%``."""
    got: float | None
    """None where there is nothing to show: not judged, or a break that never comes."""
    unit: Unit
    limit: float | None = None
    """The bound as a number, in the same unit as ``got``."""
    got_text: str = ""
    """Words to show in place of the number: ``never, to $625.0M``."""
    because: str = ""
    flow: str = ""
    """The path of the money in one line, for a failure."""
    evidence: str = ""
    scenario: str = ""
    file: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """A scenario that has no certified answer, so that nothing in it was judged."""

    scenario: str
    message: str
    file: str = ""
    line: int = 0
