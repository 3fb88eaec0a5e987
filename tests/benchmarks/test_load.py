"""How long a file of 20,000 claims takes to load."""

from pathlib import Path

import pytest

from looprisk.files import load
from looprisk.files.events import Budget, compose
from looprisk.files.source import read_source

EDGES = 20_000


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("load") / "net.yaml"
    file.write_text("".join(_lines(EDGES // 5)), encoding="utf-8")
    return file


def _lines(issuers: int):
    yield "looprisk: 1\nsources: {made: {class: assumed, title: made up}}\nsource: made\nissuers:\n"
    for own in range(issuers):
        yield f"  V{own}:\n    outside: {{pile: ${1000 + own}M}}\n    owns:\n"
        for step in (13, 26, 39):
            yield f"      T{(own + step) % issuers}: {step}_000.5\n"
        yield f"    owes: {{V{(own + 5) % issuers}: $12_000, outside: $1_000}}\n"
        yield f"    issues: {{T{own}: {{kind: share, supply: 500_000}}}}\n"
        yield f"    pays: [debts, T{own}]\n"


def test_load_20_000_claims(benchmark, path):
    file = benchmark(load, path)
    assert len(file.system.issuers) == EDGES // 5


def test_read_the_tree_of_20_000_claims(benchmark, path):
    source = read_source(Path(path), "net.yaml")
    tree, faults = benchmark(lambda: compose(source, Budget()))
    assert tree is not None
    assert faults == []
