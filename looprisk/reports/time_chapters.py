"""The chapters of a report on a cascade: what happened, when, and what screens showed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from looprisk.reports.document import Block, Box, Chapter, Commands, Document, Figure, Prose, Rowset
from looprisk.reports.pictures.reported import reported
from looprisk.reports.pictures.timeline import timeline
from looprisk.reports.sources import sources
from looprisk.reports.study import Study
from looprisk.reports.words import counted, dollars, in_cents
from looprisk.results.cascades import Cascade
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.numbers import duration, share, small_number

_TIMELINES = 3


def time_document(study: Study, commands: Sequence[str] = ()) -> Document:
    """Return the report on one cascade."""
    cascade = study.cascade
    about = study.case.scenario.about
    stages = "; ".join(f"{row.name} ({row.verbs})" for row in cascade.stage_rows)
    lede = about.strip() if about else f"Stages: {stages or 'none'}."
    return Document(
        scenario=cascade.scenario,
        basis=cascade.certificate.valuation,
        answer=cascade.headline.rstrip("."),
        lede=f"Asked: what happens in {duration(cascade.horizon_s)}? {lede}",
        boxes=(_lost(cascade), _first(cascade), _hidden(cascade), _assumed(cascade)),
        chapters=(
            _who(cascade),
            _when(cascade),
            _screens(cascade),
            _rests(cascade),
            _proof(study, commands),
        ),
    )


def _lost(cascade: Cascade) -> Box:
    hurt = [row for row in cascade.layer_rows if row.economic_loss_usd > 0]
    if not hurt:
        return Box(term="Layers", value="$0", said="no layer loses")
    most = max(hurt, key=lambda row: row.economic_loss_usd)
    value = dollars(most.economic_loss_usd, cents=in_cents([most.economic_loss_usd]))
    part = "" if most.loss_fraction is None else f"{share(most.loss_fraction)} of it; "
    name = shown(most.label or most.id)
    return Box(
        term=f"{name} loses", value=value, said=f"{part}{counted(len(hurt), 'layer')} hurt in all"
    )


def _first(cascade: Cascade) -> Box:
    found = [e for e in cascade.event_rows if e.phase not in {"stages", "record"}]
    if not found:
        return Box(term="First event", value="never", said="nothing is liquidated or closed")
    first = found[0]
    name = shown(cascade.labels.get(first.of, first.of))
    return Box(
        term="First event",
        value=duration(first.time_s) if first.time_s else "at once",
        said=f"{name} {first.event.replace('_', ' ')}; {len(found)} events in all",
    )


def _hidden(cascade: Cascade) -> Box:
    rows = cascade.recognition_rows
    if not rows:
        return Box(term="Hidden on screens", value="$0", said="books show what is there")
    most = max(rows, key=lambda row: row.most_usd)
    name = shown(cascade.labels.get(most.id, most.id))
    when = (
        f"for {duration(most.hidden_s)}" if most.hidden_s is not None else "to the end of the run"
    )
    value = dollars(most.most_usd, cents=in_cents([most.most_usd]))
    return Box(term="Hidden on screens", value=value, said=f"at most, in {name}, {when}")


def _assumed(cascade: Cascade) -> Box:
    count = sum(row.class_ == "assumed" for row in cascade.assumption_rows)
    said = (
        "inputs have no source, or one that only assumes them"
        if count
        else "every input is sourced"
    )
    return Box(term="Assumed", value=str(count), said=said)


def _who(cascade: Cascade) -> Chapter:
    blocks: list[Block] = [Rowset(cascade.layers, "Layers"), Rowset(cascade.waterfall, "Claimants")]
    if cascade.run_rows:
        blocks.append(Rowset(cascade.runs, "Those who left"))
    return Chapter(heading="Who loses what", blocks=tuple(blocks))


def _when(cascade: Cascade) -> Chapter:
    blocks: list[Block] = [Rowset(cascade.stages, "Stages")] if cascade.stage_rows else []
    if cascade.event_rows:
        blocks.append(Rowset(cascade.events, "Events"))
    else:
        blocks.append(Prose("Nothing happens but the passing of time."))
    if cascade.pool_rows:
        blocks.append(Rowset(cascade.pools, "Pools"))
    return Chapter(heading="What happens, and when", blocks=tuple(blocks))


def _screens(cascade: Cascade) -> Chapter:
    rows = sorted(cascade.recognition_rows, key=lambda row: (-row.most_usd, row.id))
    names = [row.id for row in rows][:_TIMELINES]
    blocks: list[Block] = [
        Figure(timeline(cascade, name), "Hatched: what a holder cannot see on any screen.")
        for name in names or ([""] if cascade.moments else [])
    ]
    blocks.append(Figure(reported(cascade), "At the end of the run."))
    if rows:
        blocks.append(Rowset(cascade.recognition, "How long losses stayed hidden"))
    return Chapter(heading="What the screens show", blocks=tuple(blocks))


def _rests(cascade: Cascade) -> Chapter:
    if not cascade.assumption_rows:
        return Chapter(
            heading="What this rests on", blocks=(Prose("Every input names its source."),)
        )
    return Chapter(
        heading="What this rests on",
        blocks=(Rowset(cascade.assumptions, "Assumed inputs"),),
    )


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


def _checks(cascade: Cascade) -> Iterator[_Check]:
    proof = cascade.certificate
    yield _Check(
        "identity",
        small_number(proof.identity_gap),
        "largest miss of value kept and lost over all steps, relative",
    )
    yield _Check("steps", f"{proof.steps:,}", f"of {duration(cascade.step_s)}")
    yield _Check("valuation", proof.valuation, "each record is the greatest clearing of its state")
    yield _Check("inputs digest", "sha256", f"same digest, same numbers: {cascade.inputs_digest}")


def _proof(study: Study, commands: Sequence[str]) -> Chapter:
    checks = table_of("Certificate", tuple(_checks(study.cascade)), _CHECKS)
    blocks: list[Block] = [Rowset(checks, "Certificate"), *sources(study.case)]
    if commands:
        blocks += [Prose("To run it again:"), Commands(tuple(commands))]
    return Chapter(heading="Certificate, sources, how to run it again", blocks=tuple(blocks))
