"""The tables of a cascade: which columns, in which order, under which words."""

from collections.abc import Mapping

from looprisk.results.answer_tables import event_words
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
    TimeLayer,
)
from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.numbers import duration
from looprisk.results.table import Table


def clock(seconds: float | None) -> str | None:
    """Return a time from the start as it is read: ``2h``, ``90m``."""
    return None if seconds is None else duration(seconds)


def layer_table(rows: tuple[TimeLayer, ...]) -> Table[TimeLayer]:
    """Return what every claim loses; layers overlap, so nothing is summed."""
    fields: list[Field[TimeLayer]] = [
        Field("layer", "layer", Kind.COUNT, lambda row: row.layer),
        Field("claim", "claim", Kind.NAME, lambda row: row.label or row.id),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        Field("start_usd", "at the/start", Kind.MONEY, lambda row: row.start_usd),
        Field("economic_usd", HIDDEN, Kind.MONEY, lambda row: row.economic_usd),
        Field("book_usd", HIDDEN, Kind.MONEY, lambda row: row.book_usd),
        Field("market_usd", HIDDEN, Kind.MONEY, lambda row: row.market_usd),
        Field("economic_loss_usd", "economic/loss", Kind.MONEY, lambda row: row.economic_loss_usd),
        Field("loss_fraction", "% of/claim", Kind.SHARE, lambda row: row.loss_fraction),
        Field("reported_loss_usd", "reported/loss", Kind.MONEY, lambda row: row.reported_loss_usd),
        Field("hidden_usd", "hidden/at end", Kind.MONEY, lambda row: row.hidden_usd),
        Field("book_price", HIDDEN, Kind.PRICE, lambda row: row.price.book if row.price else None),
        Field(
            "economic_price",
            HIDDEN,
            Kind.PRICE,
            lambda row: row.price.economic if row.price else None,
        ),
        Field(
            "market_price", HIDDEN, Kind.PRICE, lambda row: row.price.market if row.price else None
        ),
    ]
    if any(row.worst_fraction is not None for row in rows):
        fields.append(
            Field("worst_fraction", "worst/path", Kind.SHARE, lambda row: row.worst_fraction)
        )
    fields.append(
        Field("first_event", "first/event", Kind.FIGURE, lambda row: clock(row.first_event_s))
    )
    return table_of("What each layer loses in time", rows, tuple(fields))


def event_table(rows: tuple[CascadeEvent, ...], labels: Mapping[str, str]) -> Table[CascadeEvent]:
    """Return the log in order."""
    fields: tuple[Field[CascadeEvent], ...] = (
        Field("path", HIDDEN, Kind.COUNT, lambda row: row.path),
        Field("step", "step", Kind.COUNT, lambda row: row.step),
        Field("time", "time", Kind.FIGURE, lambda row: clock(row.time_s)),
        Field("time_s", HIDDEN, Kind.NUMBER, lambda row: row.time_s),
        Field("phase", "phase", Kind.TEXT, lambda row: row.phase),
        Field("of", "of", Kind.NAME, lambda row: labels.get(row.of, row.of)),
        Field("event", "event", Kind.TEXT, lambda row: event_words(row.event)),
        Field("amount_usd", "amount", Kind.MONEY, lambda row: row.amount_usd),
        Field("because", "because", Kind.TEXT, lambda row: row.because),
    )
    return table_of("What happens", rows, fields)


def timeline_table(rows: tuple[Moment, ...]) -> Table[Moment]:
    """Return prices in time."""
    fields: tuple[Field[Moment], ...] = (
        Field("step", "step", Kind.COUNT, lambda row: row.step),
        Field("time", "time", Kind.FIGURE, lambda row: clock(row.time_s)),
        Field("time_s", HIDDEN, Kind.NUMBER, lambda row: row.time_s),
        Field("id", "of", Kind.NAME, lambda row: row.id),
        Field("book", "book", Kind.PRICE, lambda row: row.book),
        Field("economic", "economic", Kind.PRICE, lambda row: row.economic),
        Field("market", "market", Kind.PRICE, lambda row: row.market),
    )
    return table_of("Prices in time", rows, fields)


def recognition_table(rows: tuple[Recognition, ...]) -> Table[Recognition]:
    """Return how long losses stayed out of the book."""
    fields: tuple[Field[Recognition], ...] = (
        Field("id", "of", Kind.NAME, lambda row: row.id),
        Field("lost", "lost at", Kind.FIGURE, lambda row: clock(row.lost_s)),
        Field("shown", "shown at", Kind.FIGURE, lambda row: clock(row.shown_s), none="never"),
        Field(
            "hidden_for", "hidden for", Kind.FIGURE, lambda row: clock(row.hidden_s), none="to end"
        ),
        Field("most_usd", "most/hidden", Kind.MONEY, lambda row: row.most_usd),
    )
    return table_of("how long losses stay out of the book", rows, fields)


def pool_table(rows: tuple[PoolRow, ...]) -> Table[PoolRow]:
    """Return how near each pool came to a fall that feeds itself."""
    fields: tuple[Field[PoolRow], ...] = (
        Field("pool", "pool", Kind.NAME, lambda row: row.pool),
        Field("most", "largest/g", Kind.MULTIPLE, lambda row: row.most),
        Field("at", "at", Kind.FIGURE, lambda row: clock(row.at_s)),
        Field("hole", "black/hole", Kind.FIGURE, lambda row: clock(row.hole_s), none="never"),
    )
    return table_of("what a fall adds to itself", rows, fields)


def run_table(rows: tuple[RunRow, ...]) -> Table[RunRow]:
    """Return what those who left were paid, and what that cost those who stayed."""
    fields: tuple[Field[RunRow], ...] = (
        Field("who", "who", Kind.NAME, lambda row: row.who),
        Field("of", "leaves", Kind.NAME, lambda row: row.of),
        Field("paid_usd", "paid", Kind.MONEY, lambda row: row.paid_usd),
        Field("gain_usd", "above/worth", Kind.MONEY, lambda row: row.gain_usd),
        Field("waiting_usd", "still/waiting", Kind.MONEY, lambda row: row.waiting_usd),
    )
    return table_of("Who left", rows, fields)


def cost_table(rows: tuple[RunCost, ...]) -> Table[RunCost]:
    """Return what the runs themselves cost each claim, beside what fear alone could."""
    fields: tuple[Field[RunCost], ...] = (
        Field("claim", "claim", Kind.NAME, lambda row: row.label or row.id),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("loss_usd", "loss/with runs", Kind.MONEY, lambda row: row.loss_usd),
        Field("leavers_loss_usd", "of it/leavers", Kind.MONEY, lambda row: row.leavers_loss_usd),
        Field("stayers_loss_usd", HIDDEN, Kind.MONEY, lambda row: row.stayers_loss_usd),
        Field("calm_loss_usd", "loss/without", Kind.MONEY, lambda row: row.calm_loss_usd),
        Field("run_loss_usd", HIDDEN, Kind.MONEY, lambda row: row.run_loss_usd),
        Field("greatest_usd", "greatest/clearing", Kind.MONEY, lambda row: row.greatest_usd),
        Field("least_usd", "least/clearing", Kind.MONEY, lambda row: row.least_usd),
        Field("self_fulfilling_usd", HIDDEN, Kind.MONEY, lambda row: row.self_fulfilling_usd),
    )
    return table_of("what the runs themselves cost", rows, fields)


def stage_table(rows: tuple[StageRow, ...]) -> Table[StageRow]:
    """Return when each stage struck."""
    fields: tuple[Field[StageRow], ...] = (
        Field("stage", "stage", Kind.NAME, lambda row: row.name),
        Field("shocks", "shocks", Kind.TEXT, lambda row: row.verbs),
        Field("struck", "struck at", Kind.FIGURE, lambda row: clock(row.struck_s), none="never"),
        Field("paths", "in paths", Kind.COUNT, lambda row: row.paths),
        Field("moved", "moved", Kind.COUNT, lambda row: row.moved),
    )
    return table_of("Stages", rows, fields)


def spread_table(rows: tuple[LossSpread, ...]) -> Table[LossSpread]:
    """Return how losses are spread over the paths."""
    fields: tuple[Field[LossSpread], ...] = (
        Field("claim", "claim", Kind.NAME, lambda row: row.label or row.id),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("mean_usd", "mean/loss", Kind.MONEY, lambda row: row.mean_usd),
        Field("median_usd", "median", Kind.MONEY, lambda row: row.median_usd),
        Field("q95_usd", "95 % lose/no more", Kind.MONEY, lambda row: row.q95_usd),
        Field("q99_usd", "99 %", Kind.MONEY, lambda row: row.q99_usd),
        Field("worst_usd", "worst", Kind.MONEY, lambda row: row.worst_usd),
        Field("worst_path", "in/path", Kind.COUNT, lambda row: row.worst_path),
    )
    return table_of("how losses are spread over the paths", rows, fields)


def share_table(rows: tuple[EventShare, ...], labels: Mapping[str, str]) -> Table[EventShare]:
    """Return how often each thing happens."""
    fields: tuple[Field[EventShare], ...] = (
        Field("of", "of", Kind.NAME, lambda row: labels.get(row.of, row.of)),
        Field("event", "event", Kind.TEXT, lambda row: event_words(row.event)),
        Field("share", "% of/paths", Kind.SHARE, lambda row: row.share),
        Field("median", "median/time", Kind.FIGURE, lambda row: clock(row.median_s)),
        Field("median_s", HIDDEN, Kind.NUMBER, lambda row: row.median_s),
    )
    return table_of("how often it happens", rows, fields)


def cliff_table(rows: tuple[CliffRow, ...]) -> Table[CliffRow]:
    """Return the avalanches ahead of the start."""
    bracketed = any(row.surely_usd < row.external_usd for row in rows)
    between = "" if bracketed else HIDDEN
    fields: tuple[Field[CliffRow], ...] = (
        Field("pool", "pool", Kind.NAME, lambda row: row.pool),
        Field("fall", "fall/outside", Kind.POINT, lambda row: row.fall),
        Field("external_usd", "price/outside", Kind.PRICE, lambda row: row.external_usd),
        Field("surely_usd", between or "surely/below", Kind.PRICE, lambda row: row.surely_usd),
        Field("positions", "positions/that go", Kind.COUNT, lambda row: row.positions),
        Field("before_usd", "price/before", Kind.PRICE, lambda row: row.before_usd),
        Field("after_usd", "price/after", Kind.PRICE, lambda row: row.after_usd),
        Field("after_most_usd", between or "at/most", Kind.PRICE, lambda row: row.after_most_usd),
        Field("g", "g", Kind.MULTIPLE, lambda row: row.g),
    )
    return table_of("cliffs ahead of the start", rows, fields)


def path_table(rows: tuple[PathLoss, ...]) -> Table[PathLoss]:
    """Return what each layer loses in each path."""
    fields: tuple[Field[PathLoss], ...] = (
        Field("path", "path", Kind.COUNT, lambda row: row.path),
        Field("id", "claim", Kind.NAME, lambda row: row.id),
        Field("economic_usd", HIDDEN, Kind.MONEY, lambda row: row.economic_usd),
        Field("economic_loss_usd", "economic/loss", Kind.MONEY, lambda row: row.economic_loss_usd),
        Field("loss_fraction", "% of/claim", Kind.SHARE, lambda row: row.loss_fraction),
    )
    return table_of("losses path by path", rows, fields)
