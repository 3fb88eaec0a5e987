"""A scenario bound to its system: what a solve answers."""

from dataclasses import dataclass

from looprisk.model.scenario import Scenario
from looprisk.model.system import System


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario of a file, or of a notebook, and the system it strikes.

    The scenario's `set` is already applied to `system`. `file` and the lines say where it was
    written; a case made in a notebook has none.
    """

    system: System
    scenario: Scenario
    name: str = ""
    member: str = ""
    """What ``each`` stands for in this run of the scenario."""
    file: str = ""
    line: int | None = None
    """The line of the scenario's name, counted from 1."""
    expect_lines: tuple[int, ...] = ()
    """The line of each expectation, in the order of `scenario.expect`."""
    promise_lines: tuple[int, ...] = ()
    """The line of each smallest shock, then of each limit, as `scenario` has them."""
