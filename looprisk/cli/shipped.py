"""The scenario files that come with the package."""

from dataclasses import dataclass
from pathlib import Path

import looprisk
from looprisk.cli.failure import Exit, RefusedError


@dataclass(frozen=True, slots=True)
class Shown:
    """One part of the demo: a case of the package and what it stands for."""

    title: str
    file: str
    run: str = "loss-93"
    break_: str = "how-far"


DEMO_TITLE = (
    "Stream Finance, November 2025, and the $93M it said it had lost. Who is paid first is "
    "not known. Both answers, neither marked as the truth:"
)
DEMO = (
    Shown("1. Lenders can reach all of Stream.", "stream-recourse.yaml"),
    Shown("2. Lenders have only the xUSD that was posted to them.", "stream-own-token.yaml"),
)


def shipped(name: str) -> Path:
    """Return the path of a scenario file that comes with the package.

    A wheel carries the files in its ``data`` folder. A checkout has them once, in ``scenarios``.
    """
    package = Path(looprisk.__file__).resolve().parent
    for folder in (package / "data", package.parent / "scenarios"):
        if (folder / name).is_file():
            return folder / name
    raise RefusedError(
        f"{name} is missing from this installation",
        help_="install looprisk again",
        code=Exit.DATA,
    )
