"""The README's rows on other cases say what their scenario files are judged to give."""

from functools import cache
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.analysis import check
from looprisk.results.numbers import duration, money, share

ROOT = Path(__file__).parents[2]
ROWS = {
    cells[1]: tuple(cells[2:5])
    for line in (ROOT / "README.md").read_text("utf-8").splitlines()
    if line.startswith("|") and len(cells := line.split("|")) == 6
}


def percent(number: float) -> str:
    return share(number, digits=2).replace("%", " %")


SHOWN = {
    "*USDe*, 10 Oct 2025: liquidated, its oracle at USDT": (
        "usde-october-2025.yaml::as-it-was", "aave-core", "liquidated_usd", money
    ),
    "*USDe*: slip that ends a PT loop at 88.5 %": (
        "usde-october-2025.yaml::oracle-reads-the-exchange", "loop-88", "break_at", percent
    ),
    "*PT loops* at their limits, 10 Oct 2025: liquidated": (
        "pt-aave-2025.yaml::the-day", "aave-core", "liquidated_usd", money
    ),
    "*PT loops* at 90.3 %, Aug 2025: slip that ends them": (
        "pt-aave-2025.yaml::september-slips", "loop-903", "break_at", percent
    ),
    "*Hedged books*, 10 Oct 2025: net long of $100M": (
        "october-10-books.yaml::the-evening", "each(adl)", "net_delta", money
    ),
    "*stETH*, June 2022: slip that ends the largest loop": (
        "steth-2022.yaml::how-far", "largest", "break_at", percent
    ),
    "*UST*, May 2022: bad debt, bridge open after 2 days": (
        "ust-2022.yaml::bridge-opens-after-two-days", "cauldron", "bad_debt_usd", money
    ),
    "*UST*: bad debt, after 3 days": (
        "ust-2022.yaml::bridge-opens-after-three-days", "cauldron", "bad_debt_usd", money
    ),
    "*9 Dec 2024*: liquidated on Binance, books assumed": (
        "december-2024.yaml::the-day", "binance-book", "liquidated_usd", money
    ),
    "*Stream*, by the hour: MEV Capital's loss after the run": (
        "stream-runs.yaml::hour-by-hour", "MEV-USDC", "loss_fraction", percent
    ),
    "*Stream*, by the hour: its loss was hidden for": (
        "stream-runs.yaml::hour-by-hour", "MEV-USDC", "hidden_for", duration
    ),
}  # fmt: skip


@cache
def verdicts(place: str):
    name, _, scenario = place.partition("::")
    return check(lr.load(ROOT / "scenarios" / name)[scenario]).rows


@pytest.mark.parametrize("row", SHOWN)
def test_the_row_is_what_the_scenario_gives(row):
    place, of, metric, write = SHOWN[row]
    found = next(v for v in verdicts(place) if v.name.startswith(f"{of} {metric}"))
    assert found.outcome == "ok"
    model, _, evidence = ROWS[row]
    assert model == write(found.got)
    assert evidence == found.evidence.replace("_", " ")


def test_no_row_stands_there_unchecked():
    others = {row for row in ROWS if row.startswith("*")}
    assert {row for row in others if not row.startswith(("*recourse*", "*own token*"))} == set(
        SHOWN
    )
