"""From the trees of files to a system and its cases, with every problem at its place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from looprisk.errors import ModelError, Problem
from looprisk.files.errors import Fault
from looprisk.files.merge import (
    OWN_KEYS,
    cover_changes,
    merge,
    own_source,
    replaced,
    spread_sources,
)
from looprisk.files.tables import Tables
from looprisk.files.tree import Items, Map, Node, Plain, Word, fault_at, find, place, plain
from looprisk.model import parse_scenario, parse_system, paths
from looprisk.model.case import Case
from looprisk.model.checks import SET
from looprisk.model.problems import MISSING, unknown_key_help
from looprisk.model.scenario import Scenario
from looprisk.model.sections import part_type, read_part
from looprisk.model.system import System, change
from looprisk.model.vocabulary import TOP_KEYS

Path = tuple[str, ...]

_NO_PART_OF_A_SYSTEM = frozenset({"looprisk", "include", "set", "scenarios"})


@dataclass(slots=True)
class Bound:
    """What a load came to: the merged tree, the system, its cases, and what is wrong."""

    tree: Map
    system: System | None = None
    cases: dict[str, Case] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    tables: Tables = field(default_factory=Tables)
    removed: dict[Path, Word] = field(default_factory=dict)
    """What the `set` of a file took away, and the key that did."""


@dataclass(frozen=True, slots=True)
class _Change:
    """One entry of a `set` that leads somewhere: the key as written, its path, the value."""

    key: Word
    path: Path
    value: Node

    @property
    def new(self) -> Node | None:
        """What stands there afterwards; None where the value is `absent`."""
        removed = isinstance(self.value, Word) and paths.is_removed(self.value.text, self.path[-1])
        return None if removed else self.value


def bind(trees: list[Map]) -> Bound:
    """Return the system and the cases that ``trees`` make, included files before others."""
    bound = Bound(trees[-1])
    if len(trees) > 1:
        spread_sources(trees)
    bound.tree = _merged(trees, bound)
    whole = _plain_map(bound.tree)
    raw = {key: value for key, value in whole.items() if key not in _NO_PART_OF_A_SYSTEM}
    for key in sorted(raw.keys() - set(TOP_KEYS)):
        problem = Problem((key,), f"unknown key `{key}`", unknown_key_help(key, raw[key], TOP_KEYS))
        _place_all((problem,), bound.tree, bound)
        del raw[key]
    _read_tables(raw, bound)
    bound.system, problems = parse_system(raw)
    _place_all(problems, bound.tree, bound)
    for name in _scenario_names(bound):
        _bind_scenario(name, raw, bound)
    bound.faults.extend(bound.tables.faults)
    return bound


def _read_tables(raw: dict[str, Plain], bound: Bound) -> None:
    positions, plain_positions = bound.tree.values.get("positions"), raw.get("positions")
    if isinstance(positions, Map) and isinstance(plain_positions, dict):
        raw["positions"] = bound.tables.fill(positions, plain_positions)
    liquidity, pools = bound.tree.values.get("liquidity"), raw.get("liquidity")
    if isinstance(liquidity, Map) and isinstance(pools, dict):
        for name, node in liquidity.values.items():
            curve = node.values.get("curve") if isinstance(node, Map) else None
            _fill_series(curve, pools.get(name, ""), "curve", bound)


def _fill_opened(stages: Node | None, raw: Plain, bound: Bound) -> None:
    """Read the tables of accounts and traders that stages open."""
    if not isinstance(stages, Items) or not isinstance(raw, list):
        return
    for stage, part in zip(stages.items, raw, strict=True):
        opened = stage.values.get("open") if isinstance(stage, Map) else None
        written = part.get("open") if isinstance(part, dict) else None
        if isinstance(opened, Map) and isinstance(written, dict):
            written.update(bound.tables.fill(opened, written))


def _fill_series(node: Node | None, whole: Plain, key: str, bound: Bound) -> None:
    """Put the series that ``node`` names in the place of its name in the raw tree."""
    word = node.values.get("table") if isinstance(node, Map) else None
    part = whole.get(key) if isinstance(whole, dict) else None
    if isinstance(word, Word) and not word.hole and isinstance(part, dict):
        part["table"] = bound.tables.series(word)


def _merged(trees: list[Map], bound: Bound) -> Map:
    """Return one tree of all files: each merged into those before it, then its `set` applied."""
    top = trees[-1]
    merged = Map({}, {}, top.file, top.start, top.end)
    for tree in trees:
        last = tree is top
        own = OWN_KEYS if not last else OWN_KEYS - {"looprisk", "name", "about"}
        if last and len(trees) == 1:
            own -= {"source"}
        if last and "as_of" in tree.values:
            merged = _without(merged, {"as_of"})
        elif "as_of" in merged.values:
            own |= {"as_of"}
        merged = merge(merged, _without(tree, own), bound.faults)
        given = tree.values.get("set")
        if given is not None:
            cover_changes(tree, own_source(tree) or SET)
            changes = _changes(given, ("set",), _plain_map(merged), bound)
            merged = _applied(merged, changes)
            bound.removed |= {entry.path: entry.key for entry in changes if entry.new is None}
    return merged


def _without(tree: Map, keys: frozenset[str] | set[str]) -> Map:
    kept = {key: value for key, value in tree.values.items() if key not in keys}
    return Map({key: tree.keys[key] for key in kept}, kept, tree.file, tree.start, tree.end)


def _plain_map(tree: Map) -> dict[str, Plain]:
    return {key: plain(value) for key, value in tree.values.items()}


def _changes(given: Node, path: Path, raw: Mapping[str, Plain], bound: Bound) -> list[_Change]:
    """Return the entries of a `set` whose paths lead somewhere; the others are reported."""
    if not isinstance(given, Map):
        if not (isinstance(given, Word) and given.hole):
            message = "`set` is a map of paths and values"
            advice = "write set: {plume-xusd/collateral/xUSD/lltv: 77%}"
            bound.faults.append(fault_at(given, message, advice))
        return []
    found = []
    for key, value in given.values.items():
        word = given.keys[key]
        try:
            found.append(_Change(word, paths.find(raw, key), value))
        except ModelError as error:
            for problem in error.problems:
                bound.problems.append(problem.under((*path, key)))
                bound.faults.append(fault_at(word, problem.message, problem.help))
    return found


def _applied(tree: Map, changes: list[_Change]) -> Map:
    for entry in changes:
        tree = replaced(tree, entry.path, entry.key, entry.new)
    return tree


def _scenario_names(bound: Bound) -> Iterator[str]:
    scenarios = bound.tree.values.get("scenarios")
    if scenarios is None or (isinstance(scenarios, Word) and scenarios.hole):
        return
    if not isinstance(scenarios, Map):
        message = "scenarios: a map of names and scenarios is expected here"
        bound.faults.append(fault_at(scenarios, message, "write scenarios: {NAME: {stages: […]}}"))
        return
    yield from scenarios.values


def _bind_scenario(name: str, raw: dict[str, Plain], bound: Bound) -> None:
    path = ("scenarios", name)
    node = find(bound.tree, path)
    if isinstance(node, Word) and node.hole:
        return
    given = node.values.get("set") if isinstance(node, Map) else None
    if bound.system is None and isinstance(given, Map):
        _check_alone(_changes(given, (*path, "set"), raw, bound), bound)
    tree = plain(node) if node is not None else ""
    if isinstance(node, Map) and isinstance(tree, dict):
        _fill_series(node.values.get("paths"), tree, "paths", bound)
        _fill_opened(node.values.get("stages"), tree.get("stages", ""), bound)
    scenario, problems = parse_scenario(tree, bound.system, path)
    _place_all(problems, bound.tree, bound)
    if scenario is None or bound.system is None or node is None:
        return
    system: System | None = bound.system
    if isinstance(given, Map):
        source = own_source(bound.tree) or SET
        changes = bound.tables.fill_changes(given, raw)
        system, problems = change(bound.system, changes, (*path, "set"), source)
        _place_all(problems, bound.tree, bound)
    if system is not None:
        bound.cases[name] = _case(name, system, scenario, bound.tree)


def _case(name: str, system: System, scenario: Scenario, tree: Map) -> Case:
    path = ("scenarios", name)
    key = place(tree, path, on_key=True) or tree

    def lines(section: str, count: int) -> tuple[int, ...]:
        found = (place(tree, (*path, section, str(at)), on_key=True) or key for at in range(count))
        return tuple(node.start.line + 1 for node in found)

    promises = (lines("reverse", len(scenario.reverse)), lines("limits", len(scenario.limits)))
    return Case(
        system=system,
        scenario=scenario,
        name=name,
        file=key.file,
        line=key.start.line + 1,
        expect_lines=lines("expect", len(scenario.expect)),
        promise_lines=(*promises[0], *promises[1]),
    )


def _check_alone(changes: list[_Change], bound: Bound) -> None:
    """Report what is wrong in the values of a `set` although the system has errors of its own."""
    tree = _applied(bound.tree, changes)
    for section, part in sorted({entry.path[:2] for entry in changes}):
        node = find(tree, (section, part))
        if node is None:
            continue
        raw = plain(node)
        _, problems = read_part(part_type(section, raw), raw, (section, part))
        for problem in problems:
            marked = place(tree, problem.path, on_key=problem.on_key)
            if marked is not None and any(_within(marked, entry) for entry in changes):
                bound.problems.append(problem)
                bound.faults.append(fault_at(marked, problem.message, problem.help))


def _within(node: Node, entry: _Change) -> bool:
    """Return whether a node is part of what an entry wrote."""
    if node.file != entry.key.file:
        return False
    return entry.key.start.index <= node.start.index <= entry.value.end.index


def _place_all(problems: tuple[Problem, ...], tree: Map, bound: Bound) -> None:
    for problem in problems:
        bound.problems.append(problem)
        fault = _in_a_table(problem, tree, bound)
        node = _removed(problem, bound) or place(tree, problem.path, on_key=problem.on_key)
        if fault is not None:
            bound.faults.append(fault)
        elif node is not None:
            bound.faults.append(fault_at(node, problem.message, problem.help))


def _removed(problem: Problem, bound: Bound) -> Word | None:
    """Return the key of a `set` that took away what is missing."""
    if not problem.message.endswith(MISSING):
        return None
    taken = (key for path, key in bound.removed.items() if path[:-1] == problem.path)
    return next((key for key in taken if f"`{key.text.split('/')[-1]}`" in problem.message), None)


def _in_a_table(problem: Problem, tree: Map, bound: Bound) -> Fault | None:
    """Return the fault of a problem with a column of a table, placed in the table itself."""
    *_, section, _, key, column = ("", "", "", "", *problem.path)
    if section not in {"positions", "open"} or key != "table":
        return None
    word = find(tree, problem.path[:-1])
    if not isinstance(word, Word):
        return None
    return bound.tables.in_header(word, column, problem.message, problem.help)
