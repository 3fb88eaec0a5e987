"""The README is true: every block of it runs and gives what it shows.

``console`` blocks are looprisk commands with their output, where a line of one ``…`` stands
for any lines. ``python`` blocks run as they are, or as doctests. ``yaml`` blocks load. ``sh``
blocks are the installing and testing that ``.ci/run`` does, line by line.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text("utf-8")
BLOCKS = [
    pytest.param(kind, body, id=f"{kind}-{number}")
    for number, (kind, body) in enumerate(
        re.findall(r"^```(\S*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    )
]
SHOWN_ONLY = {"mermaid"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Stand in a fresh folder that has the scenarios, as the README's reader does."""
    (tmp_path / "scenarios").symlink_to(ROOT / "scenarios", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_line(line: str) -> str:
    words = shlex.split(line)
    assert words[0] == "looprisk", "only looprisk is run here"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    environment.pop("COLUMNS", None)
    done = subprocess.run(
        [sys.executable, "-m", "looprisk", *words[1:]],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.stdout


def matches(shown: str, got: str) -> bool:
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line.rstrip()) + r"[ ]*\n"
        for line in shown.strip("\n").splitlines()
    )
    return re.fullmatch(pattern, got) is not None


def test_a_cut_line_stands_for_any_lines():
    assert matches("a\n…\nd", "a\nb\nc\nd\n")
    assert matches("a\n…", "a\nb\n")
    assert not matches("a\nc", "a\nb\n")
    assert not matches("a", "a\nb\n")


def check_console(body: str) -> None:
    steps = re.split(r"^\$ ", body, flags=re.MULTILINE)
    assert steps[0] == "", "a console block starts with a command"
    for step in steps[1:]:
        line, _, shown = step.partition("\n")
        got = run_line(line)
        assert not shown.strip() or matches(shown, got), f"{line} gives\n{got}"


def check_python(body: str) -> None:
    if ">>>" in body:
        test = doctest.DocTestParser().get_doctest(body, {}, "README.md", "README.md", 0)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
        runner.run(test)
        assert runner.summarize(verbose=False).failed == 0
    else:
        exec(compile(body, "README.md", "exec"), {"__name__": "readme"})


def check_yaml(body: str) -> None:
    from looprisk.files import load

    path = Path("readme.yaml")
    path.write_text(body, encoding="utf-8")
    assert load(path).scenarios is not None


def check_sh(body: str) -> None:
    done_in_ci = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    commands = {re.sub(r" (--quiet|\| tee .*)", "", line.strip()) for line in done_in_ci}
    for line in body.splitlines():
        for command in line.split(" && "):
            assert command.strip() in commands, f".ci/run does not run: {command}"


CHECKS = {"console": check_console, "python": check_python, "yaml": check_yaml, "sh": check_sh}


@pytest.mark.parametrize(("kind", "body"), BLOCKS)
def test_block(here, kind, body):
    if kind not in SHOWN_ONLY:
        assert kind in CHECKS, f"no test knows blocks of {kind!r}"
        CHECKS[kind](body)


def test_it_is_short():
    assert len(TEXT.split()) < 1_200


def test_it_starts_with_a_sentence_on_what_this_is():
    title, sentence = [part for part in TEXT.split("\n\n") if part.strip()][:2]
    assert title == "# looprisk"
    assert sentence.startswith("looprisk ")
    assert sentence.rstrip().endswith(".")
