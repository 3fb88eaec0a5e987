"""The reference of the language, read off its schema: every key, metric, event and protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from looprisk.errors import ModelError, Problem
from looprisk.files.schema import ABOUT, json_schema
from looprisk.model.fields import not_known
from looprisk.model.meanings import meaning
from looprisk.model.protocols import PROTOCOLS
from looprisk.model.vocabulary import EVENTS, GROUPS, METRICS
from looprisk.results.table import Table
from looprisk.results.words import Word, words_table

PARTS: Mapping[str, tuple[str, ...]] = {
    "sources": ("Source",),
    "assets": ("Asset",),
    "oracles": ("Oracle",),
    "issuers": (
        "Issuer",
        "Loan",
        "Share",
        "Par",
        "Copy",
        "Redemption",
        "SetOff",
        "DefaultRecovery",
        "Feed",
        "Rebalance",
    ),
    "markets": ("Market", "Lending", "RateModel", "CollateralTerms", "EMode"),
    "venues": ("Venue", "Partial", "Margin", "Tier"),
    "positions": ("LoanPosition", "Loop", "PerpPosition", "TablePosition", "VenueTable"),
    "liquidity": ("Liquidity", "Curve", "Thins"),
    "scenarios": ("Scenario", "Clock", "Paths", "Generator", "Jumps"),
    "stages": ("Stage", "When", "Run", "Adl"),
    "expect": ("Expectation", "SmallestShock", "SafeLimit"),
}
"""What each page of the reference tells."""
LISTS = ("metrics", "events", "rules", "groups")
_WIDE = 24
"""Letters of choices that still stand in a column of their own."""
_COMMON = frozenset({"source", "label", "note", "about", "name", "tags", "address", "depends_on"})
"""Keys that every part has: told once, on the first page."""


def words(name: str = "") -> Table[Word]:
    """Return what a word of the language means, or every word of a page; without a name the pages.

    Pages are the sections of a file, ``stages``, ``expect``, ``metrics``, ``events``, ``rules`` and
    ``groups``.

    >>> words("lltv").rows[0].means
    'the share of the collateral above which a debt is liquidated'

    Raises ModelError for a word that is none.
    """
    if not name:
        return words_table("The language: a page each, and what every part has", tuple(_pages()))
    every = {word.word for word in _every()} | {*PARTS, *LISTS}
    if name not in every:
        raise ModelError([Problem((), not_known(name, tuple(sorted(every))), "looprisk words")])
    if name in PARTS or name in LISTS:
        rows = tuple(row for row in _every() if row.page == name)
        return words_table(f"{name}: {ABOUT.get(name, _ABOUT.get(name, ''))}", rows)
    return words_table(name, tuple(row for row in _every() if row.word == name))


_ABOUT = {
    "stages": "what strikes together, and when",
    "expect": "what must hold, and how far from breaking it must be",
    "metrics": "numbers that an expectation or a sweep asks for",
    "events": "what can happen to a part",
    "rules": "protocols, each with the share of a debt that one liquidation repays",
    "groups": "words for many parts: all(…) strikes them together, each(…) one by one",
}


def _pages() -> Iterator[Word]:
    for page in (*PARTS, *LISTS):
        yield Word(page="pages", word=page, means=ABOUT.get(page, _ABOUT.get(page, "")))
    for key in ("looprisk", "name", "about", "as_of", "include", "source", "set"):
        yield Word(page="any file", word=key, means=ABOUT[key])
    for key in sorted(_COMMON - {"source", "name", "about"}):
        yield Word(page="any part", word=key, means=meaning("", key))


def _every() -> Iterator[Word]:
    definitions = json_schema()["definitions"]
    for page, parts in PARTS.items():
        for part in parts:
            fields = definitions[part]["properties"].items()
            for key, field in ((k, f) for k, f in fields if k not in _COMMON):
                choices = _choices(field)
                means, written = meaning(part, key), " | ".join(choices) or _written(field)
                if choices and len(written) > _WIDE:
                    means, written = f"{means}; one of {', '.join(choices)}", f"{choices[0]} | …"
                yield Word(page=page, part=_part(part), word=key, means=means, written=written)
    for key, metric in METRICS.items():
        yield Word(page="metrics", word=key, means=metric.formula, written=metric.unit)
    for event, means in EVENTS.items():
        yield Word(page="events", word=event, means=means)
    for rules, protocol in PROTOCOLS.items():
        told = f"{protocol.shape}; closes {protocol.close_factor} ({protocol.source})"
        yield Word(page="rules", word=rules, means=told)
    for group in GROUPS:
        yield Word(page="groups", word=group, means=f"all {group}", written=f"each({group})")


def _part(name: str) -> str:
    """Return the name of a part as one says it.

    >>> _part("DefaultRecovery"), _part("EMode")
    ('default recovery', 'e mode')
    """
    spaced = "".join(f" {letter}" if letter.isupper() else letter for letter in name)
    return spaced.strip().lower()


def _choices(field: Mapping[str, Any]) -> list[str]:
    """Return the words that a value is one of; none where it is no choice."""
    options = (field, *field.get("anyOf", ()))
    return next(([str(word) for word in o["enum"]] for o in options if "enum" in o), [])


def _written(field: Mapping[str, Any]) -> str:
    """Return examples of a value, else what holds it."""
    if field.get("examples"):
        return ", ".join(_typed(example) for example in field["examples"][:2])
    inner = field.get("additionalProperties")
    if isinstance(inner, Mapping) and inner.get("examples"):
        return f"{{…: {_typed(inner['examples'][0])}}}"
    if field.get("type") == "object" or "allOf" in field:
        return "{…}"
    listed = any(o.get("type") == "array" for o in (field, *field.get("anyOf", ())))
    return "[…]" if listed else ""


def _typed(example: object) -> str:
    return f"[{', '.join(map(str, example))}]" if isinstance(example, list) else str(example)
