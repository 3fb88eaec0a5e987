"""Loading: a path in, a checked system with its scenarios out, or every error at once."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from looprisk.errors import FileError, ModelError, Problem
from looprisk.files.bind import bind
from looprisk.files.errors import Fault, render
from looprisk.files.include import Documents, read_all
from looprisk.files.tree import Map, Plain, place, plain
from looprisk.model.case import Case
from looprisk.model.collecting import collector_paused
from looprisk.model.scenario import Scenario
from looprisk.model.system import System


class NoScenarioError(ModelError, KeyError):
    """A file has no scenario of that name; names the nearest."""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was read, with what it includes.

    ``file["runs"]`` is a scenario bound to its system. ``digest`` names the content of all
    files, whatever their comments and layout.
    """

    path: Path
    system: System
    scenarios: Mapping[str, Scenario]
    digest: str
    _cases: Mapping[str, Case] = field(repr=False)
    _tree: Map = field(repr=False, compare=False)

    def __getitem__(self, name: str) -> Case:
        """Return the scenario ``name`` with the system it strikes; its `set` is applied.

        Raises NoScenarioError where the file has none of that name.
        """
        case = self._cases.get(name)
        if case is not None:
            return case
        close = get_close_matches(name, self._cases, n=1)
        advice = f"did you mean {close[0]}?" if close else _scenarios_are(self._cases)
        raise NoScenarioError([Problem((), f"no scenario `{name}` in {self.path.name}", advice)])

    def __iter__(self) -> Iterator[str]:
        """Yield the names of the scenarios, in the order written."""
        return iter(self._cases)

    def __len__(self) -> int:
        """Return the number of scenarios."""
        return len(self._cases)

    def locate(self, path: tuple[str, ...]) -> tuple[str, int]:
        """Return the file and the line, counted from 1, of a path of raw keys.

        What is not written stands where the nearest thing above it stands.
        """
        node = place(self._tree, path, on_key=True)
        found = self._tree if node is None else node
        return found.file, found.start.line + 1


def load(path: str | Path) -> File:
    """Return the system and the scenarios of a file and of all it includes.

    Raises FileError, whose text shows every error of every file at its place.
    """
    with collector_paused():
        documents = read_all(Path(path))
        if not documents.complete:
            raise _failed(documents, documents.faults, (), Path(path))
        contents = [plain(tree) for tree in documents.trees]
        bound = bind(documents.trees)
        faults = [*documents.faults, *bound.faults]
        if faults or bound.system is None:
            documents.texts.update(bound.tables.texts)
            raise _failed(documents, faults, tuple(bound.problems), Path(path))
        return File(
            path=Path(path),
            system=bound.system,
            scenarios=MappingProxyType({name: case.scenario for name, case in bound.cases.items()}),
            digest=_digest(contents),
            _cases=MappingProxyType(bound.cases),
            _tree=bound.tree,
        )


def _failed(
    documents: Documents, faults: list[Fault], problems: tuple[Problem, ...], path: Path
) -> FileError:
    return FileError(problems, render(faults, documents.texts, path.as_posix()))


def _digest(contents: list[Plain]) -> str:
    canonical = json.dumps(contents, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode('ascii')).hexdigest()}"


def _scenarios_are(names: Mapping[str, Case]) -> str:
    return f"its scenarios are {', '.join(names)}" if names else "it has no scenarios"
