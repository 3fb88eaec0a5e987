"""What each verb does: ask the library, show the answer, choose the exit code."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from looprisk import analysis
from looprisk.cli import pages
from looprisk.cli.ask import Ask, cases, where
from looprisk.cli.busy import Watch, stepped
from looprisk.cli.emit import Out, note, write
from looprisk.cli.failure import Exit, RefusedError, exit_code, told
from looprisk.cli.shipped import DEMO
from looprisk.errors import LoopriskError, ModelError, UnknownValueError
from looprisk.files.examples import shipped
from looprisk.files.load import load
from looprisk.model.case import Case
from looprisk.results.bounds import Bounds

Answer = TypeVar("Answer")
BOUNDS_EXPLAINED = (
    "--explain adds up the loss of one completion, and intervals are about all of them"
)
GIVE_VALUES = "give the values nobody knows with --set, then --explain"


def run(ask: Ask, explain: str | None, to: Out) -> int:
    """Show what every layer loses, or why one of them does."""
    asked = cases(ask, load(ask.path))
    answered, code = _answers(asked, _or_intervals(analysis.answer), to, doing="clearing")
    answers = [answer for _, answer in answered]
    told_ = [answer for answer in answers if not isinstance(answer, Bounds)]
    if explain is not None and any(isinstance(answer, Bounds) for answer in answers):
        raise RefusedError(BOUNDS_EXPLAINED, help_=GIVE_VALUES)
    if answers and explain is not None:
        write(to, pages.of_causes(told_, explain, to))
    elif answers:
        write(to, pages.of_runs(answers, to, [where(ask, case.name) for case, _ in answered]))
    return code


def break_(ask: Ask, to: Out) -> int:
    """Show how far the shock goes before each layer breaks."""
    asked = cases(ask, load(ask.path))
    trace = _or_intervals(analysis.breaks)
    answered, code = _answers(asked, trace, to, doing="tracing")
    if answered:
        write(to, pages.of_break_points([answer for _, answer in answered], to))
    return code


def bounds(ask: Ask, explain: str | None, to: Out, *, breaks: bool = False) -> int:
    """Show every answer as an interval over all that nobody knows."""
    from looprisk.analysis.bounds import bounds_of

    if explain is not None:
        raise RefusedError(BOUNDS_EXPLAINED, help_=GIVE_VALUES)
    asked = cases(ask, load(ask.path))
    answered, code = _answers(asked, _at_once(bounds_of), to, doing="bounding")
    answers = [answer for _, answer in answered]
    if answers and breaks:
        write(to, pages.of_break_points(answers, to))
    elif answers:
        write(to, pages.of_runs(answers, to, [""] * len(answers)))
    return code


def demo(to: Out) -> int:
    """Show the shipped case under both answers to who is paid first."""
    try:
        files = [load(shipped(part.file)) for part in DEMO]
        runs = [file[part.run] for file, part in zip(files, DEMO, strict=True)]
        sweeps = [file[part.break_] for file, part in zip(files, DEMO, strict=True)]
    except ModelError as error:
        raise RefusedError(
            f"the shipped case is damaged\n{error}",
            help_="install looprisk again",
            code=Exit.DATA,
        ) from error
    answers = [analysis.answer(case) for case in runs]
    breaks = [analysis.break_points(case) for case in sweeps]
    write(to, pages.of_demo(answers, breaks, to))
    return Exit.OK


def _at_once(answer: Callable[[Case], Answer]) -> Callable[[Case, Watch], Answer]:
    """Return an answer that has no steps to tell."""
    return lambda case, _: answer(case)


def _or_intervals(
    answer: Callable[[Case, Watch], Answer],
) -> Callable[[Case, Watch], Answer | Bounds]:
    """Return an answer that becomes intervals where all it depends on is written as intervals."""

    def ask(case: Case, watch: Watch) -> Answer | Bounds:
        try:
            return answer(case, watch)
        except UnknownValueError as error:
            from looprisk.analysis.bounds import bounds_of
            from looprisk.analysis.uncertain import only_intervals

            if case.scenario.time is not None or not only_intervals(case, error.paths):
                raise
            return bounds_of(case)

    return ask


def _answers(
    asked: Sequence[Case], answer: Callable[[Case, Watch], Answer], to: Out, *, doing: str
) -> tuple[list[tuple[Case, Answer]], Exit]:
    """Return each case with its answer; one that has none is told and changes the exit code."""
    answered: list[tuple[Case, Answer]] = []
    code = Exit.OK
    names = [case.name for case in asked]
    for case, watch in stepped(asked, names, doing=doing, quiet=to.quiet):
        try:
            answered.append((case, answer(case, watch)))
        except LoopriskError as error:
            code = max(code, exit_code(error))
            note(told(error, case.name if len(asked) > 1 else ""))
    return answered, code
