"""The tables of the map."""

from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.map_records import (
    Backing,
    Exposed,
    Held,
    LookRow,
    Passage,
    Shared,
    Source,
    Way,
)
from looprisk.results.table import Table

ARROW = " → "


def held_table(rows: tuple[Held, ...]) -> Table[Held]:
    """Return who holds what of whom; claims stand on one another, so nothing is summed."""
    fields: tuple[Field[Held], ...] = (
        Field("layer", "layer", Kind.COUNT, lambda row: row.layer),
        Field("claim", "claim on", Kind.NAME, lambda row: row.claim_label or row.claim),
        Field("claim_id", HIDDEN, Kind.TEXT, lambda row: row.claim),
        Field("kind", HIDDEN, Kind.TEXT, lambda row: row.kind),
        Field("holder", "held by", Kind.NAME, lambda row: row.holder_label or row.holder),
        Field("holder_id", HIDDEN, Kind.TEXT, lambda row: row.holder),
        Field("usd", "book", Kind.MONEY, lambda row: row.usd, none="?"),
        Field("share", "% of/it", Kind.SHARE, lambda row: row.share),
        Field("loop", "loop", Kind.COUNT, lambda row: row.loop, none=""),
    )
    return table_of("Who holds what of whom", rows, fields)


def backing_table(rows: tuple[Backing, ...]) -> Table[Backing]:
    """Return what stands under the paper of each issuer."""
    fields: tuple[Field[Backing], ...] = (
        Field("issuer", "issuer", Kind.NAME, lambda row: row.label or row.id),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("own_usd", "own/assets", Kind.MONEY, lambda row: row.own_usd, none="?"),
        Field("claims_usd", "claims/on it", Kind.MONEY, lambda row: row.claims_usd, none="?"),
        Field("backing_ratio", "backing,/%", Kind.SHARE, lambda row: row.backing_ratio),
        Field("equity_usd", "equity", Kind.MONEY, lambda row: row.equity_usd, none="?"),
        Field(
            "assets_to_equity",
            "assets to/equity, ×",
            Kind.MULTIPLE,
            lambda row: row.assets_to_equity,
        ),
    )
    return table_of("What stands under the paper of each issuer", rows, fields)


def source_table(rows: tuple[Source, ...]) -> Table[Source]:
    """Return where dollars end; the rows add up to all of them."""
    fields: tuple[Field[Source], ...] = (
        Field("source", "ends at", Kind.NAME, lambda row: row.label or row.id),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        Field("usd", "book", Kind.MONEY, lambda row: row.usd, none="?"),
        Field("share", "% of/it", Kind.SHARE, lambda row: row.share),
        Field("real_usd", "real", Kind.MONEY, lambda row: row.real_usd, none="?"),
    )
    known = all(row.usd is not None for row in rows)
    real = all(row.real_usd is not None for row in rows)
    sums = (*(("usd",) if known else ()), "share", *(("real_usd",) if real else ()))
    return table_of("Where it ends, loops summed", rows, fields, sums if rows else ())


def passage_table(rows: tuple[Passage, ...]) -> Table[Passage]:
    """Return whom dollars pass, each dollar once; who is passed after another overlaps with it."""
    fields: tuple[Field[Passage], ...] = (
        Field("party", "passes", Kind.NAME, _passed),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        Field("usd", "book", Kind.MONEY, lambda row: row.usd, none="?"),
        Field("share", "% of/it", Kind.SHARE, lambda row: row.share),
    )
    return table_of("Whom it passes, each dollar once", rows, fields)


def _passed(row: Passage) -> str:
    return (row.label or row.id) + (" (comes back)" if row.comes_back else "")


def way_table(rows: tuple[Way, ...]) -> Table[Way]:
    """Return the ways down, the heaviest first."""
    fields: tuple[Field[Way], ...] = (
        Field("share", "% of/it", Kind.SHARE, lambda row: row.share),
        Field("usd", "book", Kind.MONEY, lambda row: row.usd, none="?"),
        Field("wrap_depth", "claims", Kind.COUNT, lambda row: row.wrap_depth),
        Field("way", "way down", Kind.TEXT, way_words),
        Field("closes", HIDDEN, Kind.MARK, lambda row: row.closes),
    )
    return table_of("Every way down", rows, fields)


def way_words(row: Way) -> str:
    """Return a way as it is read: ``deUSD → Plume → Stream/outside/fund``."""
    return ARROW.join(row.names) + (" (again)" if row.closes else "")


def exposed_table(rows: tuple[Exposed, ...]) -> Table[Exposed]:
    """Return who stands on something; one stands on another, so nothing is summed.

    Curators have a column where any is known.
    """
    curated = "curator" if any(row.curator for row in rows) else HIDDEN
    fields: tuple[Field[Exposed], ...] = (
        Field("holder", "stands on it", Kind.NAME, lambda row: row.label or row.id),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        Field("layer", HIDDEN, Kind.COUNT, lambda row: row.layer),
        Field("direct_usd", "itself", Kind.MONEY, lambda row: row.direct_usd, none="?"),
        Field("usd", "in all", Kind.MONEY, lambda row: row.usd, none="?"),
        Field("share", "% of what/it has", Kind.SHARE, lambda row: row.share),
        Field("curator", curated, Kind.TEXT, lambda row: row.curator),
    )
    return table_of("Who stands on it, directly and through others", rows, fields)


def look_table(rows: tuple[LookRow, ...]) -> Table[LookRow]:
    """Return all that is known of one thing under one head."""
    fields: tuple[Field[LookRow], ...] = (
        Field("says", "", Kind.TEXT, lambda row: row.says),
        Field("name", "name", Kind.NAME, lambda row: row.label),
        Field("id", HIDDEN, Kind.TEXT, lambda row: row.id),
        Field("kind", "kind", Kind.TEXT, lambda row: row.kind, leaves=1),
        Field("usd", "book", Kind.MONEY, lambda row: row.usd, none="?"),
        Field("share", "%", Kind.SHARE, lambda row: row.share),
        Field("real_usd", "real", Kind.MONEY, lambda row: row.real_usd),
    )
    return table_of("What it stands on, and who stands on it", rows, fields)


def _layers(row: Shared) -> str:
    low, high = row.lowest_layer, row.highest_layer
    return str(low) if low == high else f"{low} to {high}"


def shared_table(rows: tuple[Shared, ...]) -> Table[Shared]:
    """Return what parts depend on together; what stands on one may stand on another too."""
    fields: tuple[Field[Shared], ...] = (
        Field("value", "shared", Kind.NAME, lambda row: row.value),
        Field("kind", "kind", Kind.TEXT, lambda row: row.kind),
        Field("usd", "book", Kind.MONEY, lambda row: row.usd),
        Field("share", "%", Kind.SHARE, lambda row: row.share),
        Field("parts", "parts", Kind.COUNT, lambda row: len(row.parts)),
        Field("layers", "layers", Kind.FIGURE, _layers, leaves=1),
        Field("used_by", "used by", Kind.TEXT, lambda row: ", ".join(row.parts)),
    )
    return table_of("What parts depend on together", rows, fields)
