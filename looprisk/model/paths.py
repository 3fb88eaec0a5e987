"""Paths: an id followed by keys, the same wherever a value is named.

``plume-xusd/collateral/xUSD/lltv`` leads to the keys ``markets plume-xusd collateral xUSD
lltv`` of the tree, ``xUSD/supply`` to ``issuers Stream issues xUSD supply``. Where an issuer
and its token share an id, the issuer's keys win, then the token's. A measured depth is led into
too: ``pool/curve/table/100`` is the share of the price left where $100 are sold. In the tree of a
scenario ``paths/ETH/2h`` is the point of a path, ``time/step`` and ``paths/generate/seed`` what
they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from looprisk.errors import ModelError, Problem
from looprisk.model.base import Model
from looprisk.model.fields import mapping, nearest
from looprisk.model.positions import LoanPosition, PerpPosition, TablePosition, VenueTable
from looprisk.model.problems import unknown_key_help
from looprisk.model.scenario import Clock, Paths
from looprisk.model.sections import PARTS
from looprisk.model.series import PRICE, SOLD, Series, SeriesName, with_depth
from looprisk.model.tokens import Par, Share
from looprisk.model.tree import Path, mark
from looprisk.model.values import decimal_text, split_source
from looprisk.model.vocabulary import ABSENT, SECTIONS


@dataclass(frozen=True, slots=True)
class _Shape:
    """What may stand at a place: a map with these keys, a map with any keys, or a leaf."""

    models: tuple[type[Model], ...] = ()
    entries: object = None


@cache
def _shape(annotation: object) -> _Shape:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _shape(arguments[0])
    if origin in {Union, UnionType}:
        shapes = [_shape(option) for option in arguments if option is not NoneType]
        models = tuple(model for shape in shapes for model in shape.models)
        return _Shape(models, next((s.entries for s in shapes if s.entries), None))
    if origin is Literal or not isinstance(origin or annotation, type):
        return _Shape()
    if origin is not None and issubclass(origin, Mapping):
        return _Shape(entries=arguments[1])
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return _Shape((annotation,))
    return _Shape()


def _fields(shape: _Shape) -> dict[str, object]:
    """The keys that may stand in a map of this shape, with what stands under each."""
    return {
        field.alias or name: field.annotation
        for model in shape.models
        for name, field in model.model_fields.items()
    }


OF_A_SCENARIO: Mapping[str, type[Model]] = {"paths": Paths, "time": Clock}
"""What of a scenario a path leads into."""


@dataclass(frozen=True, slots=True)
class _Root:
    """A part that an id leads to."""

    path: Path
    node: object
    shape: _Shape


def _roots(tree: Mapping[str, object], name: str) -> list[_Root]:
    found: list[_Root] = []
    for section in SECTIONS:
        parts = mapping(tree.get(section)) or {}
        if name in parts:
            kinds: tuple[type[Model], ...] = (PARTS[section],)
            if section == "positions":
                kinds = (LoanPosition, PerpPosition, TablePosition, VenueTable)
            found.append(_Root((section, name), parts[name], _Shape(kinds)))
    if name in OF_A_SCENARIO and name in tree:
        found.append(_Root((name,), tree[name], _Shape((OF_A_SCENARIO[name],))))
    for issuer, raw in (mapping(tree.get("issuers")) or {}).items():
        tokens = mapping((mapping(raw) or {}).get("issues")) or {}
        if name in tokens:
            place = ("issuers", issuer, "issues", name)
            found.append(_Root(place, tokens[name], _Shape((Share, Par))))
    return found


def all_ids(tree: Mapping[str, object]) -> tuple[str, ...]:
    """Return every id of the tree, of parts and of tokens."""
    found = [name for section in SECTIONS for name in mapping(tree.get(section)) or {}]
    for raw in (mapping(tree.get("issuers")) or {}).values():
        found += mapping((mapping(raw) or {}).get("issues")) or {}
    return tuple(dict.fromkeys(found))


def find(tree: Mapping[str, object], text: str) -> Path:
    """Return the keys of ``tree`` that the path ``text`` leads to.

    The last key may be one that the part does not have yet, if its type has it. Raises
    :class:`ModelError` with what was probably meant.

    >>> find({"assets": {"ETH": {"price": "$3_000"}}}, "ETH/price")
    ('assets', 'ETH', 'price')
    """
    keys = [key for key in text.strip().split("/") if key]
    roots = _roots(tree, keys[0]) if keys else []
    if not roots:
        close = nearest(keys[0] if keys else text, all_ids(tree))
        help_ = (
            f"did you mean {close}?" if close else "a path is an id followed by keys: xUSD/supply"
        )
        name = keys[0] if keys else text
        raise ModelError([Problem((), f"`{name}` is nothing in this system", help_)])
    failures: list[_Failure] = []
    for root in roots:
        found = _walk(root, keys[1:])
        if isinstance(found, _Failure):
            failures.append(found)
        else:
            return found
    raise ModelError([_not_there(text, failures)])


def text_of(place: Path) -> str:
    """Return the path that leads to a place in the tree of a system; :func:`find` leads back.

    >>> supply = ("issuers", "Stream", "issues", "xUSD", "supply")
    >>> text_of(supply), text_of(("assets", "ETH", "price"))
    ('xUSD/supply', 'ETH/price')
    """
    of_token = place[0] == "issuers" and len(place) > 4 and place[2] == "issues"
    return "/".join(place[3:] if of_token else place[1:])


def value_at(tree: Mapping[str, object], text: str) -> object:
    """Return what a path leads to in a tree, None where a key may stand and does not.

    >>> value_at({"assets": {"ETH": {"price": "$3_000"}}}, "ETH/price")
    '$3_000'
    """
    node: object = tree
    for key in find(tree, text):
        node = _under(node, key)
    return node


def _under(node: object, key: str) -> object:
    if isinstance(node, SeriesName) and node.series is not None:
        return _depth_row(node.series, key)
    return node[int(key)] if isinstance(node, list | tuple) else (mapping(node) or {}).get(key)


@dataclass(frozen=True, slots=True)
class _Failure:
    key: str
    choices: tuple[str, ...]
    unwritten: bool = False
    below_value: bool = False
    """Whether what stands before the key is a value, and holds no keys."""


def _walk(root: _Root, keys: list[str]) -> Path | _Failure:
    path, node, shape = root.path, root.node, root.shape
    rest = list(keys)
    while rest:
        step = _step(node, shape, rest)
        if isinstance(step, _Failure):
            return step
        taken, key, node, shape = step
        path = (*path, *key)
        rest = rest[taken:]
    return path


_Step = tuple[int, Path, object, _Shape]


def _step(node: object, shape: _Shape, rest: list[str]) -> _Step | _Failure:
    """Take one key of ``rest``, or two where a key has a slash in it: ``wrETH/ethereum``."""
    if isinstance(node, list | tuple):
        return _list_step(node, rest[0])
    if isinstance(node, SeriesName) and node.series is not None and SOLD in node.series.columns:
        return _depth_step(node.series, rest[0])
    content = mapping(node)
    fields = _fields(shape)
    if content is None:
        return _Failure(rest[0], (), below_value=True)
    for taken in (1, 2):
        key = "/".join(rest[:taken])
        if key in content and taken <= len(rest):
            below = fields.get(key) if shape.models else shape.entries
            return taken, (key,), content[key], _shape(below)
    if rest[0] in fields:
        if len(rest) == 1:
            return 1, (rest[0],), None, _Shape()
        return _Failure(rest[0], (), unwritten=True)
    nested = next((_NESTED[model] for model in shape.models if model in _NESTED), "lends")
    inside = mapping(content.get(nested)) or {}
    if shape.models and rest[0] in inside:
        below = _shape(fields[nested]).entries
        return 1, (nested, rest[0]), inside[rest[0]], _shape(below)
    return _Failure(rest[0], (*inside, *fields) if shape.models else tuple(content))


def _list_step(node: list[object] | tuple[object, ...], key: str) -> _Step | _Failure:
    if key.isdecimal() and int(key) < len(node):
        return 1, (key,), node[int(key)], _Shape()
    return _Failure(key, tuple(str(place) for place in range(len(node))))


def _depth_step(depth: Series, key: str) -> _Step | _Failure:
    left = _depth_row(depth, key)
    if left is None:
        return _Failure(key, tuple(map(decimal_text, depth.columns[SOLD])))
    return 1, (key,), left, _Shape()


def _depth_row(depth: Series, sold: str) -> Fraction | None:
    """Return the share of the price that a row of a measured depth leaves."""
    rows = zip(depth.columns[SOLD], depth.columns[PRICE], strict=True)
    return next((price for at, price in rows if decimal_text(at) == sold), None)


_NESTED: Mapping[type[Model], str] = {Share: "copies", Paths: "points"}
"""What may be left out of a path: below a market it is `lends`."""


def _not_there(text: str, failures: list[_Failure]) -> Problem:
    first = failures[0]
    choices = tuple(dict.fromkeys(c for failure in failures for c in failure.choices))
    message = f"`{text}`: no `{first.key}` there"
    if any(failure.unwritten for failure in failures):
        written = text.split(f"/{first.key}/", maxsplit=1)[0]
        help_ = f"it is not written yet: set `{written}/{first.key}` as a whole"
        return Problem((), message, help_)
    if all(failure.below_value for failure in failures):
        value = text.rpartition(f"/{first.key}")[0]
        return Problem((), message, f"`{value}` is a value itself: leave `/{first.key}` out")
    return Problem((), message, unknown_key_help(first.key, "?", choices))


@dataclass(frozen=True, slots=True)
class Changed:
    """A tree after a ``set``: where each path led, and those that lead nowhere."""

    tree: dict[str, object]
    places: dict[str, Path]
    problems: tuple[Problem, ...]


def apply_set(
    tree: Mapping[str, object],
    changes: Mapping[str, object],
    prefix: Path = (),
    source: str | None = None,
) -> Changed:
    """Return ``tree`` with each path of ``changes`` replaced; ``tree`` itself stays as it is.

    ``absent`` removes an optional value. A value that names no source gets ``source``. The
    problems stand at ``prefix`` followed by the path as written.

    >>> changed = apply_set({"assets": {"ETH": {"price": "$3_000"}}}, {"ETH/price": "$1"})
    >>> changed.tree["assets"]
    {'ETH': {'price': '$1'}}
    """
    changed = dict(tree)
    places: dict[str, Path] = {}
    problems: list[Problem] = []
    for text, content in changes.items():
        try:
            place = find(changed, text)
        except ModelError as error:
            problems += (problem.under((*prefix, text)) for problem in error.problems)
            continue
        places[text] = place
        marked = content if source is None else mark(content, place, source)
        try:
            changed = _replaced(changed, place, marked)
        except ModelError as error:
            problems += (problem.under((*prefix, text)) for problem in error.problems)
    return Changed(changed, places, tuple(problems))


def is_removed(content: object, key: str) -> bool:
    """Return whether ``absent`` takes away what stands under ``key``; of one key it is a value."""
    is_absent = isinstance(content, str) and split_source(content)[0] == ABSENT
    return is_absent and key != "liquidators"


def _replaced(node: Mapping[str, object], path: Path, content: object) -> dict[str, object]:
    copy = dict(node)
    key, rest = path[0], path[1:]
    if rest:
        copy[key] = _below(copy[key], rest, content)
    elif is_removed(content, key):
        copy.pop(key, None)
    else:
        copy[key] = content
    return copy


def _below(node: object, path: Path, content: object) -> object:
    if isinstance(node, SeriesName):
        return with_depth(node, path[0], content)
    if not isinstance(node, list | tuple):
        return _replaced(mapping(node) or {}, path, content)
    place, rest = int(path[0]), path[1:]
    if rest:
        items = [_below(node[place], rest, content)]
    else:
        items = [] if is_removed(content, path[0]) else [content]
    return [*node[:place], *items, *node[place + 1 :]]
