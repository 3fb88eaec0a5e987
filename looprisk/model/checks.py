"""What a system must fulfil as a whole: names, references, prices; all problems at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from looprisk.errors import Problem
from looprisk.model.base import Part
from looprisk.model.fields import mapping
from looprisk.model.issuers import Issuer
from looprisk.model.markets import Market, Venue
from looprisk.model.names import (
    BUILT_IN_ORACLES,
    DEBTS,
    EQUITY,
    ONE_OF,
    OUTSIDE,
    Names,
    Path,
    choose,
    unresolved,
)
from looprisk.model.positions import AnyPosition, PerpPosition
from looprisk.model.tokens import Asset, Liquidity, Oracle, Par
from looprisk.model.tree import leaves, source_of, takes_source
from looprisk.model.values import ID, Value, split_source
from looprisk.model.vocabulary import SECTIONS

SET = "set"
"""The source of what ``set`` changed without naming one: assumed, and in no list of sources."""
_ID = re.compile(ID)
_RESERVED = (OUTSIDE, EQUITY, DEBTS, *BUILT_IN_ORACLES, "unknown", "absent")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of a system that could be read, and the names of all."""

    assets: Mapping[str, Asset]
    oracles: Mapping[str, Oracle]
    issuers: Mapping[str, Issuer]
    markets: Mapping[str, Market]
    venues: Mapping[str, Venue]
    positions: Mapping[str, AnyPosition]
    liquidity: Mapping[str, Liquidity]
    names: Names

    def sections(self) -> Iterator[tuple[str, str, Part]]:
        """Yield (section, id, part) in the order of the language."""
        for section, parts in (
            ("assets", self.assets),
            ("oracles", self.oracles),
            ("issuers", self.issuers),
            ("markets", self.markets),
            ("venues", self.venues),
            ("positions", self.positions),
            ("liquidity", self.liquidity),
        ):
            for name, part in parts.items():
                yield section, name, part


def check_ids(sections: Mapping[str, Mapping[str, object]], names: Names) -> Iterator[Problem]:
    """Ids are well formed, free, and unique across all sections."""
    places: dict[str, list[tuple[str, Path]]] = {}
    for section in SECTIONS:
        for name, raw in sections.get(section, {}).items():
            places.setdefault(name, []).append((section, (section, name)))
            if section == "issuers":
                for token in _tokens(raw):
                    places.setdefault(token, []).append(
                        ("tokens", (section, name, "issues", token))
                    )
    for name, found in places.items():
        yield from _bad_id(name, found[0][1])
        if len(found) > 1 and not _vault_with_its_share(name, found, sections, names):
            first, last = found[0], found[-1]
            message = (
                f"`{name}` names two parts: {_a(first[0])} ({'/'.join(first[1])}) "
                f"and {_a(last[0])} ({'/'.join(last[1])})"
            )
            yield Problem(last[1], message, "an id is unique in the system; `label` takes any text")


def _tokens(raw: object) -> tuple[str, ...]:
    if isinstance(raw, Issuer):
        return tuple(raw.issues)
    return tuple(mapping((mapping(raw) or {}).get("issues")) or ())


def _bad_id(name: str, path: Path) -> Iterator[Problem]:
    if not _ID.fullmatch(name):
        message = f"`{name}`: an id is letters, digits and . _ + -"
        yield Problem(path, message, "any other text goes into `label`")
    elif name in _RESERVED:
        yield Problem(path, f"`{name}` is a word of the language and cannot be an id")


def _vault_with_its_share(
    name: str,
    found: list[tuple[str, Path]],
    sections: Mapping[str, Mapping[str, object]],
    names: Names,
) -> bool:
    kinds = {kind for kind, _ in found}
    return (
        len(found) == 2
        and kinds == {"issuers", "tokens"}
        and names.issuer_of.get(name) == name
        and len(_tokens(sections["issuers"][name])) == 1
    )


def _a(kind: str) -> str:
    word = ONE_OF[kind]
    return f"an {word}" if word[0] in "aeio" else f"a {word}"


def check_sources(
    tree: object, known: Mapping[str, object], prefix: Path = ()
) -> Iterator[Problem]:
    """Every source that a value or a map names is under ``sources``."""
    for path, leaf in leaves(tree, prefix):
        if not path or path[0] == "sources":
            continue
        if path[-1] == "source" and isinstance(leaf, str):
            named: str | None = split_source(leaf)[0]
        else:
            named = source_of(leaf) if takes_source(path) else None
        if named is not None and named not in known and named != SET:
            message = f"`@{named}` is not under `sources:`"
            yield Problem(path, message, choose(named, known), on_key=False)


def check_prices(parts: Parts) -> Iterator[Problem]:
    """Prices in another token name one that exists, and do not go round in a circle."""
    for path, value in _prices(parts):
        if value is not None and value.of is not None:
            yield from unresolved(
                value.of, parts.names.priced, path, "asset or token of this system"
            )
    for path in dict.fromkeys((*_circular(parts, "book_price"), *_circular(parts, "market_price"))):
        message = f"the price of `{path[-2]}` leads back to itself"
        yield Problem(path, message, "give one of them in dollars", on_key=False)


def _prices(parts: Parts) -> Iterator[tuple[Path, Value | None]]:
    for name, asset in parts.assets.items():
        yield ("assets", name, "price"), asset.price
    for name, oracle in parts.oracles.items():
        yield ("oracles", name, "price"), oracle.price
        yield ("oracles", name, "cap"), oracle.cap
    for name, issuer in parts.issuers.items():
        for token, receipt in issuer.issues.items():
            path: Path = ("issuers", name, "issues", token)
            yield (*path, "market_price"), receipt.market_price
            if isinstance(receipt, Par):
                yield (*path, "par"), receipt.par
            else:
                yield (*path, "book_price"), receipt.book_price
    for name, position in parts.positions.items():
        if isinstance(position, PerpPosition):
            yield ("positions", name, "entry"), position.entry


def _circular(parts: Parts, quoted: str) -> Iterator[Path]:
    """Yield the place of every price that is written in units that are priced in it again."""
    units: dict[str, tuple[Path, str]] = {}
    for path, value in _prices(parts):
        counts = path[0] in {"assets", "issuers"} and path[-1] in {"price", "par", quoted}
        if counts and value is not None and value.of is not None:
            units[path[-2]] = (path, value.of)
    for name in leading_back({name: unit for name, (_, unit) in units.items()}):
        yield units[name][0]


def leading_back(follows: Mapping[str, str]) -> list[str]:
    """Return the names from which following leads back to the name itself.

    >>> leading_back({"a": "b", "b": "a", "c": "a"})
    ['a', 'b']
    """
    found: set[str] = set()
    seen: set[str] = set()
    for start in follows:
        way: dict[str, None] = {}
        at = start
        while at in follows and at not in seen:
            seen.add(at)
            way[at] = None
            at = follows[at]
        if at in way:
            names = list(way)
            found.update(names[names.index(at) :])
    return [name for name in follows if name in found]


def check_oracles(parts: Parts) -> Iterator[Problem]:
    """Oracles and liquidity lead to what exists."""
    priced, known = parts.names.priced, parts.names.ids["oracles"].union(BUILT_IN_ORACLES)
    for name, oracle in parts.oracles.items():
        path: Path = ("oracles", name)
        if oracle.of is not None:
            yield from unresolved(oracle.of, priced, (*path, "of"), "asset or token of this system")
        if oracle.base is not None:
            yield from unresolved(oracle.base, known, (*path, "base"), "oracle of this system")
    bases = {name: oracle.base for name, oracle in parts.oracles.items() if oracle.base is not None}
    for name in leading_back(bases):
        message = f"the base of `{name}` leads back to itself"
        help_ = "one of them reads `market`, `nav` or a fixed price"
        yield Problem(("oracles", name, "base"), message, help_, on_key=False)
    for name, pool in parts.liquidity.items():
        for key, token in (("of", pool.of), ("into", pool.into)):
            place = ("liquidity", name, key)
            yield from unresolved(token, priced, place, "asset or token of this system")
    for path, pool_id in _liquidity_references(parts):
        yield from unresolved(
            pool_id, parts.names.ids["liquidity"], path, "liquidity of this system"
        )


def _liquidity_references(parts: Parts) -> Iterator[tuple[Path, str]]:
    for name, asset in parts.assets.items():
        if asset.liquidity is not None:
            yield ("assets", name, "liquidity"), asset.liquidity
    for name, issuer in parts.issuers.items():
        for token, receipt in issuer.issues.items():
            if receipt.liquidity is not None:
                yield ("issuers", name, "issues", token, "liquidity"), receipt.liquidity


def same_token(value: Value, key: str, path: Path) -> Iterator[Problem]:
    """Refuse ``75M deUSD`` under the key ``USDC``."""
    if value.of is not None and value.of != key:
        message = f"{key}: `{value.text}` is in {value.of}, and stands under {key}"
        yield Problem(path, message, on_key=False)
