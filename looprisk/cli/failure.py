"""Errors at the border: one message, one exit code, no traceback."""

import traceback
from enum import IntEnum

from looprisk.errors import DataError, FileError, LoopriskError, ModelError


class Exit(IntEnum):
    """What a command tells the shell."""

    OK = 0
    FAILED = 1
    """An expectation failed; only ``check`` says so."""
    USAGE = 2
    """The command line or a file is wrong."""
    DATA = 3
    """Data could not be read or verified."""
    NO_ANSWER = 4
    """There is no certified answer."""
    INTERRUPTED = 130


class RefusedError(LoopriskError):
    """A command cannot do what was asked; the message says why and what to type."""

    def __init__(self, message: str, *, help_: str = "", code: Exit = Exit.USAGE) -> None:
        super().__init__(message)
        self.message = message
        self.help = help_
        self.code = code

    def __str__(self) -> str:
        """Return the message, and the help on a second line."""
        return f"{self.message}\n  help: {self.help}" if self.help else self.message


def exit_code(error: LoopriskError) -> Exit:
    """Return the exit code that stands for an error of the library."""
    if isinstance(error, RefusedError):
        return error.code
    if isinstance(error, DataError):
        return Exit.DATA
    return Exit.USAGE if isinstance(error, ModelError) else Exit.NO_ANSWER


def told(error: LoopriskError, scenario: str = "") -> str:
    """Return what is printed for an error; a file's report is complete as it is."""
    if isinstance(error, FileError):
        return str(error).rstrip("\n")
    where = f"{scenario}: " if scenario else ""
    if isinstance(error, ModelError):
        return "\n".join(f"error: {where}{problem}" for problem in error.problems)
    return f"error: {where}{error}"


def told_defect(error: Exception) -> str:
    """Return what is printed for an error that is no answer of the library: its own mistake."""
    lines = "".join(traceback.format_exception(error, limit=-8)).rstrip("\n")
    return f"{lines}\nerror: this is a defect of looprisk; please report it with the lines above"
