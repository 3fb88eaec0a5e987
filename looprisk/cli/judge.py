"""What ``check`` does: read all files, judge what they expect, tell CI, choose the exit code."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from looprisk.cli import pages
from looprisk.cli.ask import Ask, cases
from looprisk.cli.busy import stepped
from looprisk.cli.emit import Out, command, note, refuse_unwritable, write, write_file
from looprisk.cli.failure import told
from looprisk.errors import FileError, LoopriskError
from looprisk.files.expected import Expected, read_expected
from looprisk.files.load import File, load
from looprisk.files.policies import left_over, update, verdicts
from looprisk.model.case import Case
from looprisk.results.answers import CheckReport
from looprisk.results.github import SUMMARY_BYTES, commands, file_commands, summary
from looprisk.results.junit import junit
from looprisk.results.records import NoAnswer, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Who else is told: a CI server by JUnit, GitHub, the expected results beside the files."""

    junit: Path | None = None
    github: bool = False
    update: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One file of a command line, with the cases that are judged."""

    ask: Ask
    cases: list[Case]
    expected: Expected | None

    @property
    def whole(self) -> bool:
        """Whether all scenarios of the file are judged, as they are written."""
        return self.ask.scenario is None and not self.ask.sets


def check(asks: Sequence[Ask], to: Out, telling: Telling, *, bounds: bool = False) -> int:
    """Judge every expectation; all files are read before the first is judged."""
    if telling.junit is not None:
        refuse_unwritable(telling.junit)
    try:
        jobs = [_job(ask, file) for ask, file in _all_loaded(asks)]
    except FileError as error:
        if telling.github:
            _to_log(file_commands(str(error), _root()))
        raise
    if telling.update:
        jobs = [_updated(job, to) for job in jobs]
    rows: list[Verdict] = []
    errors: list[NoAnswer] = []
    work = [(job, case) for job in jobs for case in job.cases]
    names = [case.name for _, case in work]
    for (job, case), watch in stepped(work, names, doing="checking", quiet=to.quiet):
        try:
            rows += verdicts(case, job.expected, watch, bounds=bounds)
        except LoopriskError as error:
            note(told(error, case.name if len(work) > 1 else ""))
            message = "; ".join(told(error).removeprefix("error: ").split("\n"))
            errors.append(
                NoAnswer(scenario=case.name, message=message, file=case.file, line=case.line or 0)
            )
    rows += (row for job in jobs if job.whole for row in left_over(job.expected, job.cases))
    report = CheckReport(
        rows=tuple(rows), scenario_count=len(work), unanswered=len(errors), errors=tuple(errors)
    )
    write(to, pages.of_verdicts(report, to))
    _tell(report, telling, to)
    return report.exit_code


def _job(ask: Ask, file: File) -> _Job:
    asked = cases(ask, file) if len(file) or ask.scenario is not None else []
    # what --set changes has other results, and nobody wrote those down
    return _Job(ask=ask, cases=asked, expected=None if ask.sets else read_expected(ask.path))


def _updated(job: _Job, to: Out) -> _Job:
    if job.ask.sets or not job.cases:
        return job
    path, text = update(job.ask.path, job.cases, whole=job.whole)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_file(path, text)
        note(f"wrote {path}", quiet=to.quiet)
    return _Job(ask=job.ask, cases=job.cases, expected=read_expected(job.ask.path))


def _tell(report: CheckReport, telling: Telling, to: Out) -> None:
    if telling.junit is not None:
        write_file(telling.junit, junit(report))
        note(f"wrote {telling.junit}", quiet=to.quiet)
    if not telling.github:
        return
    _to_log(commands(report, _root()))
    place = os.environ.get("GITHUB_STEP_SUMMARY")
    if place:
        path = Path(place)
        used = path.stat().st_size if path.is_file() else 0
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(summary(report, max(SUMMARY_BYTES - used, 0)))


def _root() -> Path:
    """Return the folder that paths are told from: that of the repository."""
    return Path(os.environ.get("GITHUB_WORKSPACE") or Path.cwd())


def _to_log(lines: Iterable[str]) -> None:
    """Write commands for the runner to stderr, which it reads too: stdout stays the answer."""
    for line in lines:
        command(line)


def _all_loaded(asks: Sequence[Ask]) -> list[tuple[Ask, File]]:
    """Return every file, or tell the errors of all of them at once."""
    loaded: list[tuple[Ask, File]] = []
    broken: list[FileError] = []
    for ask in asks:
        try:
            loaded.append((ask, load(ask.path)))
        except FileError as error:
            broken.append(error)
    if broken:
        problems = [problem for error in broken for problem in error.problems]
        raise FileError(problems, "\n".join(str(error) for error in broken))
    return loaded
