"""The verb ``limit``: safe values of parameters, one by one or as governance publishes them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from looprisk.cli.ask import Ask, cases
from looprisk.cli.busy import tracked
from looprisk.cli.emit import Format, Out, write
from looprisk.cli.failure import Exit, RefusedError
from looprisk.cli.sweeping import asked_or_bare, one, show, varied
from looprisk.files.load import load
from looprisk.files.typed import read_value
from looprisk.results.governance import Governance
from looprisk.results.limits import governance as published
from looprisk.results.names import for_log
from looprisk.sweeps import graded as graded_from
from looprisk.sweeps import limit as limited
from looprisk.sweeps import limits_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """What must hold, as it was typed."""

    keep: str | None
    preset: str | None
    of: str | None
    between: str | None


def limit(ask: Ask, paths: Sequence[str], kept: Keep, to: Out, *, governance: bool) -> int:
    """Show the values of each parameter with which what is kept holds, the others as they are."""
    if not paths:
        return _promised(ask, kept, to)
    if (kept.keep is None) == (kept.preset is None):
        raise RefusedError(
            "a limit keeps one of two: --keep EXPECTATION or --preset RULE",
            help_="--keep 'of: lend, metric: bad_debt_usd, is: $0', or --preset break-8",
        )
    expectation = None if kept.keep is None else _expectation(kept.keep)
    ends = None if kept.between is None else _ends(kept.between)
    # a published rule strikes what it needs by itself
    case = one(ask, "limit") if kept.preset is None else asked_or_bare(ask)
    found = [
        limited(
            case,
            path,
            expectation,
            preset=kept.preset,
            of=kept.of,
            between=ends,
            watch=_watch(path, to),
        )
        for path in paths
    ]
    if governance or len(found) > 1:
        table(published(found), to)
    else:
        show(found[0], to)
    return Exit.OK


def graded(ask: Ask, paths: Sequence[str], kept: Keep, vary: Sequence[str], to: Out) -> int:
    """Show the limit of one parameter from each start of a grid."""
    if len(paths) != 1:
        raise RefusedError("--vary: the limit of one PATH is shown from each start")
    case = one(ask, "limit") if kept.preset is None else asked_or_bare(ask)
    answer = graded_from(
        case,
        paths[0],
        None if kept.keep is None else _expectation(kept.keep),
        vary=dict(varied(vary)),
        preset=kept.preset,
        of=kept.of,
        between=None if kept.between is None else _ends(kept.between),
    )
    show(answer, to)
    return Exit.OK


def _promised(ask: Ask, kept: Keep, to: Out) -> int:
    """Show the limits that scenarios promise themselves, as one table of parameters."""
    if kept != Keep(keep=None, preset=None, of=None, between=None):
        raise RefusedError("a limit of what?", help_="name a PATH: market/collateral/X/lltv")
    asked = [case for case in cases(ask, load(ask.path)) if case.scenario.limits]
    if not asked:
        raise RefusedError(
            f"{ask.path} promises no limit",
            help_="name a PATH with --keep or --preset, or write it under `limits:`",
        )
    table(published([found for case in asked for found in limits_of(case)]), to)
    return Exit.OK


def _expectation(text: str) -> Mapping[str, object]:
    wanted = read_value(text if text.lstrip().startswith("{") else f"{{{text}}}", "--keep")
    if isinstance(wanted, Mapping):
        return wanted
    raise RefusedError(
        f"--keep {text}: this is no expectation",
        help_="--keep 'of: lend, metric: bad_debt_usd, is: $0'",
    )


def _ends(text: str) -> tuple[str, str]:
    low, mark, high = (part.strip() for part in text.partition(".."))
    if not (low and mark and high):
        raise RefusedError(f"--between {text}: write LOW..HIGH, 60%..90%")
    return low, high


def _watch(path: str, to: Out) -> Callable[[list[Fraction]], Iterator[Fraction]]:
    def watch(numbers: list[Fraction]) -> Iterator[Fraction]:
        return tracked(numbers, [path] * len(numbers), doing="searching", quiet=to.quiet)

    return watch


def table(answer: Governance, to: Out) -> None:
    """Write a table of parameters."""
    match to.format:
        case Format.table:
            write(to, answer.table.text(to.width, color=to.color, unicode=to.unicode))
        case Format.json:
            write(to, answer.to_json())
        case Format.csv:
            write(to, answer.to_csv())
        case Format.md:
            write(to, "\n".join(for_log(line) for line in answer.to_markdown().split("\n")))
