"""The verb ``frontier``: two shocks of a file, or of the command line."""

import json


def test_a_shock_that_does_not_matter_leaves_a_straight_border(cli, fund):
    """What the lender loses itself does not reach the fund that owes to it."""
    shock = ("--shock", "loss: {Fund: 100%, Lender: 100%}")
    done = cli("frontier", "fund.yaml", "Fund", "insolvent", *shock, "--format", "json")
    assert done.code == 0
    assert [row["first_exact"] for row in json.loads(done.out)] == ["2/5", "2/5"]


def test_two_shocks_are_needed(cli, fund):
    done = cli("frontier", "fund.yaml::small", "Fund", "insolvent")
    assert done.code == 2
    assert "a frontier is of two shocks; here are 1" in done.err


def test_a_border_has_its_corners_as_fractions(cli, fund):
    text = fund.read_text(encoding="utf-8").replace("strategies: $10M", "a: $6M, b: $4M")
    fund.write_text(text, encoding="utf-8")
    shock = ("--shock", "loss: {Fund/outside/a: 100%, Fund/outside/b: 100%}")
    done = cli("frontier", "fund.yaml", "Fund", "insolvent", *shock, "--format", "json")
    assert done.code == 0
    rows = json.loads(done.out)
    # 4M of 6M, or all of b: nothing of a
    assert [(row["first_exact"], row["second_exact"]) for row in rows] == [("2/3", "0"), ("0", "1")]
    shown = cli("frontier", "fund.yaml", "Fund", "insolvent", *shock)
    assert "straight between two rows" in " ".join(shown.out.split())
