"""What is asked of a system without judging it: a metric of one thing."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.model import units
from looprisk.model.fields import not_known
from looprisk.model.values import Value
from looprisk.model.vocabulary import EVENTS, METRICS, NEED_EVENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A metric of one part or claim, with the words of an expectation."""

    of: str
    metric: str
    event: str | None = None
    below: Value | None = None
    """The level of ``depegged``."""

    def __str__(self) -> str:
        words = (self.of, self.metric, self.event, self.below.text if self.below else None)
        return " ".join(word for word in words if word)


def parse_measure(text: str) -> Measure:
    """Read ``OF METRIC``, or ``OF METRIC EVENT`` for a break point; raise ValueError otherwise.

    >>> str(parse_measure("plume-xusd break_at bad_debt"))
    'plume-xusd break_at bad_debt'
    >>> parse_measure("xUSD break_at depegged $0.95").below.number
    Fraction(19, 20)
    """
    of, *rest = text.split()[:5] or [""]
    if not of or not rest:
        message = f"`{text}`: write what and which metric: `plume-xusd bad_debt_usd`"
        raise ValueError(message)
    metric, *rest = rest
    if metric not in METRICS:
        raise ValueError(not_known(metric, tuple(METRICS)))
    event = rest[0] if rest else None
    if (metric in NEED_EVENT) != (event is not None):
        needs = "needs an event" if event is None else "takes no event"
        message = f"`{text}`: {metric} {needs}: `{of} {metric}{' liquidated' * (event is None)}`"
        raise ValueError(message)
    if event is not None and event not in EVENTS:
        raise ValueError(not_known(event, tuple(EVENTS)))
    below = units.price(rest[1]) if len(rest) == 2 else None
    if len(rest) > 2 or (event == "depegged") != (below is not None):
        message = f"`{text}`: `depegged` alone takes a level: `{of} {metric} depegged $0.95`"
        raise ValueError(message)
    return Measure(of=of, metric=metric, event=event, below=below)
