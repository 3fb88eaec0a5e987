"""The pytest plugin: a scenario file is a test file, and each expectation in it a test.

``pytest scenarios/`` collects the YAML files whose first key is ``looprisk`` and judges them as
``looprisk check`` does. A test is named ``file::scenario::expectation``. Until the first such file
is met nothing but pytest is loaded; ``-p no:looprisk`` switches the plugin off.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from _pytest._code.code import TerminalRepr

    from looprisk.files.expected import Expected
    from looprisk.model.case import Case
    from looprisk.results.records import Verdict

FIRST_KEY = "looprisk:"
_ENDINGS = frozenset({".yaml", ".yml"})
_READ = 65_536
"""Letters of a file in which its first key is looked for."""


class FailedExpectationError(Exception):
    """An expectation does not hold, or what is not known decides it."""


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Collect a YAML file whose first key is ``looprisk``."""
    if file_path.suffix not in _ENDINGS or not _is_ours(file_path):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


def _is_ours(path: Path) -> bool:
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(_READ)
    except (OSError, UnicodeDecodeError):
        return False
    lines = (line.strip() for line in text.splitlines())
    first = next((line for line in lines if line and not line.startswith(("#", "---"))), "")
    return first.startswith(FIRST_KEY)


def _from_here(path: Path) -> Path:
    """Return a path as one types it, where it lies below the folder one stands in."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


class ScenarioFile(pytest.File):
    """A scenario file; one that is broken is one collection error with all of its errors."""

    def collect(self) -> Iterator[ScenarioRun]:
        """Yield every run of every scenario: one for each member where a shock names a group."""
        from looprisk.errors import ModelError
        from looprisk.files.expected import read_expected
        from looprisk.files.load import load
        from looprisk.files.policies import left_over
        from looprisk.model.groups import runs

        try:
            path = _from_here(self.path)
            file = load(path)
            expected = read_expected(path)
            cases = [file[name] for name in file]
            made = [run for case in cases for run in runs(case)]
        except ModelError as error:
            raise self.CollectError(str(error)) from error
        for run in made:
            yield ScenarioRun.from_parent(self, name=run.name, case=run, expected=expected)
        for verdict in left_over(expected, cases):
            yield ScenarioRun.from_parent(self, name=verdict.scenario, gone=verdict)


class ScenarioRun(pytest.Collector):
    """One run of a scenario; it is solved when the first of its tests runs."""

    def __init__(
        self,
        name: str,
        parent: ScenarioFile,
        case: Case | None = None,
        expected: Expected | None = None,
        gone: Verdict | None = None,
    ) -> None:
        """Keep the case that is judged, or the verdict on one that is gone."""
        super().__init__(name, parent)
        self.case = case
        self.expected = expected
        self.gone = gone

    def collect(self) -> Iterator[ExpectationItem]:
        """Yield one test for each expectation, and one for the results expected beside the file."""
        seen: dict[str, int] = {}
        for place, (name, line) in enumerate(self._named()):
            seen[name] = seen.get(name, 0) + 1
            own = name if seen[name] == 1 else f"{name} #{seen[name]}"
            yield ExpectationItem.from_parent(self, name=own, place=place, line=line)

    def _named(self) -> Iterator[tuple[str, int]]:
        from looprisk.files.expected import NAME
        from looprisk.sweeps import named

        if self.case is None:
            yield NAME, 1
            return
        yield from named(self.case)
        if self.expected is not None:
            yield NAME, self.case.line or 1

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The verdicts, in the order of the tests; the same as those of ``looprisk check``."""
        from looprisk.files.policies import verdicts

        if self.gone is not None:
            return (self.gone,)
        return verdicts(self.case, self.expected) if self.case is not None else ()


class ExpectationItem(pytest.Item):
    """One expectation."""

    def __init__(self, name: str, parent: ScenarioRun, place: int, line: int) -> None:
        """Keep where the expectation stands: in the scenario, and in the file."""
        super().__init__(name, parent)
        self.run_ = parent
        self.place = place
        self.line = line

    def runtest(self) -> None:
        """Fail where the expectation does; skip what is not judged."""
        from looprisk.results.phrases import failure, found

        verdict = self.run_.verdicts[self.place]
        known = (("asked", verdict.asked), ("got", found(verdict)), ("evidence", verdict.evidence))
        # workers of xdist send plain text alone
        self.user_properties += [(name, str(words)) for name, words in known if words]
        if verdict.outcome == "n/a":
            pytest.skip(verdict.because)
        if verdict.outcome == "open":
            raise FailedExpectationError(f"open, neither passed nor failed: {verdict.because}")
        if verdict.outcome == "FAIL":
            told = (failure(verdict), verdict.because, verdict.flow)
            raise FailedExpectationError("\n".join(line for line in told if line))

    def repr_failure(
        self,
        excinfo: pytest.ExceptionInfo[BaseException],
        style: Literal["long", "short", "line", "no", "native", "value", "auto"] | None = None,
    ) -> str | TerminalRepr:
        """Return what is told of a failure: the words of the verdict, and no traceback."""
        from looprisk.errors import LoopriskError

        if isinstance(excinfo.value, FailedExpectationError | LoopriskError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Return the file, the line from 0, and the name to show."""
        case = self.run_.case
        place = Path(case.file) if case is not None and case.file else self.path
        return place, self.line - 1, f"{self.run_.name}: {self.name}"
