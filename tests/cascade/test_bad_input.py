"""What cannot be run in time is refused where it is written, with what to type instead."""

from __future__ import annotations

import hashlib

import pytest

import looprisk as lr
from looprisk.cli import run_line

HEAD = """\
looprisk: 1
name: bad
assets:
  USDC: {price: $1}
  ETH: {price: $100}
issuers:
  I: {owns: {ETH: 10}, issues: {T: {kind: share, supply: 1_200}}}
venues:
  v: {convention: hyperliquid, mode: isolated, maintenance: 3%}
positions:
  s: {venue: v, owner: I, short: 10 ETH, entry: $100, margin: {USDC: 200}}
scenarios:
  late:
    time: {step: 1m, horizon: 1h}
"""
PATH = "    paths: {between: linear, points: {ETH: {0h: $100, 1h: $90}}}\n"


@pytest.mark.parametrize(
    ("text", "line", "message", "help_"),
    [
        (
            HEAD.replace("step: 1m", "step: 7m"),
            14,
            "horizon: 1h is no whole number of steps",
            "change one of the two",
        ),
        (HEAD.replace("step: 1m", "step: 0m"), 14, "a step takes time", "write 1m"),
        (
            HEAD + PATH.replace("1h: $90", "30m: $90"),
            15,
            "the path ends at",
            "give its price at 1h",
        ),
        (
            HEAD + PATH + "    stages: [{at: 5m, price: {ETH: -5%}}]\n",
            16,
            "`ETH` has a path already",
            "",
        ),
        (
            HEAD + "    stages: [{at: 5m, price: {ETH: -5%}}, {at: 5m, price: {ETH: -4%}}]\n",
            15,
            "`ETH`: stage 1 sets it at 5m too",
            "leave one of the two out",
        ),
        (
            HEAD.replace("USDC: 200}", "USDC: 20}"),
            11,
            "is below the maintenance margin of $30.00",
            "write more margin, take it out, or say `below_maintenance: true`",
        ),
        (HEAD.replace("short: 10", "short: -10"), 11, "cannot be negative", ""),
        (HEAD.replace("hyperliquid", "okx"), 9, "`okx` is not known here", ""),
    ],
)
def test_one_clear_error_with_its_place(tmp_path, capsys, text, line, message, help_):
    file = tmp_path / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    assert run_line(["run", str(file)]) == 2
    told = capsys.readouterr().err
    assert f"bad.yaml:{line}:" in told
    assert message in told
    assert help_ in told


def test_without_time_a_thin_margin_is_no_error(tmp_path, capsys):
    file = tmp_path / "still.yaml"
    text = HEAD.replace("USDC: 200}", "USDC: 20}")
    text = text.replace(
        "    time: {step: 1m, horizon: 1h}\n", "    stages: [{price: {ETH: -5%}}]\n"
    )
    file.write_text(text, encoding="utf-8")
    assert run_line(["run", str(file)]) == 0


def test_tiers_and_shared_wallets_are_counted(tmp_path, capsys):
    file = tmp_path / "cross.yaml"
    text = HEAD.replace(
        "mode: isolated, maintenance: 3%", "mode: cross, tiers: [{maintenance: 3%}]"
    )
    text = text.replace("USDC: 200}}\n", "USDC: 20}}\n  l: {venue: v, owner: I, long: 2 ETH, ")
    more = "entry: $90, margin: {USDC: 0}}\n"
    file.write_text(text.replace("long: 2 ETH, ", f"long: 2 ETH, {more}"), encoding="utf-8")
    # 20 of margin and 20 of profit cover 36; alone the short would have 20 against 30
    assert run_line(["run", str(file)]) == 0


def test_a_start_below_maintenance_that_is_said_closes_at_once(tmp_path):
    short = HEAD.replace("USDC: 200}", "USDC: 20}, below_maintenance: true")
    file = tmp_path / "said.yaml"
    file.write_text(short, encoding="utf-8")
    done = lr.run(lr.load(file)["late"])
    assert done.at_start == ("s below its maintenance margin",)
    (closed,) = (event for event in done.events if event.of == "s")
    assert (closed.step, closed.event, closed.amount_usd) == (0, "hedge_closed", 1_000)


ROWS = "account,short/ETH,leverage\na,10,10\nb,5,50\nc,4,40\n"


def _with_traders(folder, said: str) -> str:
    (folder / "rows.csv").write_text(ROWS, encoding="utf-8")
    digest = "sha256:" + hashlib.sha256(ROWS.encode()).hexdigest()
    file = folder / "table.yaml"
    row = f"  t: {{venue: v, table: rows.csv, rows: 3, sha256: {digest}{said}}}\n"
    file.write_text(HEAD.replace("scenarios:\n", f"{row}scenarios:\n"), encoding="utf-8")
    return str(file)


def test_rows_below_maintenance_are_refused_together_unless_it_is_said(tmp_path, capsys):
    # b has 10 and c 10 of margin against 15 and 12; a has 100 against 30
    assert run_line(["run", _with_traders(tmp_path, "")]) == 2
    told = capsys.readouterr().err
    assert "table.yaml:12:" in told
    assert "b and 1 more rows are below maintenance margin ($10.00 of $15.00)" in told
    said = lr.load(_with_traders(tmp_path, ", below_maintenance: true"))
    done = lr.run(said["late"])
    assert done.at_start == ("t/b below its maintenance margin", "t/c below its maintenance margin")
    closed = {event.of for event in done.events if event.event == "hedge_closed"}
    assert closed == {"t/b", "t/c"}
