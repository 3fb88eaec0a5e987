"""The verb ``carry``: the borrow rate that leaves nothing, and the days to a loss."""

import json

import pytest

LOOP = """\
looprisk: 1
assets: {ETH: {price: $2_000}, stETH: {price: 1 ETH}}
markets:
  m:
    rules: morpho-blue
    lends: {ETH: {cash: 100, rate: {kind: kinked, base: 0%/y, slope_1: 3%/y, slope_2: 60%/y, kink: 90%}}}
    collateral: {stETH: {lltv: 94.5%, oracle: market}}
positions:
  me: {label: my loop, market: m, loop: {equity: 100, ltv: 90%}}
"""


@pytest.fixture
def loop(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.yaml").write_text(LOOP, encoding="utf-8")
    return "loop.yaml"


def test_it_shows_the_rate_and_where_it_is_paid(cli, loop):
    done = cli("carry", loop, "--yield", "stETH=3%/y", "--width", "100")
    assert done.code == 0
    told = " ".join(done.out.split())
    # 3 %/0.9 is a third of a point above the kink: a tenth of a tenth times 1/180 further
    assert "earns up to a borrow rate of 3.33%/y on ETH, which is paid with 90.06% of it" in told
    assert "all lent out 100.00% 63.00%/y \u2212537.00%/y" in told


def test_json_is_in_full(cli, loop):
    done = cli("carry", loop, "me", "--yield", "stETH=3%/y", "--loss", "5%", "--format", "json")
    document = json.loads(done.out)
    assert (document["schema"], document["break_even_exact"]) == ("looprisk/carry/1", "1/30")
    assert document["loss"] == 0.05


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "what does the collateral yield?"),
        (("--yield", "stETH"), "this is not TOKEN=RATE"),
        (("--yield", "stETH=3%/y", "--yield", "stETH=4%/y"), "stETH is given twice"),
        (("--yield", "stETH=3%"), "a rate says per what: 3%/y"),
        (("--yield", "steth=3%/y"), "did you mean stETH?"),
    ],
)
def test_what_it_does_not_take(cli, loop, words, message):
    done = cli("carry", loop, *words)
    assert done.code == 2
    assert message in done.err
