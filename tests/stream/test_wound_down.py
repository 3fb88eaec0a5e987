"""Set-off and runs by hand: against what was published, and looprisk against the hand model."""

from fractions import Fraction
from pathlib import Path

import pytest

import looprisk as lr
from looprisk.files import File
from tests.stream import independent as hand
from tests.stream import wound_down as by_hand
from tests.stream.asking import metric, solved, value

SCENARIOS = Path(__file__).parents[2] / "scenarios"


@pytest.fixture(scope="module")
def set_off() -> File:
    return lr.load(SCENARIOS / "stream-set-off.yaml")


@pytest.fixture(scope="module")
def runs() -> File:
    return lr.load(SCENARIOS / "stream-runs.yaml")


@pytest.mark.parametrize(
    ("supply", "pledged", "public"),
    [
        (by_hand.ATTESTED_SUPPLY, None, "0.350"),
        (hand.DEUSD_SUPPLY, None, "0.438"),
        (by_hand.OCTOBER_SUPPLY, None, "0.548"),
        (by_hand.ATTESTED_SUPPLY, "void", "1.000"),
        (hand.DEUSD_SUPPLY, "void", "1.000"),
        (by_hand.ATTESTED_SUPPLY, "honoured", "0.934"),
    ],
)
def test_the_loan_written_off(supply, pledged, public):
    assert round(by_hand.written_off(supply, pledged=pledged).deusd, 3) == Fraction(public)


def test_the_clearing_beside_it():
    recourse = by_hand.stream_gone_with_recourse()
    assert round(recourse, 4) == Fraction("0.3855")
    assert recourse == hand.recourse(hand.FUND, by_hand.ATTESTED_SUPPLY).deusd


def test_the_shares_handed_in_are_the_published_ones():
    handed_in = {vault: run.handed_in for vault, run in by_hand.RUNS.items()}
    assert round(handed_in["MEV-USDC"], 4) == Fraction("0.7507")
    assert round(by_hand.RELEND_3_NOVEMBER.handed_in, 4) == Fraction("0.8959")
    assert round(handed_in["MEV-USDC-arb"], 4) == Fraction("0.8785")


def test_runs_reach_what_was_realised():
    off = by_hand.nothing_left()
    relend = by_hand.RELEND_3_NOVEMBER
    assert round(by_hand.after_run("MEV-USDC", off), 4) == Fraction("0.0350")
    assert round(relend.loss(Fraction(0), relend.handed_in), 4) == Fraction("0.9816")
    assert round(by_hand.after_run("MEV-USDC-arb", off), 3) == Fraction("0.122")
    for vault, run in by_hand.RUNS.items():
        near = Fraction("0.002") if vault == "MEV-USDC" else Fraction("0.01")
        assert abs(by_hand.after_run(vault, off) - Fraction(run.realised)) < near


def test_the_loss_in_the_fund_alone_is_no_explanation():
    for vault in ("MEV-USDC", "Relend-USDC", "MEV-USDC-arb"):
        realised = Fraction(by_hand.RUNS[vault].realised)
        assert by_hand.after_run(vault, by_hand.after_93m()) < realised / 2


def test_three_vaults_paid_out_all_they_could():
    gap = {vault: run.can_leave - run.handed_in for vault, run in by_hand.RUNS.items()}
    assert all(missing > 0 for missing in gap.values())
    emptied = {vault for vault, missing in gap.items() if missing < Fraction("0.003")}
    assert emptied == {"Relend-USDC", "Avantgarde-USDC", "V1337-USDC"}


@pytest.mark.parametrize(
    ("scenario", "supply", "pledged"),
    [
        ("written-off-attested", by_hand.ATTESTED_SUPPLY, None),
        ("written-off", hand.DEUSD_SUPPLY, None),
        ("written-off-october", by_hand.OCTOBER_SUPPLY, None),
        ("set-off-void", hand.DEUSD_SUPPLY, "void"),
        ("set-off-void-attested", by_hand.ATTESTED_SUPPLY, "void"),
        ("set-off-honoured", hand.DEUSD_SUPPLY, "honoured"),
        ("set-off-honoured-attested", by_hand.ATTESTED_SUPPLY, "honoured"),
    ],
)
def test_looprisk_on_the_set_off(set_off, scenario, supply, pledged):
    """Equal as fractions, but for the attested supply, which the file has with six decimals."""
    expected = by_hand.written_off(supply, pledged=pledged)
    answer = solved(set_off[scenario])
    got = (metric(answer, "economic_price", "deUSD"), metric(answer, "recovery", "eth-sdeusd"))
    within = Fraction(1, 10**13) if supply == by_hand.ATTESTED_SUPPLY else 0
    assert abs(got[0] - expected.deusd) <= within
    assert abs(got[1] - expected.sdeusd_lenders) <= within


def test_looprisk_on_those_who_redeem_first(set_off):
    def price(scenario: str) -> Fraction:
        return metric(solved(set_off[scenario]), "economic_price", "deUSD")

    assert price("redeemed-first") == by_hand.redeemed_first()
    assert price("redeemed-first-set-off") == 1


@pytest.mark.parametrize(
    ("scenario", "recovery"),
    [
        ("after-write-off", by_hand.nothing_left()),
        ("at-market", by_hand.at_market()),
        ("after-93M", by_hand.after_93m()),
    ],
)
def test_looprisk_on_the_runs(runs, scenario, recovery):
    """Shares outstanding are written with six decimals in the file, hence 1e-13."""
    answer = solved(runs[scenario])
    asked = runs[scenario].scenario.stages[-1].run
    for vault in asked:
        left = asked[vault].wants_out.number
        assert round(by_hand.RUNS[vault].handed_in, 6) == left
        expected = by_hand.after_run(vault, recovery, left)
        assert abs(metric(answer, "loss_fraction", vault) - expected) < Fraction(1, 10**10)


def test_looprisk_on_relend_from_3_november(runs):
    case = runs["relend-from-3-november"]
    left = case.scenario.stages[-1].run["Relend-USDC"].wants_out.number
    assert round(by_hand.RELEND_3_NOVEMBER.handed_in, 6) == left
    expected = by_hand.RELEND_3_NOVEMBER.loss(by_hand.nothing_left()["eth"], left)
    got = metric(solved(case), "loss_fraction", "Relend-USDC")
    assert abs(got - expected) < Fraction(1, 10**10)


def test_the_arbitrum_oracle_sees_nothing(runs):
    answer = solved(runs["after-write-off"])
    assert metric(answer, "reported_loss_usd", "MEV-USDC-arb") == 0
    lost = metric(answer, "economic_loss_usd", "MEV-USDC-arb")
    assert lost == pytest.approx(by_hand.RUNS["MEV-USDC-arb"].toxic, abs=1e-6)


def test_leavers_are_paid_at_the_posted_price_and_bear_nothing(runs):
    """What they take is the vault's assets times their share; the loss stays with the others."""
    answer = solved(runs["after-write-off"])
    recovered = by_hand.nothing_left()
    for vault, run in by_hand.RUNS.items():
        stay = 1 - runs["after-write-off"].scenario.stages[-1].run[vault].wants_out.number
        assert metric(answer, "book_price", vault) == Fraction(run.price)
        left = run.assets * stay - run.toxic * (1 - recovered[run.market])
        assert float(value(answer, vault)) == pytest.approx(float(left), abs=1e-4)


@pytest.mark.parametrize("scenario", ["after-write-off", "at-market", "after-93M"])
def test_the_runs_are_certified(runs, scenario):
    proof = lr.run(runs[scenario]).certificate
    assert proof.exact
    assert proof.residual == 0 == proof.conservation_gap
