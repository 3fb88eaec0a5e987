"""Markets too large for one table: several that together are the market, or a clear refusal."""

import gzip

import pytest

import looprisk as lr
from looprisk.cli import chain
from looprisk.onchain import books
from tests.onchain.crowd import MANY, crowded


def whole(cli, name):
    return cli("import", name, "--borrowers", "--block", "latest", "-o", "m.yaml")


def lines(folder):
    for path in sorted(folder.glob("*.csv.gz")):
        yield gzip.decompress(path.read_bytes()).decode().splitlines()


@pytest.mark.parametrize(
    ("name", "most", "tables"), [("MOST_ROWS", 100, 3), ("MOST_BYTES", 9_000, 2)]
)
def test_a_large_market_stands_in_several_tables(
    town, shop, cli, tmp_path, monkeypatch, name, most, tables
):
    at = crowded(town, shop)
    assert whole(cli, at)[0] == 0
    one = lr.load("m.yaml").system
    (header, *rows), *_ = lines(tmp_path / "tables")
    for path in (tmp_path / "tables").iterdir():
        path.unlink()
    monkeypatch.setattr(books, name, most)
    assert whole(cli, at)[0] == 0
    several = lr.load("m.yaml").system
    parts = list(lines(tmp_path / "tables"))
    assert len(several.positions) == len(parts) >= tables
    assert {part[0] for part in parts} == {header}
    assert sorted(row for part in parts for row in part[1:]) == sorted(rows)
    (position,) = one.positions.values()
    assert sum(part.rows for part in several.positions.values()) == position.rows == MANY + 1
    for column, total in position.totals.items():
        assert (
            sum(part.totals[column].number for part in several.positions.values()) == total.number
        )
    fall = {"wstETH": "-30%"}
    found = [lr.run(s.set({"WETH/price": "$3000"}), price=fall) for s in (one, several)]
    losses = [sum(row.economic_loss_usd for row in run.layers.rows) for run in found]
    assert losses[0] == pytest.approx(losses[1], rel=1e-9)


def test_tables_that_no_load_would_read_are_refused_before_they_are_written(
    town, shop, cli, tmp_path, monkeypatch
):
    monkeypatch.setattr(chain, "MAX_BYTES", 1 << 10)
    code, _, err = whole(cli, crowded(town, shop))
    assert code == 2
    assert f"{MANY + 1:_} accounts are" in err
    assert "POOL/TOKEN" in err
    assert not (tmp_path / "m.yaml").exists()
    assert not (tmp_path / "tables").exists()
