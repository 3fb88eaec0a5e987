"""The command line: each verb is the function of the same name, and nothing more.

Data goes to stdout, messages to stderr. Exit codes: 0 ok, 1 an expectation failed (``check``
alone), 2 usage or bad file, 3 data could not be read or verified, 4 no certified answer,
130 interrupted.
"""

import sys
from collections.abc import Sequence
from typing import NoReturn

from typer import TyperException

from looprisk.cli import carrying, policies, reporting, stress
from looprisk.cli.app import app
from looprisk.cli.emit import hush, note
from looprisk.cli.failure import Exit, exit_code, told, told_defect
from looprisk.errors import LoopriskError

__all__ = ["main"]

MORE = (carrying.app, policies.app, reporting.app, stress.app)
"""Verbs that live in files of their own."""
VERBS = [command.name for part in (app, *MORE) for command in part.registered_commands]

for part in MORE:
    app.add_typer(part)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command line and leave with its exit code."""
    code = run_line(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
    sys.exit(code)


def run_line(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; errors are told on stderr."""
    try:
        code: object = app(args=arguments, prog_name="looprisk", standalone_mode=False)
    except LoopriskError as error:
        note(told(error))
        return exit_code(error)
    except TyperException as error:
        words = sys.argv[1:] if arguments is None else arguments
        verb = next((f"{word} " for word in words if word in VERBS), "")
        # typer shows the validator's own prefix
        message = error.format_message().replace("Value error, ", "")
        note(f"error: {message}\n  help: looprisk {verb}--help")
        return Exit.USAGE
    except SystemExit:  # typer's word for a reader of the help that has left
        hush()
        return Exit.OK
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001, a defect is told, and never looks like a verdict
        note(told_defect(error))
        return Exit.NO_ANSWER
    if code == Exit.INTERRUPTED:
        note("interrupted")
    return code if isinstance(code, int) else Exit.OK
