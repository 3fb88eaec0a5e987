"""A table that a stage opens runs as its rows do that are opened one by one."""

import dataclasses
import hashlib

import numpy as np
import pytest

import looprisk as lr
from looprisk.cascade.run import run
from looprisk.errors import FileError
from looprisk.model.expectation import Expectation

ACCOUNTS = "account,collateral/ETH,debt/USDC\nx,10,750\ny,5,300\nz,2,150\n"
TRADERS = "account,long/ETH,short/ETH,entry/ETH,leverage\na,10,,,12\nb,5,,110,5\nc,,4,,20\n"
FILE = """\
looprisk: 1
name: opened
assets: {{USDC: {{price: $1}}, ETH: {{price: $100}}}}
issuers: {{I: {{owns: {{ETH: 10}}, issues: {{T: {{kind: share, supply: 1_000}}}}}}}}
markets:
  m: {{rules: morpho-blue, lends: {{USDC: {{cash: 100_000}}}}, collateral: {{ETH: {{lltv: 86%, oracle: market}}}}}}
venues: {{v: {{convention: binance, mode: isolated, maintenance: 3%}}}}
liquidity: {{p: {{of: ETH, into: USDC, curve: {{kind: linear, depth: $50k}}}}}}
scenarios:
  late:
    time: {{step: 1m, horizon: 6m}}
    paths: {{between: hold, points: {{ETH: {{0m: $100, 1m: $97, 2m: $95, 3m: $90, 4m: $82, 6m: $80}}}}}}
    stages: [{{at: 2m, open: {{{opened}}}}}]
"""
NAMED = ", ".join(
    [
        *(
            f"{name}: {{market: m, collateral: {{ETH: {units}}}, debt: {{USDC: {debt}}}}}"
            for name, units, debt in (("x", 10, 750), ("y", 5, 300), ("z", 2, 150))
        ),
        # who has no entry enters at the 97 of the last record, with margin for that notional
        "a: {venue: v, long: 10 ETH, entry: $97, margin: {USDC: 80.833_333_333_333_33}}",
        "b: {venue: v, long: 5 ETH, entry: $110, margin: {USDC: 110}}",
        "c: {venue: v, short: 4 ETH, entry: $97, margin: {USDC: 19.4}}",
    ]
)


def tabled(folder, accounts=ACCOUNTS) -> str:
    written = []
    for name, where, text in (("t", "market: m", accounts), ("u", "venue: v", TRADERS)):
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
        digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
        written.append(f"{name}: {{{where}, table: {name}.csv, rows: 3, sha256: {digest}}}")
    return ", ".join(written)


def case(folder, opened):
    file = folder / "opened.yaml"
    file.write_text(FILE.format(opened=opened), encoding="utf-8")
    return lr.load(file)["late"]


def test_a_table_and_its_rows_are_opened_alike(tmp_path):
    one, other = (case(tmp_path, opened) for opened in (tabled(tmp_path), NAMED))
    table, rows = (run(c.system, c.scenario) for c in (one, other))
    assert table.plan.books[0].accounts == ("t/x", "t/y", "t/z")
    assert table.plan.legs[0].legs == ("u/a", "u/b", "u/c")
    for with_table, with_rows in zip(table.records, rows.records, strict=True):
        state, wanted = with_table.state, with_rows.state
        for what in ("size", "margin", "fund"):
            found = getattr(state.venues[0], what)
            assert found == pytest.approx(getattr(wanted.venues[0], what), rel=1e-12, abs=1e-9)
        for what in ("collateral", "principal", "cash", "repaid"):
            assert (getattr(state.markets[0], what) == getattr(wanted.markets[0], what)).all()
        assert state.price == pytest.approx(wanted.price, rel=1e-12)
    assert table.end.state.leaks["inflow"] == pytest.approx(rows.end.state.leaks["inflow"])
    # before the stage nobody is there; at the end somebody was closed and somebody was not
    assert not table.records[1].state.venues[0].size.any()
    assert table.end.state.markets[0].repaid[0].tolist()[1] == 0
    assert (table.end.state.markets[0].repaid[0][[0, 2]] > 0).all()
    assert np.abs(table.end.state.venues[0].size[0]).tolist()[:2] == [0, 0]
    assert np.abs(table.miss).max() < 1e-9 * 100_000


def test_of_a_table_that_is_opened_sums_are_asked_by_its_name(tmp_path):
    written = case(tmp_path, tabled(tmp_path))
    expect = [
        Expectation(of="t", metric="debt_repaid", is_=900),
        Expectation(of="u", event="hedge_closed", happens="always"),
    ]
    scenario = written.scenario.model_copy(update={"expect": tuple(expect)})
    verdicts = lr.check(dataclasses.replace(written, scenario=scenario, expect_lines=(1, 2)))
    assert [verdict.outcome for verdict in verdicts] == ["ok", "ok"]


def test_what_is_wrong_in_a_table_that_is_opened_stands_in_the_table(tmp_path):
    with pytest.raises(FileError) as raised:
        case(tmp_path, tabled(tmp_path, ACCOUNTS.replace("/ETH", "/WETH")))
    told = str(raised.value)
    assert "t.csv:1:9: error: `WETH` is no collateral of m" in told
    assert "did you mean collateral/ETH?" in told


def test_without_time_a_table_is_not_opened(tmp_path):
    written = case(tmp_path, tabled(tmp_path))
    (stage,) = written.scenario.stages
    still = stage.model_copy(update={"at": None})
    with pytest.raises(lr.LoopriskError, match=r"open/t: .* in a scenario with `time`"):
        lr.run(written.system, stages=[still])
