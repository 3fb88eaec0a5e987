"""The same shock under every other rule for who bears the loss."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Unpack

from looprisk.analysis.api import Question, case_of
from looprisk.analysis.bearing import waterfall
from looprisk.analysis.clearing import proven, title
from looprisk.analysis.flows import flows
from looprisk.analysis.solve import solve
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.fields import not_known
from looprisk.model.groups import only_run
from looprisk.model.issuers import Issuer
from looprisk.model.system import System
from looprisk.model.tokens import Share
from looprisk.model.tree import in_words
from looprisk.results.allocations import Allocation, Allocations
from looprisk.sweeps.sweep import NO_ANSWER

_ALL_ORDERS = 3
"""Of so many claimants every order is asked; of more, the order turned round, and all together."""
Ranks = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule that is written at a path; ``written`` None is the system as given."""

    path: str = ""
    words: str = ""
    written: object = None


def allocations(
    what: System | Case,
    *,
    of: Collection[str] | None = None,
    watch: Callable[[Sequence[Rule]], Iterable[Rule]] = iter,
    **asked_of: Unpack[Question],
) -> Allocations:
    """Return who bears a shock as the rules are given, then under each other rule, one at a time.

    Rules are the order in which an issuer ``pays`` (where several claims are named: every order of
    up to three, and all of one rank; for more the order turned round; a share is always last), who
    bears the shortfall of a token with copies, and what becomes of pledged tokens in a set-off. One
    that is ``unknown`` is asked in every way that it could be. ``of`` names the issuers whose rules
    are varied; None varies those of all. Losses are of outside claimants, in USD, and add up to the
    shock under each rule. ``watch`` sees the rules go by.

    >>> import looprisk as lr
    >>> fund = lr.Issuer(
    ...     outside={"book": 100},
    ...     owes={"outside": 80},
    ...     issues={"f": lr.Par(supply=40, par="$1")},
    ...     pays=["debts", "f"],
    ... )
    >>> found = allocations(lr.System(issuers={"F": fund}), loss={"F": 30})
    >>> [(row.rule, round(row.losses["f holders"], 2)) for row in found.rows]
    [('as given', 20.0), ('[f, debts]', 0.0), ('[[debts, f]]', 10.0)]

    Raises NotCarriedError for a scenario with ``time``, and ModelError for what is no rule.
    """
    case = only_run(case_of(what, asked_of))
    if case.scenario.time is not None:
        advice = "leave `time` out, or run it once for each rule with --set"
        raise ModelError([Problem((), "rules are compared in clearings, not in time", advice)])
    strangers = [name for name in of or () if name not in case.system.issuers]
    if strangers:
        names = tuple(case.system.issuers)
        raise ModelError([Problem((), not_known(strangers[0], names), "name an issuer")])
    rules = [Rule(words="as given"), *_others(case.system, of)]
    return Allocations(scenario=title(case), rows=tuple(_row(case, rule) for rule in watch(rules)))


def _row(case: Case, rule: Rule) -> Allocation:
    try:
        system = case.system.set({rule.path: rule.written}) if rule.path else case.system
        solved = solve(replace(case, system=system))
        rows = waterfall(solved, flows(solved.start), flows(solved.end))
        residual, gap = proven(solved.end)
    except (*NO_ANSWER, ModelError) as error:
        why = str(error).splitlines()[0]
        return Allocation(path=rule.path, rule=rule.words, losses={}, refused=why)
    losses: dict[str, float] = {}
    for row in rows:
        losses[row.claimant] = losses.get(row.claimant, 0.0) + row.loss_usd
    return Allocation(
        path=rule.path, rule=rule.words, losses=losses, residual=residual, conservation_gap=gap
    )


def _others(system: System, of: Collection[str] | None) -> Iterator[Rule]:
    for name, issuer in system.issuers.items():
        if of is not None and name not in of:
            continue
        for ranks in _orders(issuer):
            words = [rank[0] if len(rank) == 1 else list(rank) for rank in ranks]
            yield Rule(path=f"{name}/pays", words=in_words(words), written=words)
        for debtor, terms in issuer.set_off.items():
            other = "honoured" if terms.pledged == "void" else "void"
            yield Rule(path=f"{name}/set_off/{debtor}/pledged", words=other, written=other)
        for token, receipt in issuer.issues.items():
            bearers: list[object] = ["all", *([copy] for copy in receipt.copies)]
            given = receipt.shortfall_borne_by
            now = list(given) if isinstance(given, tuple) else given
            for bearer in bearers if receipt.copies else ():
                if bearer != now:
                    path = f"{name}/issues/{token}/shortfall_borne_by"
                    yield Rule(path=path, words=in_words(bearer), written=bearer)


def _orders(issuer: Issuer) -> Iterator[Ranks]:
    """Yield the orders of payment that differ from the one that is written."""
    given = issuer.pays
    if given is None:
        return
    if isinstance(given, str):
        given = ((("debts",),) if issuer.owes else ()) + tuple((token,) for token in issuer.issues)
        known = False
    else:
        known = True
    # a share is what is left: it stands last under every rule
    left = {token for token, receipt in issuer.issues.items() if isinstance(receipt, Share)}
    last = tuple(rank for rank in given if left | {"equity"} >= set(rank))
    names = tuple(name for rank in given for name in rank if rank not in last)
    turned = permutations(names) if len(names) <= _ALL_ORDERS else (names, names[::-1])
    made = [tuple((name,) for name in order) for order in turned]
    together = [(names,)] if len(names) > 1 else []
    for ranks in (*made, *together):
        if (*ranks, *last) != given or not known:
            yield (*ranks, *last)
