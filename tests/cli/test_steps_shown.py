"""A cascade that takes its time: a bar that counts its steps, and a clean end on Ctrl-C."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
AT_ONCE = "from looprisk.cli import busy, main; busy.PATIENCE = 0.0; main()"
FILE = ROOT / "tests" / "files" / "valid" / "in-time.yaml"


@pytest.fixture
def started():
    """Start a run whose stderr is a terminal."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", AT_ONCE, "run", str(FILE), "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=follower,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
    )
    os.close(follower)
    yield process, leader
    process.kill()
    process.wait()
    process.stdout.close()
    os.close(leader)


def test_steps_are_counted_on_a_terminal(started):
    process, leader = started
    out = process.stdout.read()
    assert process.wait(timeout=120) == 0
    seen = os.read(leader, 65536)
    assert b"stepping slip" in seen
    assert b"stepping" not in out
    assert out.startswith(b"scenario,layer,")


def test_it_can_be_interrupted(started):
    process, leader = started
    seen = b""
    deadline = time.monotonic() + 60
    while b"stepping" not in seen and time.monotonic() < deadline:
        seen += os.read(leader, 4096)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert process.stdout.read() == b""
