"""The functions of a notebook: a system and a shock in, an answer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from looprisk.analysis.clearing import breaks_of, clearing_of
from looprisk.analysis.solve import solve
from looprisk.analysis.unknowns import naming
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario
from looprisk.model.scenario import Stage
from looprisk.model.system import System
from looprisk.results.answers import BreakPoints, Clearing

Sizes = Mapping[str, object]


def run(
    what: System | Case,
    *,
    price: Sizes | None = None,
    depeg: Sizes | None = None,
    loss: Sizes | None = None,
    default: Sizes | None = None,
    misprice: Sizes | None = None,
    adl: Sizes | None = None,
    recognise: Sequence[str] = (),
    close: Sequence[str] = (),
    freeze: Sequence[str] = (),
    stages: Sequence[Stage] = (),
) -> Clearing:
    """Return what every layer loses under a shock, who bears it, in which order, and the proof.

    ``what`` is a system with the shock as keywords (one stage) or as ``stages``, or a scenario of a
    file, which has its own. Text and numbers are both taken: ``loss={"S": 93e6}`` is US dollars,
    ``price={"ETH": -0.3}`` a fall of 30 %. Losses are positive.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700e6}, owes={"outside": 530e6})})
    >>> run(fund, loss={"S": 93e6}).layer("S/equity").economic_loss_usd
    93000000.0

    Raises ModelError for names that do not exist, UnknownValueError where the answer needs a value
    that nobody knows, NotExactError where no certified answer exists, NotCarriedError for what the
    engine does not carry yet.
    """
    shock = shock_of(price, depeg, loss, default, misprice, adl, recognise, close, freeze)
    return naming(case_of(what, shock, stages), lambda case: clearing_of(solve(case)))


def break_points(
    what: System | Case,
    *,
    price: Sizes | None = None,
    depeg: Sizes | None = None,
    loss: Sizes | None = None,
    default: Sizes | None = None,
    misprice: Sizes | None = None,
    adl: Sizes | None = None,
    recognise: Sequence[str] = (),
    close: Sequence[str] = (),
    freeze: Sequence[str] = (),
    stages: Sequence[Stage] = (),
) -> BreakPoints:
    """Return how far a shock goes before each layer breaks, scaled from nothing to its size.

    Takes what :func:`run` takes. With several stages the last is scaled, on top of those before it.

    >>> import looprisk as lr
    >>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    >>> first = break_points(loop, price={"wstETH": -1.0}).rows[0]
    >>> first.of, first.event, first.exact
    ('loop', 'liquidated', '1/21')
    """
    shock = shock_of(price, depeg, loss, default, misprice, adl, recognise, close, freeze)
    return naming(case_of(what, shock, stages), lambda case: breaks_of(solve(case)))


def shock_of(
    price: Sizes | None,
    depeg: Sizes | None,
    loss: Sizes | None,
    default: Sizes | None,
    misprice: Sizes | None,
    adl: Sizes | None,
    recognise: Sequence[str],
    close: Sequence[str],
    freeze: Sequence[str],
) -> dict[str, object]:
    """Return the shock that keywords give, as a stage of a file."""
    given: dict[str, object] = {
        "price": price,
        "depeg": depeg,
        "loss": loss,
        "default": default,
        "misprice": misprice,
        "adl": adl,
        "recognise": list(recognise),
        "close": list(close),
        "freeze": list(freeze),
    }
    return {verb: targets for verb, targets in given.items() if targets}


def case_of(what: System | Case, shock: dict[str, object], stages: Sequence[Stage]) -> Case:
    """Return the case that is asked: a file's scenario as it is, or a system with a shock."""
    if isinstance(what, Case):
        if shock or stages:
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
    tree = {"stages": [shock] if shock else list(stages)}
    scenario, problems = parse_scenario(tree, what)
    if scenario is None or problems:
        raise ModelError(problems)
    return Case(system=what, scenario=scenario)
