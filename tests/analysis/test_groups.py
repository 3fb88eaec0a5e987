"""Shocks on groups: every member at once, or one run for each, the same as by hand."""

import pytest

import looprisk as lr
from looprisk.analysis import check
from looprisk.model.case import Case

BOOK = """\
looprisk: 1
name: pair
sources: {ours: {class: assumed, title: round figures}}
source: ours
assets: {USDC: {price: $1}, ETH: {price: $3_000, tags: [big]}, BTC: {price: $60_000, tags: [big]}}
markets:
  lend:
    rules: isolated
    lends: {USDC: {cash: 0}}
    collateral:
      ETH: {lltv: 86%, incentive: 5%, oracle: market}
      BTC: {lltv: 86%, incentive: 5%, oracle: market}
positions:
  on-eth: {market: lend, collateral: {ETH: 10}, debt: {USDC: 25k}}
  on-btc: {market: lend, collateral: {BTC: 1}, debt: {USDC: 45k}}
scenarios:
  each:
    stages: [{price: {each(collateral): -15%}}]
    expect: [{of: each(markets), metric: lender_loss_usd, is: $0}]
  all:
    stages: [{price: {all(big): -40%}}]
  by-hand:
    stages: [{price: {ETH: -40%, BTC: -40%}}]
"""


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "pair.yaml"
    path.write_text(BOOK)
    return lr.load(path)


def test_all_strikes_what_the_names_would_strike(book):
    together, by_hand = lr.run(book["all"]), lr.run(book["by-hand"])
    assert together.layers.to_csv() == by_hand.layers.to_csv()
    # 18,000 and 36,000 of collateral at 1.05 leave 25,000 and 45,000 of debt short
    short = 25_000 - 18_000 / 1.05 + 45_000 - 36_000 / 1.05
    assert together.layer("lend").economic_loss_usd == pytest.approx(short, rel=1e-12)


def test_each_makes_one_run_for_each_member(book):
    first, second = lr.runs(book["each"])
    assert (first.name, second.name) == ("each[BTC]", "each[ETH]")
    assert lr.run(first).layer("lend").economic_loss_usd == 0
    assert lr.run(second).layer("lend").economic_loss_usd == pytest.approx(25_000 - 25_500 / 1.05)


def test_each_is_judged_for_each_member_and_says_which_failed(book):
    rows = check(book["each"]).rows
    assert [(row.outcome, row.name[-5:]) for row in rows] == [("ok", "[BTC]"), ("FAIL", "[ETH]")]


def test_one_answer_is_not_given_for_several_runs(book):
    with pytest.raises(lr.ModelError, match=r"(?s)makes 2 runs.*lr\.runs\(case\): each\[BTC\]"):
        lr.run(book["each"])


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ({"all(big)": -0.1, "ETH": -0.2}, "`ETH` is struck twice: by `all(big)` and by `ETH`"),
        ({"all(none)": -0.1}, "`none` is no group and no tag of this system"),
        ({"all(venues)": -0.1}, "`all(venues)` is empty here"),
    ],
)
def test_what_no_group_can_mean_is_refused(book, price, message):
    with pytest.raises(lr.ModelError) as refused:
        lr.run(book.system, price=price)
    assert message in str(refused.value)


def test_two_different_each_are_refused(book):
    stages = [lr.Stage(price={"each(big)": -0.1}), lr.Stage(price={"each(assets)": -0.1})]
    with pytest.raises(lr.ModelError, match="make two scenarios"):
        lr.runs(Case(book.system, lr.Scenario(stages=stages)))
