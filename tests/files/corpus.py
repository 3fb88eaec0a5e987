"""Broken files and what is said of them; run this module to write the texts anew, then read them.

Golden texts name files as they are named on the command line, so they are made in their folder.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from looprisk.errors import FileError
from looprisk.files import load

HERE = Path(__file__).parent
BROKEN = HERE / "broken"
VALID = HERE / "valid"
SCENARIOS = HERE.parents[1] / "scenarios"

NAMES = sorted(path.stem for path in BROKEN.glob("*.yaml"))
VALID_FILES = sorted([*VALID.glob("*.yaml"), *SCENARIOS.glob("*.yaml")])


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def report(name: str) -> str:
    """Return the error text of a broken file; a file that loads has none."""
    try:
        load(f"{name}.yaml")
    except FileError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    with inside(BROKEN):
        for name in NAMES:
            Path(f"{name}.txt").write_text(f"{report(name)}\n", encoding="utf-8")
