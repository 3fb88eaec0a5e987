"""Tables of numbers beside a file: prices in time and a measured depth, read, refused, and run."""

import gzip
from fractions import Fraction

import numpy as np
import pytest

from looprisk.cascade.pools import pool_of
from looprisk.cascade.run import run
from looprisk.errors import FileError, ModelError
from looprisk.files import load
from looprisk.model import Liquidity, Scenario
from tests.cascade.play import market

PRICES = "time,ETH\n0h,3000\n30m,2900.5\n2h,2700\n"
DEPTH = "sold,price\n0,1\n1000000,0.98\n3000000,0.9\n5000000,0.5\n"
YAML = """\
looprisk: 1
assets: {USDC: {price: $1}, ETH: {price: $3_000}}
markets:
  core:
    rules: aave-v3
    lends: {USDC: {cash: 0}}
    collateral: {ETH: {lltv: 80%, incentive: 5%, oracle: market}}
positions: {me: {market: core, collateral: {ETH: 1000}, debt: {USDC: 2_250_000}}}
liquidity: {pool: {of: ETH, into: USDC, curve: {kind: table, table: t/depth.csv}}}
scenarios:
  slides:
    time: {start: 2025-06-10T00:00Z, step: 30m, horizon: HORIZON}
    paths: {between: linear, table: t/prices.csv}
"""


def write(folder, prices=PRICES, depth=DEPTH, horizon="2h"):
    (folder / "t").mkdir(exist_ok=True)
    for name, content in (("prices", prices), ("depth", depth)):
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / "t" / f"{name}.csv").write_bytes(raw)
    (folder / "top.yaml").write_text(YAML.replace("HORIZON", horizon))
    return folder / "top.yaml"


def said(folder, **kwargs):
    with pytest.raises(FileError) as raised:
        load(write(folder, **kwargs))
    return str(raised.value).replace(f"{folder.as_posix()}/", "")


def test_both_are_read_exactly_plain_or_gzip(tmp_path):
    for prices in (PRICES, gzip.compress(PRICES.encode()), PRICES.replace("\n", "\r\n")):
        file = load(write(tmp_path, prices))
        series = file["slides"].scenario.paths.table.series
        assert series.columns["time"] == (0, 1800, 7200)
        assert series.columns["ETH"][1] == Fraction(5801, 2)
    pool = pool_of(file.system.liquidity["pool"], 3000.0)
    assert pool.knots.tolist() == [[0, 1], [1e6, 0.98], [3e6, 0.9], [5e6, 0.5]]


def test_a_scenario_of_two_tables_runs(tmp_path):
    case = load(write(tmp_path))["slides"]
    done = run(case.system, case.scenario)
    path = [3000, 2900.5, 2900.5 - 200.5 / 3, 2900.5 - 401 / 3, 2700]
    found = market(done, "ETH")
    # 80 % of 1000 ETH is 2.25M at 2,812.50: half is liquidated into the pool at the fourth record
    assert found[:3] == pytest.approx(path[:3], rel=1e-14)
    assert found[3] < path[3]
    seized = 1_125_000 * 1.05 / path[3]
    limit = path[3] / 1.05
    assert found[3] >= limit * (1 - 1e-12)
    # straight between the knots: worth sold at the start price against the share left
    worth = np.interp(1 - found[3] / path[3], [0, 0.02, 0.1, 0.5], [0, 1e6, 3e6, 5e6])
    assert worth <= seized * 3000 * (1 + 1e-12)
    assert worth == pytest.approx(
        min(seized * 3000, 1e6 + (1 / 1.05 - 0.98) / -0.08 * 2e6), rel=1e-9
    )


@pytest.mark.parametrize(
    "change",
    [
        "pool/curve/table: t/other.csv",
        "pool/curve: {kind: table, table: t/other.csv}",
        "pool: {of: ETH, into: USDC, curve: {kind: table, table: t/other.csv}}",
    ],
)
def test_a_scenario_may_set_another_depth(tmp_path, change):
    top = write(tmp_path)
    (tmp_path / "t" / "other.csv").write_text("sold,price\n0,1\n2000000,0.5\n")
    top.write_text(top.read_text() + f"    set: {{{change}}}\n".replace("{{", "{"))
    case = load(top)["slides"]
    pool = pool_of(case.system.liquidity["pool"], 3000.0)
    assert pool.knots.tolist() == [[0, 1], [2e6, 0.5]]
    assert run(case.system, case.scenario).end.state.k == 4


def test_another_depth_that_is_wrong_is_placed_in_its_file(tmp_path):
    top = write(tmp_path)
    (tmp_path / "t" / "other.csv").write_text("sold,price\n0,1\n-5,0.5\n")
    top.write_text(top.read_text() + "    set: {pool/curve/table: t/other.csv}\n")
    with pytest.raises(FileError, match=r"t/other\.csv:3:1"):
        load(top)


@pytest.mark.parametrize(
    ("prices", "place", "message"),
    [
        ("ETH,time\n1,0h\n2,1h\n", "t/prices.csv:1:1", "the first column of a table of numbers is time"),
        ("time,ETH\n0,1\n2h,2\n", "t/prices.csv:2:1", "a duration names its unit"),
        ("time,ETH\n0h,1\n2h,x\n", "t/prices.csv:3:4", "`x`: a plain decimal in dollars stands here"),
        ("time,ETH\n0h,1\n2h,\n", "t/prices.csv:3:4", "``: a plain decimal in dollars stands here"),
        ("time,ETH\n0h,1\n2h,2\n1h,3\n", "t/prices.csv:4:1", "time does not rise here"),
        ("time,ETH,ETH\n0h,1,1\n2h,2,2\n", "t/prices.csv:1:10", "the column `ETH` stands twice"),
        ("time\n0h\n2h\n", "t/prices.csv:1:1", "has a column for each id"),
        ("time,ETH\n0h,1,2\n2h,2\n", "t/prices.csv:2:1", "a row of 3 cells under a header of 2"),
        ("time,ETH\n0h,1\n2h,0\n", "t/prices.csv:3:1", "a price of 0"),
        ("time,ETH\n0h,1\n", "t/prices.csv", "from 2 to 1_000_000 rows"),
        ("time,DOGE\n0h,1\n2h,2\n", "top.yaml:13:37", "`DOGE` is no asset or token of this system"),
        ("time,ETH\n1h,1\n2h,2\n", "top.yaml:13:30", "the table: the path starts 1h after the start"),
        ("time,ETH\n0h,1\n1h,2\n", "top.yaml:13:30", "the table: the path ends at 1h, before the horizon of 2h"),
        (DEPTH, "top.yaml:13:30", "its table is a measured depth"),
    ],
)  # fmt: skip
def test_tables_of_prices_that_are_none(tmp_path, prices, place, message):
    text = said(tmp_path, prices=prices)
    assert message in text
    assert place.rpartition(":")[0] in text


@pytest.mark.parametrize(
    ("depth", "message"),
    [
        ("sold,price\n1,1\n2,0.5\n", "a measured depth starts with nothing sold"),
        ("sold,price\n0,1\n2,0.5\n3,0.5\n", "the price does not fall here, though more is sold"),
        ("sold,price\n0,1\n2,0.5\n1,0.4\n", "sold does not rise here"),
        (PRICES, "its table holds prices in time"),
        ("sold,left\n0,1\n2,0.5\n", "a measured depth has two columns, sold and price"),
    ],
)
def test_tables_of_depth_that_are_none(tmp_path, depth, message):
    assert message in said(tmp_path, depth=depth)


def test_points_are_held_against_the_horizon_when_they_are_read(tmp_path):
    file = write(tmp_path)
    file.write_text(
        file.read_text().replace("table: t/prices.csv", "points: {ETH: {0h: $3_000, 1h: $2_900}}")
    )
    with pytest.raises(FileError) as raised:
        load(file)
    assert "top.yaml:13" in str(raised.value)
    assert "ETH: the path ends at 1h, before the horizon of 2h" in str(raised.value)


def test_a_name_that_leads_nowhere(tmp_path):
    file = write(tmp_path)
    file.write_text(file.read_text().replace("t/depth.csv", "t/dept.csv"))
    with pytest.raises(FileError, match="did you mean t/depth"):
        load(file)
    file.write_text(file.read_text().replace("t/dept.csv", "../depth.csv"))
    with pytest.raises(FileError):
        load(file)


def test_a_curve_says_how_deep_it_is():
    with pytest.raises(ModelError, match="depth"):
        Liquidity(of="a", into="b", curve={"kind": "linear"})
    with pytest.raises(ModelError, match="table"):
        Liquidity(of="a", into="b", curve={"kind": "table"})
    with pytest.raises(ModelError, match="a curve of linear has none"):
        Liquidity(of="a", into="b", curve={"kind": "linear", "depth": "$1", "table": "t.csv"})
    unread = Liquidity(of="a", into="b", curve={"kind": "table", "table": "t.csv"})
    with pytest.raises(ModelError, match="has not been read"):
        pool_of(unread, 1.0)


def test_a_clock_without_a_path_is_fine():
    assert Scenario(time={"step": "1m", "horizon": "1h"}).paths is None
