"""Answers of shipped systems, solved once for all tests of pictures and pages."""

from functools import cache
from pathlib import Path

import looprisk as lr
from looprisk.reports.study import Study

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FIVE = (
    ("stream-own-token", "loss-93"),
    ("stream-recourse", "how-far"),
    ("wsteth-loop", "ratio-slips"),
    ("delta-neutral", "rally"),
    ("cycle", "ten-percent"),
)
STATIC = ("pyramid", "waterfall", "ladder", "curve", "network", "reported")


@cache
def study(name, scenario):
    return Study(what=lr.load(SCENARIOS / f"{name}.yaml")[scenario])
