"""The pictures of a clearing as figures of plotly: plain values in the form plotly reads.

Each draws what its SVG twin draws, from the same rows. Nothing here needs plotly.
"""

from __future__ import annotations

from collections.abc import Sequence

from looprisk.reports.pictures.curve import lines_of
from looprisk.reports.pictures.pieces import pieces_of
from looprisk.reports.pictures.reported import rows_of
from looprisk.reports.pictures.rungs import Rung, rungs_of, value_of
from looprisk.reports.pictures.waterfall import steps_of
from looprisk.reports.study import Study
from looprisk.reports.theme import LIGHT
from looprisk.reports.words import axis_name, end_of
from looprisk.results.answers import BreakPoints
from looprisk.results.names import clean, for_html, shown
from looprisk.results.records import Shock

Spec = dict[str, object]
"""``data`` and ``layout`` of a figure."""
USD = "US dollars"


def safe(name: str) -> str:
    """Return a name that plotly shows: it reads markup in every text."""
    return for_html(shown(name))


def words(text: str) -> str:
    """Return a sentence that plotly shows."""
    return for_html(clean(text))


def axis(title: str, **more: object) -> Spec:
    """Return an axis with its name and unit."""
    return {"title": {"text": title}, "gridcolor": LIGHT["grid"], **more}


def names_up(names: Sequence[str]) -> Spec:
    """Return an axis of names that reads from top to bottom."""
    return {"autorange": "reversed", "categoryorder": "array", "categoryarray": list(names)}


def pyramid(study: Study) -> Spec:
    """Return bars of claims by layer, each in its covered and its lost part."""
    pieces = pieces_of(study.clearing)
    data: list[Spec] = []
    for piece in pieces:
        layer = f"layer {piece.layer}" if piece.layer else "real equity"
        lost = piece.lost * piece.start_usd
        kept = "equity" if not piece.layer else "value"
        for part, value, paint in (
            ("covered", piece.start_usd - lost, kept),
            ("lost", lost, "loss"),
        ):
            data.append(
                {
                    "type": "bar",
                    "orientation": "h",
                    "x": [value],
                    "y": [layer],
                    "name": {"equity": "real equity", "value": "claim still covered"}.get(
                        paint, "lost"
                    ),
                    "legendgroup": paint,
                    "showlegend": False,
                    "marker": {
                        "color": LIGHT[paint],
                        "line": {"color": LIGHT["paper"], "width": 1},
                        "pattern": {"shape": "/" if part == "lost" else ""},
                    },
                    "hovertemplate": f"{safe(piece.label)}<br>{part} $%{{x:,.0f}}<extra></extra>",
                }
            )
    order = [f"layer {n}" for n in sorted({p.layer for p in pieces if p.layer}, reverse=True)]
    _named_once(data)
    layout = {
        "barmode": "stack",
        "xaxis": axis(USD),
        "yaxis": names_up([*order, "real equity"]),
    }
    return {"data": data, "layout": layout}


def waterfall(study: Study) -> Spec:
    """Return the loss put in and a step for each claimant."""
    steps = steps_of(study.clearing)
    names = ["put in from outside", *(safe(step.claimant) for step in steps)]
    trace = {
        "type": "waterfall",
        "orientation": "h",
        "y": names,
        "x": [study.clearing.shock.loss_usd, *(-step.loss_usd for step in steps)],
        "measure": ["absolute", *("relative" for _ in steps)],
        "decreasing": {"marker": {"color": LIGHT["loss"]}},
        "increasing": {"marker": {"color": LIGHT["value"]}},
        "totals": {"marker": {"color": LIGHT["ink"]}},
    }
    return {"data": [trace], "layout": {"xaxis": axis(USD), "yaxis": names_up(names)}}


def ladder(study: Study) -> Spec:
    """Return a line for each layer: intact, then broken, with its events."""
    answer = study.with_breaks
    rows = answer.rows if isinstance(answer, BreakPoints) else answer.break_point_rows
    rungs = rungs_of(rows, dict(answer.labels))
    shock = answer.shock
    names = [safe(rung.label) for rung in rungs]
    data: list[Spec] = []
    for rung, name in zip(rungs, names, strict=True):
        data += _rails(rung, name, shock)
    for event in sorted({e.event for rung in rungs for e in rung.events}):
        found = [(r, e) for r in rungs for e in r.events if e.event == event]
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": event.replace("_", " "),
                "x": [value_of(shock, e.fraction or 0.0) for _, e in found],
                "y": [safe(r.label) for r, _ in found],
                "marker": _MARKERS.get(event, _MARKERS["impaired"]),
                "text": [words(e.because) for _, e in found],
            }
        )
    _named_once(data)
    line = {"x0": shock.as_written, "x1": shock.as_written, "y0": 0, "y1": 1, "yref": "paper"}
    layout = {
        "xaxis": shock_axis(shock),
        "yaxis": names_up(names),
        "shapes": [{"type": "line", **line, "line": {"color": LIGHT["ink"], "width": 1.5}}],
    }
    return {"data": data, "layout": layout}


_MARKERS: dict[str, Spec] = {
    "liquidated": {"symbol": "circle-open", "size": 10, "color": LIGHT["ink"]},
    "hedge_closed": {"symbol": "circle-open", "size": 10, "color": LIGHT["ink"]},
    "insolvent": {"symbol": "x", "size": 9, "color": LIGHT["loss"]},
    "impaired": {"symbol": "diamond", "size": 9, "color": LIGHT["loss"]},
}


def shock_axis(shock: Shock) -> Spec:
    """Return the axis of a shock in its unit."""
    unit = {"usd": USD, "fraction": "%", "price": "US dollars a token"}.get(shock.unit, "")
    more = {"tickformat": ".2~%"} if shock.unit == "fraction" else {}
    return axis(f"{words(axis_name(shock))}, {unit}", **more)


def _rails(rung: Rung, name: str, shock: Shock) -> list[Spec]:
    def rail(low: float, high: float, paint: str) -> Spec:
        return {
            "type": "scatter",
            "mode": "lines",
            "x": [low, high],
            "y": [name, name],
            "line": {"color": LIGHT[paint], "width": 3},
            "name": "broken" if paint == "loss" else "intact",
            "legendgroup": paint,
            "showlegend": False,
            "hoverinfo": "skip",
        }

    end = end_of(shock)
    at = shock.start
    rails = []
    for low, high in rung.broken:
        start, stop = value_of(shock, low), value_of(shock, high)
        rails += [rail(at, start, "value"), rail(start, stop, "loss")]
        at = stop
    return [*rails, rail(at, end, "value")] if at != end else rails


def _named_once(data: Sequence[Spec]) -> None:
    """Let the first of each group stand in the legend for all of it."""
    seen: set[object] = set()
    for trace in data:
        group = trace.get("legendgroup")
        if group is not None and group not in seen:
            seen.add(group)
            trace["showlegend"] = True


_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")


def losing(place: int) -> Spec:
    """Return how a line of a loss is drawn: one colour for all, a dash of its own."""
    return {"color": LIGHT["loss"], "dash": _DASHES[place % len(_DASHES)]}


def curve(study: Study) -> Spec:
    """Return the straight pieces of every layer's loss, or what was solved of a bent one."""
    data: list[Spec] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": words(line.label),
            "x": [x for x, _ in line.points],
            "y": [y for _, y in line.points],
            "line": losing(at),
        }
        for at, line in enumerate(lines_of(study.breaks, study.between))
    ]
    shock = study.breaks.shock
    layout = {
        "xaxis": shock_axis(shock),
        "yaxis": axis("loss, share of the claim", tickformat=".2~%"),
    }
    return {"data": data, "layout": layout}


def network(study: Study) -> Spec:
    """Return who holds what of whom as flows of money; what carries loss is in its colour."""
    travel = study.travel
    place = {stop.id: at for at, stop in enumerate(travel.stops)}
    ties = [tie for tie in travel.ties if {tie.source, tie.target} <= place.keys()]
    hot = [tie.before_usd - tie.after_usd > 1e-9 * tie.before_usd for tie in ties]
    trace = {
        "type": "sankey",
        "node": {
            "label": [safe(stop.label) for stop in travel.stops],
            "color": [LIGHT["loss"] if s.lost > 1e-9 else LIGHT["value"] for s in travel.stops],
            "customdata": [s.lost for s in travel.stops],
            "hovertemplate": "%{label}<br>lost %{customdata:.1%}<extra></extra>",
        },
        "link": {
            "source": [place[tie.source] for tie in ties],
            "target": [place[tie.target] for tie in ties],
            "value": [tie.before_usd for tie in ties],
            "color": [LIGHT["h2"] if is_hot else LIGHT["claim"] for is_hot in hot],
        },
        "valueformat": "$,.0f",
    }
    return {"data": [trace], "layout": {}}


def reported(study: Study) -> Spec:
    """Return, by layer, what is reported and what is hidden of its loss."""
    rows = rows_of(study.either)
    names = [safe(row.label) for row in rows]
    seen = [max(0.0, min(row.reported_usd, row.economic_usd)) for row in rows]
    hidden = [max(0.0, row.economic_usd) - part for row, part in zip(rows, seen, strict=True)]
    data: list[Spec] = [
        _bars("reported and real", names, seen, ""),
        _bars("real, not reported", names, hidden, "/"),
    ]
    layout = {"barmode": "stack", "xaxis": axis(USD), "yaxis": names_up(names)}
    return {"data": data, "layout": layout}


def _bars(name: str, names: list[str], values: list[float], pattern: str) -> Spec:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "x": values,
        "y": names,
        "marker": {"color": LIGHT["loss"], "pattern": {"shape": pattern}},
    }
