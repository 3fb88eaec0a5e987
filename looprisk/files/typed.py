"""Words of the language that are typed on a command line: shocks and values."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from looprisk.errors import FileError, Problem
from looprisk.files.errors import Fault, render
from looprisk.files.events import Budget, compose
from looprisk.files.source import Source, UnreadableError, read_source
from looprisk.files.tables import Tables
from looprisk.files.tree import Map, Node, Plain, Word, fault_at, place, plain
from looprisk.model.reading import parse_scenario
from looprisk.model.scenario import Stage
from looprisk.model.system import System

_HERE = ("stages", "0")
_ADVICE = "write a shock and its size: 'loss: {Stream: $93M}'"


def read_shocks(texts: Sequence[str], system: System, name: str) -> Stage:
    """Return the stage of shocks that ``texts`` write, all striking together.

    Each text is what stands under ``stages`` in a file, such as ``loss: {Stream: $93M}``;
    ``name`` is what errors call it. Raises FileError, with the place in the text.
    """
    sources = [
        Source(name if len(texts) == 1 else f"{name} {number}", Path(), text)
        for number, text in enumerate(texts, 1)
    ]
    tree, faults = _together(sources)
    problems: tuple[Problem, ...] = ()
    if tree is not None and not faults:
        scenario, problems = parse_scenario({"stages": [plain(tree)]}, system, ())
        if scenario is not None and not problems:
            return scenario.stages[0]
        faults = [_placed(problem, tree) for problem in problems]
    raise FileError(
        problems, render(faults, {source.name: source.text for source in sources}, name)
    )


def read_value(text: str, name: str) -> Plain:
    """Return a value as ``set`` takes it: a word as it is, a list or a map read as in a file.

    >>> read_value("77%", "--set")
    '77%'
    >>> read_value("[debts, xUSD]", "--set")
    ['debts', 'xUSD']
    """
    return plain(_node(text, name))


def _node(text: str, name: str) -> Node:
    """Return a value with its place in what was typed; a word is taken as it is."""
    bare = not text.startswith(("[", "{"))
    source = Source(name, Path(), _typed("word" if bare else text))
    tree, faults = compose(source, Budget())
    if tree is None or faults:
        raise FileError((), render(faults, {name: source.text}, name))
    node = tree.values["value"]
    return replace(node, text=text) if bare and isinstance(node, Word) else node


def _typed(text: str) -> str:
    return f"value: {text}"


def read_changes(
    sets: Mapping[str, str], tree: Mapping[str, object], folder: Path
) -> dict[str, Plain]:
    """Return what ``--set`` changes in ``tree``, by path; tables it names lie in ``folder``.

    Raises FileError where a value is not of the language or a table cannot be read.
    """
    nodes = {path: _node(text, f"--set {path}") for path, text in sets.items()}
    if not nodes:
        return {}
    tables = Tables(folder=folder)
    some = next(iter(nodes.values()))
    keys = {path: Word(path, node.file, node.start, node.end) for path, node in nodes.items()}
    filled = tables.fill_changes(Map(keys, nodes, some.file, some.start, some.end), tree)
    if tables.faults:
        typed = {f"--set {path}": _typed(text) for path, text in sets.items()}
        raise FileError((), render(tables.faults, {**tables.texts, **typed}, "--set"))
    return filled


def read_map(path: Path) -> Plain:
    """Return the map that a small file beside the system holds, such as services and their prizes.

    Raises FileError, with the place in the file.
    """
    try:
        source = read_source(path, str(path))
    except UnreadableError as error:
        raise FileError((), render([error.fault], {str(path): error.text}, str(path))) from None
    tree, faults = compose(source, Budget())
    if tree is None or faults:
        raise FileError((), render(faults, {source.name: source.text}, source.name))
    return plain(tree)


def _together(sources: Sequence[Source]) -> tuple[Map | None, list[Fault]]:
    faults: list[Fault] = []
    budget = Budget()
    whole: Map | None = None
    for source in sources:
        tree, wrong = compose(source, budget)
        if tree is None:
            faults += [_not_a_shock(fault) for fault in wrong]
            continue
        faults += wrong
        whole = tree if whole is None else _joined(whole, tree, faults)
    return whole, faults


def _not_a_shock(fault: Fault) -> Fault:
    """Return a fault of the form in the words of a shock; a file would start otherwise."""
    if not fault.message.startswith("the file is "):
        return fault
    return replace(fault, message="a shock and its size are expected here", help=_ADVICE)


def _joined(one: Map, other: Map, faults: list[Fault]) -> Map:
    keys, values = dict(one.keys), dict(one.values)
    for key, value in other.values.items():
        given = values.get(key)
        if given is None:
            keys[key], values[key] = other.keys[key], value
        elif isinstance(given, Map) and isinstance(value, Map):
            values[key] = _joined(given, value, faults)
        else:
            faults.append(fault_at(other.keys[key], f"`{key}` is given twice"))
    return Map(keys, values, one.file, one.start, one.end)


def _placed(problem: Problem, tree: Map) -> Fault:
    inner = problem.path[len(_HERE) :] if problem.path[:2] == _HERE else ()
    node = place(tree, inner, on_key=problem.on_key) if inner else tree
    message = problem.message.removeprefix("stages: ")
    return fault_at(tree if node is None else node, message, problem.help)
