"""Where along a stage events hold: on straight pieces, or by a scan of a curved response."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction

from looprisk.engine.clear import Selection
from looprisk.engine.curved import Away, Look, crossings, scan
from looprisk.engine.kept import Kept
from looprisk.engine.monitors import Monitor, Stretch, distances, holds_at, join, on_piece
from looprisk.engine.point import Compiled, Point, Segment
from looprisk.engine.stage import StageRun
from looprisk.engine.watching import stretches

FEW = 50
"""Up to so many events are asked for one by one, in floats too."""
MANY = 1_000
"""Of a system of more nodes no point of a scan is kept to be asked later: it takes much memory."""
Break = tuple[str, str]
"""(of, event)."""
Watch = Callable[[Compiled], tuple[Monitor, ...]]
"""The events to look for in a system."""


def broken(
    run: StageRun,
    segments: tuple[Segment, ...],
    watch: Watch,
    selection: Selection,
    exact: tuple[Fraction, ...],
) -> Mapping[Break, tuple[Stretch, ...]]:
    """Return where along a stage each event of ``watch`` holds.

    ``segments`` is the response of the stage, () where it is curved; ``exact`` are then points at
    which something is known to change.
    """
    if segments:
        return on_segments(segments, watch)
    # what tables of several legs pay is drawn into a form: such a form is not taken for another
    kept = run if run.catalogue.baskets else replace(run, kept=Kept())
    return scan(lambda s: _look(kept.at(s, selection), watch), exact)


def known_crossings(run: StageRun) -> tuple[Fraction, ...]:
    """Return the shock fractions known exactly where the response of a stage is curved."""
    if run.moved_at is not None or run.navs or run.then is not None:
        return ()
    return crossings(run)


def _look(point: Point, watch: Watch) -> Look[Break]:
    watched = watch(point.compiled)
    sides = {(m.of, m.event): m for m in watched if m.always is None}
    away: Mapping[Break, Away] = _Away(point, sides)
    if point.compiled.form.nodes > MANY:
        away = dict(away)
    return frozenset((m.of, m.event) for m in watched if holds_at(m, point)), away


class _Away(Mapping[Break, Away]):
    """How far every event is from its border at a point; few are ever asked for."""

    def __init__(self, point: Point, watched: dict[Break, Monitor]) -> None:
        self._point, self._watched = point, watched

    def __getitem__(self, key: Break) -> Away:
        return distances(self._watched[key], self._point)

    def __iter__(self) -> Iterator[Break]:
        return iter(self._watched)

    def __len__(self) -> int:
        return len(self._watched)


def _on_segment(
    segment: Segment, watched: tuple[Monitor, ...]
) -> Iterator[tuple[Monitor, Stretch]]:
    if not segment.compiled.form.exact and len(watched) > FEW:
        yield from stretches(watched, segment.compiled, segment.pieces)
        return
    for monitor in watched:
        for piece in segment.pieces:
            stretch = on_piece(monitor, segment.compiled, piece)
            if stretch is not None:
                yield monitor, stretch


def on_segments(segments: tuple[Segment, ...], watch: Watch) -> Mapping[Break, tuple[Stretch, ...]]:
    """Return where each event holds on straight pieces."""
    found: dict[Break, list[Stretch]] = {}
    for segment in segments:
        for monitor, stretch in _on_segment(segment, watch(segment.compiled)):
            found.setdefault((monitor.of, monitor.event), []).append(stretch)
    return {key: join(stretches) for key, stretches in found.items()}
