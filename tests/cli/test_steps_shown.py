"""A cascade that takes its time: a bar that counts its steps, and a clean end on Ctrl-C."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
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


def drained(terminal, into):
    """Read a terminal until it is closed."""
    with suppress(OSError):
        while text := os.read(terminal, 65536):
            into.append(text)


def test_steps_are_counted_on_a_terminal(started):
    process, leader = started
    seen = []
    # a terminal that nobody reads fills up, and what writes to it waits
    threading.Thread(target=drained, args=(leader, seen), daemon=True).start()
    out = process.stdout.read()
    assert process.wait(timeout=120) == 0
    assert b"stepping slip" in b"".join(seen)
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
