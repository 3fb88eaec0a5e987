"""Problems in the words of the language, from what pydantic found wrong with a raw tree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel, WithJsonSchema

from looprisk.errors import ModelError, Problem
from looprisk.model.fields import nearest
from looprisk.model.foreign import ours
from looprisk.model.values import expected

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

Path = tuple[str, ...]

_SHAPES = {
    "model_type": "a map",
    "model_attributes_type": "a map",
    "dict_type": "a map",
    "mapping_type": "a map",
    "tuple_type": "a list",
    "list_type": "a list",
}
MISSING = " is missing"
_COMMON = ("source", "label", "note", "tags", "address", "depends_on", "name", "about")
"""Keys of every part, which are named last where the keys of a place are listed."""
COMMA = "a comma ends a value inside { }: quote the text before it, or drop the comma"


def problems_of(error: ValidationError, raw: object, model: type[BaseModel]) -> tuple[Problem, ...]:
    """Return what ``error`` says of ``raw``, read as ``model``, in places of that tree."""
    own = (field.alias or name for name, field in model.model_fields.items())
    fields = tuple(sorted(own, key=_COMMON.__contains__))
    return tuple(
        problem
        for detail in error.errors(include_url=False)
        for problem in _problem(detail, raw, fields, model)
    )


def _problem(
    detail: ErrorDetails, raw: object, fields: Path, model: type[BaseModel]
) -> Iterator[Problem]:
    kind = detail["type"]
    path = _place(detail["loc"], raw)
    if kind == "value_error":
        inner = detail["ctx"]["error"]
        if isinstance(inner, ModelError):
            written_short = not isinstance(_at(raw, path), Mapping | list | tuple | BaseModel)
            for problem in inner.problems:
                yield placed(_shortened(problem) if written_short else problem, path)
        else:
            yield _wrong_value(detail, path, str(inner), raw)
    elif kind == "missing":
        name = str(detail["loc"][-1])
        yield Problem(path, f"`{name}`{MISSING}", to_add(model, name))
    elif kind == "extra_forbidden":
        yield _unknown_key(path, detail["input"], fields)
    elif kind in _SHAPES:
        message = str(expected(_SHAPES[kind], detail["input"]))
        help_ = _keys_of(str(detail.get("ctx", {}).get("class_name", "")))
        yield placed(Problem((), message, help_, on_key=False), path)
    else:
        yield placed(Problem((), detail["msg"], on_key=False), path)


def _keys_of(name: str) -> str:
    """Return what to write where a map of a certain kind is expected."""
    kinds = [BaseModel]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if kind.__name__ == name and kind.__module__.startswith("looprisk."):
            fields = {f.alias or key: f for key, f in kind.model_fields.items()}
            needed = [key for key, field in fields.items() if field.is_required()]
            keys = needed or [key for key in fields if key not in _COMMON][:3]
            return f"write {{{', '.join(f'{key}: …' for key in keys)}}}" if keys else ""
    return ""


def to_add(model: type[BaseModel], name: str) -> str:
    """Return what to type for a key that is missing, where its type has an example.

    >>> from looprisk.model.tokens import Oracle
    >>> to_add(Oracle, "discount")
    'add `discount: …`, such as 5.5%/y'
    """
    fields = model.model_fields.items()
    field = next(field for key, field in fields if (field.alias or key) == name)
    examples, choices = _samples(field.annotation, field.metadata)
    if choices:
        return f"add `{name}: …`, one of {', '.join(choices)}"
    return f"add `{name}: …`, such as {examples[0]}" if examples else ""


def _samples(annotation: object, marks: Sequence[object] = ()) -> tuple[Path, Path]:
    """Return the examples and the choices that an annotation carries."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        return _samples(inner, more)
    for mark in marks:
        schema = mark.json_schema if isinstance(mark, WithJsonSchema) else None
        examples = schema.get("examples") if schema else None
        if isinstance(examples, list):
            return tuple(str(example) for example in examples), ()
    if get_origin(annotation) is Literal:
        return (), tuple(str(choice) for choice in get_args(annotation))
    if get_origin(annotation) in {Union, UnionType}:
        found = map(_samples, get_args(annotation))
        return next((sample for sample in found if any(sample)), ((), ()))
    return (), ()


def _place(loc: Sequence[str | int], raw: object) -> Path:
    """Follow ``loc`` down ``raw`` and drop what pydantic adds: union tags, key marks.

    Below the top the ``kind`` of a part follows it as a tag, once: `par` is a key as well.
    """
    keys: list[str] = []
    node, is_new = raw, False
    for step in loc:
        is_tag = is_new and isinstance(node, Mapping) and node.get("kind") == step
        is_new = False
        found = None if is_tag else _below(node, step)
        if found is not None:
            node, is_new = found[0], True
            keys.append(str(step))
    return tuple(keys)


def _below(node: object, step: str | int) -> tuple[object] | None:
    if isinstance(node, Mapping):
        return (node[step],) if step in node else None
    if isinstance(node, list | tuple) and isinstance(step, int):
        return (node[step],) if step < len(node) else None
    return None


def _name(path: Path) -> str:
    named = [key for key in path if not key.isdecimal()]
    return named[-1] if named else ""


def _wrong_value(detail: ErrorDetails, path: Path, message: str, raw: object) -> Problem:
    on_key = isinstance(detail["input"], Mapping) and not message.startswith("one value")
    if not path:
        return Problem(path, message, on_key=on_key)
    siblings = _at(raw, path[:-1])
    help_ = _after_comma(path[-1], siblings) if message.startswith("no value") else ""
    name = _name(path) if isinstance(siblings, list | tuple) else path[-1]
    return Problem(path, f"{name}: {message}", help_, on_key)


def placed(problem: Problem, prefix: Path) -> Problem:
    """Return ``problem`` below ``prefix``; one that had no place yet is given its name."""
    named = problem.under(prefix)
    if problem.path or not _needs_name(problem.message):
        return named
    name = _name(prefix)
    message = f"{name}: {problem.message}" if name else problem.message
    return Problem(named.path, message, named.help, named.on_key)


def _needs_name(message: str) -> bool:
    return not message.endswith(MISSING) and not message.startswith("unknown key")


def in_tree(problem: Problem, prefix: Path) -> Problem:
    """Return ``problem`` below ``prefix``, the whole way down from the root of a file."""
    whole = placed(problem, prefix)
    if whole.message.endswith(MISSING) and whole.message.startswith("`"):
        return replace(whole, message=f"{'/'.join(whole.path)}: {whole.message}")
    return whole


def _shortened(problem: Problem) -> Problem:
    """Take away the key of a map that was written as one value: ``V: $217``."""
    name = f"{_name(problem.path)}: "
    return replace(problem, path=(), message=problem.message.removeprefix(name))


def _at(raw: object, keys: Path) -> object:
    node = raw
    for key in keys:
        if isinstance(node, Mapping):
            node = node[key]
        elif isinstance(node, list | tuple):
            node = node[int(key)]
    return node


def _after_comma(key: str, siblings: object) -> str:
    """Say what to type where a comma inside braces cut a number in two: ``{USDC: 240,000}``."""
    if not (isinstance(siblings, Mapping) and key.replace(".", "").isdecimal()):
        return ""
    names = list(siblings)
    before = names.index(key) - 1
    if before < 0 or not isinstance(siblings[names[before]], str):
        return ""
    number = siblings[names[before]]
    return f"inside {{ }} a comma ends a value: write {number}_{key}, or quote the text"


def _unknown_key(path: Path, value: object, fields: tuple[str, ...]) -> Problem:
    key = path[-1]
    return Problem(path, f"unknown key `{key}`", unknown_key_help(key, value, fields))


def unknown_key_help(key: str, value: object, fields: tuple[str, ...]) -> str:
    """Return what to write instead of ``key``, where ``fields`` are the keys that exist."""
    if value in ("", None) and (" " in key or key.isdecimal()):
        return COMMA
    called = ours(key, fields)
    if called is not None:
        return f"here it is called {called}"
    close = nearest(key, fields)
    if close is not None:
        return f"did you mean {close}?"
    return f"the keys here are {', '.join(fields)}" if fields else ""
