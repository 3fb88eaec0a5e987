"""Expected results beside a scenario file: the figures of each scenario, and how far they may move.

``stream.yaml`` has them in ``stream.expected.json``. The file is written by ``check --update`` and
read by whoever reviews the change; its tolerances are written by hand and stay.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeGuard

from looprisk.errors import FileError, ModelError
from looprisk.files.documents import read_json
from looprisk.results.answers import Clearing
from looprisk.results.cascade_json import cascade_json
from looprisk.results.cascades import Cascade
from looprisk.results.figures import Difference, Figures, Leaf, differences, figures, room
from looprisk.results.records import Verdict
from looprisk.results.result_json import Json, Object, result_json

SCHEMA = "looprisk/expected/1"
NAME = "results as expected"
TOLERANCES: Mapping[str, str] = {"*": "0.0000001%"}
"""Of a file that is written anew: the room of rounding on another machine."""
_KEPT: Mapping[str, frozenset[str]] = {
    "layers": frozenset(
        {"economic_loss_usd", "reported_loss_usd", "loss_fraction", "first_break", "first_event_s"}
    ),
    "waterfall": frozenset({"loss_usd"}),
    "events": frozenset({"round"}),
    "break_points": frozenset({"fraction", "exact"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """The expected results of one scenario file."""

    path: Path
    tolerances: Mapping[str, str]
    scenarios: Mapping[str, Figures]
    lines: Mapping[tuple[str, str], int]
    """(scenario, figure): the line it stands on, from 1; the scenario's own under ``""``."""


def beside(path: Path) -> Path:
    """Return where the expected results of a scenario file stand.

    >>> beside(Path("a/stream.yaml")).name
    'stream.expected.json'
    """
    return path.with_name(f"{path.stem}.expected.json")


def read_expected(path: Path) -> Expected | None:
    """Return the expected results of the scenario file at ``path``; None where there are none.

    Raises FileError where the file beside it is no such document.
    """
    place = beside(path)
    if not place.is_file():
        return None
    try:
        text, document = read_json(place)
    except (OSError, ValueError) as error:
        raise _refused(place, f"this is no JSON: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise _refused(place, f"its `schema` is not {SCHEMA}")
    tolerances, scenarios = document.get("tolerances", {}), document.get("scenarios", {})
    if not _is_texts(tolerances) or not _is_figures(scenarios):
        raise _refused(place, "`tolerances` are texts by pattern, `scenarios` figures by path")
    for pattern, words in tolerances.items():
        try:
            room(words)
        except ModelError as error:
            raise _refused(place, f"tolerances: {pattern}: {error}") from error
    return Expected(
        path=place, tolerances=tolerances, scenarios=scenarios, lines=dict(_lines(text))
    )


def kept(answer: Clearing | Cascade) -> dict[str, Leaf]:
    """Return the figures of an answer that are expected to stay: losses, events, break points."""
    document = cascade_json(answer) if isinstance(answer, Cascade) else result_json(answer)
    return {
        path: leaf
        for path, leaf in figures({key: document[key] for key in _KEPT}).items()
        if path.rpartition("/")[2] in _KEPT[path.partition("/")[0]]
    }


def judged(expected: Expected, name: str, answer: Clearing | Cascade) -> Verdict:
    """Return the verdict on the results of one run of a scenario: the worst difference decides."""
    want = expected.scenarios.get(name)
    verdict = _verdict(expected, name)
    if want is None:
        text = "no results are written down for it: look at them, then check --update"
        return replace(verdict, outcome="FAIL", got_text="none", because=text)
    rooms = {pattern: room(words) for pattern, words in expected.tolerances.items()}
    found = list(differences(want, kept(answer), rooms))
    if not found:
        return verdict
    worst = max(found, key=_size)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return replace(
        verdict,
        outcome="FAIL",
        got_text=f"{len(found)} of {len(want)} differ",
        because=f"{worst}{more}",
        line=expected.lines.get((name, worst.path), verdict.line),
    )


def gone(expected: Expected, names: Collection[str]) -> Iterator[Verdict]:
    """Yield a failure for each scenario with expected results that the file has no longer."""
    for name in expected.scenarios:
        if name not in names:
            text = "the file has no such run any more: check --update takes it out"
            yield replace(
                _verdict(expected, name), outcome="FAIL", got_text="no such run", because=text
            )


def _verdict(expected: Expected, name: str) -> Verdict:
    return Verdict(
        outcome="ok",
        name=f"{name}: {NAME}",
        asked=NAME,
        expected=f"as in {expected.path.name}",
        got=None,
        unit="event",
        got_text="the same",
        scenario=name,
        file=str(expected.path),
        line=expected.lines.get((name, ""), 1),
    )


def _size(difference: Difference) -> float:
    """Return how large a difference is, in shares of what was expected; of words, infinite."""
    one, other = difference.before, difference.after
    if isinstance(one, str | None) or isinstance(other, str | None):
        return float("inf")
    return abs(other - one) / (abs(one) or 1.0)


def renewed(
    path: Path, before: Expected | None, answers: Mapping[str, Clearing | Cascade], *, whole: bool
) -> tuple[Path, str]:
    """Return where expected results stand and their new text; tolerances stay as written.

    ``whole`` says that ``answers`` are all of the file: what else stood there goes.
    """
    old = {} if before is None or whole else {**before.scenarios}
    new = {**old, **{name: kept(answer) for name, answer in answers.items()}}
    scenarios: Object = {name: {**found} for name, found in new.items()}
    tolerances = TOLERANCES if before is None else before.tolerances
    document: Object = {"schema": SCHEMA, "tolerances": {**tolerances}, "scenarios": scenarios}
    return beside(path), json.dumps(document, indent=2, allow_nan=False, ensure_ascii=True) + "\n"


def _lines(text: str) -> Iterator[tuple[tuple[str, str], int]]:
    """Yield the line of each figure; the file has one a line, as it is written."""
    scenario = ""
    for number, line in enumerate(text.splitlines(), start=1):
        indent = len(line) - len(line.lstrip(" "))
        key, mark, _ = line.strip().partition('":')
        if not mark or indent not in {4, 6}:
            continue
        name = json.loads(f'{key}"')
        if indent == 4:
            scenario = name
        yield (scenario, "" if indent == 4 else name), number


def _is_texts(node: Json) -> TypeGuard[dict[str, str]]:
    return isinstance(node, dict) and all(isinstance(item, str) for item in node.values())


def _is_figures(node: Json) -> TypeGuard[dict[str, dict[str, Leaf]]]:
    return isinstance(node, dict) and all(
        isinstance(one, dict) and not any(isinstance(leaf, dict | list) for leaf in one.values())
        for one in node.values()
    )


def _refused(path: Path, message: str) -> FileError:
    text = f"{path}: error: {message}\n  help: looprisk check FILE --update writes it anew"
    return FileError((), text)
