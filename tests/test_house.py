"""Rules of the tree: what stands at the top, how long files are, what no file says."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP = {"pyproject.toml", "README.md", "LICENSE", "looprisk", "notebooks", "tests", "scenarios"}
LONGEST = 400
# put together here, so that this file does not say what it forbids
FORBIDDEN = [
    "".join(parts)
    for parts in (
        ("/work", "/"),
        ("/opt", "/"),
        ("/ro", "ot/"),
        ("/ho", "me/"),
        ("../sha", "red"),
        ("py", "pi.org"),
        ("python", "hosted.org"),
        ("extra-index", "-url"),
    )
]
HEAVY = ["web3", "sympy", "pandas", "polars", "matplotlib", "plotly", "networkx", "typer", "rich"]


@pytest.fixture(scope="module")
def files():
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    names = [name for name in listing.stdout.split("\0") if name]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_nothing_else_stands_at_the_top(files):
    entries = {path.relative_to(ROOT).parts[0] for path in files}
    assert {entry for entry in entries if not entry.startswith(".")} <= TOP


def test_source_files_are_short(files):
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in files
        if path.suffix == ".py"
    }
    assert {name: lines for name, lines in lengths.items() if lines >= LONGEST} == {}


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_file_names_a_machine_or_a_registry(files, word):
    wanted = word.encode()
    assert [path for path in files if wanted in path.read_bytes()] == []


def test_every_pin_is_a_version_and_nothing_else():
    lines = (ROOT / ".ci" / "constraints.txt").read_text("utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert len(pins) > 20
    for pin in pins:
        name, _, version = pin.partition("==")
        assert name
        assert version.replace(".", "").isalnum(), pin
        assert version[0].isdigit(), pin


def test_every_requirement_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    pins = (ROOT / ".ci" / "constraints.txt").read_text("utf-8").lower()
    names = [entry.split(">=")[0].lower() for entry in wanted]
    assert [name for name in names if f"\n{name}==" not in pins] == []


def test_every_shipped_case_is_an_example():
    """Where this fails: add a function to looprisk/files/examples.py."""
    shipped = {path.stem.replace("-", "_") for path in (ROOT / "scenarios").glob("*.yaml")}
    text = (ROOT / "looprisk/files/examples.py").read_text("utf-8")
    assert set(re.findall(r"^def (\w+)\(\) -> File:", text, re.MULTILINE)) == shipped


def test_the_tape_of_the_notebook_answers_the_importer():
    """Where this fails: python -m tests.notebooks.record, and land the tape with the readers."""
    book = json.loads((ROOT / "notebooks/5-import-from-a-tape.ipynb").read_text("utf-8"))
    (cell,) = ["".join(c["source"]) for c in book["cells"] if "lr.import_(" in "".join(c["source"])]
    answer = subprocess.run(
        [sys.executable, "-c", cell], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr[-500:]


def loaded_by(code: str) -> set[str]:
    program = f"import sys, json\n{code}\nprint(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return set(json.loads(answer.stdout))


def test_import_loads_nothing_heavy():
    loaded = loaded_by("import looprisk")
    assert loaded & {*HEAVY, "scipy", "yaml"} == set()


def test_the_command_line_starts_without_the_engine():
    loaded = loaded_by("import looprisk.cli")
    assert loaded & {"numpy", "scipy", "pydantic", "yaml", *HEAVY} == {"typer"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_the_wheel_carries_the_scenarios_byte_for_byte(wheel):
    for path in (ROOT / "scenarios").rglob("*.yaml"):
        name = path.relative_to(ROOT / "scenarios").as_posix()
        assert wheel.read(f"looprisk/data/{name}") == path.read_bytes()


def test_the_wheel_is_typed_and_licensed(wheel):
    names = wheel.namelist()
    assert "looprisk/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith("tests") for name in names)
