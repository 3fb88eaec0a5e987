"""The claims of a clearing as pieces of a pyramid, real equity apart, each dollar of one once."""

from dataclasses import dataclass

from looprisk.results.answers import Clearing


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One claim in its band."""

    layer: int
    """0 is real equity."""
    ids: tuple[str, ...]
    parts: tuple[float, ...]
    """Of the loss of each claim, the part that is in this piece."""
    label: str
    start_usd: float
    lost_usd: float
    first_break: float | None
    broken: bool
    kind: str = ""

    @property
    def lost(self) -> float:
        """The share that is gone, from 0 to 1."""
        return min(1.0, max(0.0, self.lost_usd / self.start_usd)) if self.start_usd > 0 else 0.0


def pieces_of(clearing: Clearing) -> tuple[Piece, ...]:
    """Return every claim as a piece, what is real equity apart, each dollar of a claim once."""
    equity = {row.id: row for row in clearing.equity_rows}
    claims = {row.id: row.claims_usd for row in clearing.layer_rows}
    found = [
        Piece(
            layer=0,
            ids=(row.id,),
            parts=(row.start_usd / claims.get(row.id, row.start_usd),),
            label=row.label,
            start_usd=row.start_usd,
            lost_usd=row.loss_usd,
            first_break=row.first_break,
            broken=row.broken,
        )
        for row in clearing.equity_rows
    ]
    for layer in clearing.layer_rows:
        own = equity.get(layer.id)
        start = layer.claims_usd - (own.start_usd if own else 0.0)
        if start > 1e-9 * max(1.0, layer.claims_usd):
            part = start / layer.claims_usd
            name = layer.label or layer.id
            found.append(
                Piece(
                    layer=layer.layer,
                    ids=(layer.id,),
                    parts=(part,),
                    label=f"{name}, pledged by its issuer" if own else name,
                    start_usd=start,
                    lost_usd=layer.economic_loss_usd * part,
                    first_break=layer.first_break,
                    broken=layer.broken,
                    kind=layer.kind,
                )
            )
    found.sort(key=lambda piece: (piece.layer, -piece.start_usd, piece.ids))
    return tuple(found)
