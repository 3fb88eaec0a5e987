"""The words of the language: metrics, events, shocks, and the field's words that are ours.

A metric has an id, a formula, a unit and a source; none is printed bare.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["usd", "fraction", "price", "multiple", "rate", "tokens", "seconds", "event"]
"""What a number of a result counts; fractions are fractions of 1."""
EventName = Literal[
    "liquidated",
    "hedge_closed",
    "deleveraged",
    "bad_debt",
    "impaired",
    "depegged",
    "insolvent",
    "gated",
    "recognised",
]


@dataclass(frozen=True, slots=True)
class Metric:
    """One number that a result can be asked for."""

    formula: str
    unit: Unit | Literal["ray", "count"]
    """``ray`` is the unit of the shock, which differs from scenario to scenario."""
    source: str = "looprisk"


METRICS: dict[str, Metric] = {
    "book_price": Metric("the posted price, or what the issuer's books divide to", "price"),
    "economic_price": Metric(
        "value of the claim in the greatest clearing / units outstanding",
        "price",
        "Eisenberg & Noe 2001",
    ),
    "market_price": Metric("what a seller gets: the quote, else the economic price", "price"),
    "loss_usd": Metric("value at the start - value after the shock", "usd"),
    "loss_fraction": Metric("loss_usd / value at the start", "fraction"),
    "reported_loss_usd": Metric("book value at the start - book value after", "usd"),
    "economic_loss_usd": Metric("economic value at the start - economic value after", "usd"),
    "hidden_loss_usd": Metric("book value - economic value", "usd"),
    "self_fulfilling_usd": Metric(
        "economic value in the greatest clearing - that in the least: what a panic alone costs",
        "usd",
        "Rogers & Veraart 2013",
    ),
    "bad_debt_usd": Metric("debt left when all collateral is sold", "usd"),
    "lender_loss_usd": Metric("what suppliers lose, whether or not it is realised", "usd"),
    "recovery": Metric("paid / face", "fraction", "Rogers & Veraart 2013"),
    "paid_usd": Metric("what creditors and holders receive of an issuer", "usd"),
    "equity_usd": Metric("assets - debts, own tokens pledged in neither, not below 0", "usd"),
    "claims_usd": Metric("what is owed at face", "usd"),
    "assets_to_equity": Metric("assets / (assets - debts)", "multiple"),
    "health_factor": Metric("sum of collateral x oracle price x lltv / debt", "multiple", "Aave"),
    "ltv": Metric("debt / collateral at the oracle price", "fraction"),
    "liquidation_price": Metric("debt / (units x lltv)", "price"),
    "bad_debt_price": Metric("debt x (1 + incentive) / units", "price"),
    "insolvency_price": Metric("debt / units: under it the collateral is worth less", "price"),
    "break_fraction": Metric("the share of the shock, as written, at which it breaks", "fraction"),
    "break_at": Metric("the same in the unit of the shock", "ray"),
    "look_through": Metric(
        "the part of a book value whose way down passes an issuer, loops summed, each dollar once",
        "fraction",
        "Leontief 1936; Kemeny & Snell 1960",
    ),
    "utilisation": Metric("debts / (debts + cash), after liquidators have paid", "fraction"),
    "time_of": Metric("time from the start to the first event", "seconds"),
    "hidden_for": Metric("time from the loss to its showing in the book", "seconds"),
    "adl_usd": Metric("size closed by auto-deleveraging", "usd"),
    "adl_share": Metric("adl_usd / size at the start", "fraction"),
    "liquidated_usd": Metric(
        "debt repaid by liquidators; of legs, notional that venues closed", "usd"
    ),
    "net_delta": Metric("(units owned - units hedged) x price", "usd"),
    "collateral_seized": Metric("units taken by liquidators", "tokens"),
    "debt_repaid": Metric("units of debt repaid by liquidators", "tokens"),
}


def unit_of(metric: str) -> Unit:
    """Return the unit of a metric that has one by itself; a break point has that of its shock.

    >>> unit_of("recovery")
    'fraction'
    """
    match METRICS[metric].unit:
        case "ray" | "count" as other:
            raise ValueError(f"`{metric}` is a {other}: it has no unit of its own")
        case unit:
            return unit


SIGNED_METRICS = frozenset(
    {
        "loss_usd",
        "loss_fraction",
        "reported_loss_usd",
        "economic_loss_usd",
        "hidden_loss_usd",
        "net_delta",
        "equity_usd",
    }
)
"""Metrics whose value may be negative: a gain, or a short."""

NEED_EVENT = frozenset({"break_fraction", "break_at", "time_of"})
"""Metrics that say where or when something happens, and so name what."""

EVENTS: dict[EventName, str] = {
    "liquidated": "a position is below its threshold and a liquidator acts",
    "hedge_closed": "the venue closes a perpetual leg",
    "deleveraged": "auto-deleveraging closes a leg in profit",
    "bad_debt": "a liquidation repays less than the debt",
    "impaired": "a claim is worth less than its face",
    "depegged": "what a seller gets is below a level",
    "insolvent": "nothing is left for the residual, and claims are short",
    "gated": "a withdrawal is paid less than it asks for",
    "recognised": "a hidden loss is in the book",
}


def event_named(word: str) -> EventName:
    """Return an event by its word.

    >>> event_named("impaired")
    'impaired'
    """
    return next(event for event in EVENTS if event == word)


RULES: tuple[str, ...] = ("twice-liquidity", "break-8", "run-30")
"""Rules of limits that others have published."""

SHOCKS: tuple[str, ...] = (
    "price",
    "depeg",
    "loss",
    "recognise",
    "default",
    "mint",
    "adl",
    "close",
    "drain",
    "misprice",
    "freeze",
    "open",
    "run",
    "change",
)

EVIDENCE: tuple[str, ...] = (
    "identity",
    "structural",
    "conditional",
    "predictive",
    "model_vs_model",
    "needs_snapshot",
    "bookkeeping",
)

GROUPS: tuple[str, ...] = (
    "assets",
    "tokens",
    "collateral",
    "issuers",
    "vaults",
    "markets",
    "positions",
    "venues",
)

SECTIONS: tuple[str, ...] = (
    "assets",
    "oracles",
    "issuers",
    "markets",
    "venues",
    "positions",
    "liquidity",
)

TOP_KEYS: tuple[str, ...] = (
    "looprisk",
    "name",
    "about",
    "as_of",
    "include",
    "sources",
    "source",
    *SECTIONS,
    "set",
    "scenarios",
)

ABSENT = "absent"
"""The word that removes an optional value, in ``set``; `liquidators: absent` is a value."""
