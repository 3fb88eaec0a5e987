"""The tables of a disclosure: leverage by definition, concentration, liquidity, hedges, oracles."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from looprisk.analysis.depth import depth_of
from looprisk.model.positions import PerpPosition
from looprisk.model.system import System
from looprisk.model.tokens import Share
from looprisk.model.values import Value
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.map_answers import SystemMap
from looprisk.results.map_records import Backing, Held
from looprisk.results.numbers import duration
from looprisk.results.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Levered:
    """The leverage of one issuer, by each definition; None where it is not defined."""

    name: str
    assets_to_equity: float | None
    liabilities_to_equity: float | None
    claims_to_assets: float | None


_LEVERED: tuple[Field[Levered], ...] = (
    Field("name", "issuer", Kind.NAME, lambda row: row.name),
    Field("assets_to_equity", "assets to/equity, ×", Kind.MULTIPLE, lambda r: r.assets_to_equity),
    Field(
        "liabilities_to_equity",
        "liabilities to/equity, ×",
        Kind.MULTIPLE,
        lambda row: row.liabilities_to_equity,
    ),
    Field(
        "claims_to_assets", "claims to/own assets, ×", Kind.MULTIPLE, lambda r: r.claims_to_assets
    ),
)


def leverage(found: SystemMap) -> Table[Levered]:
    """Return the leverage of every issuer by three definitions, never one without its name."""
    rows = tuple(_levered(row) for row in found.backing_rows)
    note = "not defined where no equity is left; own tokens count neither as assets nor as equity"
    return table_of("Leverage, by definition", rows, _LEVERED, note=note)


def _levered(row: Backing) -> Levered:
    equity, own, claims = row.equity_usd, row.own_usd, row.claims_usd
    liabilities = None if own is None or equity is None else own - equity
    return Levered(
        name=row.label or row.id,
        assets_to_equity=row.assets_to_equity,
        liabilities_to_equity=(
            liabilities / equity if liabilities is not None and equity and equity > 0 else None
        ),
        claims_to_assets=claims / own if claims is not None and own else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Largest:
    """The largest known holder of one claim."""

    claim: str
    holder: str
    usd: float | None
    share: float | None


_LARGEST: tuple[Field[Largest], ...] = (
    Field("claim", "claim", Kind.NAME, lambda row: row.claim),
    Field("holder", "largest holder", Kind.TEXT, lambda row: row.holder),
    Field("usd", "holds", Kind.MONEY, lambda row: row.usd, none="unknown"),
    Field("share", "% of it", Kind.SHARE, lambda row: row.share, none="unknown"),
)


def concentration(found: SystemMap) -> Table[Largest]:
    """Return, for every claim, who holds most of it; holders outside are one."""
    most: dict[str, Held] = {}
    for row in found.held_rows:
        if row.share is None or row.layer == 0:
            continue
        before = most.get(row.claim)
        if before is None or (before.share or 0.0) < row.share:
            most[row.claim] = row
    rows = tuple(
        Largest(
            claim=row.claim_label or row.claim,
            holder=(row.holder_label or row.holder)
            if row.holder != "outside"
            else "holders outside, together",
            usd=row.usd,
            share=row.share,
        )
        for row in most.values()
    )
    return table_of("The largest holder of each claim", rows, _LARGEST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sells:
    """What can be sold of a token, or redeemed, and what that costs."""

    token: str
    how: str
    told: str


_SELLS: tuple[Field[Sells], ...] = (
    Field("token", "token", Kind.NAME, lambda row: row.token),
    Field("how", "how", Kind.TEXT, lambda row: row.how),
    Field("told", "terms", Kind.TEXT, lambda row: row.told),
)


def liquidity(system: System) -> Table[Sells]:
    """Return where tokens can be sold and redeemed, as far as the file says."""
    return table_of("Ways out", tuple(_sells(system)), _SELLS)


def _sells(system: System) -> Iterator[Sells]:
    for name, part in system.liquidity.items():
        told = f"{part.curve.kind} curve"
        if part.curve.depth is not None:
            told += f", depth {part.curve.depth.text}"
            for one in depth_of(system, name).incentives:
                if one.sellable_usd is not None:
                    told += f"; ${one.sellable_usd:,.0f} sell inside the incentive of {one.market}"
        yield Sells(token=str(part.of), how=f"sold into {part.into} ({name})", told=told)
    for issuer in system.issuers.values():
        for token, receipt in issuer.issues.items():
            terms = receipt.redeems
            if terms is not None:
                parts = [f"at {terms.at}" if terms.at else "", _from(terms.from_)]
                parts.append(f"after {duration(_seconds(terms.delay))}" if terms.delay else "")
                told = ", ".join(part for part in parts if part) or "terms not stated"
                kind = "share" if isinstance(receipt, Share) else "promise"
                yield Sells(token=token, how=f"redeemed ({kind})", told=told)


def _from(word: str | None) -> str:
    return f"from {word}" if word else ""


def _seconds(value: Value) -> float:
    return float(value.number) if value.known else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedge:
    """One leg on a venue."""

    leg: str
    venue: str
    side: str
    margin: str
    mode: str


_HEDGES: tuple[Field[Hedge], ...] = (
    Field("leg", "leg", Kind.NAME, lambda row: row.leg),
    Field("venue", "venue", Kind.TEXT, lambda row: row.venue),
    Field("side", "side", Kind.TEXT, lambda row: row.side),
    Field("margin", "margin", Kind.TEXT, lambda row: row.margin),
    Field("mode", "liquidation", Kind.TEXT, lambda row: row.mode),
)


def hedges(system: System) -> Table[Hedge]:
    """Return every leg on a venue: what it hedges, and what stands behind it."""
    rows = []
    for name, part in system.positions.items():
        if not isinstance(part, PerpPosition):
            continue
        venue = system.venues[part.venue]
        leg = part.short or part.long
        side = "short" if part.short is not None else "long"
        rows.append(
            Hedge(
                leg=part.label or name,
                venue=venue.label or str(part.venue),
                side=f"{side} {leg.text if leg is not None else ''} from {part.entry.text}",
                margin=", ".join(f"{n.text} {token}" for token, n in part.margin.items()),
                mode=f"{venue.convention}, {venue.mode}, maintenance {venue.maintenance.text}"
                if venue.maintenance is not None
                else f"{venue.convention}, {venue.mode}",
            )
        )
    return table_of("Hedge venues", tuple(rows), _HEDGES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a market reads as the price of a collateral."""

    market: str
    collateral: str
    oracle: str
    lltv: str
    blind: str


_READS: tuple[Field[Reads], ...] = (
    Field("market", "market", Kind.NAME, lambda row: row.market),
    Field("collateral", "collateral", Kind.TEXT, lambda row: row.collateral),
    Field("oracle", "oracle", Kind.TEXT, lambda row: row.oracle),
    Field("lltv", "LLTV", Kind.FIGURE, lambda row: row.lltv),
    Field("blind", "does not see", Kind.TEXT, lambda row: row.blind),
)
_BLIND = {
    "market": "a loss that no seller has priced",
    "nav": "a fall of the market price; a loss that no book shows",
    "fixed": "anything",
    "capped": "a price above its cap",
    "twap": "a fall within its window",
    "pt_discount": "a fall of the market price",
}


def oracles(system: System) -> Table[Reads]:
    """Return what every market reads, and what that cannot see."""
    rows = tuple(
        Reads(
            market=market.label or name,
            collateral=str(token),
            oracle=_oracle(system, str(terms.oracle)),
            lltv=terms.lltv.text or "unknown",
            blind=_BLIND.get(_kind(system, str(terms.oracle)), "unknown"),
        )
        for name, market in system.markets.items()
        for token, terms in market.collateral.items()
    )
    return table_of("Oracles", rows, _READS)


def _kind(system: System, name: str) -> str:
    part = system.oracles.get(name)
    return part.kind if part is not None else name


def _oracle(system: System, name: str) -> str:
    kind = _kind(system, name)
    return kind if kind == name else f"{name} ({kind})"
