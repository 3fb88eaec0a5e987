"""The report with a slider on the shock: exact at every position, one file, one script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from looprisk.analysis.sliding import at, slide_of
from looprisk.reports.document import Document
from looprisk.reports.html import chapters, head, numbers, whole_page
from looprisk.reports.pictures.ladder import ladder
from looprisk.reports.pictures.pyramid import pyramid
from looprisk.reports.pictures.waterfall import Step, drawn
from looprisk.reports.study import Study
from looprisk.reports.svg import Markup, element
from looprisk.reports.words import axis_name, end_of, in_cents, place
from looprisk.results.answers import BreakPoints
from looprisk.results.names import shown
from looprisk.results.numbers import scale_for
from looprisk.results.phrases import avalanches, verb_for
from looprisk.results.records import LossCurve, Shock
from looprisk.results.slides import Bearer, Slide

_MOST_BUTTONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row of the moving waterfall: one claimant, or all leaks of one name."""

    name: str
    kind: str
    bearers: tuple[Bearer, ...]

    @property
    def start(self) -> float:
        return sum(bearer.curve.start_usd for bearer in self.bearers)

    def loss(self, fraction: float) -> float:
        return sum(at(bearer.curve, fraction) for bearer in self.bearers)


def live_page(study: Study, document: Document) -> str:
    """Return the report with three pictures that follow a slider, above the report as it stands.

    Of several stages the last one moves. Raises NotCarriedError where it bends.
    """
    slide = slide_of(study.solved)
    breaks = study.breaks
    shock = breaks.shock
    reach = _reach(shock)
    rows = _rows(slide, reach)
    script = files("looprisk.reports").joinpath("slider.js").read_text(encoding="utf-8")
    moving = element(
        "section",
        {},
        inside=(
            element("h2", {}, words="Move the shock"),
            element("noscript", {}, inside=(element("p", {}, words=_WITHOUT),)),
            _controls(breaks, reach, len(study.solved.runs)),
            *_pictures(study, rows, reach),
        ),
    )
    body = (head(document), moving, *chapters(document), *numbers(document.figures))
    data = json.dumps(_data(slide, rows, breaks, reach), ensure_ascii=True, separators=(",", ":"))
    return whole_page(document.answer, (element("main", {}, inside=body),), script, data)


_WITHOUT = (
    "This page needs its script to move the shock. The pictures below stand at the shock as "
    "written; the report under them has every number without a script."
)


def _reach(shock: Shock) -> float:
    """Return the end of the slider as a share of the shock as written."""
    span = shock.as_written - shock.start
    return (end_of(shock) - shock.start) / span if span else 1.0


def _rows(slide: Slide, reach: float) -> tuple[_Row, ...]:
    """Return the rows in an order that stays: junior at the end of the slider first."""
    single = [
        _Row(name=bearer.claimant, kind=bearer.kind, bearers=(bearer,))
        for bearer in slide.bearers
        if bearer.kind == "claim"
    ]
    leaks: dict[tuple[str, str], list[Bearer]] = {}
    for bearer in slide.bearers:
        if bearer.kind != "claim":
            leaks.setdefault((bearer.claimant, bearer.kind), []).append(bearer)

    def order(row: _Row) -> tuple[float, float, str]:
        last = row.loss(reach)
        return -round(last / row.start, 9) if row.start else 0.0, -last, row.name

    together = [
        _Row(name=name, kind=kind, bearers=tuple(bearers))
        for (name, kind), bearers in leaks.items()
    ]
    return (*sorted(single, key=order), *together)


def _pictures(study: Study, rows: Sequence[_Row], reach: float) -> list[Markup]:
    knots = sorted({f for row in rows for b in row.bearers for f in b.curve.fractions} | {1.0})
    levels = [sum(row.loss(f) for row in rows) for f in knots]
    gains = [sum(min(0.0, row.loss(f)) for row in rows) for f in knots]
    steps = tuple(
        Step(
            via=tuple(bearer.curve.of for bearer in row.bearers),
            claimant=row.name,
            loss_usd=row.loss(min(1.0, reach)),
            of_claim=row.loss(min(1.0, reach)) / row.start if row.start else None,
        )
        for row in rows
    )
    subtitle = "Economic loss by outside claimant, US dollars. One scale, for the largest shock."
    ends = (min(0.0, *gains, *levels), max(0.0, *levels))
    whole = sum(step.loss_usd for step in steps)
    pictures = (
        pyramid(study.clearing, live=True),
        ladder(study.breaks, live=True),
        drawn("Who bears it", subtitle, steps, whole, ends, live=True),
    )
    region = {"class": "scroll pic", "tabindex": "0", "role": "region"}
    return [
        element(
            "figure",
            {},
            inside=(
                element(
                    "div",
                    {**region, "aria-label": picture.title},
                    inside=(picture.inside(f"m{place_}"),),
                ),
            ),
        )
        for place_, picture in enumerate(pictures, 1)
    ]


def _controls(breaks: BreakPoints, reach: float, stages: int) -> Markup:
    shock = breaks.shock
    unit = {"usd": f", {_scale(shock)[1]}", "fraction": ", %", "price": ", US dollars"}.get(
        shock.unit, ""
    )
    name = f"{axis_name(shock)}{unit}"
    first = min(1.0, reach)
    slider = {"id": "s", "type": "range", "min": "0", "max": repr(reach), "step": "any"}
    field = {"id": "n", "type": "number", "step": "any", "aria-label": name}
    return element(
        "div",
        {"class": "ctl"},
        inside=(
            element("label", {"for": "s"}, words=name[:1].upper() + name[1:]),
            element(
                "div",
                {"class": "row"},
                inside=(
                    element("input", {**slider, "value": repr(first)}),
                    element("input", {**field, "value": repr(_value(shock, first))}),
                ),
            ),
            *_earlier(stages),
            element("p", {"id": "say", "aria-live": "polite"}, words="As written."),
            element("p", {"id": "next"}, words="Use the slider, or a button for each break."),
            element("div", {"class": "go"}, inside=list(_buttons(breaks, reach))),
        ),
    )


def _earlier(stages: int) -> list[Markup]:
    if stages < 2:
        return []
    told = "the stage before it stands" if stages == 2 else f"the {stages - 1} before it stand"
    return [element("p", {}, words=f"This is the last stage; {told} as written.")]


def _buttons(breaks: BreakPoints, reach: float) -> list[Markup]:
    shock = breaks.shock
    marks = [("nothing", 0.0)]
    marks += [(told, fraction) for fraction, told in _told(breaks)[:_MOST_BUTTONS]]
    marks += [
        (f"{mark.label} {_place(shock, mark.value)}", _fraction(shock, mark.value))
        for mark in breaks.marks
    ]
    if reach >= 1:
        marks.append((f"as written {_place(shock, shock.as_written)}", 1.0))
    marks.append(("the end", reach))
    return [
        element("button", {"type": "button", "data-go": repr(fraction)}, words=words)
        for words, fraction in marks
        if 0 <= fraction <= reach
    ]


def _told(breaks: BreakPoints) -> list[tuple[float, str]]:
    """Return every break with its words, in order."""
    found = []
    for group in avalanches(breaks.rows):
        first = group[0]
        names = dict.fromkeys(point.of for point in group)
        name = shown(breaks.labels.get(first.of, first.of))
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        fraction = first.fraction or 0.0
        at_ = _place(breaks.shock, _value_of(breaks.shock, fraction))
        found.append((fraction, f"{at_}: {name} {first.event.replace('_', ' ')}{more}"))
    return found


def _place(shock: Shock, value: float) -> str:
    return place(value, shock, cents=in_cents([shock.as_written, end_of(shock)]))


def _value_of(shock: Shock, fraction: float) -> float:
    return shock.start + fraction * (shock.as_written - shock.start)


def _value(shock: Shock, fraction: float) -> float:
    return _value_of(shock, fraction) / _scale(shock)[0]


def _fraction(shock: Shock, value: float) -> float:
    return (value - shock.start) / (shock.as_written - shock.start)


def _scale(shock: Shock) -> tuple[float, str]:
    """Return what a typed number is multiplied by, and its words."""
    if shock.unit == "usd":
        scale = scale_for([shock.start, end_of(shock)])
        return scale.factor, scale.words
    return (0.01, "%") if shock.unit == "fraction" else (1.0, "US dollars")


def _data(
    slide: Slide, rows: Sequence[_Row], breaks: BreakPoints, reach: float
) -> dict[str, object]:
    shock = breaks.shock
    bearers = [bearer for row in rows for bearer in row.bearers]
    where = {id(bearer): k for k, bearer in enumerate(bearers)}
    largest = max((abs(loss) for b in bearers for loss in b.curve.loss_usd), default=0.0)
    return {
        "start": shock.start,
        "full": shock.as_written,
        "end": reach,
        "unit": shock.unit,
        "factor": _scale(shock)[0],
        "cents": in_cents([largest, shock.as_written if shock.unit == "usd" else 0.0]),
        "claims": {curve.of: _knots(curve) for curve in slide.claims},
        "curves": [_knots(bearer.curve) for bearer in bearers],
        "rows": [
            {
                "n": shown(row.name),
                "v": verb_for(row.name, "lose"),
                "k": row.kind,
                "s": row.start,
                "c": [where[id(bearer)] for bearer in row.bearers],
            }
            for row in rows
        ],
        "breaks": [{"f": fraction, "w": words} for fraction, words in _told(breaks)],
    }


def _knots(curve: LossCurve) -> list[tuple[float, ...]]:
    return [curve.fractions, curve.loss_usd]
