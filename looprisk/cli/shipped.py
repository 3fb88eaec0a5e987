"""What the demo shows of the cases that come with the package."""

from dataclasses import dataclass


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
