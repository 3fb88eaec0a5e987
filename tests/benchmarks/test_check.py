"""How long a check of a policy takes as a build sees it: the whole process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCENARIOS = 20


@pytest.fixture
def policy(tmp_path):
    """Twenty losses of one system of sixteen layers, four expectations each."""
    for name in ("stream-own-token.yaml", "stream-book.yaml"):
        text = (ROOT / "scenarios" / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.partition("\nscenarios:")[0] + "\n", encoding="utf-8")
    path = tmp_path / "policy.yaml"
    path.write_text("".join(_lines()), encoding="utf-8")
    return path


def _lines():
    yield "looprisk: 1\ninclude: stream-own-token.yaml\nscenarios:\n"
    for k in range(SCENARIOS):
        yield f"  loss-{k}:\n    stages: [{{loss: {{Stream/outside/fund: ${10 * (k + 1)}M}}}}]\n"
        yield "    expect:\n"
        yield "      - {of: deUSD, metric: loss_usd, at_most: $200M}\n"
        yield "      - {of: each(markets), metric: lender_loss_usd, at_most: $600M}\n"
        yield "      - {of: Stream, metric: break_at, event: insolvent, at_least: $1M}\n"
        yield f"      - {{of: Elixir, event: insolvent, happens: {'never' if k < 3 else 'always'}}}\n"


def test_check_of_twenty_scenarios(benchmark, policy):
    command = [sys.executable, "-m", "looprisk", "check", str(policy), "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    def check():
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout

    told = benchmark.pedantic(check, rounds=3, warmup_rounds=1)
    assert told.splitlines()[-1] == f"{4 * SCENARIOS} passed · {SCENARIOS} scenarios · exit 0"
