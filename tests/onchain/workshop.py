"""The node and the contracts of the test chain: installed and compiled once, kept between runs.

They lie in the user's cache folder under the digest of everything they are made from, so that a
change of a version or of a contract makes a new folder and never a mixture.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
AAVE_3_0 = "@aave/core-v3/artifacts"
AAVE_3_2 = "aave_v3"
OPENZEPPELIN = "@openzeppelin/contracts/build/contracts"
PENDLE = "@pendle/core-v2/build/artifacts/contracts"
WHEEL = "web3-ethereum-defi==1.2"
"""Carries the compiled contracts of Aave v3.2.0. Read as an archive: its own requirements would
replace those of looprisk."""
WHEEL_SHA256 = "906579bfdb25d9aaa906543ce55a9d62e21a545e196e0230cb467c8b4406869d"
ANVIL = "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
MULTICALL3 = "node_modules/viem/constants/contracts.ts"


class MissingError(Exception):
    """A tool that the test chain is built with is not on this machine."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """Where everything lies."""

    folder: Path

    @property
    def anvil(self) -> Path:
        return self.folder / ANVIL

    def own(self, name: str) -> dict:
        """Return a contract compiled here: ours, Morpho's or Chainlink's."""
        return _artifact(self.folder / "build" / f"{name}.json")

    def aave_3_0(self, name: str) -> dict:
        return _artifact(_found(self.folder / "node_modules" / AAVE_3_0, name))

    def aave_3_2(self, name: str) -> dict:
        return _artifact(self.folder / AAVE_3_2 / f"{name}.json")

    def pendle(self, name: str) -> dict:
        return _artifact(_found(self.folder / "node_modules" / PENDLE, name))

    def openzeppelin(self, name: str) -> dict:
        return _artifact(self.folder / "node_modules" / OPENZEPPELIN / f"{name}.json")

    def multicall3(self) -> str:
        """Return the creation code of Multicall3."""
        text = (self.folder / MULTICALL3).read_text("utf-8")
        return text.partition("multicall3Bytecode")[2].split("'")[1]


@cache
def _found(folder: Path, name: str) -> Path:
    return next(folder.rglob(f"{name}.json"))


@cache
def _artifact(path: Path) -> dict:
    return json.loads(path.read_text("utf-8"))


def workshop() -> Workshop:
    """Return the workshop, building it where it is not there yet; raise what is missing."""
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise MissingError(f"{tool} is not installed")
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        raise MissingError("the node comes for Linux on x86-64 only")
    folder = _cache() / _digest()[:16]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix="draft-"))
        try:
            _build(draft)
            _settle(draft, folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return Workshop(folder)


def _settle(draft: Path, folder: Path) -> None:
    try:
        draft.rename(folder)
    except OSError:
        # another run was faster; what it built is the same
        if not folder.exists():
            raise


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "looprisk-tests"


def _inputs() -> list[Path]:
    named = ["package.json", "package-lock.json", ".npmrc", "compile.mjs", "workshop.py"]
    return [*(HERE / name for name in named), *sorted((HERE / "contracts").glob("*.sol"))]


def _digest() -> str:
    whole = hashlib.sha256()
    for path in _inputs():
        content = path.read_bytes()
        whole.update(f"{path.name} {len(content)}\n".encode() + content)
    return whole.hexdigest()


def _build(folder: Path) -> None:
    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copy(HERE / name, folder / name)
    _run(["npm", "ci", "--ignore-scripts"], folder)
    _aave_3_2(folder)
    compile_ = ["node", str(HERE / "compile.mjs"), str(HERE / "contracts")]
    _run([*compile_, str(folder / "node_modules"), str(folder / "build")], folder)


def _aave_3_2(folder: Path) -> None:
    downloads = folder / "downloads"
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    _run([*pip, "--dest", str(downloads), WHEEL], folder)
    (wheel,) = downloads.glob("*.whl")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise RuntimeError(f"{wheel.name} is not the file it was")
    inside = "eth_defi/abi/aave_v3/"
    (folder / AAVE_3_2).mkdir()
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.namelist():
            if entry.startswith(inside) and entry.endswith(".json"):
                target = folder / AAVE_3_2 / entry.removeprefix(inside)
                target.write_bytes(archive.read(entry))
    shutil.rmtree(downloads)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=280, check=False
    )
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise MissingError(f"{' '.join(command[:3])} failed:\n{said}")
