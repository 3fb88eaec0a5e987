"""Every picture by name, and :func:`picture`, which draws one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.fields import not_known
from looprisk.reports.picture import Picture
from looprisk.reports.pictures.curve import curve
from looprisk.reports.pictures.ladder import ladder
from looprisk.reports.pictures.network import network
from looprisk.reports.pictures.pyramid import pyramid
from looprisk.reports.pictures.reported import reported
from looprisk.reports.pictures.waterfall import waterfall
from looprisk.reports.study import Answer, Study

Drawer = Callable[[Study, str], Picture]
PICTURES: Mapping[str, Drawer] = {
    "pyramid": lambda study, _: pyramid(study.clearing),
    "waterfall": lambda study, _: waterfall(study.clearing),
    "ladder": lambda study, _: ladder(study.with_breaks),
    "curve": lambda study, _: curve(study.breaks),
    "network": lambda study, _: network(study.travel),
    "reported": lambda study, _: reported(study.either),
}
"""Name: how it is drawn from a study; the second argument names a part, where one is asked."""


def picture(what: Case | Answer, kind: str = "pyramid", of: str = "") -> Picture:
    """Return a picture of an answer, or of a scenario, which is then solved for it.

    ``kind`` is one of ``pyramid waterfall ladder curve network reported``; ``of`` names what it is
    of, where it is of one part. A picture shows itself in a notebook; ``picture.svg()`` is a file,
    ``picture.table`` the numbers drawn.

    >>> import looprisk as lr
    >>> fund = lr.System(issuers={"S": lr.Issuer(outside={"book": 700e6}, owes={"outside": 530e6})})
    >>> drawn = picture(lr.run(fund, loss={"S": 93e6}), "pyramid")
    >>> drawn.title
    '$170.0M of equity carries $530.0M of claims; a loss of $93.0M takes 54.7% of the equity'

    Raises ModelError for a kind that does not exist, and where the answer does not hold what the
    picture shows: the network needs the scenario.
    """
    draw = PICTURES.get(kind)
    if draw is None:
        raise ModelError([Problem((kind,), not_known(kind, tuple(PICTURES)))])
    return draw(Study(what=what), of)
