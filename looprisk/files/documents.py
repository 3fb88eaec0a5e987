"""Reading a JSON document that somebody else may have written: size and depth have limits."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from pathlib import Path

from looprisk.files.source import MAX_BYTES
from looprisk.results.result_json import Json

MAX_DEPTH = 100
"""So many brackets stand in each other at most: a decoder follows them on its own stack."""
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))
_STEPS = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


def read_json(path: Path) -> tuple[str, Json]:
    """Return the text of a file and the document it holds.

    Raises OSError where it cannot be read, ValueError where it is no JSON within the limits.
    """
    with path.open("rb") as stream:
        raw = stream.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES // (1024 * 1024)} MB")
    brackets = _TEXT.sub(b"", raw).translate(None, _NO_BRACKET)
    if max(accumulate(_STEPS[bracket] for bracket in brackets), default=0) > MAX_DEPTH:
        raise ValueError(f"more than {MAX_DEPTH} brackets stand in each other")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"byte {error.start} is no UTF-8 text") from None
    found: Json = json.loads(text)
    return text, found
