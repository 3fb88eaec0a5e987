"""A limit from each start of a grid: by the day to maturity, and beside single limits."""

import pytest

import looprisk as lr

PT = """\
looprisk: 1
as_of: 2026-01-01
assets: {USDC: {price: $1}}
issuers:
  V:
    outside: {a: $200}
    issues: {PT: {kind: par, par: $1, supply: 150, market_price: $0.97}}
    pays: [PT, equity]
oracles: {pt: {kind: pt_discount, of: PT, discount: 8%/y, matures: 2026-12-31}}
markets:
  m:
    rules: aave-v3.3
    lends: {USDC: {cash: 10}}
    collateral: {PT: {lltv: 90%, incentive: 4%, oracle: pt}}
positions: {p: {market: m, collateral: {PT: 100}, debt: {USDC: 80}}}
scenarios: {falls: {stages: [{depeg: {PT: 100%}}]}}
"""
DAYS = {"2026-02-05": 35, "2026-12-31": 364}
HEALTHY = {"of": "p", "metric": "health_factor", "at_least": "1.05x", "after": "start"}
SHELTERED = {"of": "p", "metric": "break_at", "event": "liquidated", "at_least": "5%"}


@pytest.fixture
def listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pt.yaml").write_text(PT, encoding="utf-8")
    return lr.load("pt.yaml")["falls"]


def test_a_debt_by_the_days_to_maturity_follows_the_discount(listed):
    """90 % of 100 (1 - 8 % x days/365) over 1.05: the nearer the maturity, the more."""
    found = lr.graded(listed, "p/debt/USDC", HEALTHY, vary={"pt/matures": list(DAYS)})
    ends = [row.limit.end for row in found.rows]
    closed = [90 * (1 - 0.08 * days / 365) / 1.05 for days in DAYS.values()]
    assert [end.holds for end in ends] == pytest.approx(closed, rel=1e-5)
    assert all(end.holds <= form < end.fails for end, form in zip(ends, closed, strict=True))


def test_the_break_point_is_kept_at_every_start(listed):
    """90 % of 100 at the price less 5 %."""
    system = listed.system.set({"m/collateral/PT/oracle": "market"})
    prices = ["$0.95", "$0.99"]
    fall = {"PT": "100%"}
    vary = {"PT/market_price": prices}
    found = lr.graded(system, "p/debt/USDC", SHELTERED, vary=vary, depeg=fall)
    closed = [90 * 0.95 * float(price[1:]) for price in prices]
    assert [row.limit.end.holds for row in found.rows] == pytest.approx(closed, rel=1e-5)
    for row, price in zip(found.rows, prices, strict=True):
        for value, holds in ((row.limit.end.holds, True), (row.limit.end.fails, False)):
            start = system.set({"PT/market_price": price, "p/debt/USDC": value})
            rows = lr.break_points(start, depeg=fall).rows
            at = next(b.at.value for b in rows if (b.of, b.event) == ("p", "liquidated"))
            assert (at >= 0.05 * (1 - 1e-9)) is holds


def test_what_is_searched_is_not_varied(listed):
    with pytest.raises(lr.ModelError, match="is what is searched"):
        lr.graded(listed, "p/debt/USDC", SHELTERED, vary={"p/debt/USDC": [1, 2]})


def test_the_command_line_shows_one_row_for_each_start(listed, capsys):
    from looprisk.cli import run_line

    keep = "of: p, metric: health_factor, at_least: 1.05x, after: start"
    words = ["limit", "pt.yaml::falls", "p/debt/USDC", "--keep", keep]
    assert run_line([*words, "--vary", "PT/market_price=$0.95,$0.97", "--format", "csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
