"""The chapters of a report on one clearing, in the order of the questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from looprisk.errors import LoopriskError
from looprisk.model.case import Case
from looprisk.reports.document import (
    Block,
    Box,
    Chapter,
    Commands,
    Document,
    Figure,
    Points,
    Prose,
    Rowset,
)
from looprisk.reports.pictures.curve import curve
from looprisk.reports.pictures.ladder import ladder
from looprisk.reports.pictures.network import network
from looprisk.reports.pictures.pyramid import pyramid
from looprisk.reports.pictures.reported import reported
from looprisk.reports.pictures.tornado import tornado
from looprisk.reports.pictures.waterfall import waterfall
from looprisk.reports.resting import Resting, resting
from looprisk.reports.rule_chapter import rule_chapter
from looprisk.reports.sources import sources
from looprisk.reports.study import Study
from looprisk.reports.words import counted, dollars, in_cents, place
from looprisk.results.answer_tables import break_point_table
from looprisk.results.answers import Clearing
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.numbers import MINUS, money, share, small_number
from looprisk.results.phrases import avalanches, shock_headline, started_broken, verb_for
from looprisk.results.records import Certificate


def document(study: Study, commands: Sequence[str] = (), beside: Sequence[Case] = ()) -> Document:
    """Return the report on one clearing: the answer, who stands on what, who bears it, proof.

    ``beside`` are other cases whose answers stand under `same shock, other rule`.
    """
    case, clearing = study.case, study.clearing
    rests = resting(clearing, study.travel)
    asked = shock_headline(clearing.shock)
    about = case.scenario.about
    return Document(
        scenario=clearing.scenario,
        basis=clearing.basis,
        answer=clearing.headline.rstrip("."),
        lede=f"Asked: {asked}. {about.strip() if about else _QUESTION}",
        boxes=_boxes(clearing, rests),
        chapters=(
            _stands(study),
            _bears(study),
            _breaks(study),
            _screens(study),
            _travels(study),
            rule_chapter(study, beside),
            _rests(study, rests),
            _proof(case, clearing.certificate, clearing.inputs_digest, commands),
        ),
    )


_QUESTION = "Who loses, and how far was it from safe?"


def _boxes(clearing: Clearing, rests: Resting) -> tuple[Box, ...]:
    return (_first_break(clearing), _most(clearing), _seen(clearing), _assumed(rests))


def _first_break(clearing: Clearing) -> Box:
    groups = avalanches(clearing.break_point_rows)
    term = "First break"
    if not groups:
        return Box(term=term, value="never", said="no layer breaks along this shock")
    first = groups[0][0]
    names = dict.fromkeys(point.of for point in groups[0])
    others = counted(len(names) - 1, "other") + " with it" if len(names) > 1 else "alone"
    told = f"{shown(clearing.labels.get(first.of, first.of))} {first.event.replace('_', ' ')}"
    if first.fraction == 0 or first.at is None:
        when = "before any shock" if first.attained else "as soon as the shock begins"
        return Box(term=term, value="at once", said=f"{told} {when}, {others}")
    cents = in_cents([clearing.shock.as_written])
    value = place(first.at.value, clearing.shock, cents=cents)
    return Box(term=term, value=value, said=f"{told}, {others}")


def _most(clearing: Clearing) -> Box:
    rows = [row for row in clearing.waterfall_rows if row.kind == "claim" and row.loss_usd > 0]
    if not rows:
        return Box(term="Outside claimants", value="$0", said="nobody outside loses")
    first = max(rows, key=lambda row: row.loss_usd)
    cents = in_cents([first.loss_usd])
    term = f"{shown(first.claimant)} {verb_for(first.claimant, 'lose')}"
    part = "" if first.of_claim is None else f"{share(first.of_claim)} of their claim; "
    said = f"{part}{counted(len(rows) - 1, 'other claimant')} {_lose(len(rows) - 1)}"
    return Box(term=term, value=dollars(first.loss_usd, cents=cents), said=said)


def _lose(count: int) -> str:
    return "loses" if count == 1 else "lose"


def _seen(clearing: Clearing) -> Box:
    term = "Reported on screens"
    hurt = [row for row in clearing.layer_rows if row.economic_loss_usd > 0]
    if not hurt:
        return Box(term=term, value="$0", said="no layer has lost anything")
    most = max(hurt, key=lambda row: row.economic_loss_usd)
    quiet = [row for row in hurt if row.reported_loss_usd <= 0]
    cents = in_cents([most.economic_loss_usd])
    value = money(most.reported_loss_usd, cents=cents)
    whole = dollars(most.economic_loss_usd, cents=cents)
    said = (
        f"of the {whole} that {shown(most.label or most.id)} lost; "
        f"{len(quiet)} of {counted(len(hurt), 'hurt layer')} show nothing"
    )
    return Box(term=term, value=value.replace(f"{MINUS}$0", "$0"), said=said)


def _assumed(rests: Resting) -> Box:
    term = "Rests on an assumption"
    if rests.share is None:
        return Box(term=term, value="–", said="nobody outside loses")
    count = sum(row.loss_usd > 0 for row in rests.rows)
    said = f"of the loss comes through parts with an assumed figure ({counted(count, 'input')})"
    return Box(term=term, value=share(rests.share, digits=0), said=said)


def _stands(study: Study) -> Chapter:
    clearing = study.clearing
    caption = "Equity at the bottom takes the first loss; claims above it are promises on the same "
    blocks: list[Block] = [Figure(pyramid(clearing), f"{caption}money.")]
    start = started_broken(clearing.at_start, clearing.labels)
    if start:
        blocks.append(Prose(start[:1].upper() + start[1:]))
    blocks.append(Rowset(clearing.layers, "Layers: what each loses; layers overlap, do not add"))
    return Chapter(heading="Who stands on what", blocks=tuple(blocks))


def _bears(study: Study) -> Chapter:
    caption = "Junior claimants first. The steps add up to what was put in."
    return Chapter(heading="Who bears it", blocks=(Figure(waterfall(study.clearing), caption),))


def _breaks(study: Study) -> Chapter:
    breaks = study.breaks
    reached = tuple(row for row in breaks.rows if row.fraction is not None)
    table = break_point_table(reached, breaks.shock, breaks.labels)
    blocks: tuple[Block, ...] = (
        Figure(ladder(breaks), "Layers tied by a thick bar break at the same shock."),
        Rowset(table, "Break points in the order of the shock"),
        Figure(
            curve(breaks, study.between),
            "A flat stretch means that somebody below is still paying.",
        ),
    )
    return Chapter(heading="How far it was from safe", blocks=blocks)


def _screens(study: Study) -> Chapter:
    caption = "Hidden is what a depositor cannot see on any screen."
    return Chapter(
        heading="What the screens show", blocks=(Figure(reported(study.clearing), caption),)
    )


def _travels(study: Study) -> Chapter:
    caption = "What one node loses is lost by those who hold its claims."
    return Chapter(heading="How it travels", blocks=(Figure(network(study.travel), caption),))


def _moves(study: Study) -> Block:
    """Return what moves the largest loss; where nothing can be said, why."""
    try:
        found = tornado(study.moves(""))
    except LoopriskError as error:
        return Prose(f"Sensitivities are not given here: {error}")
    caption = "The largest loss, one input at a time; what is assumed weighs as much as it moves."
    return Figure(found, caption)


def _rests(study: Study, rests: Resting) -> Chapter:
    clearing = study.clearing
    blocks: list[Block] = []
    effects = [row.effect for row in clearing.assumption_rows if row.effect]
    if rests.share is None:
        blocks.append(Prose("Nobody outside loses, so no loss rests on anything."))
    else:
        blocks.append(
            Prose(
                f"{share(rests.share)} of the loss comes through parts of which at least one "
                "figure is assumed: no source backs it, or a source only assumes it."
            )
        )
    blocks += [Points(tuple(effects))] if effects else []
    if any(row.economic_loss_usd > 0 for row in clearing.layer_rows):
        blocks.append(_moves(study))
    if rests.rows:
        blocks.append(Rowset(rests.table, "Assumed inputs"))
    else:
        blocks.append(Prose("Every input names its source."))
    return Chapter(heading="What this rests on", blocks=tuple(blocks))


@dataclass(frozen=True, slots=True)
class _Check:
    check: str
    value: str
    meaning: str


_CHECKS: tuple[Field[_Check], ...] = (
    Field("check", "check", Kind.NAME, lambda row: row.check),
    Field("value", "value", Kind.FIGURE, lambda row: row.value),
    Field("meaning", "meaning", Kind.TEXT, lambda row: row.meaning),
)


def _proof(case: Case, certificate: Certificate, digest: str, commands: Sequence[str]) -> Chapter:
    blocks: list[Block] = [
        Rowset(
            table_of("Certificate", tuple(_checks(certificate, digest)), _CHECKS), "Certificate"
        ),
        *sources(case),
    ]
    if commands:
        blocks += [Prose("To run it again:"), Commands(tuple(commands))]
    return Chapter(heading="Certificate, sources, how to run it again", blocks=tuple(blocks))


def _checks(certificate: Certificate, digest: str) -> Iterator[_Check]:
    exact = "in exact fractions" if certificate.exact else "in floats"
    yield _Check(
        "residual", small_number(certificate.residual), f"every payout equation holds, {exact}"
    )
    yield _Check(
        "conservation gap",
        small_number(certificate.conservation_gap),
        "what is borne less what was put in, relative",
    )
    yield _Check(
        "solution", certificate.selection, "greatest: nobody fails unless it cannot be avoided"
    )
    if certificate.least_gap_usd is not None:
        gap = money(certificate.least_gap_usd, cents=True)
        yield _Check("gap to the least", gap, "outside claims; $0 means the answer is the only one")
    mode = "yes" if certificate.exact_mode else "no"
    yield _Check("exact mode", mode, "inside what the sign and jump audits guarantee")
    yield _Check("inputs digest", "sha256", f"same digest, same numbers: {digest}")
