"""A progress bar on stderr, for work over a second that somebody watches."""

import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE = 1.0
"""Seconds of silence before the bar shows itself."""

Item = TypeVar("Item")
Watch = Callable[[int, int], None]


class _Bar:
    """A bar that appears by itself once the patience is over."""

    def __init__(self, total: int) -> None:
        self._lock = threading.Lock()
        self._timer = threading.Timer(PATIENCE, self._show)
        self._timer.daemon = True
        self._progress: Progress | None = None
        self._over = False
        self._total = total
        self._done = 0
        self._text = ""
        self._timer.start()

    def _show(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        with self._lock:
            if self._over:
                return
            # names come from files: they are text, never markup
            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                Elapsed(),
                console=Console(stderr=True),
                transient=True,
            )
            self._progress.add_task(self._text, total=self._total, completed=self._done)
            self._progress.start()

    def at(self, text: str, done: int) -> None:
        """Say what is worked on now, and how many pieces are done."""
        with self._lock:
            self._text, self._done = text, done
            if self._progress is not None:
                task = self._progress.task_ids[0]
                self._progress.update(task, description=text, completed=done)

    def step(self, text: str, done: int, total: int) -> None:
        """Say how far the piece of work under way has come, in steps of its own."""
        with self._lock:
            self._text, self._done, self._total = text, done, total
            if self._progress is not None:
                task = self._progress.task_ids[0]
                self._progress.update(task, description=text, completed=done, total=total)

    def close(self) -> None:
        """Take the bar away."""
        self._timer.cancel()
        with self._lock:
            self._over = True
            if self._progress is not None:
                self._progress.stop()


def watched() -> bool:
    """Return whether a person sees stderr as it is written."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


@contextmanager
def _bar(total: int, *, quiet: bool) -> Iterator[_Bar | None]:
    if quiet or not watched():
        yield None
        return
    bar = _Bar(total)
    try:
        yield bar
    finally:
        bar.close()


@contextmanager
def watching(*, quiet: bool) -> Iterator[Callable[[str, int, int], None]]:
    """Yield what is told how far some work is: (what it does, done, of how many)."""
    with _bar(1, quiet=quiet) as bar:
        yield _unheard if bar is None else bar.step


def _unheard(text: str, done: int, total: int) -> None:
    """Nobody watches."""


def stepped(
    work: Sequence[Item], names: Iterable[str], *, doing: str, quiet: bool
) -> Iterator[tuple[Item, Watch]]:
    """Yield each piece of work with what it tells its own steps to, (step, of how many)."""
    with _bar(len(work), quiet=quiet) as bar:
        for done, (item, name) in enumerate(zip(work, names, strict=True)):
            if bar is None:
                yield item, _unwatched
                continue
            bar.step(f"{doing} {name}", done, len(work))
            yield item, partial(bar.step, f"stepping {name}")


def _unwatched(step: int, count: int) -> None:
    """Nobody watches."""


def tracked(
    work: Sequence[Item], names: Iterable[str], *, doing: str, quiet: bool
) -> Iterator[Item]:
    """Yield each piece of work, with a bar that names it while it is under way."""
    with _bar(len(work), quiet=quiet) as bar:
        for done, (item, name) in enumerate(zip(work, names, strict=True)):
            if bar is not None:
                bar.at(f"{doing} {name}", done)
            yield item
