from typing import NamedTuple

import pytest

from looprisk.cli import run_line


class Done(NamedTuple):
    code: int
    out: str
    err: str


POLICY = """\
looprisk: 1
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
      - {of: fUSD, metric: loss_usd, is: $3M, name: holders bear it, evidence: identity}
      - {of: lUSD, metric: loss_usd, is: $0}
  large:
    stages: [{loss: {Fund: $5M}}]
    expect:
      - {of: lUSD, metric: loss_usd, is: $0, name: no lender loses, evidence: structural}
      - {of: Fund, metric: break_at, event: insolvent, at_least: $6M}
      - {of: lUSD, metric: time_of, event: impaired, at_least: 1h}
"""


@pytest.fixture
def policy(tmp_path, monkeypatch):
    """A file with two scenarios, the second of which fails twice, in the folder one stands in."""
    monkeypatch.chdir(tmp_path)
    for name in ("COLUMNS", "GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def cli(capsys):
    """Run one command line in this process."""

    def run(*words):
        code = run_line([str(word) for word in words])
        out, err = capsys.readouterr()
        return Done(int(code), out, err)

    return run
