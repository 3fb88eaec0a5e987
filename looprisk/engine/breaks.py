"""Where along a stage events hold: on straight pieces, or by a scan of a curved response."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from looprisk.engine.clear import Selection
from looprisk.engine.curved import Look, crossings, scan
from looprisk.engine.monitors import Monitor, Stretch, distances, holds_at, join, on_piece
from looprisk.engine.point import Compiled, Point, Segment
from looprisk.engine.stage import StageRun
from looprisk.engine.watching import stretches

FEW = 50
"""Up to so many events are asked for one by one, in floats too."""
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
    return scan(lambda s: _look(run.at(s, selection), watch), exact)


def known_crossings(run: StageRun) -> tuple[Fraction, ...]:
    """Return the shock fractions known exactly where the response of a stage is curved."""
    if run.moved_at is not None or run.navs or run.then is not None:
        return ()
    return crossings(run)


def _look(point: Point, watch: Watch) -> Look[Break]:
    watched = watch(point.compiled)
    away = {(m.of, m.event): distances(m, point) for m in watched if m.always is None}
    return frozenset((m.of, m.event) for m in watched if holds_at(m, point)), away


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
