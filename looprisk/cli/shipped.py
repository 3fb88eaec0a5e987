"""The scenario files that come with the package."""

from pathlib import Path

import looprisk
from looprisk.cli.failure import Exit, RefusedError

DEMO = (
    ("stream-recourse.yaml", "loss-93"),
    ("stream-own-token.yaml", "loss-93"),
)
"""The disclosed loss of Stream under both answers to who is paid first."""


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
