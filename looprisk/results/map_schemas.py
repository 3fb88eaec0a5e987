"""The JSON Schemas of the documents about what nobody shocked: maps, and bounds of unknowns."""

from __future__ import annotations

from collections.abc import Mapping

from looprisk.results.result_json import Object
from looprisk.results.shapes import COUNT, MARK, NUMBER, TEXT, document, list_, or_null, row

_USD = or_null("number")
_NAMED: Mapping[str, Object] = {"id": TEXT, "label": TEXT}
_RATIOS = row(
    {
        "book_usd": _USD,
        "real_usd": _USD,
        "book_to_real": _USD,
        "rehypothecation_ratio": _USD,
        "hhi_by_issuer": _USD,
        "top_holder": _USD,
        "top_three_by_issuer": _USD,
        "top_three_holders": _USD,
        "unknown": list_(TEXT),
    }
)
_LOOP = row({"number": COUNT, "members": list_(TEXT), "gain": _USD})
_BASIS: Object = {"system": TEXT, "basis": {"enum": ["book"]}}


def map_() -> Object:
    """Return the schema of a map."""
    held = row(
        {
            "layer": COUNT,
            "claim": TEXT,
            "claim_label": TEXT,
            "kind": TEXT,
            "holder": TEXT,
            "holder_label": TEXT,
            "usd": _USD,
            "share": _USD,
            "loop": or_null("integer"),
        }
    )
    backing = row(
        {
            **_NAMED,
            "own_usd": _USD,
            "claims_usd": _USD,
            "backing_ratio": _USD,
            "equity_usd": _USD,
            "assets_to_equity": _USD,
        }
    )
    return document(
        "map",
        "Who holds what of whom, at book and before any shock; null is not known.",
        {
            **_BASIS,
            "claims_usd": _USD,
            "outside_assets_usd": _USD,
            "ratios": _RATIOS,
            "holdings": list_(held),
            "loops": list_(_LOOP),
            "backing": list_(backing),
        },
    )


def exposure() -> Object:
    """Return the schema of what one thing stands on."""
    source = row({**_NAMED, "kind": TEXT, "usd": _USD, "share": NUMBER, "real_usd": _USD})
    passed = row({**_NAMED, "kind": TEXT, "usd": _USD, "share": NUMBER, "comes_back": MARK})
    way = row(
        {
            "names": list_(TEXT),
            "share": NUMBER,
            "usd": _USD,
            "closes": MARK,
            "wrap_depth": COUNT,
        }
    )
    exposed = row(
        {
            **_NAMED,
            "kind": TEXT,
            "layer": COUNT,
            "direct_usd": _USD,
            "usd": _USD,
            "share": _USD,
            "curator": or_null("string"),
        }
    )
    return document(
        "exposure",
        "What one thing stands on by every way down, and who stands on it; null is not known.",
        {
            **_BASIS,
            "of": TEXT,
            "label": TEXT,
            "layer": COUNT,
            "ratios": _RATIOS,
            "sources": list_(source),
            "passes": list_(passed),
            "ways": list_(way),
            "other_ways": NUMBER,
            "exposed": list_(exposed),
            "loop": {"anyOf": [{"type": "null"}, _LOOP]},
        },
    )


def common() -> Object:
    """Return the schema of what parts share."""
    shared = row(
        {
            "kind": TEXT,
            "value": TEXT,
            "parts": list_(TEXT),
            "usd": _USD,
            "share": _USD,
            "lowest_layer": COUNT,
            "highest_layer": COUNT,
        }
    )
    return document(
        "common",
        "What at least two parts depend on, and how much stands on it; null is not known.",
        {
            **_BASIS,
            "of": or_null("string"),
            "book_usd": _USD,
            "shared": list_(shared),
            "left_out": COUNT,
            "unknown": list_(TEXT),
        },
    )


def bounds() -> Object:
    """Return the schema of intervals over all that nobody knows."""
    ends: Mapping[str, Object] = {
        "low": _USD,
        "high": _USD,
        "bound": TEXT,
        "decided_by": or_null("string"),
    }
    interval = row(ends)
    at = row({**ends, "unit": TEXT})
    unknown = row(
        {
            "path": TEXT,
            "written": TEXT,
            "low": TEXT,
            "high": TEXT,
            "orders": or_null("integer"),
            "why": TEXT,
        }
    )
    layer = row(
        {
            "layer": COUNT,
            **_NAMED,
            "kind": TEXT,
            "claims_usd": interval,
            "economic_usd": interval,
            "economic_loss_usd": interval,
            "loss_fraction": interval,
            "economic_price": {"anyOf": [{"type": "null"}, interval]},
            "self_fulfilling_usd": interval,
            "first_break_fraction": interval,
        }
    )
    point = row(
        {
            "of": TEXT,
            "event": TEXT,
            "fraction": interval,
            "at": {"anyOf": [{"type": "null"}, at]},
        }
    )
    return document(
        "bounds",
        "Answers that hold whatever the values are that nobody knows; null is never.",
        {
            "scenario": TEXT,
            "inputs_digest": TEXT,
            "completions": COUNT,
            "unknowns": list_(unknown),
            "layers": list_(layer),
            "waterfall": list_(row({"claimant": TEXT, "via": TEXT, "loss_usd": interval})),
            "break_points": list_(point),
        },
    )
