"""Published rules of limits: their closed forms, their sources, and the table of parameters."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

import looprisk as lr
from looprisk.cascade.pools import Pool, pool_of
from looprisk.model.tokens import Liquidity
from looprisk.results.governance import Governance, Parameter, strictest
from looprisk.sweeps import limits_of
from looprisk.sweeps.presets import PRESETS, sold_within

HERE = Path(__file__).parent
SCENARIOS = HERE.parents[1] / "scenarios"
CAP = "plasma-core/collateral/PT/cap"


@pytest.fixture(scope="module")
def listing():
    return lr.load(HERE / "pt.yaml").system


def left(kind, u):
    """The share of the price that is left after selling ``u``, written again."""
    return {
        "exponential": math.exp(-u),
        "linear": 1 - u,
        "square_root": 1 - math.sqrt(u),
        "constant_product": (1 + u) ** -2,
    }[kind]


@pytest.mark.parametrize("kind", ["exponential", "linear", "square_root", "constant_product"])
@pytest.mark.parametrize("share", [0.99, 1 / 1.04, 0.87])
def test_what_sells_within_the_incentive_sells_for_that_share_on_average(kind, share):
    sold = sold_within(Pool(kind=kind, depth=600.0, start_price=3.0), share)
    u = sold / 200
    assert quad(lambda x: left(kind, x), 0, u)[0] / u == pytest.approx(share, rel=1e-6)


def test_depth_that_thins_sells_less():
    terms = {"kind": "exponential", "depth": "$600"}
    thinned = Liquidity(of="X", into="Y", curve=terms, thins={"with_price": "2x"})
    still = Liquidity(of="X", into="Y", curve=terms)
    assert sold_within(pool_of(thinned, 1.0), 0.95) < sold_within(pool_of(still, 1.0), 0.95)


def test_a_cap_is_twice_what_sells_within_the_incentive(listing):
    found = lr.limit(listing, CAP, preset="twice-liquidity")
    units = 1500e6 / 0.98
    # (1 - exp(-u))/u = 1/1.04, solved on its own
    low, high = 0.0, 1.0
    for _ in range(80):
        u = (low + high) / 2
        low, high = (u, high) if (1 - math.exp(-u)) / u >= 1 / 1.04 else (low, u)
    (safe,) = found.ranges
    assert safe.high.holds == pytest.approx(2 * low * units, rel=1e-5)
    assert safe.high.fails > 2 * low * units >= safe.high.holds
    assert found.holds_now
    assert found.recommended == "241.717M"  # the rule sets the cap, although the old one is safe


def test_the_depth_and_the_bonus_that_a_cap_needs(listing):
    """The same rule asked of the other side: twice what 4 % sell is linear in the depth."""
    cap = lr.limit(listing, CAP, preset="twice-liquidity").ranges[0].high.holds
    of = "plasma-core/collateral/PT"
    (safe,) = lr.limit(listing, "amm/curve/depth", preset="twice-liquidity", of=of).ranges
    assert safe.low.holds == pytest.approx(1500e6 * 200e6 / cap, rel=1e-5)
    bonus = lr.limit(listing, f"{of}/incentive", preset="twice-liquidity", between=("0%", "10%"))
    assert bonus.ranges[0].low.holds < 0.04
    assert not bonus.sets


def test_a_threshold_that_shelters_lenders_from_a_fall_of_8(listing):
    """Bad debt at 85/0.98/100 x 1.04 of the price: 9.8 % now, at any threshold above it."""
    found = lr.limit(listing, "looper/debt/USDe", preset="break-8")
    (safe,) = found.ranges
    assert safe.high.holds == pytest.approx(0.92 * 98e6 / 1.04, rel=1e-5)
    assert found.holds_now


def test_the_cash_that_pays_a_run_of_30(listing):
    """30 % of cash + 85M must be there: c >= 0.3 (c + 85M)."""
    found = lr.limit(listing, "plasma-core/lends/USDe/cash", preset="run-30")
    (safe,) = found.ranges
    assert safe.low.holds == pytest.approx(25.5e6 / 0.7, rel=1e-5)
    assert safe.low.fails < 25.5e6 / 0.7


def test_a_run_comes_after_the_shock_that_is_asked():
    vault = lr.System(
        issuers={
            "V": lr.Issuer(
                outside={"lent": 80}, owns={"USDC": 20}, issues={"v": lr.Share(supply=100)}
            )
        },
        assets={"USDC": lr.Asset(price=1)},
    )
    calm = lr.limit(vault, "V/owns/USDC", preset="run-30")
    hurt = lr.limit(vault, "V/owns/USDC", preset="run-30", loss={"V/outside/lent": 40})
    # 30 % of c + 80; and of c + 40, which the books show at once: nothing is posted
    assert calm.ranges[0].low.holds == pytest.approx(24 / 0.7, rel=1e-5)
    assert hurt.ranges[0].low.holds == pytest.approx(24 / 0.7, rel=1e-5)


def test_every_rule_says_who_published_it(listing):
    for name in PRESETS:
        path = "plasma-core/collateral/PT/cap" if name == "twice-liquidity" else "looper/debt/USDe"
        found = lr.limit(listing, path, preset=name)
        assert PRESETS[name].source in found.sources
        assert PRESETS[name].source in found.note


@pytest.mark.parametrize(
    ("path", "asked", "message"),
    [
        (CAP, {}, "one of two"),
        (CAP, {"preset": "twice-liquidity", "keep": {"of": "looper"}}, "one of two"),
        (CAP, {"preset": "twice"}, "`twice` is not known here"),
        ("amm/curve/depth", {"preset": "twice-liquidity"}, "the cap of which collateral?"),
        (CAP, {"preset": "twice-liquidity", "of": "PT"}, "is no collateral of a market"),
        ("amm/curve/depth", {"preset": "break-8"}, "whom should it keep safe?"),
    ],
)
def test_what_a_rule_cannot_be_asked_is_refused(listing, path, asked, message):
    with pytest.raises(lr.ModelError) as refused:
        lr.limit(listing, path, **asked)
    assert message in str(refused.value)


def test_a_cap_without_liquidity_is_refused(listing):
    bare = lr.System.from_tree({k: v for k, v in listing.tree().items() if k != "liquidity"})
    with pytest.raises(lr.ModelError, match="no liquidity of it is modelled"):
        lr.limit(bare, CAP, preset="twice-liquidity")


@pytest.fixture(scope="module")
def found(listing):
    return table(listing)


def table(listing):
    keep = {"of": "looper", "metric": "break_at", "event": "liquidated", "at_least": "8%"}
    return lr.governance(
        [
            lr.limit(listing, CAP, preset="twice-liquidity"),
            lr.limit(listing, "plasma-core/collateral/PT/incentive", preset="twice-liquidity"),
            lr.limit(listing, "plasma-core/collateral/PT/lltv", keep, price={"PT": "-100%"}),
            lr.limit(listing, "plasma-core/lends/USDe/cash", preset="run-30"),
        ]
    )


def write(found):
    return {
        "parameters.txt": found.table.text(120) + "\n",
        "parameters.md": found.to_markdown(),
        "parameters.json": found.to_json(),
    }


@pytest.mark.parametrize("name", ["parameters.txt", "parameters.md", "parameters.json"])
def test_the_table_of_parameters_is_the_golden_one(found, name):
    assert write(found)[name] == (HERE / "golden" / name).read_text(encoding="utf-8")


def test_what_is_published_is_rounded_to_the_safe_side(listing):
    keep = {"of": "looper", "metric": "break_at", "event": "liquidated", "at_least": "3.333%"}
    path = "plasma-core/collateral/PT/lltv"
    found = lr.limit(listing, path, keep, price={"PT": "-100%"})
    (row,) = found.governance.rows
    exact = 85 / 98 / (1 - 0.03333)
    assert exact < 0.9
    assert found.governance.rows[0].recommended == "-"
    raised = lr.limit(listing.set({path: "88%"}), path, keep, price={"PT": "-100%"})
    (row,) = raised.governance.rows
    assert row.recommended == f"{np.ceil(exact * 1e4) / 100:.2f}%"
    assert row.recommended_value > exact


def test_the_rows_of_one_asset_are_one_row(found):
    assert found.wide.rows == (("Plasma Core", "PT-sUSDe-22OCT2026"), ("Plasma Core", "USDe"))
    assert len(json.loads(found.to_json())) == 4


def row(path, recommended, current=0.9):
    text = "-" if recommended == current else f"{recommended:.2%}"
    return Parameter(
        path=path,
        instance="m",
        asset="me",
        name="LTV",
        current="90.00%",
        recommended=text,
        unit="fraction",
        current_value=current,
        recommended_value=recommended,
        keep="",
        proof="",
    )


@pytest.mark.parametrize(
    ("asked", "together"),
    [
        ((0.87, 0.9), "87.00%"),
        ((0.9, 0.87), "87.00%"),
        ((0.87, 0.85), "85.00%"),
        ((0.92, 0.87), "none"),
        ((0.9, None), "none"),
    ],
)
def test_what_two_rules_ask_of_one_parameter_is_one_value(asked, together):
    rows = tuple(
        replace(row("p", 0.9), recommended="none", recommended_value=None)
        if value is None
        else row("p", value)
        for value in asked
    )
    assert strictest(*rows).recommended == together
    assert f"| {together} |" in Governance(rows=rows).to_markdown()


def test_a_table_says_what_each_row_keeps():
    case = lr.load(SCENARIOS / "wsteth-loop.yaml")["ratio-slips"]
    table = lr.governance(limits_of(case))
    assert [row.recommended for row in table.rows] == ["86.94%", "-", "-"]
    assert len({row.keep for row in table.rows}) == 3
    assert "-: safe as it is" in repr(table)
    # two rules ask for one LTV: the post has the stricter one
    assert "| wstETH/ETH at 94.5 % | my loop | 90.00% | 86.94% |" in table.to_markdown()
