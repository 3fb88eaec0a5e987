"""The errors of looprisk: one root, and each is also the builtin a caller expects.

Exit codes of the command line follow the class: 2 for what is written wrongly
(:class:`ModelError`, :class:`FileError`), 3 for data that could not be fetched or verified
(:class:`DataError`), 4 for what cannot be answered as asked (everything else).
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


class DataError(LoopriskError):
    """Data could not be fetched or verified; nothing was written.

    ``message`` says what happened and never holds an endpoint, only its host; ``help`` says
    what to do.
    """

    def __init__(self, message: str, help_: str = "") -> None:
        """Keep the message and the help, which ``str`` shows on a line of its own."""
        super().__init__(message, help_)
        self.message = message
        self.help = help_

    def __str__(self) -> str:
        """Return the message, and the help on a second line."""
        return f"{self.message}\n  help: {self.help}" if self.help else self.message


class AddressError(ModelError):
    """What should name an account or a contract does not; says what was meant where it can."""


class EndpointError(DataError, ConnectionError):
    """No node is configured, or the one that is does not answer or does not let us in."""


class AnswerError(DataError):
    """An answer is not what the method promises: cut, malformed, of another id, or a lie."""


class WrongChainError(DataError):
    """The node serves another chain than the one asked for."""


class HistoryError(DataError, LookupError):
    """The node does not have the state of that block."""


class ReorgError(DataError):
    """The pinned block is no longer part of the chain; what was read of it is discarded."""


class OfflineError(DataError, LookupError):
    """The network is switched off and what is needed is neither cached nor recorded."""


class UnreadableError(DataError, LookupError):
    """No reader knows what stands at an address, or a contract does not say what it must."""
