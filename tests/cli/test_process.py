"""The command line as a process: pipes, terminals, signals, encodings."""

import contextlib
import os
import pty
import shlex
import signal
import subprocess
import sys
import time

import pytest

LOOPRISK = [sys.executable, "-m", "looprisk"]
SLOW = """\
import sys, time
from looprisk.cli import main, verbs, busy
load = verbs.load
def slow(path):
    sys.stdout.write("")
    print("started", file=sys.stderr, flush=True)
    time.sleep(30)
    return load(path)
verbs.load = slow
main()
"""


@pytest.fixture
def shell(fund, environment):
    def run(line, **more):
        done = subprocess.run(
            [
                "bash",
                "-c",
                f'set -o pipefail; looprisk() {{ {shlex.join(LOOPRISK)} "$@"; }}; {line}',
            ],
            capture_output=True,
            check=False,
            cwd=fund.parent,
            env={**environment, **more},
        )
        assert b"Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def terminal(fund, environment):
    """Run a command whose stdout and stderr are a terminal; return its exit code and the bytes."""

    def run(*words, **more):
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [*LOOPRISK, *words],
            stdout=follower,
            stderr=follower,
            cwd=fund.parent,
            env={**environment, "TERM": "xterm", "COLUMNS": "100", **more},
        )
        os.close(follower)
        seen = b""
        with contextlib.suppress(OSError):  # how Linux tells that the other end has closed
            while chunk := os.read(leader, 65536):
                seen += chunk
        os.close(leader)
        return process.wait(timeout=60), seen

    return run


def test_data_goes_to_stdout_and_messages_to_stderr(shell):
    done = shell("looprisk run fund.yaml::small -o a.json")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"wrote a.json\n")
    done = shell("looprisk run fund.yaml::small")
    assert done.stdout.startswith(b"A loss of $3.0M")
    assert done.stderr == b""


def test_a_pipe_is_plain(shell):
    assert b"\x1b" not in shell("looprisk check fund.yaml").stdout


def test_a_terminal_is_coloured_and_shows_no_bar_for_quick_work(terminal):
    code, seen = terminal("run", "fund.yaml::small")
    assert code == 0
    assert seen.startswith(b"\x1b[1mA loss of")
    assert b"clearing" not in seen


@pytest.mark.parametrize("more", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_can_be_plain(terminal, more):
    code, seen = terminal("run", "fund.yaml::small", **more)
    assert code == 0
    assert b"\x1b" not in seen


def test_the_exit_code_of_a_process(shell, failing):
    assert shell("looprisk check fund.yaml").returncode == 1
    assert (
        shell("looprisk run fund.yaml::small --set Fund/outside/strategies=unknown").returncode == 4
    )


@pytest.mark.parametrize("verb", ["run", "break", "check"])
def test_a_reader_that_leaves_is_no_error(shell, verb):
    done = shell(f"looprisk {verb} fund.yaml --format json | head -c 1")
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_reader_that_left_before_the_first_byte(shell):
    for words in ("run fund.yaml", "--help", "schema"):
        done = shell(f"{{ sleep 1; looprisk {words}; echo $? > code; }} | true; cat code")
        assert (done.stdout.strip(), done.stderr) == (b"0", b""), words


def test_a_reader_that_leaves_does_not_change_the_verdict(shell, failing):
    done = shell("{ sleep 1; looprisk check fund.yaml; echo $? > code; } | true; cat code")
    assert (done.stdout.strip(), done.stderr) == (b"1", b"")


def test_a_terminal_without_utf8_gets_ascii(shell):
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    done = shell("looprisk break fund.yaml", **ascii_only)
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_json_is_ascii(shell):
    assert shell("looprisk run fund.yaml --format json").stdout.isascii()


def test_the_way_to_write_a_shock(shell):
    done = shell("looprisk run fund.yaml --shock 'loss: {Fund: $4.5M}'")
    assert done.stdout.startswith(b"A loss of $4.5M at Fund")


def test_an_interrupt_gives_130_and_no_traceback(fund, environment):
    process = subprocess.Popen(
        [sys.executable, "-c", SLOW, "run", "fund.yaml"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=fund.parent,
        env=environment,
    )
    assert process.stderr.readline() == b"started\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"interrupted\n")


def test_a_process_that_dies_while_writing_leaves_the_old_file(fund, environment):
    (fund.parent / "a.json").write_text("old")
    program = (
        "import os, time, sys; from looprisk.cli import main\n"
        "def stop(_):\n"
        "    print('writing', file=sys.stderr, flush=True)\n"
        "    time.sleep(30)\n"
        "os.fsync = stop\n"
        "main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, "run", "fund.yaml::small", "-o", "a.json"],
        stderr=subprocess.PIPE,
        cwd=fund.parent,
        env=environment,
    )
    assert process.stderr.readline() == b"writing\n"
    process.kill()
    process.communicate(timeout=60)
    assert (fund.parent / "a.json").read_text() == "old"


def test_work_over_a_second_shows_a_bar_on_a_terminal(fund, environment):
    program = (
        "import time\n"
        "from looprisk.cli import main, verbs\n"
        "run = verbs.analysis.answer\n"
        "def slow(case, watch):\n"
        "    time.sleep(1.5)\n"
        "    return run(case)\n"
        "verbs.analysis.answer = slow\n"
        "main()\n"
    )
    leader, follower = pty.openpty()
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", program, "run", "fund.yaml", "--format", "csv"],
        stdout=subprocess.PIPE,
        stderr=follower,
        cwd=fund.parent,
        env={**environment, "TERM": "xterm"},
    )
    os.close(follower)
    out = process.stdout.read()
    assert process.wait(timeout=60) == 0
    assert time.monotonic() - started >= 3
    seen = os.read(leader, 65536)
    os.close(leader)
    process.stdout.close()
    assert b"clearing small" in seen
    assert b"clearing" not in out
    assert out.startswith(b"scenario,")
