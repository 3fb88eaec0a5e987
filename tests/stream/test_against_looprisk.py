"""looprisk's answers on the files in `scenarios/` are those of the hand model."""

from fractions import Fraction
from pathlib import Path

import pytest

import looprisk as lr
from tests.stream import independent as hand

SCENARIOS = Path(__file__).parents[2] / "scenarios"
FUND = "Stream/outside/fund"
LOSSES = [1, 19, 28, 32, 60, 93, 150, 171, 202, 250, 400, 625]


@pytest.fixture(scope="module")
def systems() -> dict[str, lr.System]:
    names = ("stream-aggregate", "stream-recourse", "stream-own-token", "stream-system")
    return {name: lr.load(SCENARIOS / f"{name}.yaml").system for name in names}


def lost(clearing: lr.Clearing) -> dict[str, float]:
    """Return what each claimant loses, by claim."""
    return {row.via: row.loss_usd for row in clearing.waterfall}


def price(clearing: lr.Clearing, token: str) -> float:
    return clearing.layer(token).price.economic


def breaks(answer: lr.BreakPoints) -> dict[tuple[str, str], Fraction]:
    """Return every exact break point, as a loss in USD."""
    return {
        (row.of, row.event): Fraction(row.exact) * hand.FUND
        for row in answer.rows
        if row.exact is not None
    }


def is_proven(clearing: lr.Clearing) -> bool:
    proof = clearing.certificate
    return proof.exact and proof.residual == 0 == proof.conservation_gap


@pytest.mark.parametrize("loss", LOSSES)
def test_recourse(systems, loss):
    answer = hand.recourse(loss * hand.M)
    clearing = lr.run(systems["stream-recourse"], loss={FUND: loss * 10**6})
    assert is_proven(clearing)
    assert price(clearing, "deUSD") == float(answer.deusd)
    assert lost(clearing)["xUSD"] == float(answer.xusd_holders)
    assert lost(clearing)["deUSD"] == float(answer.deusd_outside)
    elixir = clearing.layer("Stream/owes/Elixir").economic_loss_usd
    assert elixir == float(answer.elixir_loan)


@pytest.mark.parametrize("loss", LOSSES)
def test_own_token(systems, loss):
    """The posted tokens of the other lenders are written with nine decimals, hence 1e-15."""
    answer = hand.own_token(loss * hand.M)
    clearing = lr.run(systems["stream-own-token"], loss={FUND: loss * 10**6})
    assert is_proven(clearing)
    near = {"rel": 1e-14, "abs": 1e-6}
    assert price(clearing, "xUSD") == pytest.approx(float(answer.xusd), **near)
    assert price(clearing, "deUSD") == pytest.approx(float(answer.deusd), **near)
    assert lost(clearing)["xUSD"] == pytest.approx(float(answer.xusd_holders), **near)
    assert lost(clearing)["deUSD"] == pytest.approx(float(answer.deusd_outside), **near)
    others = clearing.layer("other-xusd-loans").economic_loss_usd
    assert others == pytest.approx(float(answer.other_lenders), **near)


def test_own_token_split_as_published(systems):
    clearing = lr.run(systems["stream-own-token"], loss={FUND: "$93M"})
    others = clearing.layer("other-xusd-loans").economic_loss_usd
    split = (lost(clearing)["xUSD"], others, lost(clearing)["deUSD"])
    assert [round(usd / 1e6, 2) for usd in split] == [44.98, 45.47, 2.55]


@pytest.mark.parametrize("loss", LOSSES)
def test_market_by_market(systems, loss):
    state = hand.market_by_market(loss * hand.M)
    start = hand.market_by_market(Fraction(0))
    clearing = lr.run(systems["stream-system"], loss={FUND: loss * 10**6})
    assert is_proven(clearing)
    assert price(clearing, "xUSD") == float(state.xusd)
    assert price(clearing, "deUSD") == float(state.deusd)
    markets = {
        "plume-xusd": "plume",
        "arb-xusd": "arb",
        "eth-sdeusd": "eth",
        "plume-sdeusd": "pusd",
    }
    for market, of in markets.items():
        gone = getattr(start, of) - getattr(state, of)
        assert clearing.layer(market).economic_loss_usd == float(gone)
    for vault in hand.VAULTS:
        layer = clearing.layer(vault)
        assert layer.loss_fraction == pytest.approx(float(hand.vault_loss(vault, state)), rel=1e-12)
        assert layer.reported_loss_usd == 0
    assert sum(lost(clearing).values()) == pytest.approx(loss * 1e6, rel=1e-15)


def test_recourse_breaks_at_17_70_together(systems):
    found = breaks(lr.break_points(systems["stream-recourse"], loss={FUND: hand.FUND}))
    at = Fraction(17, 70) * hand.GROSS
    lenders = [key for key in found if key[0].startswith("Stream/owes/")]
    assert len(lenders) == 8
    for key in [*lenders, ("Stream", "insolvent"), ("deUSD", "impaired")]:
        assert found[key] == at


def test_own_token_breaks(systems):
    found = breaks(lr.break_points(systems["stream-own-token"], loss={FUND: hand.FUND}))
    at = float(hand.own_token_first_break())
    for of in ("plume-xusd", "other-xusd-loans", "deUSD"):
        assert float(found[of, "impaired"]) == pytest.approx(at, rel=1e-14)


def test_market_by_market_breaks_exactly(systems):
    found = breaks(lr.break_points(systems["stream-system"], loss={FUND: hand.FUND}))
    eth = hand.ETH_DEBT / hand.ETH_COLLATERAL / hand.SDEUSD_RATE
    pusd = hand.PUSD_DEBT / hand.PUSD_COLLATERAL / hand.SDEUSD_RATE
    assert found["arb-xusd", "impaired"] == hand.loss_at_price(hand.ARB_DEBT / hand.ARB_COLLATERAL)
    assert found["plume-xusd", "impaired"] == hand.loss_at_price(hand.PLUME_RATIO)
    assert found["deUSD", "impaired"] == hand.loss_at_price(hand.PLUME_RATIO)
    assert found["eth-sdeusd", "impaired"] == hand.loss_at_deusd(eth)
    assert found["plume-sdeusd", "impaired"] == hand.loss_at_deusd(pusd)
    assert found["Stream", "insolvent"] == hand.loss_at_price(Fraction(0))


def test_aggregate(systems):
    clearing = lr.run(systems["stream-aggregate"], loss={"Stream": "$93M"})
    assert price(clearing, "xUSD") == float(hand.equity_per_token(hand.LOSS, hand.XUSD_TOKENS))
    answer = lr.break_points(systems["stream-aggregate"], loss={"Stream": "100%"})
    exact = {(row.of, row.event): row.exact for row in answer.rows}
    assert exact["Stream", "insolvent"] == "17/70"


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_expectation_of_every_file_holds(path):
    file = lr.load(path)
    for scenario in file:
        report = lr.check(file[scenario])
        assert [row.outcome for row in report] == ["ok"] * len(report)


def test_every_value_of_the_stream_files_has_a_source(systems):
    for system in systems.values():
        assert [path for path, source in system.provenance.items() if not source and path[1:]] == []
