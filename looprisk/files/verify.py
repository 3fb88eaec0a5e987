"""Verifying a result: its pinned inputs are solved again, and its proof is put in once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from looprisk.analysis.api import answer, break_points
from looprisk.analysis.proving import evaluate
from looprisk.errors import DataError, FileError, LoopriskError
from looprisk.files.bind import bind
from looprisk.files.documents import read_json
from looprisk.files.emit import dump_parts
from looprisk.files.errors import render
from looprisk.files.events import Budget, compose
from looprisk.files.source import Source
from looprisk.files.tree import Plain
from looprisk.model.case import Case
from looprisk.results.cascade_json import cascade_json
from looprisk.results.cascades import Cascade
from looprisk.results.figures import Difference, Room, differences, figures
from looprisk.results.pinned import Settled, digest_of
from looprisk.results.result_json import (
    BREAK_POINTS_SCHEMA,
    RESULT_SCHEMA,
    Json,
    Object,
    break_points_json,
    result_json,
    version,
)
from looprisk.results.verifications import Verification

_NO_FIGURES = frozenset({"inputs", "proof", "made_by", "inputs_digest"})
_RUN = "pinned"


def verify(path: str | Path, *, within: Room | None = None) -> tuple[Verification, ...]:
    """Return for each result of a file whether its pinned inputs give its figures again.

    Works offline and on any machine. A proof is evaluated without solving, a result is solved
    again; then every figure is compared, to its last digit unless ``within`` gives it room. Tables
    of accounts are no part of a result: they have to lie beside it, as they lay beside the file.

    Raises DataError where the file is no result, or pins no inputs.
    """
    place = Path(path)
    return tuple(_verified(document, place, within) for document in _documents(place))


def cases_of(path: Path) -> tuple[Case, ...]:
    """Return the cases that the results of a file pin; raise DataError where it has none."""
    return tuple(_pinned(document, path)[0] for document in _documents(path))


def _documents(path: Path) -> Iterator[Mapping[str, Json]]:
    writes = f"looprisk run FILE::SCENARIO -o result.json writes one ({RESULT_SCHEMA})"
    try:
        _, found = read_json(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}", writes) from error
    except ValueError as error:
        raise DataError(f"{path} is no JSON: {error}", writes) from error
    several = found if isinstance(found, list) else [found]
    if not several:
        raise DataError(f"{path} holds no result", writes)
    for document in several:
        schema = document.get("schema") if isinstance(document, dict) else None
        if not isinstance(document, dict) or schema not in {RESULT_SCHEMA, BREAK_POINTS_SCHEMA}:
            raise DataError(f"{path} is no result: its `schema` is {schema}", writes)
        yield document


def _verified(document: Mapping[str, Json], path: Path, within: Room | None) -> Verification:
    case, real_digest = _pinned(document, path)
    solutions, equations, disproved = _proof(document, case)
    before = figures({k: v for k, v in document.items() if k not in _NO_FIGURES})
    new = _solved(case, document)
    after = figures({k: v for k, v in new.items() if k not in _NO_FIGURES})
    told = str(document.get("inputs_digest"))
    moved = [Difference("inputs_digest", told, real_digest)] if told != real_digest else []
    made = document.get("made_by")
    return Verification(
        scenario=str(document.get("scenario", "")),
        figures=len(before),
        differences=(*moved, *differences(before, after, {"*": within or Room()})),
        solutions=solutions,
        equations=equations,
        disproved=disproved,
        made_by=str(made.get("looprisk", "")) if isinstance(made, dict) else "",
        here=version(),
    )


def _pinned(document: Mapping[str, Json], path: Path) -> tuple[Case, str]:
    """Return the case that a result pins, and the digest of its inputs."""
    inputs = document.get("inputs")
    if not isinstance(inputs, dict):
        raise DataError(f"{path} pins no inputs: it cannot be solved again from itself")
    system, scenario = _map(inputs, "system", path), _map(inputs, "scenario", path)
    case = _case(str(inputs.get("name", "")), system, scenario, path)
    return case, digest_of(system, scenario)


def _map(inputs: Object, key: str, path: Path) -> Object:
    found = inputs.get(key)
    if not isinstance(found, dict):
        raise DataError(f"{path}: its inputs have no {key}")
    return found


def _case(name: str, system: Object, scenario: Object, path: Path) -> Case:
    """Return the case of pinned inputs, read as a file beside the result would be."""
    # what a scenario sets is in its system already
    own = {key: part for key, part in scenario.items() if key != "set"}
    pinned = _texts({**system, "scenarios": {_RUN: own}}, path)
    text = dump_parts(pinned)
    source = Source(str(path), path, text)
    tree, faults = compose(source, Budget())
    bound = bind([tree]) if tree is not None else None
    case = bound.cases.get(_RUN) if bound is not None else None
    faults = [*faults, *(bound.faults if bound is not None else ())]
    if faults or case is None:
        shown = render(faults, {str(path): text}, str(path))
        raise FileError(bound.problems if bound is not None else (), shown)
    return replace(case, name=name)


def _texts(tree: Object, path: Path) -> dict[str, Plain]:
    """Return a tree that holds texts only; raise DataError where it holds anything else."""

    def read(node: Json) -> Plain:
        if isinstance(node, dict):
            return {key: read(item) for key, item in node.items()}
        if isinstance(node, list):
            return [read(item) for item in node]
        if not isinstance(node, str):
            raise DataError(f"{path}: its inputs hold {node!r}, and inputs are texts")
        return node

    return {key: read(item) for key, item in tree.items()}


def _proof(document: Mapping[str, Json], case: Case) -> tuple[int, int, str]:
    """Return how many solutions and equations a proof has, and what in it does not hold."""
    proof = document.get("proof")
    if not isinstance(proof, list) or not proof:
        return 0, 0, ""
    try:
        found = evaluate(case, [_settled(one) for one in proof])
        end = found.solved.end
        for row in _rows(document):
            claim = str(row.get("id"))
            if float(end.claim(claim)) != row.get("economic_usd"):
                return 0, 0, f"The proof gives {claim} {float(end.claim(claim))!r} dollars."
    except LoopriskError as error:
        return 0, 0, f"{str(error)[:1].upper()}{str(error)[1:]}."
    return found.solutions, found.equations, ""


def _rows(document: Mapping[str, Json]) -> Iterator[Object]:
    rows = document.get("layers")
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict):
            yield row


def _settled(one: Json) -> Settled:
    parts = [one.get(key) if isinstance(one, dict) else None for key in ("nodes", "claims", "navs")]
    texts = [
        {name: str(text) for name, text in part.items()} if isinstance(part, dict) else {}
        for part in parts
    ]
    return Settled(nodes=texts[0], claims=texts[1], navs=texts[2])


def _solved(case: Case, document: Mapping[str, Json]) -> Object:
    if document["schema"] == BREAK_POINTS_SCHEMA:
        return break_points_json(break_points(case))
    found = answer(case)
    if isinstance(found, Cascade):
        return cascade_json(found)
    return result_json(found)
