import os
from pathlib import Path
from typing import NamedTuple

import pytest

from looprisk.cli import run_line

ROOT = Path(__file__).parents[2]


class Done(NamedTuple):
    code: int
    out: str | bytes
    err: str | bytes


FUND = """\
looprisk: 1
name: fund
issuers:
  Fund:
    outside: {strategies: $10M}
    owes:    {Lender: $6M}
    issues:  {fUSD: {kind: share, supply: 4M}}
    pays:    [debts, fUSD]
  Lender:
    outside: {cash: $2M}
    issues:  {lUSD: {kind: share, supply: 8M}}
scenarios:
  small:
    stages: [{loss: {Fund: $3M}}]
    expect:
      - {of: fUSD, metric: loss_usd, is: $3M, name: holders bear it}
      - {of: lUSD, metric: loss_usd, is: $0}
  large:
    stages: [{loss: {Fund: $5M}}]
    expect:
      - {of: lUSD, metric: loss_usd, is: $1M, name: the lender bears the rest}
"""


@pytest.fixture
def fund(tmp_path, monkeypatch):
    """A file with two scenarios that hold, in the folder one stands in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("COLUMNS", raising=False)
    path = tmp_path / "fund.yaml"
    path.write_text(FUND, encoding="utf-8")
    return path


@pytest.fixture
def failing(fund):
    fund.write_text(FUND.replace("is: $1M", "is: $2M"), encoding="utf-8")
    return fund


@pytest.fixture
def cli(capsys):
    """Run one command line in this process."""

    def run(*words):
        code = run_line([str(word) for word in words])
        out, err = capsys.readouterr()
        return Done(int(code), out, err)

    return run


@pytest.fixture
def environment():
    """What a process sees of this one's environment: nothing that changes how it writes."""
    dropped = {"COLUMNS", "NO_COLOR", "TERM", "PYTHONIOENCODING"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
