"""Tables beside a file: what is read, what is refused, and where a report points."""

import gzip
import os
import pickle
from copy import deepcopy
from fractions import Fraction

import pytest

import looprisk.files.tables
from looprisk.errors import FileError, ModelError
from looprisk.files import dump, load
from looprisk.files.source import MAX_BYTES
from looprisk.model import System
from tests.tables.make import POOL, accounts, digest, position, zipped

GOOD = "account,collateral/ETH,debt/USDC\na,1,2000\nb,2.5,2500.5\n"
YAML = """\
looprisk: 1
assets: {{USDC: {{price: $1}}, ETH: {{price: $3_000}}}}
markets:
  core:
    rules: aave-v3
    lends: {{USDC: {{cash: 0}}}}
    collateral: {{ETH: {{lltv: 80%, incentive: 5%, oracle: market}}}}
    e_modes: {{eth: {{collateral: {{ETH: {{lltv: 90%, incentive: 2%, oracle: market}}}}}}}}
positions:
  book:
    market: core
    table: {table}
    rows: {rows}
    sha256: {sha256}
    totals: {totals}
"""


def write(folder, content=GOOD, *, name="t.csv", yaml="top.yaml", **said):
    """Write a table and the file that names it; return the file."""
    raw = content.encode() if isinstance(content, str) else content
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_bytes(raw)
    text = content if isinstance(content, str) else ""
    facts = {
        "table": name,
        "rows": max(0, len(text.splitlines()) - 1),
        "sha256": digest(text),
        "totals": "{}",
        **said,
    }
    (folder / yaml).write_text(YAML.format(**facts))
    return folder / yaml


def said(folder, content=GOOD, **kwargs):
    """Return the report of a table that is refused, with names as seen from its folder."""
    with pytest.raises(FileError) as raised:
        load(write(folder, content, **kwargs))
    return str(raised.value).replace(f"{folder.as_posix()}/", "")


def test_a_table_is_read_exactly(tmp_path):
    book = load(write(tmp_path)).system.positions["book"]
    assert book.accounts.rows == 2
    assert book.accounts.accounts() == ("a", "b")
    assert book.accounts.totals == {
        "collateral/ETH": Fraction(7, 2),
        "debt/USDC": 4500 + Fraction(1, 2),
    }
    assert book.sums["debt/USDC"].number == Fraction(9001, 2)


def test_gzip_is_told_by_its_content_and_the_digest_is_of_what_is_in_it(tmp_path):
    plain = load(write(tmp_path)).system.positions["book"].accounts
    packed = write(tmp_path, gzip.compress(GOOD.encode()), rows=2, sha256=digest(GOOD))
    assert load(packed).system.positions["book"].accounts == plain


def test_lines_may_end_as_on_windows(tmp_path):
    content = GOOD.replace("\n", "\r\n")
    raw = content.encode()
    file = write(tmp_path, raw, rows=2, sha256=digest(content))
    assert load(file).system.positions["book"].accounts.totals["collateral/ETH"] == Fraction(7, 2)


def test_an_empty_cell_is_zero_and_no_e_mode(tmp_path):
    content = "account,collateral/ETH,debt/USDC,e_mode\na,1,,\nb,,5,eth\n"
    found = load(write(tmp_path, content)).system.positions["book"].accounts
    assert found.totals == {"collateral/ETH": 1, "debt/USDC": 5}
    assert found.modes() == ("", "eth")


def test_a_table_lies_beside_the_file_that_names_it(tmp_path):
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts", name="tables/t.csv", yaml="base.yaml")
    (tmp_path / "top.yaml").write_text("looprisk: 1\ninclude: parts/base.yaml\n")
    assert load(tmp_path / "top.yaml").system.positions["book"].accounts.rows == 2


def test_a_scenario_may_set_another_table(tmp_path):
    file = write(tmp_path)
    other = "account,collateral/ETH,debt/USDC\nc,9,1\n"
    (tmp_path / "other.csv").write_text(other)
    more = (
        f"scenarios:\n  else:\n    set:\n      book/table: other.csv\n      book/rows: 1\n"
        f"      book/sha256: {digest(other)}\n    stages: [{{price: {{ETH: -10%}}}}]\n"
    )
    file.write_text(file.read_text() + more)
    assert load(file)["else"].system.positions["book"].accounts.accounts() == ("c",)


def test_accounts_stay_with_a_system_that_is_changed_copied_or_pickled(tmp_path):
    system = load(write(tmp_path)).system
    changed = system.set({"core/collateral/ETH/lltv": "70%", "book/label": "borrowers"})
    assert changed.positions["book"].accounts.rows == 2
    assert pickle.loads(pickle.dumps(system)).positions["book"].accounts.rows == 2
    assert deepcopy(system).positions["book"].accounts.rows == 2
    assert "t.csv" in dump(changed)
    assert System.from_tree(system.tree()).positions["book"].accounts is None


def test_a_change_that_no_longer_fits_the_table_is_refused(tmp_path):
    system = load(write(tmp_path)).system
    with pytest.raises(ModelError, match="3 are stated, and the table has 2"):
        system.set({"book/rows": "3"})


def test_a_total_is_checked_as_far_as_it_is_written(tmp_path):
    for total in ("3.5", "3.50", "4", "0.0035k"):
        load(write(tmp_path, totals=f"{{collateral/ETH: {total}}}"))
    for total in ("3.51", "3.4", "2", "5"):
        assert "adds up to another total" in said(tmp_path, totals=f"{{collateral/ETH: {total}}}")


def test_everything_wrong_is_said_at_once_with_file_line_and_column(tmp_path):
    content = "account,collateral/ETH,debt/USDC\na,1,-5\nb,NaN,1e5\n,1,2\n"
    assert said(tmp_path, content, rows="x") == (
        "t.csv:2:5: error: `-5`: an amount in a table is not below zero\n"
        "     2 | a,1,-5\n"
        "       |     ^^\n"
        "  help: an account that owes nothing has an empty cell\n"
        "\n"
        "t.csv:3:3: error: `NaN` is no number\n"
        "     3 | b,NaN,1e5\n"
        "       |   ^^^\n"
        "  help: a table holds plain decimals in token units, such as 1250.75; empty is zero\n"
        "\n"
        "t.csv:3:7: error: `1e5`: no exponents in a table\n"
        "     3 | b,NaN,1e5\n"
        "       |       ^^^\n"
        "  help: a table holds plain decimals in token units, such as 1250.75; empty is zero\n"
        "\n"
        "t.csv:4:1: error: an account without a name\n"
        "     4 | ,1,2\n"
        "       | ^\n"
        "  help: write its address, or any id\n"
        "\n"
        "top.yaml:13:11: error: rows: `x`: a whole number stands here\n"
        "    13 |     rows: x\n"
        "       |           ^\n"
        "\n"
        "5 errors in t.csv, top.yaml"
    )


def test_what_the_file_says_of_the_table_is_checked_with_its_columns(tmp_path):
    content = "account,collateral/ETHH,debt/USDC,e_mode\na,1,2000,\nb,2,2500,st\n"
    text = said(
        tmp_path, content, rows=3, sha256="sha256:00", totals="{debt/USD: 5, debt/USDC: 4_000}"
    )
    assert text == (
        "t.csv:1:9: error: `ETHH` is no collateral of core\n"
        "     1 | account,collateral/ETHH,debt/USDC,e_mode\n"
        "       |         ^^^^^^^^^^^^^^^\n"
        "  help: did you mean collateral/ETH?\n"
        "\n"
        "t.csv:1:35: error: `st`, the e-mode of row 2, is no e-mode of core\n"
        "     1 | account,collateral/ETHH,debt/USDC,e_mode\n"
        "       |                                   ^^^^^^\n"
        "  help: known here: eth\n"
        "\n"
        "top.yaml:13:11: error: rows: 3 are stated, and the table has 2\n"
        "    13 |     rows: 3\n"
        "       |           ^\n"
        "  help: write rows: 2\n"
        "\n"
        "top.yaml:14:13: error: sha256: this is not the digest of the table: it is another table, or was changed\n"
        "    14 |     sha256: sha256:00\n"
        "       |             ^^^^^^^^^\n"
        f"  help: the table has {digest(content)}\n"
        "\n"
        "top.yaml:15:14: error: `debt/USD` is no column of its table\n"
        "    15 |     totals: {debt/USD: 5, debt/USDC: 4_000}\n"
        "       |              ^^^^^^^^\n"
        "  help: did you mean debt/USDC?\n"
        "\n"
        "top.yaml:15:38: error: debt/USDC: `4_000` is stated, and the column adds up to another total\n"
        "    15 |     totals: {debt/USD: 5, debt/USDC: 4_000}\n"
        "       |                                      ^^^^^\n"
        "  help: the table has debt/USDC: 4500\n"
        "\n"
        "6 errors in t.csv, top.yaml"
    )


@pytest.mark.parametrize(
    ("content", "place", "message", "advice"),
    [
        ("", "t.csv", "the table is empty", "write account,collateral/TOKEN,debt/TOKEN and a row"),
        ("acount,collateral/ETH,debt/USDC\n", "t.csv:1:1", "the first column of a table is `account`, not `acount`", "it names each account"),
        ("account,ETH,debt/USDC\n", "t.csv:1:9", "`ETH` is no column of a table", "write collateral/ETH or debt/ETH"),
        ("account,collateral/ETH,e-mode,debt/USDC\n", "t.csv:1:24", "`e-mode` is no column of a table", "did you mean e_mode?"),
        ("account,collateral/ETH,debts/USDC\n", "t.csv:1:24", "`debts/USDC` is no column of a table", "columns are account, collateral/TOKEN"),
        ("account,collateral/ETH,debt/USDC,debt/USDC\n", "t.csv:1:34", "the column `debt/USDC` stands twice (first as column 3)", ""),
        ("account,collateral/ETH\na,1\n", "t.csv:1:1", "a table has a column of debt, and this one has none", "add debt/TOKEN"),
        ("account;collateral/ETH;debt/USDC\na;1;2\n", "t.csv:1:1", "the columns of a table are separated by commas", ""),
        ('"account","collateral/ETH","debt/USDC"\n', "t.csv:1:1", "cells of a table stand without quotation marks", ""),
        (GOOD + "c,1\n", "t.csv:4:1", "a row of 2 cells under a header of 3", "an empty cell keeps its comma"),
        (GOOD + "c,1,000,5\n", "t.csv:4:1", "a row of 4 cells under a header of 3", "digits are not grouped by commas"),
        (GOOD + "\nc,1,5\n", "t.csv:4:1", "an empty line stands in the table", "take it out"),
        (GOOD + "a,1,5\n", "t.csv:4:1", "`a` stands twice (first on line 2)", "an account has one row: add the two up"),
        (GOOD + "c,1_000,5\n", "t.csv:4:3", "`1_000`: only digits and one point stand in a cell", "write 1000"),
        (GOOD + "c, 1,5\n", "t.csv:4:3", "` 1`: only digits and one point stand in a cell", "write 1"),
        (GOOD + "c,1.,5\n", "t.csv:4:3", "`1.` is no plain decimal", "a table holds plain decimals"),
        (GOOD + "c,.5,5\n", "t.csv:4:3", "`.5` is no plain decimal", "a table holds plain decimals"),
        (GOOD + "c,$1,5\n", "t.csv:4:3", "`$1` is no plain decimal", "a table holds plain decimals"),
        (GOOD + "c,5M,5\n", "t.csv:4:3", "`5M` is no plain decimal", "a table holds plain decimals"),
        (GOOD + "c,1,inf\n", "t.csv:4:5", "`inf` is no number", "a table holds plain decimals"),
        (GOOD + "c,１,5\n", "t.csv:4:3", "`１` is no plain decimal", "a table holds plain decimals"),
        (GOOD + "c," + 90 * "9" + ",5\n", "t.csv:4:3", "a number of 90 characters", "at most 40 digits on either side"),
        (GOOD + "c\u202e,1,5\n", "t.csv:4:2", "a hidden character (U+202E) stands here", "delete it"),
        (GOOD + "c\x00,1,5\n", "t.csv:4:2", "a hidden character (U+0000) stands here", "delete it"),
        (GOOD.encode() + b"\xff,1,5\n", "t.csv:4:1", "the byte 0xff is not UTF-8", "save the file as UTF-8"),
        (b"\xef\xbb\xbf" + GOOD.encode(), "top.yaml:12:12", "the file starts with a BOM", "save it as UTF-8 (without BOM)"),
        (b"PK\x03\x04rest", "top.yaml:12:12", "this is a zip archive (an Excel sheet is one)", "write it as CSV, plain or gzip"),
        (pickle.dumps({"a": 1}), "t.csv:1:1", "the byte 0x80 is not UTF-8", ""),
        (zipped(GOOD)[:-9], "top.yaml:12:12", "not readable as gzip: it is damaged, or cut off", ""),
        (gzip.compress(bytes(MAX_BYTES + 1)), "top.yaml:12:12", "too large: a table has at most 64 MB, uncompressed", "split its rows"),
        (gzip.compress(b"account,collateral/ETH,debt/USDC\n" + b"\n" * 1_000_002), "t.csv", "a table has at most 1_000_000 rows", "split it"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_at_its_place(tmp_path, content, place, message, advice):
    text = said(tmp_path, content)
    head = next(line for line in text.split("\n") if line.startswith(f"{place}: error: "))
    assert message in head
    assert advice in text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../t.csv", "`../t.csv` leads out of the folder of this file"),
        ("a/../../t.csv", "leads out of the folder of this file"),
        ("/etc/passwd", "`/etc/passwd` is not relative to this file"),
        ("~/t.csv", "is not relative to this file"),
        ("C:/t.csv", "is not relative to this file"),
        ("https://example.org/t.csv", "no addresses on a network"),
        ("tt.csv", "`tt.csv`: no such file\n"),
        ("folder", "`folder`: this is no regular file"),
        ("link.csv", "`link.csv` leads out of the folder by a link"),
        ("pipe.csv", "`pipe.csv`: this is no regular file"),
    ],
)
def test_a_table_lies_in_the_folder_of_its_file_or_below(tmp_path, name, message):
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "t.csv").write_text(GOOD)
    (inner / "folder").mkdir()
    (inner / "link.csv").symlink_to(tmp_path / "t.csv")
    os.mkfifo(inner / "pipe.csv")
    file = write(inner)
    file.write_text(file.read_text().replace("table: t.csv", f"table: {name}"))
    with pytest.raises(FileError) as raised:
        load(file)
    assert message in str(raised.value)


def test_a_near_name_is_offered(tmp_path):
    file = write(tmp_path)
    file.write_text(file.read_text().replace("table: t.csv", "table: tt.csv"))
    with pytest.raises(FileError, match=r"did you mean t\.csv\?"):
        load(file)


def test_all_tables_of_a_load_share_one_budget(tmp_path, monkeypatch):
    monkeypatch.setattr(looprisk.files.tables, "MAX_TABLE_BYTES", 2 * len(GOOD))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(GOOD.encode()))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(GOOD.encode() + b"x,1,1\n"))
    file = write(tmp_path)
    head, body = file.read_text().split("positions:\n")
    positions = "".join(
        body.replace("book", name).replace("t.csv", f"{name}.csv.gz") for name in "ab"
    )
    file.write_text(f"{head}positions:\n{positions}")
    with pytest.raises(FileError, match=r"b\.csv\.gz`: too large: the tables of a load"):
        load(file)


def test_a_table_full_of_mistakes_is_reported_in_bounded_time(tmp_path):
    content = "account,collateral/ETH,debt/USDC\n" + "".join(f"{i},x,y\n" for i in range(100_000))
    file = write(tmp_path, content)
    with pytest.raises(FileError) as raised:
        load(file)
    assert "199_800 more cells and rows cannot be read" in str(raised.value)


def test_100_000_rows_load_at_once(tmp_path):
    text = accounts(100_000, POOL[:1])
    write(tmp_path)
    (tmp_path / "t.csv.gz").write_bytes(zipped(text))
    stated = position(text, "core", "t.csv.gz")
    yaml = YAML.format(
        table="t.csv.gz", rows=stated["rows"], sha256=stated["sha256"], totals="{}"
    ).replace("ETH", "sUSDe")
    (tmp_path / "large.yaml").write_text(yaml)
    found = load(tmp_path / "large.yaml").system.positions["book"].accounts
    assert found.rows == 100_000
