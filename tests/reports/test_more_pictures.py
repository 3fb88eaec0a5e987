"""The pictures of markets, of time and of sweeps: what is drawn is what was solved."""

import json
from functools import cache
from math import exp, fsum

import pytest

import looprisk as lr
from looprisk.analysis.depth import depth_of, impact
from looprisk.analysis.lending_looks import debts_of, lots_of
from looprisk.analysis.sampling import stayed_of
from looprisk.errors import ModelError
from looprisk.model import Case, Scenario
from looprisk.reports.pictures.health import bins_of
from looprisk.reports.pictures.heat import heat
from looprisk.reports.study import Study
from tests.reports.pages import check_page
from tests.reports.painted import faults
from tests.reports.systems import SCENARIOS, study
from tests.reports.test_safe import check_marks


def load(name):
    return lr.load(SCENARIOS / f"{name}.yaml")


@cache
def lending():
    system = lr.System(
        name="lending",
        assets={
            "ETH": {"price": "$3_000"},
            "sETH": {"price": "0.998 ETH"},
            "USDC": {"price": "$1"},
        },
        markets={
            "lend": {
                "rules": "morpho-blue",
                "lends": {"USDC": {"cash": "5M"}},
                "collateral": {"sETH": {"lltv": "86%", "oracle": "market"}},
            }
        },
        positions={
            "me": {"market": "lend", "collateral": {"sETH": 1000}, "debt": {"USDC": "2M"}},
            "you": {"market": "lend", "collateral": {"sETH": 900}, "debt": {"USDC": "2.3M"}},
        },
        liquidity={
            "pool": {
                "of": "sETH",
                "into": "ETH",
                "curve": {"kind": "exponential", "depth": "$12M"},
            }
        },
    )
    return Case(system=system, scenario=Scenario(stages=[{"price": {"sETH": "-30%"}}]), name="x")


@cache
def swept():
    varied = {
        "lend/collateral/sETH/lltv": ["70%", "80%", "86%"],
        "shock": [0.0, 0.25, 0.5, 0.75, 1.0],
    }
    measures = ["lend bad_debt_usd", "lend loss_fraction", "lend liquidated_usd"]
    return lr.sweep(lending(), varied, measure=measures)


@cache
def some():
    cascade = lr.run(load("hedge-in-time")["rally-first"])
    hidden = lr.run(load("ust-2022")["bridge-opens-after-two-days"])
    line = lr.sweep(lending(), {"shock": [0.0, 0.5, 1.0]}, measure=["lend bad_debt_usd"])
    table = study("accounts-table", "minus-20").what
    return {
        "timeline": lr.picture(cascade),
        "timeline hidden": lr.picture(hidden),
        "utilisation": lr.picture(load("hedge-in-time")["rally-first"], "utilisation", "lend"),
        "health": lr.picture(table, "health"),
        "distribution": lr.picture(table, "distribution", "wsteth-usdc"),
        "bad_debt": lr.picture(lending(), "bad_debt"),
        "bad_debt by rule": lr.picture([lending(), lending()]),
        "depth": lr.picture(lending(), "depth", "pool"),
        "maturity": lr.picture(load("pooled")["ether-falls"], "maturity"),
        "tornado": lr.picture(study("stream-own-token", "loss-93").what, "tornado", "unidentified"),
        "run": lr.picture(study("stream-runs", "after-93M").what, "run"),
        "heat": lr.picture(swept()),
        "response": lr.picture(line),
    }


def test_more_pictures_hold_nothing_but_marks():
    for picture in some().values():
        check_marks(picture.svg())
        assert json.loads(picture.table.to_json())


def test_more_pictures_are_readable(page):
    assert faults(page, "".join(picture.svg() for picture in some().values())) == []


def test_bins_hold_every_debt_before_and_after():
    debts = debts_of(study("accounts-table", "minus-20").solved)
    whole = fsum(row.debt_usd for row in debts.rows)
    assert whole == pytest.approx(4_969_009.58)
    assert fsum(b.before_usd for b in bins_of(debts)) == pytest.approx(whole)
    assert fsum(b.after_usd for b in bins_of(debts)) == pytest.approx(whole)
    # a fall of 20 % takes a fifth of the health of everybody
    assert all(row.after == pytest.approx(0.8 * row.before) for row in debts.rows)


def test_health_is_that_of_the_metric():
    found = {row.account: row for row in debts_of(study_of(lending())).rows}
    assert found["me"].before == pytest.approx(1000 * 0.998 * 3000 * 0.86 / 2e6)
    assert found["you"].after == pytest.approx(0.7 * 900 * 0.998 * 3000 * 0.86 / 2.3e6)


def study_of(case):
    return Study(what=case).solved


def test_supply_and_debt_are_those_of_the_market():
    lots = lots_of(study_of(lending()), "lend")
    supply = fsum(row.usd for row in lots.rows if row.side == "supplies")
    debt = fsum(row.usd for row in lots.rows if row.side == "borrows")
    assert supply == pytest.approx(5e6 + debt)
    assert debt == pytest.approx(4.3e6)


@pytest.mark.parametrize("kind", ["exponential", "linear", "square_root", "constant_product"])
def test_the_average_impact_is_the_integral_of_that_of_the_last_unit(kind):
    for u in (0.05, 0.4, 0.9):
        steps = 20_000
        middles = [impact(kind, u * (k + 0.5) / steps)[1] for k in range(steps)]
        assert impact(kind, u)[0] == pytest.approx(fsum(middles) / steps, rel=2e-4)


def test_what_sells_inside_an_incentive_costs_exactly_that():
    found = depth_of(lending().system, "sETH")
    (one,) = found.incentives
    phi = min(1.15, 1 / (0.3 * 0.86 + 0.7))
    assert one.discount == pytest.approx(1 - 1 / phi)
    u = one.sellable_usd / 12e6
    assert 1 - (1 - exp(-u)) / u == pytest.approx(one.discount, rel=1e-9)


def test_bad_debt_is_that_of_the_metric():
    rows = lr.picture(lending(), "bad_debt").table
    (row,) = rows
    worst = [r.numbers[0] for r in swept().rows if r.values[1] == 1.0 and r.values[0] == 0.86]
    assert row.bad_usd == pytest.approx(worst[0])
    assert row.share == pytest.approx(row.bad_usd / 9.3e6)


def test_every_cell_of_the_heat_map_is_a_row_of_the_sweep():
    text = heat(swept()).svg()
    for row in swept().rows[1:]:
        assert row.numbers[0] is not None
        shown = f"{row.numbers[0] / 1e3:.1f}" if row.numbers[0] else ">0<"
        assert shown in text


def test_the_border_of_the_heat_map_is_where_liquidations_begin():
    rows = [row for row in swept().rows[1:] if row.numbers[2] > 0]
    assert rows
    text = heat(swept()).svg()
    assert "liquidated right of it" in text
    # columns of the five sizes, rows of the three LLTVs, the largest on top
    step, left = (760 - 16 - 110) / 5, 110
    for lltv, row in ((0.86, 0), (0.8, 1), (0.7, 2)):
        first = min(r.values[1] for r in rows if r.values[0] == lltv)
        column = [0.0, 0.25, 0.5, 0.75, 1.0].index(first)
        assert f"{left + column * step - 0.5:.2f}".rstrip("0").rstrip(".") in text, row


def test_the_timeline_says_how_much_was_hidden():
    picture = some()["timeline hidden"]
    rows = picture.table.rows
    most = max(row.book - row.economic for row in rows)
    assert most > 0
    assert "url(#lr-hatch)" in picture.svg()
    assert "stays hidden for" in picture.title


@pytest.mark.parametrize(
    ("kind", "of", "message"),
    [
        ("timeline", "", "drawn from a scenario with `time`"),
        ("utilisation", "lend", "drawn from a scenario with `time`"),
        ("distribution", "lnd", "no supply of a market"),
        ("depth", "nowhere", "`nowhere` is no liquidity here"),
        ("heat", "", "drawn from a sweep"),
        ("ladder", "lend", "a ladder shows every part, not `lend` alone"),
        ("health", "nowhere", "no market, supply or account"),
    ],
)
def test_what_cannot_be_drawn_says_what_can(kind, of, message):
    with pytest.raises(ModelError, match=message):
        lr.picture(lending(), kind, of)


def test_the_only_one_there_is_needs_no_name():
    timed = load("hedge-in-time")["rally-first"]
    assert lr.picture(timed, "utilisation").title == lr.picture(timed, "utilisation", "lend").title
    with pytest.raises(ModelError, match="name a supply of a market with `of`"):
        lr.picture(load("pooled")["ether-falls"], "distribution")


def test_a_move_too_small_to_be_told_apart_is_drawn_from_nothing():
    assert "axis starts at" not in lr.picture(load("pt-aave-2025")["the-day"], "timeline").svg()


def test_a_cascade_is_reported_too():
    text = lr.report(load("hedge-in-time")["rally-first"], ["looprisk run x"]).html()
    check_page(text)
    assert "What happens, and when" in text
    assert "value kept and lost" in text


def test_the_ladder_of_a_scenario_with_time():
    picture = lr.picture(load("hedge-in-time")["rally-first"], "ladder")
    assert picture.title == ("2 of 7 layers break at the same 81.39%: one event, not 2")
    check_marks(picture.svg())


def test_gains_are_told_apart_from_losses_of_others():
    title = lr.picture(load("morpho-loan")["ten-percent"], "waterfall").title
    assert title == (
        "owner of loan loses $1.00, COLL/LOAN at 91.5 % suppliers lose $0.08, liquidators gain $0.20"
    )
    gained = lr.picture(load("delta-neutral")["rally"], "reported")
    assert gained.title == "No layer has lost anything; Neutral/equity gains $17.0M"
    assert ">gained<" in gained.svg()


def test_a_sweep_speaks_of_the_shock_in_its_own_unit():
    assert "from a fall of" in heat(swept()).title
    line = lr.sweep(load("cycle")["ten-percent"], {"shock": ["0", "0.5", "1"]})
    drawn = lr.picture(line)
    assert drawn.title == "Economic loss of first-share: $0 at a fall of 0%, $28.00 at 10.0%"
    assert ">fall in the price of BASE<" in drawn.svg()


def test_lines_that_end_together_share_a_label_and_a_loss_hides_no_longer_than_the_run():
    flat = lr.picture(load("hedge-in-time")["crash-first"], "timeline").svg()
    assert ">all three<" in flat
    slips = lr.picture(load("pt-aave-2025")["february-slips"], "timeline")
    assert slips.title.endswith("a loss stays hidden for 1.0 h, to the end")


def test_those_who_stay_lose_what_the_clearing_says():
    found = study("stream-runs", "after-93M")
    lost = {row.id: row.economic_loss_usd for row in found.clearing.layer_rows}
    for one in stayed_of(found.solved):
        first, last = one.steps[0], one.steps[-1]
        assert first.share == 0
        whole = float(found.solved.baseline[one.of])
        assert last.lost * whole * (1 - last.share) == pytest.approx(lost[one.of], abs=1e-3)
        assert [step.lost for step in one.steps] == sorted(step.lost for step in one.steps)
    with pytest.raises(ModelError, match="nobody runs at the last stage"):
        lr.picture(study("cycle", "ten-percent").what, "run")
