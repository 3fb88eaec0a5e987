"""The names of a system: what each id is, and what a reference may lead to."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from looprisk.errors import Problem
from looprisk.model.base import Part
from looprisk.model.fields import TOO_MANY, mapping, nearest
from looprisk.model.issuers import Issuer
from looprisk.model.markets import Market
from looprisk.model.vocabulary import SECTIONS

Path = tuple[str, ...]
Sections = Mapping[str, Mapping[str, object]]
"""The parts of each section by id, read or, where reading failed, raw."""

OUTSIDE = "outside"
EQUITY = "equity"
DEBTS = "debts"
BUILT_IN_ORACLES = ("market", "nav")
SHOWN_NAMES = 8
"""Names that an error lists where none is close to what was written."""
ONE_OF = {
    "assets": "asset",
    "oracles": "oracle",
    "issuers": "issuer",
    "tokens": "token",
    "markets": "market",
    "venues": "venue",
    "positions": "position",
    "liquidity": "liquidity",
}


@dataclass(frozen=True, slots=True)
class Names:
    """Every id of a system, also of parts that could not be read.

    A part with an error in it keeps its name, so that what refers to it is not an error too.
    """

    ids: Mapping[str, frozenset[str]]
    """The ids of each section, and of ``tokens``."""
    priced: frozenset[str]
    """What has a price: assets, tokens and their copies."""
    supplies: frozenset[str]
    """The supply claims: ``market/token``, and the market alone where it lends one token."""
    readable: frozenset[str]
    """What a market can read as its oracle; nobody may know which it is."""
    issuer_of: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """``token/copy`` of each token that has copies."""
    lent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The tokens that each market lends."""
    tags: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    """The parts that carry each tag, as (section, id)."""

    def kinds_of(self, name: str) -> tuple[str, ...]:
        """Return the sections, or ``tokens``, that hold ``name``."""
        return tuple(kind for kind in (*SECTIONS, "tokens") if name in self.ids[kind])


def names_of(sections: Sections) -> Names:
    """Collect the names of all parts, read or raw."""
    ids = {section: frozenset(sections.get(section, {})) for section in SECTIONS}
    issuer_of: dict[str, str] = {}
    copies: dict[str, tuple[str, ...]] = {}
    tags: dict[str, list[tuple[str, str]]] = {}
    for issuer, raw in sections.get("issuers", {}).items():
        for token, receipt in _keyed(raw, "issues").items():
            issuer_of.setdefault(token, issuer)
            copies[token] = tuple(f"{token}/{copy}" for copy in _keyed(receipt, "copies"))
            for tag in _tags(receipt):
                tags.setdefault(tag, []).append(("tokens", token))
    for section in SECTIONS:
        for name, raw in sections.get(section, {}).items():
            for tag in _tags(raw):
                tags.setdefault(tag, []).append((section, name))
    lent = {
        market: tuple(_keyed(raw, "lends")) for market, raw in sections.get("markets", {}).items()
    }
    return Names(
        {**ids, "tokens": frozenset(issuer_of)},
        ids["assets"].union(issuer_of, *copies.values()),
        _supplies(lent),
        ids["oracles"].union(BUILT_IN_ORACLES, ("unknown",)),
        issuer_of,
        {token: several for token, several in copies.items() if several},
        lent,
        {tag: tuple(parts) for tag, parts in tags.items()},
    )


def _supplies(lent: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    single = {market for market, tokens in lent.items() if len(tokens) <= 1}
    several = {f"{market}/{token}" for market, tokens in lent.items() for token in tokens}
    return frozenset(single | several)


def _keyed(raw: object, field_name: str) -> Mapping[str, object]:
    if isinstance(raw, Issuer) and field_name == "issues":
        return raw.issues
    if isinstance(raw, Market) and field_name == "lends":
        return raw.lends
    if isinstance(raw, Part):
        content = dict(raw).get(field_name)
    else:
        content = (mapping(raw) or {}).get(field_name)
    return mapping(content) or {}


def _tags(raw: object) -> tuple[str, ...]:
    content = raw.tags if isinstance(raw, Part) else (mapping(raw) or {}).get("tags")
    if isinstance(content, str):
        return (content,)
    return tuple(str(tag) for tag in content) if isinstance(content, list | tuple) else ()


def unresolved(
    name: str, choices: Collection[str], path: Path, what: str, *, on_key: bool = False
) -> list[Problem]:
    """Return the problem that ``name`` is none of ``choices``, or nothing.

    ``what`` completes the sentence "`name` is no …".
    """
    if name in choices:
        return []
    message = f"`{name}` is no {what}"
    strange = next((c for c in name if not c.isascii()), None)
    if strange is not None:
        message += f": its `{strange}` is {unicodedata.name(strange, 'a control character')}"
    return [Problem(path, message, choose(name, choices), on_key)]


def did_you_mean(name: str, choices: Collection[str]) -> str:
    """Return ``did you mean X?``, or nothing where no choice is close."""
    close = nearest(name, choices)
    return f"did you mean {close}?" if close else ""


def choose(name: str, choices: Collection[str]) -> str:
    """Return ``did you mean X?``; where no choice is close, the first of those there are.

    >>> choose("Sream", {"Stream", "Elixir"}), choose("fund", {"Stream", "Elixir"})
    ('did you mean Stream?', 'known here: Elixir, Stream')
    """
    found = did_you_mean(name, choices)
    if found or len(choices) > TOO_MANY:
        return found
    there = sorted(choice for choice in choices if choice != "unknown")
    if not there:
        return "there is none here"
    more = f" and {len(there) - SHOWN_NAMES:_} more" if len(there) > SHOWN_NAMES else ""
    return f"known here: {', '.join(there[:SHOWN_NAMES])}{more}"
