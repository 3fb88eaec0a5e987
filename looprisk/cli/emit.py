"""Where an answer goes: data to stdout or a file, messages to stderr."""

import os
import shlex
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from looprisk.cli.failure import RefusedError
from looprisk.disk import replace_file

PLAIN_WIDTH = 80
"""Columns of a table that goes to a pipe or a file."""
LEAST_WIDTH = 40
TABLES = (".txt", ".json", ".csv", ".md")
"""Endings of files that a table can be written to."""


class Format(StrEnum):
    """How an answer is written."""

    table = "table"
    json = "json"
    csv = "csv"
    md = "md"


class Color(StrEnum):
    """When an answer is coloured."""

    auto = "auto"
    always = "always"
    never = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """Where one command writes, and how it looks there."""

    format: Format
    path: Path | None
    """None is stdout."""
    color: bool
    unicode: bool
    width: int
    quiet: bool


def out(
    *,
    form: Format | None,
    path: Path | None,
    color: Color,
    width: int | None,
    quiet: bool,
    endings: Sequence[str] = TABLES,
) -> Out:
    """Settle what the flags leave open, from the file's ending and the terminal.

    A file is UTF-8 and plain. ``NO_COLOR``, ``TERM=dumb`` and a pipe switch colour off,
    ``--color always`` switches it on in spite of them. Raises RefusedError where the file could
    not be written: before the work, not after it; and where no format is named and its ending is
    none of ``endings``, since it would promise another one.
    """
    if path is not None and str(path) == "-":
        path = None
    if form is None and path is not None and path.suffix.lower() not in {"", *endings}:
        known = f"{', '.join(endings[:-1])} or {endings[-1]}"
        raise RefusedError(f"-o {path}: this is not written as {path.suffix}", help_=known)
    if path is not None:
        refuse_unwritable(path)
    return Out(
        format=form or _format_of(path),
        path=path,
        color=_colored(color, to_file=path is not None),
        unicode=path is not None or _carries(sys.stdout, "─−…·→⁶"),
        width=_width(width, to_file=path is not None),
        quiet=quiet,
    )


def write(to: Out, text: str) -> None:
    """Write an answer, whole or not at all."""
    if not text.endswith("\n"):
        text += "\n"
    if to.path is None:
        _to_stdout(text)
    else:
        write_file(to.path, text)
        note(f"wrote {to.path}", quiet=to.quiet)


def note(text: str, *, quiet: bool = False) -> None:
    """Write a message to stderr: no letter acts on a terminal, no line is a command for CI."""
    if not quiet:
        _to_stderr(_harmless(text) if "::" in text or "##" in text else text)


def _harmless(text: str) -> str:
    from looprisk.results.names import for_log

    return "\n".join(for_log(line) for line in text.split("\n"))


def command(text: str) -> None:
    """Write a command for the runner of a CI server, which reads stderr too."""
    _to_stderr(text)


def _to_stderr(text: str) -> None:
    encoding = sys.stderr.encoding or "utf-8"
    safe = "".join(letter if _is_shown(letter) else "\ufffd" for letter in text)
    sys.stderr.write(f"{safe}\n".encode(encoding, "backslashreplace").decode(encoding))
    sys.stderr.flush()


def refuse_unwritable(path: Path) -> None:
    """Refuse a file whose folder is not there, or that is a folder itself."""
    folder = path.resolve().parent
    if not folder.is_dir():
        raise RefusedError(
            f"cannot write {path}: there is no folder {path.parent}",
            help_=f"mkdir -p {shlex.quote(str(path.parent))}",
        )
    if path.is_dir():
        raise RefusedError(f"cannot write {path}: it is a folder", help_="name a file in it")


def write_file(path: Path, text: str) -> None:
    """Replace a file in one step: a reader sees the old text or the new one, never a part.

    A device or a named pipe cannot be replaced and is written to.
    """
    try:
        target = path.resolve()
        if target.exists() and not target.is_file() and not target.is_dir():
            target.write_text(text, encoding="utf-8")
            return
        if target.is_dir():
            raise IsADirectoryError(21, os.strerror(21), str(path))
        replace_file(target, text.encode())
    except BrokenPipeError:
        return
    except OSError as error:
        raise RefusedError(f"cannot write {path}: {error.strerror or error}") from error


def hush() -> None:
    """Let nothing more reach a stdout whose reader has left."""
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, sys.stdout.fileno())
    os.close(silence)


def _to_stdout(text: str) -> None:
    encoding = sys.stdout.encoding or "utf-8"
    try:
        # a name that the terminal cannot show becomes a mark, not a crash
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
    except OSError as error:
        hush()  # or what is left in the buffer fails once more at the end
        raise RefusedError(f"cannot write to stdout: {error.strerror or error}") from error


def _format_of(path: Path | None) -> Format:
    endings = {".json": Format.json, ".csv": Format.csv, ".md": Format.md}
    return Format.table if path is None else endings.get(path.suffix.lower(), Format.table)


def _colored(color: Color, *, to_file: bool) -> bool:
    if color is not Color.auto:
        return color is Color.always
    if to_file or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stdout.isatty()


def _width(asked: int | None, *, to_file: bool) -> int:
    if asked is not None:
        return asked
    columns = os.environ.get("COLUMNS", "")
    if to_file or (not sys.stdout.isatty() and not columns.isdigit()):
        return PLAIN_WIDTH
    return max(shutil.get_terminal_size((PLAIN_WIDTH, 24)).columns, LEAST_WIDTH)


def _is_shown(letter: str) -> bool:
    return letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cf", "Cs"}


def _carries(stream: TextIO, letters: str) -> bool:
    try:
        letters.encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
