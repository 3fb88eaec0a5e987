"""The numbers of the map, each by its definition; none is printed bare."""

from __future__ import annotations

from looprisk.model.vocabulary import METRICS, Metric

MAP_METRICS: dict[str, Metric] = {
    "look_through": METRICS["look_through"],
    "backing_ratio": Metric(
        "own assets at book / claims of others at book; own tokens are neither", "fraction"
    ),
    "assets_to_equity": METRICS["assets_to_equity"],
    "rehypothecation_ratio": Metric(
        "tokens, loans and supplies at book / assets from outside, each counted once; "
        "of one claim: the claims that a dollar passes on its way down, itself included",
        "multiple",
        "Singh 2011, velocity of collateral",
    ),
    "book_to_real": Metric(
        "book value / real value: what would arrive if all that is there were passed up through "
        "every claim in the order of `pays`, loops summed, without costs",
        "multiple",
        "Eisenberg & Noe 2001",
    ),
    "hhi_by_issuer": Metric(
        "sum of the squared shares of book value by the issuer it ends at; an asset counts as one",
        "fraction",
        "Herfindahl 1950; Hirschman 1964",
    ),
    "top_holder": Metric("the largest part of the units in one hand inside the system", "fraction"),
    "top_three_by_issuer": Metric(
        "the part of the book value that ends at the three largest issuers; an asset counts as one",
        "fraction",
    ),
    "top_three_holders": Metric(
        "the part of the units in the three largest hands inside the system", "fraction"
    ),
    "wrap_depth": Metric("claims passed on one way down", "count"),
    "gain": Metric(
        "of one dollar lost at a member of a loop, the most that comes back to it", "fraction"
    ),
}
"""Ids, formulas, units and sources of what ``map`` prints."""
