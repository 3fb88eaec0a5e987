"""Every picture as an interactive figure of plotly: the one place that loads plotly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.model.fields import not_known
from looprisk.reports import figures, more_figures
from looprisk.reports.catalogue import PICTURES
from looprisk.reports.figures import Spec, words
from looprisk.reports.letters import lines
from looprisk.reports.study import Answer, Study
from looprisk.reports.theme import FONT, LIGHT

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

FIGURES: Mapping[str, Callable[[Study, str], Spec]] = {
    "pyramid": lambda study, _: figures.pyramid(study),
    "waterfall": lambda study, _: figures.waterfall(study),
    "ladder": lambda study, _: figures.ladder(study),
    "curve": lambda study, _: figures.curve(study),
    "network": lambda study, _: figures.network(study),
    "reported": lambda study, _: figures.reported(study),
    "timeline": more_figures.timeline,
    "utilisation": more_figures.utilisation,
    "run": lambda study, _: more_figures.run(study),
    "health": more_figures.health,
    "distribution": more_figures.distribution,
    "bad_debt": more_figures.bad_debt,
    "depth": more_figures.depth,
    "maturity": more_figures.maturity,
    "tornado": more_figures.tornado,
    "heat": more_figures.heat,
    "response": more_figures.response,
}
"""Name: the figure of a study; the second argument names a part, where one is asked."""


def figure(what: Case | Answer, kind: str | None = None, of: str = "") -> Figure:
    """Return a picture as an interactive figure of plotly, with the same numbers and words.

    Takes what :func:`looprisk.picture` takes, of one scenario. Raises ImportError, with the line to
    type, where plotly is not installed, else what :func:`looprisk.picture` raises.
    """
    spec = figure_spec(what, kind, of)
    try:
        from plotly.graph_objects import Figure  # noqa: PLC0415 - heavy, and optional
    except ImportError as error:
        message = "this needs plotly, which is not installed: pip install 'looprisk[plots]'"
        raise ImportError(message) from error
    return Figure(spec)


def figure_spec(what: Case | Answer, kind: str | None = None, of: str = "") -> Spec:
    """Return ``data`` and ``layout`` of a figure as plain values, without plotly."""
    study = Study(what=what)
    name = kind or study.usual
    if name not in FIGURES:
        raise ModelError([Problem((name,), not_known(name, tuple(FIGURES)))])
    spec = FIGURES[name](study, of)
    drawn = PICTURES[name](study, of)
    below = "<br>".join(words(line) for line in lines(drawn.subtitle, 640, 12, most=3))
    title = "<br>".join(words(line) for line in lines(drawn.title, 640, 17, bold=True))
    heading = f"<b>{title}</b><br><sup>{below}</sup>"
    given = spec["layout"]
    layout: Spec = {
        "title": {"text": heading, "font": {"size": 17}},
        "font": {"family": FONT.replace("'", ""), "color": LIGHT["ink"]},
        "paper_bgcolor": LIGHT["paper"],
        "plot_bgcolor": LIGHT["paper"],
        "colorway": [LIGHT[c] for c in ("loss", "value", "market", "book", "equity", "rule")],
        **(given if isinstance(given, dict) else {}),
    }
    return {"data": spec["data"], "layout": layout}
