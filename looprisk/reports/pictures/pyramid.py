"""The inverted pyramid: real equity at the bottom, claims above it, and where each layer breaks."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.reports import svg
from looprisk.reports.layout import Key, head, legend
from looprisk.reports.letters import ends, fit, width
from looprisk.reports.picture import MARGIN, Picture
from looprisk.reports.pictures.pieces import Piece, pieces_of
from looprisk.reports.svg import Markup
from looprisk.reports.words import (
    asked,
    counted,
    dollars,
    in_cents,
    lost_words,
    of_shock,
    place,
)
from looprisk.results.answers import Clearing
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.numbers import share
from looprisk.results.records import Shock

_LEFT, _RIGHT = 128.0, 620.0
_GAP = 1.5
_NAMED = 54.0
_MOST_LAYERS = 14
_TALL_LAYERS = 6
_KINDS = {
    "share": "vault shares",
    "par": "promises",
    "supply": "market lenders",
    "loan": "loans",
    "equity": "equity",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Band:
    """One row of the pyramid on the paper."""

    words: str
    note: str
    pieces: tuple[Piece, ...]
    top: float
    high: float

    @property
    def total(self) -> float:
        return sum(piece.start_usd for piece in self.pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    per_pixel: float
    cents: bool
    shock: Shock
    drilled: bool
    """Bands are low: one line of words."""
    live: bool


def pyramid(clearing: Clearing, *, live: bool = False) -> Picture:
    """Draw the claims of every layer over real equity; what is lost fills each from the top.

    Width and area are money, on one scale. The right side says where each layer first breaks.
    ``live`` says nothing of the shock as written, for a page that moves it.
    """
    pieces = pieces_of(clearing)
    cents = in_cents(piece.start_usd for piece in pieces)
    title, subtitle = _title(clearing, pieces, cents=cents), _subtitle(clearing, cents=cents)
    if live:
        title = "The pyramid sinks: equity first, then every layer"
        subtitle = (
            f"Claims by layer, {clearing.basis} basis, US dollars. What fills from the top is lost."
        )
    marks, y = head(title, subtitle)
    keys, y = legend(_keys(pieces, live=live), y)
    marks += keys
    layers = sorted({piece.layer for piece in pieces if piece.layer}, reverse=True)
    groups = _folded(layers, pieces)
    low = len(groups) > _TALL_LAYERS
    bands = _bands(groups, pieces, y + (24 if pieces else 6), low=low)
    widest = max((band.total for band in bands), default=0.0)
    gaps = max((len(_merged(band.pieces, 1e300)) for band in bands), default=0) * _GAP
    scale = _Scale(
        per_pixel=widest / (_RIGHT - _LEFT - gaps) if widest else 1.0,
        cents=cents,
        shock=clearing.shock,
        drilled=low,
        live=live,
    )
    if pieces and any(p.first_break is not None for p in pieces):
        marks.append(svg.text(_RIGHT + 22, y + 18, "first break at", "s m"))
    for band in bands:
        marks += _band(band, scale)
    bottom = bands[-1].top + bands[-1].high if bands else y + 20
    if bands:
        marks.append(svg.line((_LEFT, bottom + 0.5), (_RIGHT, bottom + 0.5), "k-ink", 1.5))
    said = (
        "Width and area: US dollars, one scale for all layers. "
        "Claims on claims are counted at each layer."
    )
    marks.append(svg.text(MARGIN, bottom + 18, said if bands else "No claims.", "s m"))
    return Picture(
        kind="pyramid",
        title=title,
        subtitle=subtitle,
        height=bottom + 30,
        marks=tuple(marks),
        table=table_of(title, pieces, _fields(clearing.shock)),
    )


def _fields(shock: Shock) -> tuple[Field[Piece], ...]:
    cents = in_cents([shock.as_written])

    def at(row: Piece) -> str | None:
        return None if row.first_break is None else place(row.first_break, shock, cents=cents)

    return (
        Field("layer", "layer", Kind.TEXT, lambda row: str(row.layer) if row.layer else "equity"),
        Field("claim", "claim", Kind.NAME, lambda row: row.label),
        Field("start_usd", "face", Kind.MONEY, lambda row: row.start_usd),
        Field("lost_usd", "lost", Kind.MONEY, lambda row: row.lost_usd),
        Field("lost", "lost, %", Kind.SHARE, lambda row: row.lost),
        Field("first_break", "first break", Kind.FIGURE, at, none="never"),
    )


def _title(clearing: Clearing, pieces: Sequence[Piece], *, cents: bool) -> str:
    equity = sum(piece.start_usd for piece in pieces if not piece.layer)
    lost = sum(piece.lost_usd for piece in pieces if not piece.layer)
    claims = dollars(sum(piece.start_usd for piece in pieces if piece.layer), cents=cents)
    shock = of_shock(clearing.shock, cents=in_cents([clearing.shock.as_written]))
    if not clearing.shock.moves:
        return f"{dollars(equity, cents=cents)} of equity carries {claims} of claims"
    if not equity:
        hurt = sum(piece.lost_usd > 0 for piece in pieces)
        told = f"{shock} reaches {hurt} of {len(pieces)}"
        return f"{claims} of claims stand on no equity of their own; {told}"
    words = f"{dollars(equity, cents=cents)} of equity carries {claims} of claims"
    if lost <= 0:
        return f"{words}; {shock} leaves the equity whole"
    gone = "all" if lost >= equity * (1 - 1e-12) else share(lost / equity)
    return f"{words}; {shock} takes {gone} of the equity"


def _subtitle(clearing: Clearing, *, cents: bool) -> str:
    said = asked(clearing.shock, clearing.scenario, cents=cents)
    return f"Claims by layer, {clearing.basis} basis, US dollars. {said}"


def _keys(pieces: Sequence[Piece], *, live: bool) -> list[Key]:
    keys: list[Key] = []
    if any(not piece.layer for piece in pieces):
        keys.append(("equity", "real equity: takes the first loss"))
    keys.append(("value", "claim still covered"))
    if live or any(piece.lost_usd > 0 for piece in pieces):
        keys.append(("loss", "lost (economic)"))
    if live or any(piece.broken for piece in pieces):
        keys.append(("reached", "first break, reached"))
    if live or any(piece.first_break is not None and not piece.broken for piece in pieces):
        keys.append(("not reached", "first break, not reached"))
    return keys


def _folded(layers: Sequence[int], pieces: Sequence[Piece]) -> list[tuple[int, ...]]:
    """Return the layers of each band, top first; too many fold where nothing breaks."""
    if len(layers) <= _MOST_LAYERS:
        return [(layer,) for layer in layers]
    whole = {layer for layer in layers if not any(p.broken for p in pieces if p.layer == layer)}
    groups: list[tuple[int, ...]] = []
    for layer in layers:
        if groups and layer in whole and groups[-1][-1] in whole:
            groups[-1] = (*groups[-1], layer)
        else:
            groups.append((layer,))
    return groups


def _bands(
    groups: Sequence[tuple[int, ...]], pieces: Sequence[Piece], top: float, *, low: bool
) -> list[_Band]:
    high, gap = (27.0, 3.0) if low else (46.0, 5.0)
    bands = []
    for group in groups:
        inside = tuple(p for p in pieces if p.layer in group)
        words = f"Layer {group[0]}" if len(group) == 1 else f"Layers {group[-1]}–{group[0]}"
        note = "" if low else _note(inside)
        bands.append(_Band(words=words, note=note, pieces=inside, top=top, high=high))
        top += high + gap
    equity = tuple(p for p in pieces if not p.layer)
    if equity:
        note = "own funds"
        bands.append(_Band(words="Real equity", note=note, pieces=equity, top=top, high=34.0))
    return bands


def _note(pieces: Sequence[Piece]) -> str:
    money: dict[str, float] = {}
    for piece in pieces:
        money[piece.kind] = money.get(piece.kind, 0.0) + piece.start_usd
    kinds = sorted(money, key=lambda kind: (-money[kind], kind))
    names = [_KINDS[kind] for kind in kinds if kind in _KINDS]
    both = f"{names[0]}, {names[1]}" if len(names) > 1 else ""
    room = _LEFT - MARGIN - 8
    return both if both and width(both, 11) <= room else (names or [""])[0]


def _merged(pieces: Sequence[Piece], per_pixel: float) -> list[Piece]:
    """Return the pieces with those too thin for words made one."""
    thin = [piece for piece in pieces if piece.start_usd / per_pixel < _NAMED]
    if len(thin) < 2:
        return list(pieces)
    broken = [piece.first_break for piece in thin if piece.first_break is not None]
    return [
        *(piece for piece in pieces if piece.start_usd / per_pixel >= _NAMED),
        Piece(
            layer=thin[0].layer,
            ids=tuple(id_ for piece in thin for id_ in piece.ids),
            label=f"{len(thin)} smaller" if len(thin) < len(pieces) else f"{len(thin)} claims",
            parts=tuple(part for piece in thin for part in piece.parts),
            start_usd=sum(piece.start_usd for piece in thin),
            lost_usd=sum(piece.lost_usd for piece in thin),
            first_break=min(broken) if broken else None,
            broken=any(piece.broken for piece in thin),
        ),
    ]


def _band(band: _Band, scale: _Scale) -> list[Markup]:
    pieces = _merged(band.pieces, scale.per_pixel)
    whole = band.total / scale.per_pixel + _GAP * (len(pieces) - 1)
    x = (_LEFT + _RIGHT - whole) / 2
    middle = band.top + band.high / 2
    base = middle + (4 if not band.note else -2)
    marks = [svg.text(MARGIN, base, band.words, "b")]
    if band.note:
        marks.append(svg.text(MARGIN, base + 15, band.note, "s m"))
    for piece in pieces:
        wide = piece.start_usd / scale.per_pixel
        last = piece is pieces[-1]
        marks += _piece(piece, x, wide, band, scale, last=last)
        x += wide + _GAP
    return marks + _breaks(band, scale)


def _piece(
    piece: Piece, x: float, wide: float, band: _Band, scale: _Scale, *, last: bool
) -> list[Markup]:
    paint = "f-value" if piece.layer else "f-equity"
    lost = max(piece.lost_usd, 0.0)
    share_ = f" ({share(piece.lost)})" if lost else ""
    name = shown(piece.label)
    told = (
        f"{name}: {dollars(piece.start_usd, cents=scale.cents)}, "
        f"lost {dollars(lost, cents=scale.cents)}{share_}"
    )
    data = _moved(piece) | {"data-h": svg.number(band.high)} if scale.live else {}
    drawn = max(wide, 1.5)
    marks = [svg.rect(x, band.top, drawn, band.high, paint, title=told)]
    high = band.high * piece.lost
    marks.append(svg.rect(x, band.top, drawn, high, "f-loss", title=told, data=data))
    money = dollars(piece.start_usd, cents=scale.cents)
    words = ", ".join(filter(None, (money, lost_words(lost, piece.start_usd))))
    if wide >= _NAMED - 0.01:
        return marks + _inside(piece, name, words, money, x, wide, band, scale)
    if last:
        return marks + _beside(name, words, money, x + drawn + 6, band, piece, scale)
    return marks


def _inside(
    piece: Piece,
    name: str,
    words: str,
    money: str,
    x: float,
    wide: float,
    band: _Band,
    scale: _Scale,
) -> list[Markup]:
    room = wide - 12
    key = _moved(piece) | {"data-r": svg.number(room)} if scale.live else {}
    if scale.drilled and piece.layer:
        short = fit(name, room, 11)
        whole = f"{name} · {words}"
        line = whole if width(whole, 11) <= room else short
        y = band.top + band.high / 2 + 4
        return [svg.text(x + 6, y, line, "s on", title=told_if(line, name))] if line else []
    center = not piece.layer
    at, paint = (x + wide / 2, " c") if center else (x + 6, "")
    first = band.top + (14 if center else 20)
    second = first + (14 if center else 16)
    short = fit(name, room, 12, bold=True)
    figures = words if width(words, 11) <= room else money if width(money, 11) <= room else ""
    marks = []
    if short:
        marks.append(svg.text(at, first, short, f"b on{paint}", title=name))
    if figures or room > 30:
        marks.append(svg.text(at, second, figures, f"s on{paint}", data=key))
    return marks


def told_if(line: str, name: str) -> str:
    """Return the whole name as a hint where the line does not hold it."""
    return "" if line.startswith(name) else name


def _moved(piece: Piece) -> dict[str, str]:
    """Return what a script needs to move a piece: whose losses it shows, and of how much."""
    losses = json.dumps([[id_, part] for id_, part in zip(piece.ids, piece.parts, strict=True)])
    return {"data-k": losses, "data-s": repr(piece.start_usd)}


def _beside(
    name: str, words: str, money: str, x: float, band: _Band, piece: Piece, scale: _Scale
) -> list[Markup]:
    room = _RIGHT - x
    short = fit(name, room, 11)
    key = _moved(piece) | {"data-r": svg.number(room)} if scale.live else {}
    figures = words if width(words, 11) <= room else money if width(money, 11) <= room else ""
    middle = band.top + band.high / 2
    if band.high < 40 and piece.layer:
        figures = f" · {words}"
        line = ends(name, room - width(figures, 11), 11) + figures
        return [svg.text(x, middle + 4, line, "s", title=name)]
    marks = [svg.text(x, middle - 2, short, "s", title=name)] if short else []
    if figures:
        marks.append(svg.text(x, middle + 12, figures, "s m", data=key))
    return marks


def _breaks(band: _Band, scale: _Scale) -> list[Markup]:
    found = [piece for piece in band.pieces if piece.first_break is not None]
    middle = band.top + band.high / 2
    if not found:
        return [svg.text(_RIGHT + 24, middle + 4, "never", "m")]
    # along a falling price the first break is the highest level
    falling = scale.shock.as_written < scale.shock.start
    values = [piece.first_break for piece in found if piece.first_break is not None]
    first = max(values) if falling else min(values)
    reached = any(piece.broken for piece in found if piece.first_break == first)
    base = middle + (4 if scale.drilled and band.pieces[0].layer else -2)
    at = (_RIGHT + 13, base - 4)
    where = {"data-b": repr(first)} if scale.live else {}
    marks = [svg.diamond(at, 5, "f-loss" if reached else "f-paper", data=where)]
    if not reached or scale.live:
        marks.append(svg.diamond(at, 5, "hid" if reached else "k-ink", data=where))
    words = place(first, scale.shock, cents=in_cents([scale.shock.as_written]))
    paint = "b tl" if reached else "b"
    marks.append(svg.text(_RIGHT + 24, base, words, paint, data=where))
    if base < middle:
        count = sum(piece.broken for piece in band.pieces)
        told = f"{count} of {counted(len(band.pieces), 'claim')}"
        breaks = {"data-n": " ".join(repr(value) for value in values)} if scale.live else {}
        marks.append(svg.text(_RIGHT + 24, base + 15, told, "s m", data=breaks))
    return marks
