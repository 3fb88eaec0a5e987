"""What cannot be run in time is refused where it is written, with what to type instead."""

from __future__ import annotations

import pytest

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
            "write more margin",
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
