"""Every picture by name, and :func:`picture`, which draws one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from looprisk.analysis.depth import depth_of
from looprisk.analysis.lending_looks import bad_debts_of, debts_of, lots_of
from looprisk.analysis.maturity import maturity_of
from looprisk.analysis.sampling import stayed_of
from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.fields import not_known
from looprisk.reports.picture import Picture
from looprisk.reports.pictures.bad_debt import bad_debt
from looprisk.reports.pictures.curve import curve
from looprisk.reports.pictures.depth import depth
from looprisk.reports.pictures.distribution import distribution
from looprisk.reports.pictures.health import health
from looprisk.reports.pictures.heat import heat
from looprisk.reports.pictures.ladder import ladder
from looprisk.reports.pictures.maturity import maturity
from looprisk.reports.pictures.network import network
from looprisk.reports.pictures.pyramid import pyramid
from looprisk.reports.pictures.reported import reported
from looprisk.reports.pictures.response import response
from looprisk.reports.pictures.run import run
from looprisk.reports.pictures.timeline import timeline
from looprisk.reports.pictures.tornado import tornado
from looprisk.reports.pictures.utilisation import utilisation
from looprisk.reports.pictures.waterfall import waterfall
from looprisk.reports.study import Answer, Study

Drawer = Callable[[Study, str], Picture]
PICTURES: Mapping[str, Drawer] = {
    "pyramid": lambda study, _: pyramid(study.clearing),
    "waterfall": lambda study, _: waterfall(study.clearing),
    "ladder": lambda study, _: ladder(study.with_breaks),
    "curve": lambda study, _: curve(study.breaks, study.between),
    "network": lambda study, _: network(study.travel),
    "reported": lambda study, _: reported(study.either),
    "timeline": lambda study, of: timeline(study.cascade, of),
    "utilisation": lambda study, of: utilisation(study.lent(of)),
    "run": lambda study, _: run(stayed_of(study.solved), study.clearing.scenario),
    "health": lambda study, of: health(debts_of(study.solved, of)),
    "distribution": lambda study, of: distribution(lots_of(study.solved, of)),
    "bad_debt": lambda study, _: bad_debt(bad_debts_of([study.solved])),
    "depth": lambda study, of: depth(depth_of(study.case.system, of)),
    "maturity": lambda study, of: maturity(maturity_of(study.case.system, of)),
    "tornado": lambda study, of: tornado(study.moves(of)),
    "heat": lambda study, of: heat(study.sweep, of),
    "response": lambda study, of: response(study.sweep, of),
}
"""Name: how it is drawn from a study; the second argument names a part, where one is asked."""
OF_THE_WHOLE = frozenset(
    ("pyramid", "waterfall", "ladder", "curve", "network", "reported", "run", "bad_debt")
)
"""These show every part, and a part named beside them would go unheard."""


def picture(what: Case | Answer | Sequence[Case], kind: str | None = None, of: str = "") -> Picture:
    """Return a picture of an answer, or of a scenario, which is then solved for it.

    ``kind`` is one of ``pyramid waterfall ladder curve network reported timeline utilisation run
    health distribution bad_debt depth maturity tornado heat response``; left out, the pyramid, of a
    cascade its timeline, of a sweep its heat map or lines. ``of`` names what it is of, where it is
    of one part: a token, a supply, a liquidity, an oracle, a layer. ``bad_debt`` takes several
    scenarios: one rule each.

    A picture shows itself in a notebook; ``picture.svg()`` is a file, ``picture.table`` the numbers
    drawn.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700e6}, owes={"outside": 530e6})})
    >>> drawn = picture(lr.run(fund, loss={"S": 93e6}), "pyramid")
    >>> drawn.title
    '$170.0M of equity carries $530.0M of claims; a loss of $93.0M takes 54.7% of the equity'

    Raises ModelError for a kind that does not exist, and where the answer does not hold what the
    picture shows: the network needs the scenario.
    """
    if isinstance(what, Sequence):
        if (kind or "bad_debt") != "bad_debt":
            advice = "draw one scenario after the other"
            raise ModelError([Problem((), f"{kind} is drawn of one scenario", advice)])
        if not what:
            raise ModelError([Problem((), "no scenario is given")])
        return bad_debt(bad_debts_of([Study(what=case).solved for case in what]))
    study = Study(what=what)
    name = kind or study.usual
    draw = PICTURES.get(name)
    if draw is None:
        raise ModelError([Problem((name,), not_known(name, tuple(PICTURES)))])
    if of and name in OF_THE_WHOLE:
        parts = ", ".join(kind for kind in PICTURES if kind not in OF_THE_WHOLE)
        message = f"of: a {name} shows every part, not `{of}` alone"
        raise ModelError([Problem((), message, f"of one part: {parts}")])
    return draw(study, of)
