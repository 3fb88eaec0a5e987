"""What the screens report beside what is gone: the hatch is lost and not reported."""

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.reports import svg
from looprisk.reports.layout import Axis, Key, head, legend
from looprisk.reports.letters import ends
from looprisk.reports.picture import MARGIN, WIDE, Picture
from looprisk.reports.svg import Markup
from looprisk.reports.words import asked, counted, dollars, in_cents
from looprisk.results.answers import Clearing
from looprisk.results.cascades import Cascade
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.numbers import Scale, fixed, scale_for

_NAMES, _LOW, _HIGH = 204.0, 214.0, 544.0
_COLUMNS = (614.0, 682.0, WIDE - MARGIN)
_PITCH, _TALL = 22.0, 14.0
_MOST = 12
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One layer: what it lost, and how much of that its screen shows."""

    id: str
    label: str
    reported_usd: float
    economic_usd: float

    @property
    def hidden_usd(self) -> float:
        """Lost and not reported; negative where more is reported than lost."""
        return self.economic_usd - self.reported_usd


def reported(answer: Clearing | Cascade) -> Picture:
    """Draw the loss of every layer: reported, hidden, and reported though it is not there."""
    rows = rows_of(answer)
    cents = in_cents([value for row in rows for value in (row.economic_usd, row.reported_usd)])
    title = _title(rows, cents=cents)
    if isinstance(answer, Clearing):
        said = asked(answer.shock, answer.scenario, cents=cents)
    else:
        said = f"{answer.scenario}, at the end."
    subtitle = f"Loss by layer, US dollars: book beside economic basis. {said} Layers overlap."
    marks, y = head(title, subtitle)
    table = table_of(title, rows, _FIELDS)
    drawn = rows[:_MOST]
    if not drawn:
        marks.append(svg.text(MARGIN, y + 26, "No layer loses anything, on either basis."))
        height = y + 40
    else:
        keys, y = legend(_keys(drawn), y)
        body, height = _bars(drawn, len(rows) - len(drawn), y)
        marks += [*keys, *body]
    return Picture(
        kind="reported",
        title=title,
        subtitle=subtitle,
        height=height,
        marks=tuple(marks),
        table=table,
        hatched=True,
    )


_FIELDS: tuple[Field[Shown], ...] = (
    Field("layer", "layer", Kind.NAME, lambda row: row.label),
    Field("reported_usd", "reported", Kind.MONEY, lambda row: row.reported_usd),
    Field("economic_usd", "economic", Kind.MONEY, lambda row: row.economic_usd),
    Field("hidden_usd", "hidden", Kind.MONEY, lambda row: row.hidden_usd),
)


def rows_of(answer: Clearing | Cascade) -> tuple[Shown, ...]:
    """Return the layers that lose or report anything, the largest loss first."""
    rows = [
        Shown(
            id=row.id,
            label=row.label or row.id,
            reported_usd=row.reported_loss_usd,
            economic_usd=row.economic_loss_usd,
        )
        for row in answer.layer_rows
    ]
    size = max((abs(row.economic_usd) for row in rows), default=0.0)
    told = [
        row for row in rows if max(abs(row.economic_usd), abs(row.reported_usd)) > _NOTHING * size
    ]
    told.sort(key=lambda row: (-row.economic_usd, row.id))
    return tuple(told)


def _title(rows: Sequence[Shown], *, cents: bool) -> str:
    hurt = [row for row in rows if row.economic_usd > 0]
    hiding = [row for row in hurt if row.hidden_usd > _NOTHING * row.economic_usd]
    if not hurt:
        gained = [row for row in rows if row.economic_usd < 0]
        if not gained:
            return "No layer has lost anything"
        most = min(gained, key=lambda row: row.economic_usd)
        told = dollars(-most.economic_usd, cents=cents)
        return f"No layer has lost anything; {shown(most.label)} gains {told}"
    if not hiding:
        return f"Screens show every loss: {counted(len(hurt), 'layer')}"
    most = max(hiding, key=lambda row: row.hidden_usd)
    money = dollars(most.hidden_usd, cents=cents)
    verb = "hides" if len(hiding) == 1 else "hide"
    whose = f"{shown(most.label)} {money}" if len(hiding) > 1 else money
    told = f"{len(hiding)} of {counted(len(hurt), 'hurt layer')} {verb} a loss"
    return f"{told}: {'most of all ' if len(hiding) > 1 else ''}{whose}"


def _keys(rows: Sequence[Shown]) -> list[Key]:
    keys: list[Key] = []
    if any(min(row.reported_usd, row.economic_usd) > 0 for row in rows):
        keys.append(("loss", "reported and real"))
    if any(row.hidden_usd > 0 and row.economic_usd > 0 for row in rows):
        keys.append(("hatch", "real, not reported (hidden)"))
    if any(row.economic_usd < 0 for row in rows):
        keys.append(("value", "gained"))
    if any(row.reported_usd > max(row.economic_usd, 0) for row in rows):
        keys.append(("outline", "reported, not real"))
    return keys


def _bars(rows: Sequence[Shown], more: int, y: float) -> tuple[list[Markup], float]:
    values = [value for row in rows for value in (row.economic_usd, row.reported_usd)]
    axis = Axis(start=min(0.0, *values), end=max(0.0, *values), low=_LOW, high=_HIGH)
    scale = scale_for([*values, *(row.hidden_usd for row in rows)])
    words = (f"reported, {scale.header}", "economic", "hidden")
    marks = [svg.text(x, y + 22, word, "s m r") for x, word in zip(_COLUMNS, words, strict=True)]
    top = y + 30
    for row in rows:
        marks += _bar(row, axis, top, scale)
        top += _PITCH
    if more:
        marks.append(svg.text(_NAMES, top + 12, f"{more} smaller: in the table", "r s m"))
        top += _PITCH
    for value in axis.ticks():
        x = axis.at(value)
        marks.append(svg.line((x, top + 2), (x, top + 6), "k-rule"))
        text = fixed(value / scale.factor, 2)
        short = text.rstrip("0").rstrip(".") if "." in text else text
        marks.append(svg.text(x, top + 19, short, "s m c"))
    marks.append(svg.text(_NAMES, top + 19, scale.words, "s m r"))
    return marks, top + 32


def _bar(row: Shown, axis: Axis, top: float, scale: Scale) -> list[Markup]:
    name = shown(row.label)
    marks = [svg.text(_NAMES, top + 11, ends(name, _NAMES - MARGIN, 12), "r", title=name)]
    zero = axis.at(0.0)
    seen = max(0.0, min(row.reported_usd, row.economic_usd))
    if row.economic_usd > 0:
        if row.hidden_usd > 0:
            start = axis.at(seen)
            wide = axis.at(row.economic_usd) - start
            marks.append(svg.rect(start, top, wide, _TALL, "hatch"))
            marks.append(svg.rect(start, top, wide, _TALL, "k-loss", stroke=1))
        marks.append(svg.rect(zero, top, axis.at(seen) - zero, _TALL, "f-loss"))
    else:
        left = axis.at(row.economic_usd)
        marks.append(svg.rect(left, top, zero - left, _TALL, "f-value"))
    if row.reported_usd > max(0.0, row.economic_usd):
        start = axis.at(max(0.0, row.economic_usd))
        wide = axis.at(row.reported_usd) - start
        marks.append(svg.rect(start, top, wide, _TALL, "k-book", stroke=1.2, dash="3 2"))
    for x, value in zip(
        _COLUMNS, (row.reported_usd, row.economic_usd, row.hidden_usd), strict=True
    ):
        marks.append(svg.text(x, top + 11, fixed(value / scale.factor, 2), "r"))
    return marks
