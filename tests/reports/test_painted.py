"""What Chromium paints: no text over text or outside, all of it readable, in both themes."""

import pytest

from looprisk.reports import PICTURES
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
