"""The sentences of a sweep over the shock: where the first break lies, what never breaks."""

from collections.abc import Iterable, Mapping

from looprisk.results.names import shown
from looprisk.results.numbers import on_axis, share
from looprisk.results.phrases import avalanches, axis_word, some
from looprisk.results.records import BreakPoint, Shock


def break_headline(shock: Shock, points: Iterable[BreakPoint], layer_count: int) -> str:
    """Return the answer of a sweep: where the first break lies and how many break there."""
    groups = avalanches(points)
    cents = _small(shock)
    if not groups:
        return f"Nothing breaks, up to {_end(shock, cents=cents)}."
    together = len({point.of for point in groups[0]})
    layers = f"{layer_count} layer{'s' if layer_count != 1 else ''}"
    first = groups[0][0]
    if first.fraction == 0:
        return f"{at_once(groups[0])[0]} of {layers} {at_once(groups[0])[1]}."
    place = on_axis(first.at.value, first.at.unit, cents=cents) if first.at else ""
    if together == 1:
        return f"The first break is at {place}: {shown(first.of)} alone, of {layers}."
    return f"The first break is at {place}: {together} of {layers} together."


_STILL_WHOLE = frozenset(("liquidated", "hedge_closed", "deleveraged"))


def at_once(points: Iterable[BreakPoint]) -> tuple[int, str]:
    """Return how many layers break at no shock at all, and how: they were broken, or any breaks.

    A share is under its start as soon as anything is lost, and whole before it.
    """
    found = list(points)
    already = [point for point in found if point.attained]
    count = len({point.of for point in already or found})
    if not already:
        return count, f"{'loses' if count == 1 else 'lose'} as soon as the shock begins"
    whole = all(point.event in _STILL_WHOLE for point in already)
    told = "liquidated or closed" if whole else "broken"
    return count, f"{'is' if count == 1 else 'are'} {told} before any shock"


def break_subtitle(shock: Shock, points: Iterable[BreakPoint]) -> str:
    """Return what was swept, from where to where, and whether the shock as written gets there."""
    cents = _small(shock)
    groups = avalanches(points)
    word = axis_word(shock)
    what = {"fall": "fall in the price of", "rise": "rise in the price of", "shock": "size of"}
    told = what.get(word, f"{word} {'at' if shock.unit == 'usd' else 'of'}")
    start = on_axis(shock.start, shock.unit, cents=cents)
    written = on_axis(shock.as_written, shock.unit, cents=cents)
    end = _end(shock, cents=cents)
    text = f"shock: {told} {shock.path}, {start} to {end} · as written {written}"
    if not groups or groups[0][0].fraction is None:
        return text
    needed = groups[0][0].fraction
    enough = f"({share(needed, digits=2)} is enough)" if needed <= 1 else "(not enough)"
    return f"{text} {enough}"


def never_breaks(shock: Shock, points: tuple[BreakPoint, ...], labels: Mapping[str, str]) -> str:
    """Return the layers that no event reaches, and up to where; empty where all break."""
    reached = {point.of for point in points if point.fraction is not None}
    spared = dict.fromkeys(point.of for point in points if point.of not in reached)
    if not spared:
        return ""
    names = [shown(labels.get(name, name)) for name in spared]
    return f"never, to {_end(shock, cents=_small(shock))}: {some(names)}"


def stretches(shock: Shock, points: Iterable[BreakPoint], labels: Mapping[str, str]) -> list[str]:
    """Return, for what heals and breaks again, every stretch of the shock in which it is broken."""
    lines = []
    for point in points:
        if len(point.intervals) < 2:
            continue
        parts = [
            f"{_place(shock, start)} to {_place(shock, end)}" for start, end in point.intervals
        ]
        name = shown(labels.get(point.of, point.of))
        lines.append(f"{name} {point.event.replace('_', ' ')}: {', '.join(parts)}")
    return lines


def _place(shock: Shock, fraction: float) -> str:
    value = shock.start + fraction * (shock.as_written - shock.start)
    return on_axis(value, shock.unit, cents=_small(shock))


def _end(shock: Shock, *, cents: bool) -> str:
    end = shock.as_written if shock.searched_to is None else shock.searched_to
    return on_axis(end, shock.unit, cents=cents)


def _small(shock: Shock) -> bool:
    return max(abs(shock.as_written), abs(shock.searched_to or 0.0)) < 1e4
