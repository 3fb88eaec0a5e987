"""Hedges by address, against a recording of the venue: its own figures are the judge."""

import copy
from fractions import Fraction

import pytest

import looprisk as lr
from looprisk.errors import (
    AddressError,
    AnswerError,
    ModelError,
    UnreadableError,
)
from looprisk.onchain import hedges as hedging
from looprisk.onchain.hedges import Joined, hedges
from tests.onchain.venue import DOCUMENTED, MARKS, TIME, account

WHO = "0x0000000000000000000000000000000000000001"
BASE = """looprisk: 1
assets:
  WETH: {price: $3000}
  USDC: {price: $1}
issuers:
  Neutral:
    owns: {WETH: 100}
    issues: {nUSD: {kind: share, supply: 300_000}}
"""


@pytest.fixture
def cli(at_venue):
    return at_venue


def one_short(exchange, cash=50_000.0, size=-12.0, entry=3100.0):
    exchange.shows(account(cash, [("ETH", size, entry)], MARKS), MARKS)


def test_the_account_of_the_documentation(exchange):
    system = lr.import_hedges(WHO, rpc=exchange.url)
    ((name, leg),) = system.positions.items()
    assert name == "h-00000000-ETH"
    assert (leg.long.number, leg.entry.number) == (Fraction("0.0335"), Fraction("2986.3"))
    # cash and worth at entry: 4.967826 at the mark, and 0.0134 that it lost since
    assert leg.margin["USDC"].number == Fraction("4.981226")
    assert system.venues[leg.venue].maintenance.number == Fraction("0.01")
    assert system.assets["ETH"].price.number == Fraction("2985.9")
    source = system.sources["hyperliquid"]
    assert (source.date, source.reader) == ("2024-02-22T17:19:58Z", "hyperliquid/1")
    assert source.hash.startswith("sha256:")
    kinds = ["clearinghouseState", "perpDexs", "spotClearinghouseState", "metaAndAssetCtxs"]
    assert [asked["type"] for asked in exchange.asked] == kinds
    # what no cross leg needs is the account's own
    assert system.issuers["a-00000000"].owns["USDC"].number == Fraction("13104.514502")
    assert exchange.asked[0]["user"] == WHO


def test_the_leg_breaks_where_the_venue_says(exchange):
    """The break point of our engine is the liquidation price that the venue reports."""
    for cash, size, entry in ((50_000.0, -12.0, 3100.0), (-30_000.0, 12.0, 2500.0)):
        one_short(exchange, cash, size, entry)
        system = lr.import_hedges(WHO, rpc=exchange.url)
        fall = {"ETH": "+100%" if size < 0 else "-100%"}
        (row,) = [
            one for one in lr.break_points(system, price=fall).rows if one.event == "hedge_closed"
        ]
        state = exchange.answers["clearinghouseState"]["assetPositions"][0]["position"]
        at = 2985.9 * (1 + row.at.value if size < 0 else 1 - row.at.value)
        assert at == pytest.approx(float(state["liquidationPx"]), rel=1e-9)


def test_the_equity_is_the_venues(exchange):
    one_short(exchange)
    system = lr.import_hedges(WHO, rpc=exchange.url)
    clearing = lr.run(system, price={"ETH": "+5%"})
    (row,) = [one for one in clearing.layers.rows if one.kind == "equity"]
    value = float(exchange.answers["clearinghouseState"]["marginSummary"]["accountValue"])
    assert row.claims_usd == pytest.approx(value, abs=1e-5)
    assert row.economic_loss_usd == pytest.approx(12 * 2985.9 * 0.05)


def test_profit_that_was_taken_out_leaves_the_leg_at_its_mark(exchange):
    one_short(exchange, cash=40_000.0, entry=9000.0)
    system = lr.import_hedges(WHO, rpc=exchange.url)
    (leg,) = system.positions.values()
    assert leg.entry.number == Fraction("2985.9")
    assert leg.margin["USDC"].number == Fraction("4169.2")
    assert "profit was taken out" in leg.note


def test_cross_legs_share_the_account(exchange):
    """Two coins with one margin table: a cross venue, which asks for time."""
    legs = [("ETH", -10.0, 3000.0), ("SOL", -100.0, 110.0)]
    exchange.shows(account(60_000.0, legs, MARKS), MARKS)
    system = lr.import_hedges(WHO, rpc=exchange.url)
    (venue,) = system.venues.values()
    assert (venue.mode, str(venue.maintenance)) == ("cross", "1%")
    margins = [leg.margin["USDC"].number for leg in system.positions.values()]
    assert margins == [60_000 - 30_000 - 11_000, 0]
    with pytest.raises(lr.NotCarriedError, match="add `time`"):
        lr.run(system, price={"ETH": "+5%"})
    reported = float(
        exchange.answers["clearinghouseState"]["assetPositions"][0]["position"]["liquidationPx"]
    )
    for beyond, events in ((-0.001, 0), (0.001, 1)):
        level = f"${reported * (1 + beyond):.4f}"
        cascade = lr.run(
            system,
            stages=[lr.Stage(at="1m", price={"ETH": level})],
            time={"start": "2025-01-01T00:00Z", "step": "1m", "horizon": "3m"},
        )
        closed = [one for one in cascade.events if one.event == "hedge_closed"]
        assert (len(closed) > 0) is bool(events)


@pytest.mark.parametrize("coin", ["ETH", "DOGE", "BTC"])
def test_cross_legs_by_several_tables_close_where_the_venue_says(exchange, coin):
    """Each coin keeps margin by its own table, one of them with two tiers."""
    size, entry = {"ETH": (-10.0, 3000.0), "DOGE": (-200_000.0, 0.2), "BTC": (-3000.0, 6e4)}[coin]
    legs = [(coin, size, entry), ("SOL", -100.0, 110.0), ("ETH", 3.0, 3000.0)]
    legs = [one for at, one in enumerate(legs) if one[0] not in {two[0] for two in legs[:at]}]
    cash = {"ETH": 60_000.0, "DOGE": 60_000.0, "BTC": 195_000_000.0}[coin]
    exchange.shows(account(cash, legs, MARKS), MARKS)
    system = lr.import_hedges(WHO, rpc=exchange.url)
    (venue,) = system.venues.values()
    assert venue.mode == "cross"
    assert len(venue.coins) == {"ETH": 0, "DOGE": 2, "BTC": 2}[coin]
    rows = exchange.answers["clearinghouseState"]["assetPositions"]
    reported = float(rows[0]["position"]["liquidationPx"])
    for beyond, closes in ((-1e-6, False), (1e-6, True)):
        level = f"${reported * (1 + beyond):.9f}"
        cascade = lr.run(
            system,
            stages=[lr.Stage(at="1m", price={coin: level})],
            time={"start": "2025-01-01T00:00Z", "step": "1m", "horizon": "3m"},
        )
        events = [one for one in cascade.events if one.event == "hedge_closed"]
        assert bool(events) is closes


def test_tiers_are_the_venues(exchange):
    exchange.shows(account(300_000_000.0, [("BTC", -4000.0, 60_000.0)], MARKS), MARKS)
    system = lr.import_hedges(WHO, rpc=exchange.url)
    (venue,) = system.venues.values()
    low, high = venue.tiers
    assert (str(low.maintenance), str(low.up_to)) == ("1.25%", "$150000000")
    assert (str(high.maintenance), str(high.constant)) == ("2.5%", "$1875000")
    wrong = {**exchange.answers["clearinghouseState"], "crossMaintenanceMarginUsed": "3000000.0"}
    exchange.answers["clearinghouseState"] = wrong
    with pytest.raises(AnswerError, match="maintenance margin is"):
        lr.import_hedges(WHO, rpc=exchange.url)


def test_isolated_and_cross_legs_stand_apart(exchange):
    state = account(50_000.0, [("SOL", -100.0, 110.0)], MARKS)
    state["assetPositions"].append(DOCUMENTED["assetPositions"][0])
    exchange.shows(state, MARKS)
    system = lr.import_hedges(WHO, rpc=exchange.url)
    assert [leg.venue for leg in system.positions.values()] == ["hyperliquid-50x"] * 2
    assert lr.run(system, price={"ETH": "-5%"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("liquidationPx", "2866.3"), "liquidated at is"),
        (("liquidationPx", None), "no price by the venue"),
        (("szi", "0.0"), "of no size"),
        (("szi", "1e5"), "not a number"),
        (("szi", "NaN"), "not a number"),
        (("szi", 0.0335), "not a text"),
        (("coin", "NOPE"), "not traded"),
        (("leverage", {"type": "odd"}), "neither cross nor isolated"),
        (("leverage", None), "not an object"),
    ],
)
def test_an_answer_that_does_not_add_up_is_told(exchange, change, words):
    state = copy.deepcopy(DOCUMENTED)
    state["assetPositions"][0]["position"][change[0]] = change[1]
    exchange.answers["clearinghouseState"] = state
    with pytest.raises(AnswerError, match=words):
        lr.import_hedges(WHO, rpc=exchange.url)


@pytest.mark.parametrize("time", [None, 0, -1, 10**20, "1708622398623", 1.5])
def test_a_time_that_is_none_is_told(exchange, time):
    exchange.answers["clearinghouseState"] = {**DOCUMENTED, "time": time}
    with pytest.raises(AnswerError, match="has no time"):
        lr.import_hedges(WHO, rpc=exchange.url)


@pytest.mark.parametrize("tiers", [[], [["5.0", 10]], [["0.0", 10], ["9.0", 5], ["3.0", 3]]])
def test_a_margin_table_that_does_not_rise_is_told(exchange, tiers):
    rows = [{"lowerBound": bound, "maxLeverage": most} for bound, most in tiers]
    exchange.answers["metaAndAssetCtxs"][0]["marginTables"] = [[52, {"marginTiers": rows}]]
    with pytest.raises(AnswerError, match="does not rise"):
        lr.import_hedges(WHO, rpc=exchange.url)


def test_an_account_with_nothing_is_told(exchange):
    exchange.answers["clearinghouseState"] = account(0.0, [], {})
    with pytest.raises(UnreadableError, match="no position and no balance"):
        lr.import_hedges(WHO, rpc=exchange.url)


@pytest.mark.parametrize("market", [None, [], [{}], [{"universe": [{}]}, [{}]], [{}, 7]])
def test_a_market_that_is_none_is_told(exchange, market):
    exchange.answers["metaAndAssetCtxs"] = market if market is not None else "text"
    with pytest.raises(AnswerError):
        lr.import_hedges(WHO, rpc=exchange.url)


# joined to an issuer ----------------------------------------------------------------------


def test_an_overlay_completes_a_file(exchange, cli, tmp_path):
    one_short(exchange)
    (tmp_path / "base.yaml").write_text(BASE)
    words = ("--venue", "hyperliquid", "--into", "base.yaml", "--owner", "Neutral")
    code, _, err = cli("import", WHO, *words, "--coin", "ETH=WETH", "-o", "hedged.yaml")
    assert (code, err.count("checked: ")) == (0, 3)
    file = lr.load(tmp_path / "hedged.yaml")
    (leg,) = file.system.positions.values()
    assert (leg.owner, leg.short.of, leg.short.number) == ("Neutral", "WETH", 12)
    assert list(file.system.assets) == ["WETH", "USDC"]
    bare, hedged = (
        lr.run(system, price={"WETH": "-10%"})
        for system in (lr.load(tmp_path / "base.yaml").system, file.system)
    )
    losses = [
        next(one for one in each.layers.rows if one.id == "nUSD").economic_loss_usd
        for each in (bare, hedged)
    ]
    assert losses == pytest.approx([30_000, 30_000 - 12 * 300])
    assert cli("break", "hedged.yaml", "--shock", "price: {WETH: +100%}")[0] == 0


def test_the_same_in_a_notebook(exchange, cli, tmp_path):
    one_short(exchange)
    (tmp_path / "base.yaml").write_text(BASE)
    base = lr.load(tmp_path / "base.yaml").system
    joined = lr.import_hedges(WHO, into=base, owner="Neutral", coins={"ETH": "WETH"})
    (leg,) = joined.positions.values()
    assert (leg.owner, leg.source) == ("Neutral", "hyperliquid")
    twice = lr.import_hedges(
        "0x1111111111111111111111111111111111111111",
        into=joined,
        owner="Neutral",
        coins={"ETH": "WETH"},
    )
    assert len(twice.positions) == len(twice.venues) == 2 == len(twice.sources)
    with pytest.raises(AddressError, match="count twice"):
        lr.import_hedges(WHO, into=joined, owner="Neutral", coins={"ETH": "WETH"})


def test_by_itself_it_is_a_file_that_the_verbs_take(exchange, cli):
    one_short(exchange)
    assert cli("import", WHO, "--venue", "hyperliquid", "-o", "legs.yaml")[0] == 0
    for verb in ("run", "break"):
        assert cli(verb, "legs.yaml", "--shock", "price: {ETH: +20%}")[0] == 0


def test_a_recording_gives_the_same_file(exchange, cli):
    words = ("import", WHO, "--venue", "hyperliquid")
    _, first_text, _ = cli(*words, "--record", "tape.gz")
    exchange.answers = {}
    assert cli(*words, "--replay", "tape.gz")[1] == first_text


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--venue", "binance"], 2, "no venue is read"),
        (["--owner", "Neutral"], 2, "--venue hyperliquid"),
        (["--venue", "hyperliquid", "--owner", "Neutral"], 2, "write both, or neither"),
        (["--venue", "hyperliquid", "--chain", "base"], 2, "reads no chain"),
        (["--venue", "hyperliquid", "--coin", "ETH"], 2, "names no coin"),
        (["--venue", "hyperliquid", "--into", "base.yaml", "--owner", "Nobody"], 2, "no issuer"),
        (["--venue", "hyperliquid", "--replay", "none.gz"], 3, "no tape"),
        (["--venue", "hyperliquid", "--rpc", "ftp://x"], 3, "not the address"),
    ],
)
def test_what_cannot_be_asked_is_told(cli, tmp_path, words, code, told):
    (tmp_path / "base.yaml").write_text(BASE)
    got, out, err = cli("import", WHO, *words, "-o", "x.yaml")
    assert (got, out) == (code, "")
    assert told in err
    assert not (tmp_path / "x.yaml").exists()


def test_an_overlay_stands_beside_its_file(cli, tmp_path):
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "below").mkdir()
    words = ("--venue", "hyperliquid", "--into", "base.yaml", "--owner", "Neutral")
    code, _, err = cli("import", WHO, *words, "-o", "below/x.yaml")
    assert code == 2
    assert "own folder or below" in err


def test_the_time_is_the_venues_own(exchange):
    made = hedges(WHO, Joined(coins={}), rpc=exchange.url)
    assert made.tree["as_of"] == hedging._when(TIME) == "2024-02-22T17:19:58Z"


def test_a_coin_that_is_no_part_of_the_system_is_its_own(exchange, tmp_path):
    """A mapping to an id that the system does not have makes an asset of that name."""
    system = lr.import_hedges(WHO, coins={"ETH": "WETH"}, rpc=exchange.url)
    assert "WETH" in system.assets
    with pytest.raises(ModelError):
        lr.import_hedges(WHO, coins={"ETH": "no name"}, rpc=exchange.url)


def test_an_imported_vault_gets_its_hedges(town, exchange, cli, tmp_path, monkeypatch):
    """A vault from the chain and its short from the venue: one system, each value with its source."""
    monkeypatch.setenv("LOOPRISK_CACHE", str(tmp_path / "cache.sqlite"))
    vault = (f"local:{town.tokens['sUSD'].address}", "--in", town.pools["3.2"].address)
    words = ("--rpc", town.url, "--block", "latest", "-o", "vault.yaml")
    assert cli("import", *vault, *words)[0] == 0
    one_short(exchange, cash=500_000.0, size=-100.0, entry=3100.0)
    joined = ("--venue", "hyperliquid", "--into", "vault.yaml", "--owner", "sUSD")
    assert cli("import", WHO, *joined, "-o", "hedged.yaml")[0] == 0
    system = lr.load(tmp_path / "hedged.yaml").system
    assert list(system.sources) == ["chain", "no-reader", "hyperliquid"]
    clearing = lr.run(system, price={"ETH": "+20%"})
    (share,) = [row for row in clearing.layers.rows if row.id == "sUSD"]
    assert share.economic_loss_usd == pytest.approx(100 * 2985.9 * 0.2)
