"""`--bounds` of run, break and check."""

import csv
import io
import json
import re

import pytest

OPEN = """\
looprisk: 1
name: fund
issuers:
  Fund:
    outside: {strategies: $9M..$10M}
    owes:    {Lender: $6M}
    issues:  {fUSD: {kind: share, supply: 4M}}
    pays:    [debts, fUSD]
  Lender:
    outside: {cash: $2M}
    issues:  {lUSD: {kind: share, supply: 8M}}
scenarios:
  large:
    stages: [{loss: {Fund: $5M}}]
    expect:
      - {of: lUSD, metric: loss_usd, at_most: $2M, name: two at most}
      - {of: lUSD, metric: loss_usd, at_most: $1M, name: one at most}
"""


@pytest.fixture
def unsure(fund):
    fund.write_text(OPEN, encoding="utf-8")
    return fund


def test_intervals_become_intervals_without_it(cli, unsure):
    """What is written as an interval needs no flag; ``unknown`` does."""
    for verb in ("run", "break"):
        plain, asked = cli(verb, unsure), cli(verb, "--bounds", unsure)
        assert (plain.code, plain.out) == (0, asked.out)
    assert cli("check", unsure).out == cli("check", "--bounds", unsure).out
    refused = cli("run", "--explain", "Fund", unsure)
    assert refused.code == 2
    assert "--set" in refused.err


def test_without_it_the_value_is_named_with_the_ways_out(cli, unsure):
    unsure.write_text(OPEN.replace("$9M..$10M", "unknown"), encoding="utf-8")
    done = cli("run", unsure)
    assert done.code == 4
    assert "Fund/outside/strategies is unknown" in done.err
    assert "in a file that includes" in done.err
    assert "--set Fund/outside/strategies=…" in done.err
    assert "--bounds" in done.err


def test_set_fills_it(cli, unsure):
    done = cli("run", "--set", "Fund/outside/strategies=$10M", unsure)
    assert done.code == 0
    assert "lUSD" in done.out


def test_run_shows_what_is_sure_and_what_decides(cli, unsure):
    done = cli("run", "--bounds", unsure)
    assert (done.code, done.err) == (0, "")
    first = done.out.splitlines()[0]
    assert first == "A loss of $5.0M at Fund: Lender (loan to Fund) loses $1.0M to $2.0M, most by"
    assert "Fund/outside/strategies  $9M" in done.out
    assert "intervals with both ends attained" in done.out


def test_break_shows_the_earliest_and_the_latest(cli, unsure):
    done = cli("break", "--bounds", unsure)
    assert done.code == 0
    assert re.search(r"insolvent +Fund +60.00% +80.00%", done.out)


def test_json_and_csv_have_both_ends(cli, unsure):
    document = json.loads(cli("run", "--bounds", "--format", "json", unsure).out)
    layer = next(row for row in document["layers"] if row["id"] == "lUSD")
    assert layer["economic_loss_usd"] == {
        "low": 1e6,
        "high": 2e6,
        "bound": "exact",
        "decided_by": "Fund/outside/strategies",
    }
    rows = list(csv.DictReader(io.StringIO(cli("run", "--bounds", "--format", "csv", unsure).out)))
    row = next(row for row in rows if row["id"] == "lUSD")
    assert (float(row["loss_low_usd"]), float(row["loss_high_usd"])) == (1e6, 2e6)
    assert "| lUSD" in cli("run", "--bounds", "--format", "md", unsure).out


def test_check_passes_only_what_holds_for_all_values(cli, unsure):
    done = cli("check", "--bounds", "--width", "120", unsure)
    assert done.code == 4
    assert "1 passed, 1 open" in done.out
    assert "Fund/outside/strategies" in done.out
    unsure.write_text(OPEN.replace("at_most: $1M", "at_most: $900k"), encoding="utf-8")
    assert cli("check", "--bounds", unsure).code == 1


def test_check_without_it_has_no_answer(cli, unsure):
    assert cli("check", unsure).code == 4


def test_explain_is_of_one_completion(cli, unsure):
    done = cli("run", "--bounds", "--explain", "lUSD", unsure)
    assert done.code == 2
    assert "--set" in done.err
