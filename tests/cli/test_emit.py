import os
import stat
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from looprisk.cli import emit
from looprisk.cli.emit import Color, Format, note, out, write, write_file
from looprisk.cli.failure import RefusedError


def settle(**flags):
    given = {"form": None, "path": None, "color": Color.auto, "width": None, "quiet": False}
    return out(**{**given, **flags})


class Screen:
    """A stdout that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def screen(monkeypatch):
    monkeypatch.setattr(emit, "sys", SimpleNamespace(stdout=Screen()))
    for name in ("NO_COLOR", "TERM", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


def test_a_terminal_is_coloured(screen):
    assert settle().color


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_the_environment_switches_colour_off(screen, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    assert not settle().color
    assert settle(color=Color.always).color


def test_an_empty_no_color_is_none(screen, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "")
    assert settle().color


def test_color_never_is_plain(screen):
    assert not settle(color=Color.never).color


def test_a_pipe_is_plain_and_80_wide(capsys, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    settled = settle()
    assert not settled.color
    assert settled.width == 80


def test_a_file_is_plain_and_80_wide(screen, tmp_path):
    settled = settle(path=tmp_path / "answer.txt")
    assert (settled.color, settled.width, settled.unicode) == (False, 80, True)


def test_columns_sets_the_width_of_a_pipe(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    assert settle().width == 120
    assert settle(width=100).width == 100


def test_a_narrow_terminal_still_gets_the_least_width(screen, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    assert settle().width == emit.LEAST_WIDTH


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.json", Format.json),
        ("a.CSV", Format.csv),
        ("a.md", Format.md),
        ("a.txt", Format.table),
        ("json", Format.table),
    ],
)
def test_the_ending_gives_the_format(tmp_path, name, form):
    assert settle(path=tmp_path / name).format is form
    assert settle(path=tmp_path / name, form=Format.csv).format is Format.csv


def test_a_dash_is_stdout(tmp_path):
    assert settle(path=emit.Path("-")).path is None


def test_a_terminal_without_the_letters_gets_ascii(monkeypatch):
    latin = Screen()
    latin.encoding = "latin-1"
    monkeypatch.setattr(emit, "sys", SimpleNamespace(stdout=latin))
    assert not settle().unicode


def test_the_answer_goes_to_stdout_and_ends_its_line(capsys):
    write(settle(), "xUSD loses\n$1")
    assert capsys.readouterr() == ("xUSD loses\n$1\n", "")


def test_a_file_is_told_on_stderr_unless_quiet(tmp_path, capsys):
    path = tmp_path / "a.txt"
    write(settle(path=path), "one")
    assert capsys.readouterr() == ("", f"wrote {path}\n")
    write(settle(path=path, quiet=True), "two")
    assert capsys.readouterr() == ("", "")
    assert path.read_text() == "two\n"


def test_a_failed_write_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RefusedError, match=r"cannot write .*a\.json: No space left on device"):
        write_file(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_behind_stdout_is_no_defect_of_looprisk(monkeypatch):
    with Path("/dev/full").open("w", encoding="utf-8") as full:  # hushed, it closes in peace
        monkeypatch.setattr("sys.stdout", full)
        with pytest.raises(RefusedError, match="cannot write to stdout: No space left on device"):
            write(settle(), "xUSD loses $1")


def test_an_interrupted_write_leaves_the_old_file_and_no_draft(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("old")

    def stop(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", stop)
    with pytest.raises(KeyboardInterrupt):
        write_file(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_is_not_written_over(tmp_path):
    with pytest.raises(RefusedError, match="Is a directory"):
        write_file(tmp_path, "new")


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(RefusedError, match="No such file or directory"):
        write_file(tmp_path / "none" / "a.json", "new")


def test_a_new_file_has_the_usual_rights_and_an_old_one_keeps_its_own(tmp_path):
    path = tmp_path / "a.json"
    before = os.umask(0o027)
    try:
        write_file(path, "one")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o600)
    write_file(path, "two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_link_stays_a_link(tmp_path):
    target = tmp_path / "real.json"
    target.write_text("old")
    link = tmp_path / "link.json"
    link.symlink_to(target)
    write_file(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"


def test_a_named_pipe_is_written_to(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_file(pipe, "one\n")
    reader.join(timeout=10)
    assert got == ["one\n"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_message_cannot_drive_the_terminal(capsys):
    note("name \x1b[31mred\x07 \u202eback\n  help: next line")
    assert capsys.readouterr().err == "name \ufffd[31mred\ufffd \ufffdback\n  help: next line\n"


def test_a_file_that_could_not_be_written_is_refused_before_the_work(tmp_path):
    with pytest.raises(RefusedError, match=r"there is no folder .*gone\n  help: mkdir -p "):
        settle(path=tmp_path / "gone" / "a.json")
    with pytest.raises(RefusedError, match="it is a folder"):
        settle(path=tmp_path)
