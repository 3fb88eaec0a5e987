"""Many scenarios at once: sizes of one shock, or draws of several."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from looprisk.analysis.api import case_of
from looprisk.analysis.clearing import TOLERANCE, layer_kind
from looprisk.analysis.names import claim_label
from looprisk.analysis.solve import Solved, solve
from looprisk.engine.form import Numbers, rounded
from looprisk.engine.many import Joined, Part, along, column, joined, together
from looprisk.engine.point import Point
from looprisk.engine.stage import StageRun
from looprisk.errors import ModelError, NoSolutionError, NotCarriedError, Problem
from looprisk.model.case import Case
from looprisk.model.system import System
from looprisk.results.clearings import Clearings

Draws = Mapping[str, Sequence[float]]
PRIMES = (89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167)


def run_many(
    what: System | Case,
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
    US dollars. All answers are the greatest solution.

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
    verbs = {"price": price, "loss": loss, "depeg": depeg, "misprice": misprice}
    draws: dict[tuple[str, str], Numbers] = {}
    for verb, targets in verbs.items():
        for target, given in (targets or {}).items():
            numbers = column(given)
            if numbers is None:
                message = f"{verb}: {target}: not a row of finite numbers"
                raise ModelError([Problem((verb, target), message, "one number for each scenario")])
            draws[verb, target] = numbers
    counts = {len(x) for x in draws.values()}
    if len(counts) != 1:
        raise _problem(
            f"as many numbers for every target: got {sorted(counts)}",
            "one number for each scenario, such as price={'ETH': [-0.1, -0.3]}",
        )
    return _of_draws(what, draws)


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
    _stand(found)
    return Clearings(
        ids=ids,
        labels=tuple(claim_label(solved, claim) for claim in claims),
        start_usd=rounded([solved.baseline[id_] for id_ in ids]),
        economic_usd=found.value,
        residual=found.residual,
        conservation_gap=found.gap,
        alone=found.alone,
    )


def _stand(found: Joined) -> None:
    """Raise NoSolutionError where a scenario does not stand its own check."""
    bad = ~found.same_cells | (found.residual > TOLERANCE) | (abs(found.gap) > TOLERANCE)
    if bad.any():
        at = int(bad.argmax())
        raise NoSolutionError(
            f"scenario {at} does not stand its own check: residual {found.residual[at]:.2g}, "
            f"conservation gap {found.gap[at]:.2g}, "
            f"cells {'agree' if found.same_cells[at] else 'differ'}"
        )
