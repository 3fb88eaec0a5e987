"""The functions of a notebook: a system and a shock in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypedDict, Unpack

from looprisk.analysis.breaking_in_time import breaks_in_time
from looprisk.analysis.cascading import Watch, cascade_of
from looprisk.analysis.clearing import breaks_of, clearing_of
from looprisk.analysis.solve import solve
from looprisk.analysis.unknowns import naming
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.collecting import collector_paused
from looprisk.model.fields import not_known
from looprisk.model.reading import parse_scenario
from looprisk.model.scenario import Stage
from looprisk.model.system import System
from looprisk.model.vocabulary import SHOCKS
from looprisk.results.answers import BreakPoints, Clearing
from looprisk.results.cascades import Cascade

Sizes = Mapping[str, object]


class Shock(TypedDict, total=False):
    """The shocks of one stage: the verbs of a file, with targets and sizes as there.

    Text and numbers are both taken: ``loss={"S": 93e6}`` is US dollars, ``price={"ETH": -0.3}`` a
    fall of 30 %, ``run={"v": {"wants_out": "40%"}}`` two fifths of what holders outside have.
    """

    price: Sizes
    depeg: Sizes
    loss: Sizes
    recognise: Sequence[str]
    default: Sizes
    mint: Sizes
    adl: Sizes
    close: Sequence[str]
    drain: Sizes
    misprice: Sizes
    freeze: Sequence[str]
    open: Sizes
    run: Sizes
    change: Sizes


class Question(Shock, total=False):
    """A shock as keywords, or several stages, and which clearing is asked for."""

    stages: Sequence[Stage]
    time: Mapping[str, object]
    paths: Mapping[str, object]
    solution: Literal["greatest", "least", "both"]
    mode: Literal["equilibrium", "latched"]
    exact: bool


def run(what: System | Case, **asked: Unpack[Question]) -> Clearing | Cascade:
    """Return what every layer loses under a shock, who bears it, in which order, and the proof.

    ``what`` is a system with the shock as keywords (one stage) or as ``stages``, or a scenario of a
    file, which has its own. The keywords are the verbs of a file, ``price depeg loss recognise
    default mint adl close drain misprice freeze open run change``, and ``solution``, ``mode`` and
    ``exact``; :class:`Shock` says what they take. Losses are positive. With ``exact``, which a
    scenario of a file takes too, also a large system is solved in fractions, and the certificate
    says how far floats are from them. With ``time``, and ``paths`` of prices, the answer is a
    :class:`looprisk.Cascade`: the same system stepped through time.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700e6}, owes={"outside": 530e6})})
    >>> run(fund, loss={"S": 93e6}).layer("S/equity").economic_loss_usd
    93000000.0

    Raises ModelError for names that do not exist, UnknownValueError where the answer needs a value
    that nobody knows, NotExactError where no certified answer exists, NotCarriedError for what the
    engine does not carry yet.
    """
    return answer(case_of(what, asked))


def answer(case: Case, watch: Watch | None = None) -> Clearing | Cascade:
    """Return the answer to a case: a clearing, or with ``time`` a cascade.

    ``watch`` is told (step, of how many) as a cascade goes.
    """
    if case.scenario.time is not None:
        return naming(case, lambda asked: cascade_of(asked, watch))
    with collector_paused():
        return naming(case, lambda asked: clearing_of(solve(asked)))


def break_points(what: System | Case, **asked: Unpack[Question]) -> BreakPoints:
    """Return how far a shock goes before each layer breaks, scaled from nothing to its size.

    Takes what :func:`run` takes. With several stages the last is scaled, on top of those before it.
    With ``time`` the scenario is run at many sizes, and every border is a bracket.

    >>> import looprisk as lr
    >>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    >>> first = break_points(loop, price={"wstETH": -1.0}).rows[0]
    >>> first.of, first.event, first.exact
    ('loop', 'liquidated', '1/21')
    """
    case = case_of(what, asked)
    if isinstance(what, System) and not case.scenario.stages and case.scenario.time is None:
        advice = 'such as price={"ETH": "-50%"}, or loss={"S": "100%"}'
        raise ModelError([Problem((), "no shock is given, so nothing can be scaled", advice)])
    return breaks(case)


def breaks(case: Case, watch: Watch | None = None) -> BreakPoints:
    """Return the break points of a case; ``watch`` is told (round, of how many) with ``time``."""
    if case.scenario.time is not None:
        return naming(case, lambda asked: breaks_in_time(asked, watch))
    with collector_paused():
        return naming(case, lambda asked: breaks_of(solve(asked)))


def exactly(case: Case, *, wanted: bool = True) -> Case:
    """Return a case that is solved in fractions however large, or as its size decides."""
    return replace(case, scenario=case.scenario.model_copy(update={"exact": wanted}))


def case_of(what: System | Case, asked: Mapping[str, object]) -> Case:
    """Return the case that is asked: a file's scenario as it is, or a system with a shock.

    ``asked`` is a :class:`Question`; raises ModelError for a keyword that it has not.
    """
    _refuse_others(what)
    unknown = [word for word in asked if word not in Question.__annotations__]
    if unknown:
        message = not_known(unknown[0], tuple(Question.__annotations__))
        raise ModelError([Problem((unknown[0],), message)])
    shock = {verb: asked[verb] for verb in SHOCKS if asked.get(verb)}
    words = ("time", "paths", "solution", "mode")
    rest = {word: asked[word] for word in words if word in asked}
    stages = asked.get("stages", ())
    if isinstance(what, Case):
        if "exact" in asked:
            what = exactly(what, wanted=bool(asked["exact"]))
        if shock or stages or rest:
            raise ModelError(
                [
                    Problem(
                        (),
                        "a scenario has its own shock",
                        "pass its system: run(case.system, loss=…)",
                    )
                ]
            )
        return what
    if shock and stages:
        raise ModelError(
            [Problem((), "a shock is given as keywords or as `stages`; one of the two")]
        )
    rest |= {"exact": asked["exact"]} if "exact" in asked else {}
    tree = {"stages": [shock] if shock else stages, **rest}
    scenario, problems = parse_scenario(tree, what)
    if scenario is None or problems:
        raise ModelError(problems)
    return Case(system=what, scenario=scenario)


def _refuse_others(what: object) -> None:
    if not isinstance(what, System | Case):
        message = f"a {type(what).__name__} is neither a system nor a scenario"
        raise ModelError([Problem((), message, 'lr.load("my.yaml")["a-scenario"] is a scenario')])
