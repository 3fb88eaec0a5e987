"""The errors of looprisk: one root, and each is also the builtin a caller expects.

Exit codes of the command line follow the class: 2 for what is written wrongly
(:class:`ModelError`, :class:`FileError`), 4 for what cannot be answered as asked
(everything else).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it stands, and what to write instead.

    ``path`` is the place in the tree of a file, list positions as text:
    ``("scenarios", "s", "stages", "0", "price", "ETH")``. ``on_key`` says that the key at
    that place is at fault; otherwise its value is.
    """

    path: tuple[str, ...]
    message: str
    help: str = ""
    on_key: bool = True

    def under(self, prefix: tuple[str, ...]) -> Problem:
        """Return the same problem with ``prefix`` put before its path."""
        return Problem((*prefix, *self.path), self.message, self.help, self.on_key)

    def __str__(self) -> str:
        """Return ``path: message``, and the help on a second line."""
        place = "/".join(self.path)
        first = f"{place}: {self.message}" if place else self.message
        return f"{first}\n  help: {self.help}" if self.help else first


class LoopriskError(Exception):
    """The root of all errors of looprisk."""


class ModelError(LoopriskError, ValueError):
    """A system, part or scenario is not one: every problem found, at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        """Keep ``problems``, in the order they were found."""
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return every problem, one after the other."""
        return "\n".join(str(problem) for problem in self.problems)


class FileError(ModelError):
    """A file is wrong: ``str`` is the rendered report of all errors of all files."""

    def __init__(self, problems: Iterable[Problem], text: str) -> None:
        """Keep ``problems`` and the ``text`` that shows them with file, line and column."""
        super().__init__(problems)
        self.text = text
        self.args = (self.problems, text)

    def __str__(self) -> str:
        """Return the rendered report."""
        return self.text


class UnknownValueError(LoopriskError, ValueError):
    """An answer depends on a value written ``unknown`` or as an interval.

    ``paths`` names every such value by its path in the language.
    """

    def __init__(self, message: str, paths: Iterable[str] = ()) -> None:
        """Keep the ``paths`` beside the message that names them."""
        super().__init__(message)
        self.paths = tuple(paths)


class NotCarriedError(LoopriskError, NotImplementedError):
    """The language has it and this engine does not carry it yet; never ignored."""


class NotExactError(LoopriskError, ArithmeticError):
    """The system lies outside what exact mode guarantees; the message names the cycle."""


class NoSolutionError(LoopriskError, ArithmeticError):
    """A solve ended without a certificate."""
