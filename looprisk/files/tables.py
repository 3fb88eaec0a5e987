"""Tables of accounts beside a file: found in its folder, read within limits, checked.

A table is untrusted input like any file: its name leads nowhere but below the folder of the file
that names it, and what a small archive unpacks to is bounded before it is unpacked.
"""

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

from looprisk.errors import ModelError
from looprisk.files.accounts import parse_accounts
from looprisk.files.errors import Fault
from looprisk.files.include import bad_name, is_inside
from looprisk.files.series import parse_series
from looprisk.files.source import (
    MAX_BYTES,
    MAX_TABLE_BYTES,
    UnreadableError,
    decode,
    read_bytes,
    refuse_hidden,
)
from looprisk.files.traps import shorten
from looprisk.files.tree import Map, Node, Plain, Word, fault_at, plain
from looprisk.model.paths import find
from looprisk.model.series import Series, SeriesName
from looprisk.model.tables import AccountTable, TableName
from looprisk.model.values import split_source

_GZIP = b"\x1f\x8b"
_OTHERS = {
    b"PK\x03\x04": "a zip archive (an Excel sheet is one)",
    b"\x28\xb5\x2f\xfd": "compressed with zstd",
    b"BZh": "compressed with bzip2",
    b"\xfd7zXZ": "compressed with xz",
    b"\x93NUMPY": "an array of numpy",
    b"PAR1": "a parquet file",
}
_MB = 1024 * 1024
_TOO_LARGE = f"too large: a table has at most {MAX_BYTES // _MB} MB, uncompressed"
_TOO_MUCH = f"too large: the tables of a load have at most {MAX_TABLE_BYTES // _MB} MB together"
_SPLIT = "split its rows over several tables of the same market, or list fewer columns"
_FEWER = "load fewer markets at a time, or list fewer columns"


@dataclass(slots=True)
class Tables:
    """The tables of one load: each read once, all within one budget of bytes."""

    folder: Path | None = None
    """Where tables lie that no file names; else beside the file that names them."""
    faults: list[Fault] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """The text of each table in which something is wrong, by the name that is printed."""
    headers: dict[str, list[str]] = field(default_factory=dict)
    """The columns of each table that was read, by the name that is printed."""
    _read: dict[Path, AccountTable | None] = field(default_factory=dict)
    _series: dict[Path, Series | None] = field(default_factory=dict)
    _left: int = field(default_factory=lambda: MAX_TABLE_BYTES)

    def fill(self, positions: Map, raw: Mapping[str, Plain]) -> dict[str, Plain]:
        """Return the ``positions`` of a raw tree with every table read that its nodes name."""
        filled = dict(raw)
        for name, node in positions.values.items():
            word = node.values.get("table") if isinstance(node, Map) else None
            part = filled.get(name)
            if isinstance(word, Word) and not word.hole and isinstance(part, dict):
                filled[name] = {**part, "table": self.name(word)}
        return filled

    def name(self, word: Word) -> TableName:
        """Return the name that a word writes, with its accounts where they can be read."""
        text, source = split_source(word.text)
        return TableName(text, source, self._accounts(text, word))

    def fill_changes(self, given: Map, raw: Mapping[str, object]) -> dict[str, Plain]:
        """Return the entries of a `set` as plain values, with every table that one names."""
        filled = {key: plain(value) for key, value in given.values.items()}
        for key, value in given.values.items():
            try:
                path = find(raw, key)
            except ModelError:
                continue
            if path[0] == "liquidity":
                self._fill_curve(path[2:], value, filled[key], filled, key)
            if path[0] == "paths":
                self._fill_curve(("curve", *path[1:]), value, filled[key], filled, key)
            if path[0] != "positions":
                continue
            if path[2:] == ("table",) and isinstance(value, Word):
                filled[key] = self.name(value)
            elif len(path) == 2 and isinstance(value, Map):
                alone = Map(
                    {key: given.keys[key]}, {key: value}, value.file, value.start, value.end
                )
                filled |= self.fill(alone, {key: filled[key]})
        return filled

    def _fill_curve(
        self,
        rest: tuple[str, ...],
        value: Node,
        part: Plain,
        filled: dict[str, Plain],
        key: str,
    ) -> None:
        """Read the series that a change of a curve names, at any height of it."""
        if rest == ("curve", "table") and isinstance(value, Word):
            filled[key] = self.series(value)
        below = {(): "curve", ("curve",): "table"}.get(rest)
        if below is None or not isinstance(value, Map) or not isinstance(part, dict):
            return
        if below in value.values:
            inner = dict(part)
            self._fill_curve((*rest, below), value.values[below], part[below], inner, below)
            filled[key] = inner

    def in_header(self, word: Word, column: str, message: str, advice: str) -> Fault | None:
        """Return a fault at a column of the table that ``word`` names; None where it has none."""
        name = self._shown(word)
        header = self.headers.get(name, [])
        if column not in header:
            return None
        place = header.index(column)
        self.texts.setdefault(name, ",".join(header))
        return Fault(
            file=name,
            line=0,
            column=sum(map(len, header[:place])) + place,
            width=len(column),
            message=message,
            help=advice,
        )

    def series(self, word: Word) -> SeriesName:
        """Return the name that a word writes of a table of numbers, with its series if readable."""
        text, source = split_source(word.text)
        real = self._real(text, word, "tables/prices.csv")
        if real is not None and real not in self._series:
            self._series[real] = self._series_of(real, self._shown(word), word)
        return SeriesName(text, source, self._series.get(real) if real is not None else None)

    def _series_of(self, path: Path, name: str, word: Word) -> Series | None:
        content = self._content(path, name, word)
        if content is None:
            return None
        text, digest = content
        series, faults = parse_series(text, name, digest)
        if faults:
            self.texts[name] = text
            self.faults.extend(faults)
        return series

    def _accounts(self, text: str, word: Word) -> AccountTable | None:
        real = self._real(text, word, "tables/accounts.csv.gz")
        if real is not None and real not in self._read:
            self._read[real] = self._from_file(real, self._shown(word), word)
        return self._read.get(real) if real is not None else None

    def _real(self, text: str, word: Word, example: str) -> Path | None:
        """Return the file that a word names, None with a fault where it leads elsewhere."""
        message, advice = bad_name(text, "name its copy", example)
        folder = self._beside(word)
        target = folder / text
        if not message and not is_inside(target, folder):
            message = f"`{shorten(text)}` leads out of the folder by a link"
            advice = "put the table itself in the same folder or below"
        if message:
            self.faults.append(fault_at(word, message, advice))
            return None
        return Path(os.path.realpath(target))

    def _beside(self, word: Word) -> Path:
        return Path(word.file).parent if self.folder is None else self.folder

    def _shown(self, word: Word) -> str:
        """Return the name of a table as it is printed: as seen from where the load started."""
        return (self._beside(word) / split_source(word.text)[0]).as_posix()

    def _content(self, path: Path, name: str, word: Word) -> tuple[str, str] | None:
        """Return text and digest; what is wrong with the file itself stands at the word."""
        try:
            raw = read_bytes(path, name, MAX_BYTES, _SPLIT, _TOO_LARGE)
            content = _unpacked(raw, name, self._left)
            self._left -= len(content)
            text = decode(content, name)
            # a search for what hides is slow; most tables are plain
            if not (text.isascii() and text.replace("\r\n", "").replace("\n", "").isprintable()):
                refuse_hidden(text, name)
        except UnreadableError as error:
            self._unreadable(error, path, word)
            return None
        return text, f"sha256:{hashlib.sha256(content).hexdigest()}"

    def _from_file(self, path: Path, name: str, word: Word) -> AccountTable | None:
        """Read one table of accounts."""
        content = self._content(path, name, word)
        if content is None:
            return None
        text, digest = content
        accounts, faults = parse_accounts(text, name, digest)
        if accounts is not None:
            self.headers[name] = text.split("\n", 1)[0].rstrip("\r").split(",")
        else:
            self.texts[name] = text
            self.faults.extend(faults)
        return accounts

    def _unreadable(self, error: UnreadableError, path: Path, word: Word) -> None:
        if error.fault.line is not None:
            self.texts[error.fault.file] = error.text
            self.faults.append(error.fault)
            return
        text = split_source(word.text)[0]
        message = f"`{shorten(text)}`: {error.fault.message}"
        advice = error.fault.help or _did_you_mean(path, text)
        self.faults.append(fault_at(word, message, advice))


def _unpacked(raw: bytes, name: str, left: int) -> bytes:
    """Return the uncompressed bytes of a table: few enough for one, and for what is ``left``."""
    for magic, what in _OTHERS.items():
        if raw.startswith(magic):
            advice = "write it as CSV, plain or gzip"
            raise UnreadableError(Fault(file=name, message=f"this is {what}", help=advice))
    content = raw
    if raw.startswith(_GZIP):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
                content = stream.read(MAX_BYTES + 1)
        except (OSError, EOFError, zlib.error):
            message = "not readable as gzip: it is damaged, or cut off"
            help_ = "copy it again; its `sha256` is that of the uncompressed table"
            raise UnreadableError(Fault(file=name, message=message, help=help_)) from None
    if len(content) > MAX_BYTES:
        raise UnreadableError(Fault(file=name, message=_TOO_LARGE, help=_SPLIT))
    if len(content) > left:
        raise UnreadableError(Fault(file=name, message=_TOO_MUCH, help=_FEWER))
    return content


def _did_you_mean(path: Path, written: str) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir() if ".csv" in entry.suffixes)
    except OSError:
        return "a table stands in the folder of the file that names it, or below"
    close = get_close_matches(path.name, names, n=1, cutoff=0.75)
    if not close:
        return "a table stands in the folder of the file that names it, or below"
    return f"did you mean {(PurePosixPath(written).parent / close[0]).as_posix()}?"
