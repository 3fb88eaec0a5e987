"""Huge, deep, cyclic and contradictory input ends in a typed error, in little time and memory.

Each file is loaded and run in a process of its own, whose memory is limited.
"""

import gzip
import subprocess
import sys

import pytest

HEAD = "looprisk: 1\nsources: {here: {class: assumed, title: made up for a test}}\nsource: here\n"
MEMORY = 3 * 2**30
"""Address space of a process, in bytes: above what Python, numpy and 64 MB of text take."""
SECONDS = 60
"""Far above the few seconds that are meant, for machines that are busy."""
CODES = {0, 1, 2, 4}


def ask(path, *verb):
    """Run looprisk on a file with limited memory; return its code and what it said."""
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({MEMORY}, {MEMORY})); "
    code = limit + "from looprisk.__main__ import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *verb[:1], path.name, *verb[1:]],
        cwd=path.parent,
        capture_output=True,
        timeout=SECONDS,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def lines(count):
    return HEAD + "assets:\n" + "".join(f"  A{i}: {{price: $1}}\n" for i in range(count))


def ring(count):
    yield HEAD + "assets:\n"
    for i in range(count):
        yield f"  A{i}: {{price: 1 A{(i + 1) % count}}}\n"


def oracles(count):
    yield HEAD + "assets: {USDC: {price: $1}}\noracles:\n"
    for i in range(count):
        yield f"  O{i}: {{kind: capped, base: O{(i + 1) % count}, cap: $1}}\n"


def wide(count):
    """One vault owed by everybody and owning everything."""
    yield HEAD + "issuers:\n  V:\n    outside: {"
    yield ", ".join(f"p{i}: $1" for i in range(count))
    yield "}\n    owes: {" + ", ".join(f"W{i}: $1" for i in range(count)) + "}\n    pays: [debts]\n"


def vaults(count, owns):
    """Vaults with a share each, that own what ``owns`` says of their place."""
    yield HEAD + "assets: {USDC: {price: $1}}\nissuers:\n"
    for i in range(count):
        issues = f"issues: {{S{i}: {{kind: share, supply: 1_000}}}}"
        yield f"  V{i}:\n    {owns(i)}\n    {issues}\n"


LOSS = "loss: {V1: 10%}"


def deep(count):
    """A chain of vaults, each owning the one before, beside one that nobody owns."""
    cash = "outside: {cash: $1_000}"
    return vaults(count, lambda i: f"owns: {{S{i - 1}: 1_000}}" if i > 1 else cash)


def broad(count):
    """A vault that owns the shares of all the others."""
    every = "owns: {" + ", ".join(f"S{i}: 1_000" for i in range(1, count)) + "}"
    return vaults(count, lambda i: "outside: {cash: $1_000}" if i else every)


def bomb(depth):
    yield "looprisk: 1\nassets:\n  a0: &a0 {price: $1}\n"
    for i in range(depth):
        yield f"  a{i + 1}: &a{i + 1} [" + ", ".join([f"*a{i}"] * 9) + "]\n"


FILES = {
    "a million lines": (lambda: [lines(1_000_000)], "too many values"),
    "a number of a million digits": (
        lambda: [HEAD, "assets: {A: {price: $", "9" * 10**6, "}}\n"],
        "at most 400 characters",
    ),
    "a key of a million letters": (
        lambda: [HEAD, "assets: {", "A" * 10**6, ": {price: $1}}\n"],
        "quote the text",
    ),
    "deep lists": (lambda: [HEAD, "assets: ", "[" * 100_000], "error"),
    "deep maps": (lambda: [HEAD, *(f"{' ' * i}a:\n" for i in range(3000))], "error"),
    "aliases": (lambda: bomb(30), "refused"),
    "prices in a circle": (lambda: ring(20_000), "leads back to itself"),
    "oracles in a circle": (lambda: oracles(20_000), "leads back to itself"),
    "an issuer that owes thousands": (lambda: wide(2_000), "is no issuer"),
    "an unclosed quote": (lambda: [HEAD, 'name: "', "x\n" * 1_000_000], "error"),
    "nothing but tabs": (lambda: ["\t" * 10**6], "error"),
    "nothing but colons": (lambda: [": " * 10**6], "error"),
    "nulls": (lambda: ["\0" * 10**6], "error"),
    "thousands of errors": (
        lambda: [HEAD, "assets:\n", *(f"  A{i}: {{price: {i}}}\n" for i in range(20_000))],
        "errors in",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_file_ends_in_an_error(name, tmp_path):
    content, said = FILES[name]
    path = tmp_path / "hostile.yaml"
    path.write_text("".join(content()), encoding="utf-8")
    code, output = ask(path, "run")
    assert code == 2
    assert said in output
    assert "Traceback" not in output
    assert "MemoryError" not in output


@pytest.mark.parametrize("content", [deep, broad])
def test_a_system_too_large_to_trace(content, tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text("".join(content(10_001)), encoding="utf-8")
    code, output = ask(path, "run", "--shock", LOSS)
    assert code == 4
    said = " ".join(output.split())
    assert "10,001 issuers, markets and accounts are more than the 10,000" in said
    assert "Traceback" not in output


@pytest.mark.parametrize("content", [deep, broad])
def test_a_large_system_is_answered(content, tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text("".join(content(400)), encoding="utf-8")
    code, output = ask(path, "run", "--shock", LOSS)
    assert code == 0
    assert "Traceback" not in output


def test_a_circle_of_includes(tmp_path):
    for i in range(300):
        text = f"looprisk: 1\ninclude: f{(i + 1) % 300}.yaml\n"
        (tmp_path / f"f{i}.yaml").write_text(text, encoding="utf-8")
    code, output = ask(tmp_path / "f0.yaml", "run")
    assert code == 2
    assert "include" in output
    assert "Traceback" not in output


def test_a_fan_of_includes(tmp_path):
    """Each file includes two below it, eight deep and wide."""
    for level in range(9):
        for i in range(2**level):
            below = f"include: [l{level + 1}-{2 * i}.yaml, l{level + 1}-{2 * i + 1}.yaml]\n"
            text = "looprisk: 1\n" + (below if level < 8 else "")
            (tmp_path / f"l{level}-{i}.yaml").write_text(text, encoding="utf-8")
    code, output = ask(tmp_path / "l0-0.yaml", "run")
    assert code in CODES
    assert "Traceback" not in output


def test_a_table_that_says_ten_million_rows(tmp_path):
    (tmp_path / "t.csv").write_text("account,collateral/ETH,debt/USDC\na,1,1\n", encoding="utf-8")
    (tmp_path / "bomb.csv.gz").write_bytes(
        gzip.compress(b"account,collateral/ETH,debt/USDC\n" + b"0" * (300 * 2**20), 9)
    )
    path = tmp_path / "t.yaml"
    market = (
        "{rules: aave-v3, lends: {USDC: {cash: 0}}, "
        "collateral: {ETH: {lltv: 80%, incentive: 5%, oracle: market}}}"
    )
    position = "{{market: m, table: {}, rows: 10_000_000, sha256: 'sha256:00'}}"
    path.write_text(
        HEAD
        + "assets: {USDC: {price: $1}, ETH: {price: $3_000}}\n"
        + f"markets: {{m: {market}}}\n"
        + f"positions:\n  a: {position.format('t.csv')}\n  b: {position.format('bomb.csv.gz')}\n",
        encoding="utf-8",
    )
    code, output = ask(path, "run")
    assert code == 2
    assert "10000000 are stated" in output.replace("_", "")
    assert "too large" in output
    assert "Traceback" not in output
