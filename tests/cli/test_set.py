"""`--set` leads into pools, measured depths and the prices in time of a scenario."""

import json

import pytest

FILE = """\
looprisk: 1
name: pools
assets: {USDC: {price: $1}, ETH: {price: $100}}
issuers: {I: {owns: {ETH: 10}, issues: {T: {kind: share, supply: 1_000}}}}
markets:
  m: {rules: morpho-blue, liquidators: always, lends: {USDC: {cash: 1_000}}, collateral: {ETH: {lltv: 86%, oracle: market}}}
positions: {x: {market: m, collateral: {ETH: 100}, debt: {USDC: 8_000}}}
liquidity:
  p: {of: ETH, into: USDC, curve: {kind: table, table: d.csv}}
  q: {of: USDC, into: ETH, curve: {kind: constant_product, depth: $1M}}
scenarios:
  late:
    time: {step: 1m, horizon: 4m}
    paths: {between: hold, points: {ETH: {0m: $100, 2m: $90, 4m: $90}}}
"""


@pytest.fixture
def pools(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "pools.yaml").write_text(FILE)
    (tmp_path / "there" / "d.csv").write_text("sold,price\n0,1\n10000,0.9\n100000,0.5\n")
    (tmp_path / "there" / "e.csv").write_text("sold,price\n0,1\n10000,0.8\n100000,0.5\n")
    (tmp_path / "there" / "path.csv").write_text("time,ETH\n0m,100\n2m,85\n4m,85\n")
    return "there/pools.yaml::late"


def losses(cli, place, *words):
    done = cli("run", place, "--format", "json", *(w for one in words for w in ("--set", one)))
    assert done.code == 0, done.err
    return {row["id"]: row["economic_loss_usd"] for row in json.loads(done.out)["layers"]}


def test_a_point_of_a_measured_depth_is_set_as_another_table_is(cli, pools):
    plain = losses(cli, pools)
    one, other = (losses(cli, pools, f"p/curve/table{to}") for to in ("/10000=80%", "=e.csv"))
    assert one == other
    # 8,000 x 1/(0.3 x 86 % + 0.7) / 90 = 92.786 ETH are sold in the first 10,000 of the depth
    seized = 8_000 / (0.3 * 0.86 + 0.7) / 90
    for found, fall in ((plain, 0.1), (one, 0.2)):
        after = 90 * (1 - fall * seized * 100 / 10_000)
        assert found["T"] == pytest.approx(10 * (100 - after), rel=1e-9)


def test_a_reserve_and_a_whole_curve_are_set(cli, pools):
    deep = losses(cli, pools, "p/curve={kind: constant_product, depth: $10B}")
    assert deep["T"] == pytest.approx(100, abs=0.01)
    assert losses(cli, pools, "q/curve/depth=$5") == losses(cli, pools)


def test_a_point_in_time_is_set_as_another_table_of_prices_is(cli, pools):
    one = losses(cli, pools, "paths/ETH/2m=$85", "paths/points/ETH/4m=$85")
    assert one == losses(cli, pools, "paths={between: hold, table: path.csv}")
    assert one["T"] > losses(cli, pools)["T"]


def test_the_clock_is_set_too(cli, pools):
    done = cli("run", pools, "--format", "json", "--set", "time/step=30s")
    assert json.loads(done.out)["time"]["steps"] == 8


@pytest.mark.parametrize(
    ("change", "message", "help_"),
    [
        ("paths/EHT/2m=$85", "no `EHT` there", "the keys here are ETH, "),
        ("paths/ETH/3m=$85", "no `3m` there", "the keys here are 0m, 2m, 4m"),
        ("paths/ETH/4m=85", "`85`", ""),
        ("p/curve/table/5=0.9", "no `5` there", "the keys here are 0, 10000, 100000"),
        ("p/curve/table/10000=0.4", "10000: with 0.4 left the price would not fall", "1, 0.9, 0.5"),
        ("p/curve/table=g.csv", "`g.csv`: no such file", ""),
        ("p/curve/depht=$1M", "no `depht` there", "did you mean depth?"),
        ("q/curve/depth=1M", "money wears a dollar sign", ""),
        ("time/step=3m", "horizon: 4m is no whole number of steps of 3m", ""),
    ],
)
def test_what_leads_nowhere_says_what_is_there(cli, pools, change, message, help_):
    done = cli("run", pools, "--set", change)
    assert done.code == 2
    path = change.partition("=")[0]
    assert f"--set {path.split('/')[0]}" in done.err
    assert message in done.err
    assert help_ in done.err
