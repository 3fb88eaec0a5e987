"""The text of one file: read within limits, decoded, and free of hidden characters."""

import re
import stat
from dataclasses import dataclass
from pathlib import Path

from looprisk.files.errors import Fault

MAX_BYTES = 64 * 1024 * 1024
"""Bytes that one load reads over all its files, and of one table, uncompressed."""
MAX_TABLE_BYTES = 4 * MAX_BYTES
"""Bytes of all tables of one load, uncompressed: some eight million accounts, in 2 GB."""
TOO_LARGE = f"too large: a load reads at most {MAX_BYTES // (1024 * 1024)} MB"
IN_A_TABLE = "put positions into a table (`table: positions.csv.gz`)"

# everything that shows nothing or reorders what is shown; tab and line breaks are dealt with apart
HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u180e\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff0-\uffff\U000e0000-\U000e007f]|\r(?!\n)"
)
_TAB_INDENT = re.compile(r"^ *\t[ \t]*(?=[^\s#])", re.MULTILINE)
_BYTE_ORDER_MARKS = ((b"\xff\xfe", "UTF-16"), (b"\xfe\xff", "UTF-16"), (b"\xef\xbb\xbf", "a BOM"))


@dataclass(frozen=True, slots=True)
class Source:
    """A file as it was read: the name to print, where it lies, its text."""

    name: str
    path: Path
    text: str


class UnreadableError(Exception):
    """A file cannot be read as text; holds the fault and what text there is to show."""

    def __init__(self, fault: Fault, text: str = "") -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.text = text


def read_source(path: Path, name: str, left: int = MAX_BYTES) -> Source:
    """Return the text of a file of at most ``left`` bytes.

    Raises UnreadableError where the file is missing, no regular file, too large, not plain
    UTF-8, or holds tabs as indentation or characters that do not show.
    """
    text = decode(read_bytes(path, name, left, IN_A_TABLE), name)
    refuse_hidden(text, name)
    indent = _TAB_INDENT.search(text)
    if indent:
        start = text.index("\t", indent.start())
        more = len(_TAB_INDENT.findall(text)) - 1
        also = f" (and on {more} more {'line' if more == 1 else 'lines'})" if more else ""
        message = f"a tab stands where a line is indented{also}"
        raise _at(name, text, start, message, "YAML indents with spaces, not tabs")
    # libyaml takes a tab between words for a space and the pure parser does not
    return Source(name, path, text.replace("\t", " "))


def read_bytes(
    path: Path, name: str, left: int, advice: str = "", too_large: str = TOO_LARGE
) -> bytes:
    """Return the content of a file of at most ``left`` bytes; ``advice`` for one that is larger.

    Raises UnreadableError where it is missing, no regular file, or too large.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise UnreadableError(Fault(file=name, message="this is no regular file"))
        with path.open("rb") as stream:
            raw = stream.read(left + 1)
    except FileNotFoundError:
        raise UnreadableError(Fault(file=name, message="no such file")) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "bad name"
        raise UnreadableError(Fault(file=name, message=f"cannot be read: {reason}")) from None
    if len(raw) > left:
        raise UnreadableError(Fault(file=name, message=too_large, help=advice))
    return raw


def refuse_hidden(text: str, name: str) -> None:
    """Raise UnreadableError at the first character that does not show."""
    hidden = HIDDEN.search(text)
    if hidden:
        character = f"U+{ord(hidden.group()):04X}"
        message = f"a hidden character ({character}) stands here"
        raise _at(name, text, hidden.start(), message, "delete it, and type the text by hand")


def decode(raw: bytes, name: str) -> str:
    """Return bytes as text; raises UnreadableError where they are not plain UTF-8."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if raw.startswith(mark):
            message = f"the file starts with {encoding}; it has to be plain UTF-8"
            if encoding == "UTF-16":
                message = "the file is UTF-16; it has to be plain UTF-8"
            advice = "save it as UTF-8 (without BOM)"
            raise UnreadableError(Fault(file=name, message=message, help=advice))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        text = raw.decode("utf-8", errors="replace")
        position = len(raw[: error.start].decode("utf-8", errors="replace"))
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        raise _at(name, text, position, message, "save the file as UTF-8") from None


def _at(name: str, text: str, index: int, message: str, advice: str) -> UnreadableError:
    line = text.count("\n", 0, index)
    column = index - (text.rfind("\n", 0, index) + 1)
    fault = Fault(file=name, line=line, column=column, message=message, help=advice)
    return UnreadableError(fault, text)
