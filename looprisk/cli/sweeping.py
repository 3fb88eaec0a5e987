"""The verb ``sweep``: many starts of one scenario, asked and shown; and answers of one table."""

from collections.abc import Iterable, Iterator, Sequence

from looprisk.cli.ask import Ask, asked_cases, asked_system
from looprisk.cli.busy import tracked
from looprisk.cli.emit import Format, Out, write
from looprisk.cli.failure import Exit, RefusedError
from looprisk.cli.pages import write_table
from looprisk.files.load import load
from looprisk.files.typed import read_value
from looprisk.model.case import Case
from looprisk.results.phrases import some
from looprisk.results.reverse import Reverse
from looprisk.results.table import OneTable
from looprisk.sweeps import allocations as allocated
from looprisk.sweeps import shocks_of as promised
from looprisk.sweeps import spread
from looprisk.sweeps import sweep as swept
from looprisk.sweeps.allocations import Rule
from looprisk.sweeps.sweep import Start


def sweep(ask: Ask, vary: Sequence[str], measure: Sequence[str], to: Out) -> int:
    """Show one row for each point of a grid."""

    def watch(starts: Sequence[Start]) -> Iterable[Start]:
        return tracked(starts, [start.name for start in starts], doing="sweeping", quiet=to.quiet)

    answer = swept(one(ask, "sweep"), dict(varied(vary)), measure=measure, watch=watch)
    show(answer, to)
    return Exit.NO_ANSWER if any(row.refused for row in answer.rows) else Exit.OK


def allocations(ask: Ask, of: Sequence[str] | None, to: Out) -> int:
    """Show who bears one shock under each rule."""

    def watch(rules: Sequence[Rule]) -> Iterable[Rule]:
        names = [f"{rule.path} {rule.words}".strip() for rule in rules]
        return tracked(rules, names, doing="solving", quiet=to.quiet)

    answer = allocated(one(ask, "comparison of rules"), of=of, watch=watch)
    show(answer, to)
    return Exit.NO_ANSWER if all(row.refused for row in answer.rows) else Exit.OK


def one(ask: Ask, verb: str) -> Case:
    """Return the one scenario that a verb asks about."""
    asked = asked_cases(ask)
    if len(asked) > 1:
        names = some([case.name for case in asked])
        raise RefusedError(
            f"{ask.path} has {len(asked)} scenarios, and a {verb} asks one",
            help_=f"name it, {ask.path}::{asked[0].name}; there are {names}",
        )
    return asked[0]


def asked_or_bare(ask: Ask) -> Case:
    """Return the one scenario that is asked about, or the system alone where none is named."""
    if ask.scenario is None and not ask.shocks:
        return asked_system(ask, load(ask.path))
    return one(ask, "question")


def shocks_of(case: Case) -> list[Reverse]:
    """Return the smallest shocks that a scenario asks for itself."""
    if not case.scenario.reverse:
        raise RefusedError(
            f"{case.name or case.file} asks for no smallest shock",
            help_="say what should break, and how: `lend bad_debt`, or write it under `reverse:`",
        )
    return promised(case)


def show_all(answers: Sequence[Reverse], to: Out) -> None:
    """Write several answers, one below the other; JSON as one list."""
    if to.format is not Format.json:
        for answer in answers:
            show(answer, to)
        return
    documents = (answer.table.to_json().rstrip() for answer in answers)
    write(to, f"[{', '.join(documents)}]\n")


def show(answer: OneTable, to: Out) -> None:
    """Write an answer that is one table."""
    write_table(answer.table, to)


def varied(texts: Sequence[str]) -> Iterator[tuple[str, tuple[object, ...]]]:
    """Yield what each ``--vary`` names and the values it takes."""
    seen: set[str] = set()
    for text in texts:
        path, mark, values = (part.strip() for part in text.partition("="))
        if not (path and mark and values):
            raise RefusedError(
                f"--vary {text}: this is not PATH=VALUES",
                help_="--vary plume-xusd/collateral/xUSD/lltv=77%,86% or =60%..90%:7",
            )
        if path in seen:
            raise RefusedError(f"--vary {path} is given twice")
        seen.add(path)
        yield path, tuple(read_value(value, f"--vary {path}") for value in spread(values))
