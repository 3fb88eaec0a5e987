"""The network of Morpho vaults: its rows, its date, and looprisk against the hand model."""

from fractions import Fraction
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.files import File
from tests.stream import independent as hand
from tests.stream import vaults_31_october as vaults
from tests.stream import wound_down as by_hand
from tests.stream.asking import metric, of_stages, solved, value

SCENARIOS = Path(__file__).parents[2] / "scenarios"
ASKED = {vault: round(by_hand.RUNS[vault].handed_in, 6) for vault in vaults.HURT}
GONE = lr.Stage(name="loss", loss={"Stream": "100%", "Elixir": "100%"})
RUNS = lr.Stage(
    name="run", run={vault: {"wants_out": f"{float(100 * s):.4f}%"} for vault, s in ASKED.items()}
)


@pytest.fixture(scope="module")
def file() -> File:
    return lr.load(SCENARIOS / "stream-morpho.yaml")


def test_the_rows_are_of_31_october():
    for vault, total in vaults.TOTALS_31_OCTOBER.items():
        rows = vaults.assets(vault, vaults.SDEUSD_31_OCTOBER)
        assert abs(rows - total) <= 2


def test_the_file_has_every_row(file):
    issuers = file.system.issuers
    for vault, rows in vaults.ROWS.items():
        held = {str(thing): amount.number for thing, amount in issuers[vault].owns.items()}
        assert held.pop("eth-sdeusd", 0) == vaults.SDEUSD_4_NOVEMBER.get(vault, 0)
        assert held.pop("USDC", 0) == rows.get("idle", 0)
        assert held == {market: n for market, n in rows.items() if market != "idle"}


def test_the_file_has_every_market(file):
    markets = file.system.markets
    sizes, cash = vaults.sizes(), vaults.at_hand()
    assert len(sizes) == 67
    for market, supplied in sizes.items():
        lending = markets[market].lends["USDC"]
        assert (lending.supplied.number, lending.cash.number) == (supplied, cash[market])
        tags = {"shared"} if _is_shared(market) else set()
        assert set(markets[market].tags) == tags


def _is_shared(market: str) -> bool:
    lenders = {vault for vault, rows in vaults.ROWS.items() if market in rows}
    return bool(lenders & set(vaults.HURT)) and bool(lenders - set(vaults.HURT))


@pytest.mark.parametrize("loss", [93, 250, 625])
def test_only_vaults_in_the_bad_market_lose(file, loss):
    state = hand.market_by_market(loss * hand.M)
    recovered = state.eth / (hand.ETH_CASH + hand.ETH_DEBT)
    stage = lr.Stage(loss={"Stream/outside/fund": loss * 10**6})
    answer = solved(of_stages(file.system, [stage]))
    for vault in vaults.ROWS:
        expected = float(vaults.most(vault, vaults.SDEUSD_4_NOVEMBER, recovered))
        got = float(metric(answer, "loss_fraction", vault))
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-12)
    for market in vaults.sizes():
        assert metric(answer, "lender_loss_usd", market) == 0


def test_five_days_earlier(file):
    recovered = 1 - vaults.DEBT_31_OCTOBER / vaults.SUPPLIED_31_OCTOBER
    answer = solved(file["five-days-earlier"])
    for vault in vaults.ROWS:
        expected = float(vaults.most(vault, vaults.SDEUSD_31_OCTOBER, recovered))
        got = float(metric(answer, "loss_fraction", vault))
        assert got == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_runs_take_the_cash_and_nothing_else(file):
    left, out = vaults.after_runs(ASKED, first=["MEV-USDC"])
    answer = solved(file["after-the-runs"])
    # MEV Capital, first to ask, also took the 281 USDC that the bad market had
    assert left["sdeUSD"] == 0
    for vault in vaults.HURT:
        saved = hand.ETH_CASH if vault == "MEV-USDC" else Fraction(0)
        lost = vaults.SDEUSD_4_NOVEMBER[vault] - saved
        expected = lost / (vaults.assets(vault) * (1 - out[vault]))
        got = float(metric(answer, "loss_fraction", vault))
        assert got == pytest.approx(float(expected), rel=1e-9)
    for vault in vaults.NEIGHBOURS:
        assert float(metric(answer, "economic_loss_usd", vault)) == pytest.approx(0, abs=1e-6)
    for vault in vaults.ROWS:
        assert float(metric(answer, "reported_loss_usd", vault)) == pytest.approx(0, abs=1e-6)
    for market, supplied in vaults.sizes().items():
        idle, taken = left[market], vaults.at_hand()[market] - left[market]
        lent = 1 - float(idle / (supplied - taken))
        assert float(metric(answer, "utilisation", market)) == pytest.approx(lent, abs=1e-12)


@pytest.mark.parametrize("vault", vaults.NEIGHBOURS)
def test_what_neighbours_can_pay_at_once(file, vault):
    """All shares ask: what the vault's shares are then worth is what could not be paid."""
    everybody = lr.Stage(name="neighbour", run={vault: {"wants_out": "100%"}})
    for stages, cash in (
        ([GONE, everybody], vaults.at_hand()),
        ([GONE, RUNS, everybody], vaults.after_runs(ASKED)[0]),
    ):
        left = value(solved(of_stages(file.system, stages)), vault)
        paid = 1 - float(left / vaults.assets(vault))
        assert paid == pytest.approx(float(vaults.can_pay(vault, cash)), abs=1e-9)


def test_the_runs_leave_the_gauntlet_vaults_without_cash():
    before, after = vaults.at_hand(), vaults.after_runs(ASKED)[0]
    shares = {
        vault: (
            round(vaults.can_pay(vault, before), 3),
            round(vaults.can_pay(vault, after), 3),
        )
        for vault in ("Gauntlet-Core-USDC", "Frontier-USDC", "Smokehouse-USDC")
    }
    assert shares == {
        "Gauntlet-Core-USDC": (Fraction("0.533"), Fraction("0.016")),
        "Frontier-USDC": (Fraction("0.436"), Fraction("0.036")),
        "Smokehouse-USDC": (Fraction("0.209"), Fraction("0.005")),
    }
