"""No name becomes markup, and a picture holds nothing but marks."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import looprisk.reports
from looprisk.reports import svg
from looprisk.reports.pictures.ladder import ladder
from looprisk.reports.pictures.network import network
from looprisk.reports.pictures.pyramid import pyramid
from looprisk.reports.pictures.reported import reported
from looprisk.reports.pictures.waterfall import waterfall
from tests.reports.hostile import NAMES, clearing, travel
from tests.reports.systems import FIVE, STATIC, study

NAMESPACE = "{http://www.w3.org/2000/svg}"
ELEMENTS = {"svg", "title", "desc", "style", "defs", "pattern", "rect", "line", "path", "circle"}
ATTRIBUTES = re.compile(
    r"class|role|aria-labelledby|viewBox|width|height|id|x|y|x1|y1|x2|y2|cx|cy|r|rx|d"
    r"|stroke-width|stroke-dasharray|patternUnits|patternTransform|data-[a-z]+"
)


def drawn():
    several = [clearing(NAMES[start : start + 15]) for start in range(0, len(NAMES), 15)]
    for one in [clearing(), *several]:
        yield from (draw(one) for draw in (pyramid, waterfall, ladder, reported))
    yield network(travel())
    yield network(travel(NAMES[:29]))


def check_marks(text):
    root = ET.fromstring(text)
    for one in root.iter():
        assert one.tag.removeprefix(NAMESPACE) in ELEMENTS | {"text"}
        assert all(ATTRIBUTES.fullmatch(key) for key in one.attrib)
        assert all(
            "url(" not in value and "javascript" not in key
            for key, value in one.attrib.items()
            if not key.startswith("data-")
        )
    assert re.findall(r"url\(([^)]*)\)", root.findtext(f"{NAMESPACE}style")) in (["#lr-hatch"], [])
    return root


def test_there_are_enough_hostile_names():
    assert len(set(NAMES)) == len(NAMES) >= 60


def test_hostile_names_stay_names():
    for picture in drawn():
        root = check_marks(picture.svg())
        # what an escape code or a mark of direction would need is gone
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u200b\ufeff]", picture.svg())
        assert root.findtext(f"{NAMESPACE}title") == picture.title


def test_a_name_that_is_shortened_stands_whole_in_its_hint():
    root = ET.fromstring(pyramid(clearing(("wrapped-" * 20, "b"))).svg())
    assert "wrapped-" * 20 in [t.text.split(":")[0] for t in root.iter(f"{NAMESPACE}title")]


@pytest.mark.parametrize(("name", "scenario"), FIVE)
def test_real_pictures_hold_nothing_but_marks(name, scenario):
    for kind in STATIC:
        check_marks(looprisk.reports.PICTURES[kind](study(name, scenario), "").svg())


def test_marks_are_made_in_one_module():
    package = Path(looprisk.reports.__file__).parent
    makers = [path.name for path in package.rglob("*.py") if "Markup(" in path.read_text("utf-8")]
    assert makers == ["svg.py"]


def test_a_coordinate_that_is_no_number_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        svg.line((0, float("nan")), (1, 1), "k-ink")
