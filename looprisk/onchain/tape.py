"""Recordings: every request of an import with its answer, which replay it without a node.

A tape is evidence beside the file that an import wrote. It holds no endpoint.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from looprisk.disk import replace_file
from looprisk.errors import DataError, OfflineError
from looprisk.onchain.rpc import Ask, Json, Node, RpcError, canonical

FORMAT = "looprisk/tape/1"


@dataclass(slots=True)
class Tape:
    """Requests and their answers. The last answer to equal requests stands."""

    answers: dict[str, Json] = field(default_factory=dict)
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write the tape; the file appears whole or not at all."""
        rows: list[Json] = [[ask, answer] for ask, answer in sorted(self.answers.items())]
        rows += [[ask, None, code, text] for ask, (code, text) in sorted(self.refusals.items())]
        content = canonical({"format": FORMAT, "rows": rows}).encode()
        try:
            # no time and no name inside: equal tapes are equal files
            replace_file(path, gzip.compress(content, mtime=0))
        except OSError as error:
            raise DataError(f"cannot write {path}: {error.strerror or error}") from None

    @classmethod
    def load(cls, path: Path) -> Tape:
        """Read a tape; raise DataError where it is none."""
        try:
            content = json.loads(gzip.decompress(path.read_bytes()))
        except (OSError, EOFError, ValueError, gzip.BadGzipFile) as error:
            raise DataError(f"{path} is no tape ({type(error).__name__})") from None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise DataError(f"{path} is no tape of this version", f"its format must be {FORMAT}")
        tape = cls()
        for row in content["rows"]:
            if len(row) == 2:
                tape.answers[row[0]] = row[1]
            else:
                tape.refusals[row[0]] = (row[2], row[3])
        return tape


@dataclass(slots=True)
class RecordingNode:
    """A node that writes down what it is asked and what it answers."""

    node: Node
    tape: Tape = field(default_factory=Tape)

    @property
    def host(self) -> str:
        """The host of the node."""
        return self.node.host

    def request(self, method: str, params: list[Json]) -> Json:
        """Return the node's answer."""
        try:
            answer = self.node.request(method, params)
        except RpcError as refusal:
            self.tape.refusals[_key((method, params))] = (refusal.code, refusal.text)
            raise
        self.tape.answers[_key((method, params))] = answer
        return answer

    def batch(self, asks: Sequence[Ask]) -> list[Json | RpcError]:
        """Return the node's answers."""
        answers = self.node.batch(asks)
        for ask, answer in zip(asks, answers, strict=True):
            if isinstance(answer, RpcError):
                self.tape.refusals[_key(ask)] = (answer.code, answer.text)
            else:
                self.tape.answers[_key(ask)] = answer
        return answers


@dataclass(frozen=True, slots=True)
class TapeNode:
    """A recording that answers in place of a node."""

    tape: Tape

    @property
    def host(self) -> str:
        """What stands in for a host."""
        return "the recording"

    def request(self, method: str, params: list[Json]) -> Json:
        """Return the recorded answer, or raise the recorded refusal."""
        answer = self._recorded((method, params))
        if isinstance(answer, RpcError):
            raise answer
        return answer

    def batch(self, asks: Sequence[Ask]) -> list[Json | RpcError]:
        """Return the recorded answers."""
        return [self._recorded(ask) for ask in asks]

    def _recorded(self, ask: Ask) -> Json | RpcError:
        key = _key(ask)
        if key in self.tape.answers:
            return self.tape.answers[key]
        if key in self.tape.refusals:
            return RpcError(self.host, *self.tape.refusals[key])
        raise OfflineError(
            f"{ask[0]} was not recorded as it is asked here",
            "replay with the options it was recorded with, or record it again",
        )


def _key(ask: Ask) -> str:
    return canonical([ask[0], ask[1]])
