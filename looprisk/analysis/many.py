"""Many scenarios at once: sizes of one shock, or draws of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from looprisk.analysis.api import case_of
from looprisk.analysis.clearing import TOLERANCE, layer_kind
from looprisk.analysis.compiled import CompiledSystem, compiled
from looprisk.analysis.names import claim_label
from looprisk.analysis.solve import Solved, solve
from looprisk.engine.form import Numbers, rounded
from looprisk.engine.many import Joined, Part, along, column, joined, together
from looprisk.engine.outside import Moves, moves
from looprisk.engine.point import Point
from looprisk.engine.stage import StageRun
from looprisk.errors import ModelError, NoSolutionError, NotCarriedError, Problem
from looprisk.model.case import Case
from looprisk.model.positions import TablePosition
from looprisk.model.system import System
from looprisk.results.clearings import Clearings

Draws = Mapping[str, Sequence[float]]
PRIMES = (89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167)


def run_many(
    what: System | Case | CompiledSystem,
    *,
    sizes: Sequence[float] | None = None,
    price: Draws | None = None,
    loss: Draws | None = None,
    depeg: Draws | None = None,
    misprice: Draws | None = None,
) -> Clearings:
    """Return what every layer loses in many scenarios, each with its certificate.

    Of a scenario of a file, ``sizes`` are shares of its last shock: 0 none of it, 1 as written. Of
    a system, every target has a sequence of numbers, one for each scenario: ``price``, ``depeg``
    and ``misprice`` as fractions (-0.3 is a fall of 30 % in a price, 0.3 in a depeg), ``loss`` in
    US dollars. All answers are the greatest solution. Who asks a large system more than once passes
    what :func:`looprisk.compiled` made of it.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700e6}, owes={"outside": 530e6})})
    >>> run_many(fund, loss={"S": [93e6, 250e6]}).loss("S/owes/outside").tolist()
    [0.0, 80000000.0]

    Raises ModelError where the sequences differ in length, and what :func:`looprisk.run` raises.
    """
    if isinstance(what, Case):
        if price or loss or depeg or misprice or sizes is None:
            raise _problem("a scenario has its own shock", "pass `sizes`, shares of its last shock")
        return _of_sizes(what, sizes)
    if sizes is not None:
        raise _problem("`sizes` scale the shock of a scenario", "pass the draws of each target")
    given = {"price": price, "loss": loss, "depeg": depeg, "misprice": misprice}
    return _of_moves(what, _moves({verb: draws or {} for verb, draws in given.items()}))


def _moves(given: Mapping[str, Draws]) -> dict[str, Moves]:
    """Return the moves of every verb, as many numbers for each target."""
    first = next((row for draws in given.values() for row in draws.values()), None)
    count = 0 if first is None else len(first)
    found = {verb: moves(draws, count) for verb, draws in given.items()}
    sound = {verb: some for verb, some in found.items() if some is not None}
    if first is None or len(sound) < len(found):
        raise _ragged(given)
    return sound


def _ragged(given: Mapping[str, Draws]) -> ModelError:
    """Return the error for rows that are not as many finite numbers each."""
    counts = set()
    for verb, draws in given.items():
        for target, numbers in draws.items():
            row = column(numbers)
            if row is None:
                message = f"{verb}: {target}: not a row of finite numbers"
                return ModelError([Problem((verb, target), message, "one for each scenario")])
            counts.add(len(row))
    return _problem(
        f"as many numbers for every target: got {sorted(counts)}",
        "one number for each scenario, such as price={'ETH': [-0.1, -0.3]}",
    )


def _of_moves(what: System | CompiledSystem, asked: Mapping[str, Moves]) -> Clearings:
    """Return the answer by sorted books where they carry it, else by the general engine."""
    if isinstance(what, System) and not _has_tables(what):
        return _of_draws(what, _rows(asked))
    ready = compiled(what) if isinstance(what, System) else what
    reason = ready.refused or (ready.books.arrays.refuses(asked) if ready.books else "")
    if ready.books is not None and not reason:
        books = ready.books
        found = books.cleared(asked["price"], asked["loss"])
        return _certified(books.ids, books.labels, books.start_usd, found)
    try:
        return _of_draws(ready.system, _rows(asked))
    except NotCarriedError as error:
        raise NotCarriedError(f"{error}; sorted books do not carry it: {reason}") from None


def _has_tables(system: System) -> bool:
    return any(isinstance(position, TablePosition) for position in system.positions.values())


def _rows(asked: Mapping[str, Moves]) -> dict[tuple[str, str], Numbers]:
    return {
        (verb, target): row
        for verb, some in asked.items()
        for target, row in zip(some.targets, some.sizes, strict=True)
    }


def _problem(message: str, help_: str) -> ModelError:
    return ModelError([Problem((), message, help_)])


def _of_sizes(case: Case, sizes: Sequence[float]) -> Clearings:
    solved = solve(case)
    if case.scenario.mode != "equilibrium" or solved.scaled is not solved.runs[-1]:
        raise NotCarriedError(
            f"{case.name}: sizes are solved of the last stage, each for itself: leave out `mode` "
            "and `ray`, or ask size by size with `run`"
        )
    if solved.scaled.moved_at is not None:
        raise NotCarriedError(
            f"{case.name}: mints, runs, openings and changes are solved size by size: "
            "set the size in the scenario and use `run`"
        )
    fractions = [Fraction(repr(float(size))) for size in sizes]
    if any(s < 0 for s in fractions):
        raise _problem("a size below 0", "sizes are shares of the shock: 0 none of it, 1 all")
    parts = along(solved.scaled, fractions) if solved.selection == "greatest" else ()
    return _answer(solved, len(fractions), parts, lambda i: solved.scaled.at(fractions[i]))


def _of_draws(system: System, draws: dict[tuple[str, str], Numbers]) -> Clearings:
    """Return the answer for draws of several shocks."""
    keys = [key for key, x in draws.items() if x.any()]
    columns = [draws[key] for key in keys]
    count = len(next(iter(draws.values())))
    ends = [(float(x.min()), float(x.max())) for x in columns]
    units = [max(pair, key=abs) for pair in ends]
    solved = solve(_case(system, keys, units))

    def one(i: int) -> Point:
        return solve(_case(system, keys, [float(x[i]) for x in columns])).end

    if not keys or len(keys) > len(PRIMES):
        return _answer(solved, count, (), one)
    for side in (0, 1):
        solve(_case(system, keys, [pair[side] for pair in ends]))

    def stage(keys: Sequence[tuple[str, str]], sizes: Sequence[float | Fraction]) -> StageRun:
        """Return a stage as it strikes; where it starts is known, and where it ends not asked."""
        return solve(_case(system, keys, sizes), lambda *_: solved.start).scaled

    alone = [stage([k], [u]) for k, u in zip(keys, units, strict=True)]
    shares = [Fraction(1, 2) + Fraction(20, prime) for prime in PRIMES[: len(keys)]]
    mixed = [Fraction(repr(u)) * share for u, share in zip(units, shares, strict=True)]
    joint = stage(keys, mixed)
    moves = [x / u for x, u in zip(columns, units, strict=True)]
    return _answer(solved, count, together(joint, shares, alone, moves), one)


def _case(
    system: System, keys: Sequence[tuple[str, str]], sizes: Sequence[float | Fraction]
) -> Case:
    """Return the case of one scenario; targets that do not move are left out."""
    shock: dict[str, dict[str, float | Fraction]] = {}
    for (verb, target), size in zip(keys, sizes, strict=True):
        if size:
            shock.setdefault(verb, {})[target] = size
    return case_of(system, dict(shock))


def _answer(
    solved: Solved, count: int, parts: Sequence[Part], one: Callable[[int], Point]
) -> Clearings:
    """Return the answer, with the scenarios that no part holds solved one by one."""
    claims = [
        claim
        for claim in solved.end.compiled.index.claim_of
        if layer_kind(claim) is not None and (claim.kind != "equity" or solved.baseline[claim.id])
    ]
    ids = tuple(claim.id for claim in claims)
    found = joined(ids, count, parts, one)
    return _certified(
        ids,
        tuple(claim_label(solved, claim) for claim in claims),
        rounded([solved.baseline[id_] for id_ in ids]),
        found,
    )


def _certified(
    ids: tuple[str, ...], labels: tuple[str, ...], start_usd: Numbers, found: Joined
) -> Clearings:
    """Return the answer; raise NoSolutionError where a scenario does not stand its own check."""
    bad = ~found.same_cells | (found.residual > TOLERANCE) | (abs(found.gap) > TOLERANCE)
    if bad.any():
        at = int(bad.argmax())
        raise NoSolutionError(
            f"scenario {at} does not stand its own check: residual {found.residual[at]:.2g}, "
            f"conservation gap {found.gap[at]:.2g}, "
            f"cells {'agree' if found.same_cells[at] else 'differ'}"
        )
    return Clearings(
        ids=ids,
        labels=labels,
        start_usd=start_usd,
        economic_usd=found.value,
        residual=found.residual,
        conservation_gap=found.gap,
        alone=found.alone,
    )
