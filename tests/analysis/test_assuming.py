"""Debt that is taken to be sound says how much of it no shock can hurt."""

import looprisk as lr
from looprisk.results.cells import Screen
from looprisk.results.terminal import break_text, run_text

SCREEN = Screen(width=100, unicode=True, color=False)


def lender(**lending):
    return lr.System(
        assets={"USDC": {"price": 1}, "ETH": {"price": 3000}},
        markets={
            name: {
                "rules": "morpho-blue",
                "lends": {"USDC": {"cash": "2M", "supplied": "12M", **lending}},
                "collateral": {"ETH": {"lltv": "86%", "oracle": "market"}},
            }
            for name in ("one", "two")
        },
        positions={
            "seen": {"market": "one", "collateral": {"ETH": 2000}, "debt": {"USDC": "4M"}},
        },
    )


def test_debt_nobody_listed_is_told_once_with_its_amount():
    # 12M less 2M of cash: 6M in the one besides the 4M listed, and all 10M in the other
    system = lender(unlisted_debt="sound")
    done = lr.run(system, price={"ETH": "-100%"})
    effects = {row.input: row.effect for row in done.assumption_rows if row.effect}
    told = "$16.0M of debt that is not listed counts as sound: no fall of its collateral is seen."
    assert effects == {
        "one/lends/USDC/unlisted_debt": told,
        "two/lends/USDC/unlisted_debt": told,
    }
    assert done.layer("one").economic_loss_usd == 4e6
    broken = lr.break_points(system, price={"ETH": "-100%"})
    for text in (run_text(done, SCREEN), break_text(broken, SCREEN)):
        assert text.count("$16.0M") == 1
        assert "assumed: one/lends/USDC/unlisted_debt, two/lends/USDC/unlisted_debt (sound)" in text


def test_what_is_listed_whole_has_no_such_line():
    system = lender(unlisted_debt="sound").set(
        {"one/lends/USDC/supplied": "6M", "two/lends/USDC/supplied": "2M"}
    )
    done = lr.run(system, price={"ETH": "-100%"})
    assert not any(row.effect for row in done.assumption_rows)
    assert "assumed:" not in break_text(lr.break_points(system, price={"ETH": "-1%"}), SCREEN)
