"""The bytes of a picture of each of five systems: a change shows here, and is looked at."""

from pathlib import Path

import pytest

from looprisk.reports.pictures.pyramid import pyramid
from tests.reports.systems import FIVE, study

GOLDEN = Path(__file__).with_name("golden")


@pytest.mark.parametrize(("name", "scenario"), FIVE)
def test_the_bytes_of_a_picture_stay(name, scenario):
    """Draw again what changed with `python -m tests.reports.test_golden`, and look at it."""
    drawn = pyramid(study(name, scenario).clearing).svg() + "\n"
    assert drawn == (GOLDEN / f"{name}.svg").read_text("utf-8")


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for system, asked in FIVE:
        text = pyramid(study(system, asked).clearing).svg() + "\n"
        (GOLDEN / f"{system}.svg").write_text(text, "utf-8")
