"""From a cascade that has run to the labelled answer."""

from __future__ import annotations

from collections.abc import Callable, Collection

from looprisk.analysis.assuming import assumptions
from looprisk.analysis.clearing import pinned, title
from looprisk.analysis.names import part_label
from looprisk.cascade import summary
from looprisk.cascade.brackets import cliffs, unforeseen
from looprisk.cascade.causes import causes
from looprisk.cascade.claims import Claim, claims_of
from looprisk.cascade.fears import feared, run_steps
from looprisk.cascade.levels import Level
from looprisk.cascade.run import Run
from looprisk.cascade.run import run as simulate
from looprisk.cascade.spreads import frequencies, spreads
from looprisk.cascade.stages import stage_name
from looprisk.cascade.starting import broken_at_start
from looprisk.graph import layers as layers_of
from looprisk.model.case import Case
from looprisk.model.groups import only_run
from looprisk.results.cascade_records import (
    CascadeEvent,
    CliffRow,
    EventShare,
    LossSpread,
    Moment,
    PathLoss,
    PoolRow,
    Recognition,
    RunCost,
    RunRow,
    StageRow,
    TimeCertificate,
    TimeLayer,
)
from looprisk.results.cascades import Cascade
from looprisk.results.numbers import amount
from looprisk.results.records import Cause, Prices, WaterfallRow

Watch = Callable[[int, int], None]


def simulated(
    case: Case,
    keep: Collection[int] | None = (),
    watch: Watch | None = None,
    levels: Collection[Level] = (),
) -> tuple[Case, Run]:
    """Return a case with time and its cascade.

    ``keep`` are steps whose records are wanted, ``levels`` what prices may fall below.
    """
    case = only_run(case)
    return case, simulate(case.system, case.scenario, keep=keep, watch=watch, levels=levels)


def cascade_of(case: Case, watch: Watch | None = None) -> Cascade:
    """Return the labelled answer of a scenario with time."""
    case, done = simulated(case, watch=watch)
    log = _events(done)
    times = done.plan.steps.times
    asked = pinned(case)
    return Cascade(
        scenario=title(case),
        inputs_digest=asked.digest,
        pinned=asked,
        step_s=done.plan.steps.step,
        horizon_s=float(times[-1]),
        path_count=done.paths,
        certificate=_certificate(done),
        at_start=broken_at_start(done.plan, done.start),
        layer_rows=_layers(done, log),
        waterfall_rows=_waterfall(done),
        event_rows=log,
        moments=_moments(done),
        recognition_rows=_recognitions(done),
        pool_rows=tuple(
            PoolRow(pool=name, most=most, at_s=at, hole_s=hole)
            for name, most, at, hole in summary.pools(done)
        ),
        run_rows=tuple(
            RunRow(who=who, of=of, paid_usd=paid, gain_usd=gain, waiting_usd=waiting)
            for who, of, paid, gain, waiting in summary.runs(done)
        ),
        cost_rows=_costs(case, done, watch),
        stage_rows=_stages(done),
        path_rows=_path_rows(done) if done.paths > 1 else (),
        spread_rows=_spread(done),
        share_rows=tuple(
            EventShare(of=row.of, event=row.event, share=row.share, median_s=row.median)
            for row in frequencies(done)
        ),
        cliff_rows=tuple(
            CliffRow(
                pool=row.pool,
                external_usd=row.external,
                surely_usd=row.surely,
                fall=row.fall,
                positions=row.positions,
                before_usd=row.before,
                after_usd=row.low,
                after_most_usd=row.high,
                g=row.g,
            )
            for row in cliffs(done)
        ),
        unforeseen=tuple(unforeseen(done)),
        causes={claim.id: _causes(done, claim) for claim in claims_of(done)},
        assumption_rows=assumptions(case),
        labels={row.of: part_label(done.plan.system, row.of) for row in log},
    )


def _events(done: Run) -> tuple[CascadeEvent, ...]:
    return tuple(
        CascadeEvent(
            path=0,
            step=row.step,
            time_s=row.time,
            phase=row.phase,
            of=row.of,
            event=row.event,
            amount_usd=row.amount,
            because=row.because,
        )
        for row in summary.log(done)
    )


def _layers(done: Run, log: tuple[CascadeEvent, ...]) -> tuple[TimeLayer, ...]:
    number = layers_of(done.plan.system)
    rows = [_layer(done, claim, number.get(claim.id, 0), log) for claim in claims_of(done)]
    return tuple(sorted(rows, key=lambda row: (row.layer, -row.start_usd, row.id)))


def _layer(done: Run, claim: Claim, layer: int, log: tuple[CascadeEvent, ...]) -> TimeLayer:
    found = summary.outcome(done, claim)
    issuer = done.plan.catalogue.issuer_of.get(claim.id, claim.id.partition("/")[0])
    first = next((e.time_s for e in log if e.of in {claim.id, issuer}), None)
    book, economic, market = found.prices
    token = claim.kind in {"share", "par"}
    return TimeLayer(
        layer=layer,
        id=claim.id,
        kind=claim.kind,
        label=label_of(done, claim),
        start_usd=found.start,
        book_usd=found.book,
        economic_usd=found.economic,
        market_usd=found.market,
        economic_loss_usd=found.loss,
        reported_loss_usd=found.reported,
        hidden_usd=found.hidden,
        loss_fraction=found.share,
        worst_fraction=found.worst,
        price=Prices(book=book, economic=economic, market=market) if token else None,
        first_event_s=first,
    )


def label_of(done: Run, claim: Claim) -> str:
    """Return the name under which a claim is shown, empty where that is its id."""
    receipt = done.plan.catalogue.tokens.get(claim.id)
    if receipt is not None:
        return receipt.label or ""
    label = part_label(done.plan.system, claim.id.partition("/")[0])
    return label if claim.kind == "supply" and "/" not in claim.id and label != claim.id else ""


def _waterfall(done: Run) -> tuple[WaterfallRow, ...]:
    """Return who bears the fall of what comes from outside, and who has what left."""
    rows = [
        WaterfallRow(claimant=_who(done, name), via=name, loss_usd=loss, of_claim=share)
        for name, loss, share in summary.borne(done)
    ]
    rows += [
        WaterfallRow(claimant=_went(name), via=name, loss_usd=-amount, kind="leak")
        for name, amount in summary.left(done)
    ]
    return tuple(rows)


def _who(done: Run, name: str) -> str:
    head, _, what = name.rpartition("/")
    label = part_label(done.plan.system, head or name)
    words = {
        "equity": f"owner of {label}",
        "reserves": f"reserves and insurance of {label}",
        "borrowers": f"borrowers in {label}",
        "traders": f"traders on {label}",
        "fund": f"fund of {label}",
    }
    if head and what in words:
        return words[what]
    if name in done.plan.catalogue.tokens:
        return f"{name} holders"
    if name in done.plan.catalogue.supplies:
        return f"{part_label(done.plan.system, name)} suppliers"
    return name


def _went(name: str) -> str:
    """Return in words who has what left the system."""
    head, _, who = name.partition(":")
    words = {
        "slippage": f"buyers in {who}",
        "leavers": f"those who left {who}",
        "traders": f"traders paid out on {who}",
        "fees": f"fees of {who}",
        "funding": f"funding on {who}",
        "others": f"others on {who}",
        "inflow": "new money",
        "token_lenders": "seized tokens still outstanding",
    }
    return words.get(head, head)


def _moments(done: Run) -> tuple[Moment, ...]:
    return tuple(
        Moment(step=k, time_s=now, id=name, book=book, economic=economic, market=market)
        for k, now, name, book, economic, market in summary.timelines(done)
    )


def _recognitions(done: Run) -> tuple[Recognition, ...]:
    return tuple(
        Recognition(id=name, lost_s=lost, shown_s=shown, most_usd=most)
        for name, lost, shown, most in summary.out_of_book(done)
    )


def _costs(case: Case, done: Run, watch: Watch | None) -> tuple[RunCost, ...]:
    """Return what the runs themselves cost: the scenario once more, without them."""
    struck = {k for k in run_steps(done).tolist() if k >= 0}
    if not struck:
        return ()
    calm = simulate(case.system, case.scenario, keep=struck, watch=watch, leaving=False)
    rows = [
        RunCost(
            id=found.claim.id,
            label=label_of(done, found.claim),
            loss_usd=found.loss,
            leavers_loss_usd=found.leavers,
            calm_loss_usd=found.calm,
            greatest_usd=found.greatest,
            least_usd=found.least,
        )
        for found in feared(done, calm)
    ]
    return tuple(sorted(rows, key=lambda row: row.id))


def _stages(done: Run) -> tuple[StageRow, ...]:
    struck: dict[str, float] = {}
    for row in summary.log(done):
        if row.event == "stage":
            struck.setdefault(row.of, row.time)
    stages = done.plan.scenario.stages
    return tuple(
        StageRow(
            name=stage_name(stage, at),
            verbs=", ".join(stage.shocks),
            struck_s=struck.get(stage_name(stage, at)),
            paths=paths,
            moved=moved,
        )
        for at, (stage, (paths, moved)) in enumerate(
            zip(stages, summary.stage_counts(done), strict=True)
        )
    )


def _path_rows(done: Run) -> tuple[PathLoss, ...]:
    rows = [
        PathLoss(
            path=path,
            id=claim.id,
            economic_usd=end,
            economic_loss_usd=loss,
            loss_fraction=share,
        )
        for claim in claims_of(done)
        for path, (end, loss, share) in enumerate(summary.by_path(done, claim))
    ]
    return tuple(sorted(rows, key=lambda row: (row.path, row.id)))


def _causes(done: Run, claim: Claim) -> tuple[Cause, ...]:
    return tuple(
        Cause(
            text=part.what
            if part.start is None or part.end is None
            else f"{part.what}: {amount(part.start)} to {amount(part.end)}",
            amount_usd=part.loss,
        )
        for part in causes(done, claim)
    )


def _spread(done: Run) -> tuple[LossSpread, ...]:
    rows = []
    for found in spreads(done):
        median, q95, q99 = found.quantiles
        rows.append(
            LossSpread(
                id=found.claim.id,
                label=label_of(done, found.claim),
                mean_usd=found.mean,
                median_usd=median,
                q95_usd=q95,
                q99_usd=q99,
                worst_usd=found.worst,
                worst_path=found.path,
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.worst_usd, row.id)))


def _certificate(done: Run) -> TimeCertificate:
    miss, gap = summary.proof(done)
    lagged = bool(done.network.circular_units)
    return TimeCertificate(
        identity_gap=miss,
        valuation="economic: lagged" if lagged else "economic",
        valuation_gap=gap if lagged else 0.0,
        steps=done.plan.steps.count,
    )
