"""What gives away a key: texts that hold one are refused, and what cites them does not show it."""

from __future__ import annotations

import re

_VALUES = (
    re.compile(
        r"(?i)(?:private[ _-]?key|mnemonic|seed[ _-]?phrase|keystore|password)[\"' ]*[:=](.+)"
    ),
    re.compile(r"://([^/@\s]*:[^/@\s]*)@"),
)
"""The value after a telling name, and who logs in at an address."""
_LONG_WORD = re.compile(r"://\S*?[/=]([A-Za-z0-9_-]{20,})")
"""A long word in an address: a key as often as a page's name."""


def holds_secret(text: str) -> bool:
    """Return whether a text gives away a key, a phrase or a login.

    >>> holds_secret("mnemonic: test test test"), holds_secret("the private key was lost")
    (True, False)
    """
    return any(value.search(text) for value in _VALUES)


def masked(text: str) -> str:
    """Return text of the same length in which what looks like a key is not to be read.

    >>> masked("see https://node.example/v2/abcdef0123456789abcdef")
    'see https://node.example/v2/••••••••••••••••••••••'
    """
    for secret in (*_VALUES, _LONG_WORD):
        for found in reversed(list(secret.finditer(text))):
            start, end = found.span(1)
            text = f"{text[:start]}{'•' * (end - start)}{text[end:]}"
    return text
