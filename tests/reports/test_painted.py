"""What Chromium paints: no text over text or outside, all of it readable, in both themes."""

import pytest

from looprisk.reports import PICTURES, svg
from looprisk.reports.pictures.ladder import ladder
from looprisk.reports.pictures.network import network
from looprisk.reports.pictures.pyramid import pyramid
from looprisk.reports.pictures.reported import reported
from looprisk.reports.pictures.waterfall import waterfall
from tests.reports.hostile import NAMES, clearing, travel
from tests.reports.painted import faults
from tests.reports.systems import FIVE, STATIC, study


@pytest.fixture
def real():
    return [PICTURES[kind](study(name, scenario), "") for name, scenario in FIVE for kind in STATIC]


def test_real_pictures_are_readable(page, real):
    assert faults(page, "".join(picture.svg() for picture in real)) == []


def test_pictures_of_hostile_and_long_names_are_readable_and_quiet(page):
    said = []
    page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
    several = [clearing(NAMES[start : start + 12]) for start in range(0, len(NAMES), 12)]
    pictures = [draw(one) for one in several for draw in (pyramid, waterfall, ladder, reported)]
    pictures += [network(travel()), network(travel(NAMES[:29]))]
    assert faults(page, "".join(picture.svg() for picture in pictures)) == []
    assert said == []
    assert page.evaluate("document.querySelectorAll('script,img,a,iframe').length") == 0


def test_the_judge_finds_what_is_wrong(page):
    drawn = pyramid(study("cycle", "ten-percent").clearing).svg()
    bad = (
        svg.text(20, 26, "over the title", "h"),
        svg.text(740, 200, "out of the picture"),
        svg.rect(20, 190, 80, 20, "f-claim"),
        svg.text(25, 204, "pale", "on"),
    )
    wrong = drawn.replace("</svg>", svg.joined(bad) + "</svg>")
    found = faults(page, wrong)
    assert any("overlap: " in fault and "over the title" in fault for fault in found)
    assert any("leaves the picture: out of" in fault for fault in found)
    assert any(": pale" in fault for fault in found)
