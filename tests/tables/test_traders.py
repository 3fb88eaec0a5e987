"""Tables of traders: a venue's book as columns, what is read of it and what is refused."""

import gzip

import numpy as np
import pytest

from looprisk import run
from looprisk.cascade.orders import HEALTHY, VenueState, place
from looprisk.cascade.traders import traders_of
from looprisk.cascade.venues import equity, maintenance, terms_of
from looprisk.errors import FileError
from looprisk.files import dump, load
from looprisk.model import VenueTable
from tests.tables.make import digest, totals

GOOD = """\
account,long/ETH,short/ETH,entry/ETH,leverage
calm,1200,,3000,3
bold,800.5,,,25
hedged,,2000.5,3100,5
"""
YAML = """\
looprisk: 1
assets: {{USDC: {{price: $1}}, ETH: {{price: $3_000}}}}
venues: {{hl: {{convention: hyperliquid, mode: {mode}, maintenance: 2%}}}}
markets:
  core:
    rules: aave-v3
    lends: {{USDC: {{cash: 5}}}}
    collateral: {{ETH: {{lltv: 80%, incentive: 5%, oracle: market}}}}
issuers: {{N: {{owns: {{ETH: 10}}, issues: {{n: {{kind: share, supply: 10}}}}}}}}
positions:
  short: {{venue: hl, owner: N, short: 10 ETH, entry: $3_000, margin: {{USDC: 3_000}}}}
  traders:
    {where}
    table: t.csv
    rows: {rows}
    sha256: {sha256}
    totals: {totals}
"""


def write(folder, content=GOOD, *, mode="isolated", where="venue: hl", **said):
    (folder / "t.csv").write_bytes(content.encode())
    facts = {
        "rows": len(content.splitlines()) - 1,
        "sha256": digest(content),
        "totals": "{}",
        **said,
    }
    (folder / "top.yaml").write_text(YAML.format(mode=mode, where=where, **facts))
    return folder / "top.yaml"


def said(folder, content=GOOD, **kwargs):
    with pytest.raises(FileError) as raised:
        load(write(folder, content, **kwargs))
    return str(raised.value).replace(f"{folder.as_posix()}/", "")


def legs(system, name="traders"):
    return traders_of(system.positions[name])


def cash(found, mark):
    return found.cash(found.entries(np.full(len(found.size), mark)))


def test_a_book_is_read_as_legs(tmp_path):
    position = load(write(tmp_path)).system.positions["traders"]
    assert isinstance(position, VenueTable)
    assert position.owner is None
    found = traders_of(position)
    assert found.assets == ("ETH",)
    assert found.size.tolist() == [1200, 800.5, -2000.5]
    assert found.entries(np.full(3, 3000.0)).tolist() == [3000, 3000, 3100]
    assert cash(found, 3000.0) == pytest.approx([1.2e6, 800.5 * 120, 2000.5 * 620])
    assert (found.wallet_of.tolist(), found.asset_of.tolist()) == ([0, 1, 2], [0, 0, 0])
    assert found.tokens == {}


def test_gzip_totals_and_round_trip(tmp_path):
    sums = {"long/ETH": "2_000.5", "short/ETH": "2_000.5"}
    stated = "{" + ", ".join(f"{key}: {value}" for key, value in sums.items()) + "}"
    file = write(tmp_path, totals=stated)
    (tmp_path / "t.csv").write_bytes(gzip.compress(GOOD.encode()))
    system = load(file).system
    assert {key: float(value) for key, value in totals(GOOD).items()}["long/ETH"] == 2000.5
    (tmp_path / "again.yaml").write_text(dump(system))
    assert load(tmp_path / "again.yaml").system == system


def test_margin_in_tokens(tmp_path):
    content = "account,short/ETH,margin/USDC,margin/ETH\na,2,500,0.25\nb,3,900,\n"
    found = legs(load(write(tmp_path, content)).system)
    assert found.size.tolist() == [-2, -3]
    assert cash(found, 3000.0).tolist() == [0, 0]
    assert {name: units.tolist() for name, units in found.tokens.items()} == {
        "USDC": [500, 900],
        "ETH": [0.25, 0],
    }


def test_accounts_with_several_legs_on_a_cross_venue(tmp_path):
    content = "account,long/ETH,short/USDC,entry/ETH,leverage\na,2,1000,2_500,4\n"
    content = content.replace("2_500", "2500")
    found = legs(load(write(tmp_path, content, mode="cross")).system)
    assert found.wallet_of.tolist() == [0, 0]
    assert found.size.tolist() == [2, -1000]
    assert cash(found, 1.0).tolist() == [(5000 + 1000) / 4]


def test_a_hundred_thousand_traders_go_where_their_leverage_says(tmp_path):
    """One column of leverage, all entered at the start: P_liq follows from it alone."""
    dice = np.random.default_rng(3)
    leverage = np.round(dice.uniform(2, 45, 20_000), 2)
    rows = "".join(f"t{i},{1 + i % 7},{x}\n" for i, x in enumerate(leverage))
    system = load(write(tmp_path, f"account,long/ETH,leverage\n{rows}")).system
    book = legs(system)
    count = len(book.size)
    terms = terms_of(
        system.venues["hl"], wallet_of=book.wallet_of, instrument_of=np.zeros(count, dtype=int)
    )
    state = VenueState(
        size=book.size[None],
        entry=book.entries(np.full((1, count), 3000.0)),
        margin=cash(book, 3000.0)[None],
        posted=np.zeros((1, count)),
        fund=np.zeros(1),
        ordered=np.full((1, count), -np.inf),
    )
    for fall in (0.0, 0.05, 0.2):
        mark = np.full((1, count), 3000 * (1 - fall))
        orders = place(terms, state, mark=mark, before=mark, now=0.0)
        alive = 1 / leverage - fall >= 0.02 * (1 - fall)
        assert ((orders.state[0] == HEALTHY) == alive).mean() > 0.9999
        worth = equity(
            terms, size=state.size, entry=state.entry, margin=state.margin,
            posted=state.posted, mark=mark,
        )  # fmt: skip
        kept = maintenance(terms, size=state.size, entry=state.entry, mark=mark)
        assert (orders.state[0] == HEALTHY).tolist() == (worth >= kept)[0].tolist()


def test_traders_are_outside_and_leave_a_clearing_as_it_is(tmp_path):
    """They stand on the other side of a venue; a clearing has no venue that can fail."""
    with_book = load(write(tmp_path)).system
    positions = {name: part for name, part in with_book.positions.items() if name != "traders"}
    alone = with_book.model_copy(update={"positions": positions})
    for system in (with_book, alone):
        assert run(system, price={"ETH": "+30%"}).layers
    tables = [str(run(system, price={"ETH": "+30%"}).layers) for system in (with_book, alone)]
    assert tables[0] == tables[1]


@pytest.mark.parametrize(
    ("content", "place", "message", "advice"),
    [
        ("account,long/BTC,leverage\na,1,2\n", "t.csv:1:9", "`BTC` has no price in this system", ""),
        (
            "account,long/ETH,debt/USDC,leverage\na,1,1,2\n",
            "t.csv:1:18",
            "`debt/USDC` is a column of a market, and this table is of traders",
            "",
        ),
        (
            "account,long/ETH,entry/USDC,leverage\na,1,1,2\n",
            "t.csv:1:18",
            "`entry/USDC`: the table has no size in USDC",
            "add long/USDC or short/USDC",
        ),
        (
            "account,long/ETH,leverage,margin/USDC\na,1,2,3\n",
            "t.csv:1:18",
            "`leverage` stands beside a margin",
            "leave one of the two columns out",
        ),
        (
            "account,long/ETH\na,1\n",
            "top.yaml:14:5",
            "a table of traders says their margin, and this one does not",
            "add leverage, or margin/TOKEN",
        ),
        (
            "account,long/ETH,short/ETH,leverage\na,1,2,3\nb,1,,2\n",
            "top.yaml:14:5",
            "a: long and short of ETH in one row",
            "write the two as two rows, or their net",
        ),
        (
            "account,long/ETH,leverage\na,0,3\nb,0.0,2\nc,1,2\n",
            "top.yaml:14:5",
            "a and 1 more: a row without a size",
            "take it out",
        ),
        (
            "account,long/ETH,leverage\na,1,\n",
            "t.csv:1:18",
            "a: no leverage",
            "write notional over margin: 10",
        ),
        (
            "account,long/ETH,short/USDC,leverage\na,1,2,3\n",
            "top.yaml:14:5",
            "a: several legs, and margin here is isolated",
            "write a row for each leg",
        ),
        (
            "account,collateral/ETH,debt/USDC\na,1,2\n",
            "top.yaml:14:5",
            "its table has accounts of a market, and `hl` is a venue",
            "write long/ETH, entry/ETH and leverage",
        ),
        ("account,long/ETH,leverage\na,-1,2\n", "t.csv:2:3", "`-1`: an amount in a table is not below zero", ""),
        ("account,long/ETH,leverag\na,1,2\n", "t.csv:1:18", "`leverag` is no column", "did you mean leverage?"),
    ],
)  # fmt: skip
def test_what_a_table_of_traders_may_not_say(tmp_path, content, place, message, advice):
    text = said(tmp_path, content)
    assert f"{place}" in text
    assert message in text
    assert advice in text


def test_traders_do_not_stand_in_a_market(tmp_path):
    text = said(tmp_path, where="market: core")
    assert "its table has traders of a venue, and `core` is a market" in text
    assert "write `venue` in place of `market`" in text


def test_an_owner_or_an_unknown_venue_is_refused(tmp_path):
    assert "unknown key `owner`" in said(tmp_path, where="venue: hl\n    owner: N")
    assert "`hx` is no venue of this system" in said(tmp_path, where="venue: hx")


def test_what_is_stated_of_a_table_is_checked(tmp_path):
    assert "rows: 9 are stated" in said(tmp_path, rows=9)
    assert "the column adds up to another total" in said(tmp_path, totals="{long/ETH: 5}")
    assert "not the digest of the table" in said(tmp_path, sha256="sha256:00")
