import io
import subprocess
import sys
import time

import pytest

from looprisk.cli import busy


class Watched(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def watched(monkeypatch):
    """A way to watch stderr; called in the test, since pytest sets its own before each."""

    def watch():
        stream = Watched()
        monkeypatch.setattr("sys.stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        return stream

    return watch


def until(there):
    """Wait for the bar; a busy machine takes its time to load what draws it."""
    end = time.monotonic() + 60
    while not there() and time.monotonic() < end:
        time.sleep(0.02)


def slow(items, **flags):
    for item in busy.tracked(items, [f"[b]{item}[/]" for item in items], doing="clearing", **flags):
        time.sleep(0.15)
        yield item


def test_quick_work_shows_nothing(watched):
    screen = watched()
    assert list(busy.tracked([1, 2], "ab", doing="clearing", quiet=False)) == [1, 2]
    assert screen.getvalue() == ""


def test_slow_work_names_what_is_under_way(watched, monkeypatch):
    screen = watched()
    monkeypatch.setattr(busy, "PATIENCE", 0.05)
    items, names = [1, 2, 3], ["[b]one[/]", "two", "three"]
    for _ in busy.tracked(items, names, doing="clearing", quiet=False):
        until(screen.getvalue)
    assert "clearing [b]one[/]" in screen.getvalue()
    assert "/3" in screen.getvalue()


def test_quiet_shows_nothing(watched, monkeypatch):
    screen = watched()
    monkeypatch.setattr(busy, "PATIENCE", 0.05)
    assert list(slow([1, 2], quiet=True)) == [1, 2]
    assert screen.getvalue() == ""


def test_a_pipe_shows_nothing(capsys, monkeypatch):
    monkeypatch.setattr(busy, "PATIENCE", 0.05)
    assert list(slow([1, 2], quiet=False)) == [1, 2]
    assert capsys.readouterr().err == ""


def test_a_dumb_terminal_shows_nothing(watched, monkeypatch):
    screen = watched()
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(busy, "PATIENCE", 0.05)
    assert list(slow([1], quiet=False)) == [1]
    assert screen.getvalue() == ""


def test_an_error_takes_the_bar_away(watched, monkeypatch):
    screen = watched()
    monkeypatch.setattr(busy, "PATIENCE", 0.05)

    def fails():
        for _ in busy.tracked([1], ["a"], doing="clearing", quiet=False):
            until(screen.getvalue)
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fails()
    shown = screen.getvalue()
    time.sleep(0.15)
    assert screen.getvalue() == shown


def test_rich_is_not_loaded_for_a_pipe():
    program = (
        "import sys; from looprisk.cli import busy;"
        "list(busy.tracked([1], ['a'], doing='clearing', quiet=False));"
        "print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"
