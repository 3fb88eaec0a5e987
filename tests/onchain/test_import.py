"""The verb: an address in, a file out that the other verbs take as it is."""

import json
import re

import pytest

import looprisk as lr
from looprisk.errors import AnswerError, EndpointError, UnreadableError
from looprisk.onchain.draft import Draft
from looprisk.onchain.erc20 import Token, tokens
from looprisk.onchain.snapshot import Pin
from tests.onchain.reading import snapshot_of

PIN = Pin(31337, 7, "0x" + "ab" * 32, 1_760_000_000)


def staker(town):
    return (f"local:{town.who['staker']}", "--in", town.pools["3.0"].address, "--block", "latest")


def test_a_file_is_written_and_run_and_broken(town, cli, tmp_path):
    code, out, err = cli("import", *staker(town), "-o", "system.yaml")
    assert (code, out) == (0, "")
    assert err.count("equal to the last unit") == 3
    file = lr.load(tmp_path / "system.yaml")
    source = file.system.sources["chain"]
    assert (source.class_, source.chain) == ("observed", "eip155:31337")
    assert source.hash.startswith("0x")
    assert cli("run", "system.yaml", "--shock", "price: {wstETH: -20%}")[0] == 0
    code, out, _ = cli(
        "break", "system.yaml", "--shock", "price: {wstETH: -30%}", "--format", "json"
    )
    assert code == 0
    assert [
        row["event"] for row in json.loads(out)["break_points"] if row["of"].startswith("p-")
    ] == ["liquidated", "bad_debt", "insolvent"]


def test_the_break_is_where_the_pool_breaks(town, cli, tmp_path):
    """The fall that the file says liquidates is the one after which the pool does."""
    cli("import", *staker(town), "-o", "system.yaml")
    system = lr.load(tmp_path / "system.yaml").system
    points = lr.break_points(system, price={"wstETH": "-30%"})
    (fall,) = [
        row.at.value for row in points.rows if row.event == "liquidated" and row.of.startswith("p-")
    ]
    functions = town.pools["3.0"].pool.functions
    for offset, above in ((-1e-4, True), (1e-4, False)):
        town.set_price("wstETH", 3600 * (1 - fall - offset))
        health = functions.getUserAccountData(town.who["staker"]).call()[5]
        assert (health >= 10**18) is above


def test_two_imports_are_one_text(town, cli):
    first = cli("import", *staker(town))
    assert first[0] == 0
    assert cli("import", *staker(town))[1] == first[1]
    offline = cli("import", *staker(town), "--offline", "--rpc", "http://127.0.0.1:1")
    assert offline[1] == first[1]


def test_a_recording_gives_the_same_file(town, cli):
    _, first, _ = cli("import", *staker(town), "--record", "tape.gz")
    _, second, _ = cli("import", *staker(town), "--replay", "tape.gz")
    assert second == first


@pytest.mark.parametrize("form", ["eip155:31337:{}", "local:{}", "{}"])
def test_every_form_of_the_address(town, cli, form):
    address, *rest = staker(town)
    written = form.format(address.removeprefix("local:"))
    chain = ["--chain", "31337"] if form == "{}" else []
    assert cli("import", written, *rest, *chain)[0] == 0


def test_in_a_notebook(town, cli):
    address, _, pool, *_ = staker(town)
    system = lr.import_(address, block="latest", look_in=[pool])
    assert list(system.assets) == ["WETH", "wstETH"]


def test_a_provider_of_web3_is_a_node(town, cli, monkeypatch):
    monkeypatch.delenv("LOOPRISK_RPC_31337")
    address, _, pool, *_ = staker(town)
    given = town.by.web3.provider
    system = lr.import_(address, block="latest", look_in=[pool], provider=given)
    assert list(system.assets) == ["WETH", "wstETH"]


def test_what_a_provider_fails_with_is_not_told(town, cli):
    from web3 import HTTPProvider

    lost = HTTPProvider("http://127.0.0.1:1/c4n4ry-key", exception_retry_configuration=None)
    with pytest.raises(EndpointError, match="HTTPProvider: eth_chainId failed") as caught:
        lr.import_(staker(town)[0], block="latest", provider=lost)
    assert "c4n4ry" not in f"{caught.value} {caught.value.__cause__}"
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["0x1234"], 2, "40 hexadecimal digits"),
        (["eth:{staker}", "--chain", "base"], 2, "is on ethereum, and --chain says base"),
        (["local:{staker}", "--block", "lately"], 2, "this is no block"),
        (["local:{staker}", "--block", "latest"], 3, "name the pool, the market"),
        (["local:{staker}", "--block", "99_999_999"], 3, "has no block 99999999"),
        (["local:{staker}", "--offline"], 3, "run it once without --offline"),
        (["local:{staker}", "--replay", "none.gz"], 3, "no tape"),
        (["eth:{staker}", "--rpc", "{url}"], 3, "serves chain 31337"),
    ],
)
def test_what_cannot_be_imported_is_told_and_writes_nothing(town, cli, tmp_path, words, code, told):
    filled = [word.format(staker=town.who["staker"], url=town.url) for word in words]
    got, out, err = cli("import", *filled, "-o", "system.yaml")
    assert (got, out) == (code, "")
    assert told in err
    assert not (tmp_path / "system.yaml").exists()


def test_an_unknown_price_stops_the_answer_and_is_named(town, cli):
    words = (f"local:{town.who['stacker']}", "--in", town.morpho.address, "--block", "latest")
    code, _, err = cli("import", *words, "-o", "m.yaml")
    assert code == 0
    assert "unknown: WETH/price" in err
    code, _, err = cli("run", "m.yaml", "--shock", "price: {wstETH: -5%}")
    assert code == 4
    assert "WETH/price is unknown" in err
    assert (
        cli("run", "m.yaml", "--shock", "price: {wstETH: -5%}", "--set", "WETH/price=$3000")[0] == 0
    )


def test_an_account_on_two_protocols_is_one_file(town, cli, tmp_path):
    """Aave prices the asset that Morpho only compares."""
    from tests.onchain import aave_pool

    aave_pool.supply(town.by, town.pools["3.2"], town.tokens["WETH"], 10**18, town.who["stacker"])
    places = ("--in", town.morpho.address, "--in", town.pools["3.2"].address)
    words = (f"local:{town.who['stacker']}", *places, "--block", "latest")
    assert cli("import", *words, "-o", "both.yaml")[0] == 0
    system = lr.load(tmp_path / "both.yaml").system
    assert len(system.positions) == 2
    assert system.assets["WETH"].price.number == 3000
    assert str(system.assets["wstETH"].price) == "1.2 WETH"


def test_an_asset_that_is_only_compared_is_priced_by_a_pool_that_lists_it(town, cli, tmp_path):
    places = ("--in", town.morpho.address, "--in", town.pools["3.2"].address)
    words = (f"local:{town.who['stacker']}", *places, "--block", "latest")
    code, _, err = cli("import", *words, "-o", "m.yaml")
    assert code == 0
    assert "unknown" not in err
    system = lr.load(tmp_path / "m.yaml").system
    assert len(system.positions) == 1
    assert system.assets["WETH"].price.number == 3000


def test_a_market_can_be_named_by_its_id(town, cli, tmp_path):
    market = town.markets["wstETH/WETH"].hex
    words = (f"local:{town.who['stacker']}", "--in", town.morpho.address, "--in", market)
    assert cli("import", *words, "--block", "latest", "-o", "m.yaml")[0] == 0
    assert len(lr.load(tmp_path / "m.yaml").system.markets) == 1


# tokens that are odd ----------------------------------------------------------------------


def test_metadata_of_the_first_years_are_read(town):
    with snapshot_of(town) as snapshot:
        address = town.old_token.address
        assert tokens(snapshot, [address])[address] == Token(address, 18, "OLD")


def answers(town, **raw):
    from eth_utils import keccak

    for name, data in raw.items():
        selector = keccak(text=f"{name}()")[:4]
        send = town.odd_token.functions.answer(selector, data)
        town.by.send(send)


WORD = (32).to_bytes(32, "big")


def test_decimals_are_never_assumed(town):
    address = town.odd_token.address
    with snapshot_of(town) as snapshot, pytest.raises(UnreadableError, match="decimals"):
        tokens(snapshot, [address])


@pytest.mark.parametrize("decimals", [37, 77, 255, 2**255])
def test_decimals_that_are_a_lie_are_refused(town, decimals):
    answers(town, decimals=decimals.to_bytes(32, "big"))
    with snapshot_of(town) as snapshot, pytest.raises(UnreadableError, match="decimals"):
        tokens(snapshot, [town.odd_token.address])


@pytest.mark.parametrize(
    ("symbol", "read"),
    [
        (b"", ""),
        (b"\xff" * 32, "\ufffd" * 32),
        (WORD + (2**255).to_bytes(32, "big"), ""),
        (WORD * 2, ""),
        (WORD + (4).to_bytes(32, "big") + b"\x1b[2J".ljust(32, b"\0"), "[2J"),
        (WORD + (5).to_bytes(32, "big") + b"[/]\n:".ljust(32, b"\0"), "[/] :"),
        (WORD + (5_024).to_bytes(32, "big") + b"A" * 5_024, "A" * 32),
    ],
)
def test_hostile_symbols_end_as_short_clean_text(town, symbol, read):
    answers(town, decimals=(6).to_bytes(32, "big"))
    if symbol:
        answers(town, symbol=symbol)
    address = town.odd_token.address
    with snapshot_of(town) as snapshot:
        found = tokens(snapshot, [address])[address]
    assert found.decimals == 6
    assert len(found.symbol) <= 32
    assert found.symbol.isprintable()
    assert found.symbol in {read, ""}


def named(*symbols):
    found = {f"0x{at:08x}": Token(f"0x{at:08x}", 18, text) for at, text in enumerate(symbols)}
    return [Draft(PIN, found).name(address) for address in found]


@pytest.mark.parametrize(
    ("symbols", "ids"),
    [
        (["USDC", "WETH"], ["USDC", "WETH"]),
        (["USDC", "usdc"], ["t-00000000", "t-00000001"]),
        (["USD₮0", "a b/c"], ["USD-0", "a-b-c"]),
        (["", "outside", "nav", "unknown"], [f"t-0000000{at}" for at in range(4)]),
        (["ЅUSD", "***"], ["USD", "t-00000001"]),
    ],
)
def test_ids_are_symbols_where_they_can_be(symbols, ids):
    assert named(*symbols) == ids


def test_two_parts_never_share_an_id():
    draft = Draft(PIN, {})
    draft.put("markets", "m-1", {"address": "0x1"})
    draft.put("markets", "m-1", {"address": "0x1"})
    with pytest.raises(AnswerError, match="two different markets"):
        draft.put("markets", "m-1", {"address": "0x2"})


# the key of an endpoint -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "url"),
    [
        ("doctor", "http://127.0.0.1:1/v2/c4n4ry-key"),
        ("import", "http://c4n4ry-key:c4n4ry-key@127.0.0.1:1/?apikey=c4n4ry-key"),
        ("doctor", "c4n4ry-key://nowhere"),
        ("import", "http://[c4n4ry-key"),
        ("doctor", "http://127.0.0.1:c4n4ry-key/"),
    ],
)
def test_a_key_is_never_told(town, cli, caplog, verb, url):
    caplog.set_level("DEBUG")
    address = [town.who["staker"], "--chain", "31337"] if verb == "import" else []
    code, out, err = cli(verb, *address, "--rpc", url)
    assert (code, out) == (3, "")
    assert err.startswith("error: ")
    assert "c4n4ry" not in f"{out}{err}{caplog.text}"


HOSTILE = {
    "none": b"",
    "empty": WORD + bytes(32),
    "a word": b"MKR".ljust(32, b"\0"),
    "escapes": WORD + (9).to_bytes(32, "big") + b"\x1b[2J\x07\x9b1m".ljust(32, b"\0"),
    "of yaml": WORD + (20).to_bytes(32, "big") + b'a: b #c\n- {x: "&*!|>'.ljust(32, b"\0"),
    "a number": WORD + (5).to_bytes(32, "big") + b"1e999".ljust(32, b"\0"),
    "a word of ours": WORD + (7).to_bytes(32, "big") + b"unknown".ljust(32, b"\0"),
    "reversed": WORD + (9).to_bytes(32, "big") + "US\u202eCD\u200b".encode().ljust(32, b"\0"),
    "long": WORD + (5_000).to_bytes(32, "big") + b"A" * 5_024,
}


@pytest.mark.parametrize("symbol", HOSTILE)
def test_a_token_of_odd_metadata_is_imported(town, cli, tmp_path, symbol):
    """As a wrapper, so that it is written as an asset; the file loads, and nothing escapes."""
    rate, supply, decimals = 10**18, 7, 0 if len(symbol) % 2 else 36
    numbers = {"decimals": decimals, "getRate": rate, "totalSupply": supply}
    answers(town, **{name: one.to_bytes(32, "big") for name, one in numbers.items()})
    if HOSTILE[symbol]:
        answers(town, symbol=HOSTILE[symbol])
    words = (f"local:{town.odd_token.address}", "--block", "latest", "-o", "odd.yaml")
    code, out, err = cli("import", *words)
    assert (code, out) == (0, "")
    text = (tmp_path / "odd.yaml").read_text("utf-8")
    assert all(letter.isprintable() or letter == "\n" for letter in f"{text}{err}")
    system = lr.load(tmp_path / "odd.yaml").system
    (name,) = system.assets
    assert system.assets[name].decimals == decimals
    assert len(name) <= 32
    assert name not in {"unknown", ""}


def test_the_help_shows_an_example_of_each_word_that_needs_one(cli):
    """And nothing in it that the verb would not take."""
    code, out, _ = cli("import", "--help")
    assert code == 0
    options, _, examples = out.partition("Examples:")
    shown = set(re.findall(r"--[a-z]+", examples))
    words = {"--borrowers", "--since", "--venue", "--into", "--owner", "--coin", "--in", "--block"}
    assert words <= shown
    assert shown <= set(re.findall(r"^ +(?:-., )?(--[a-z]+)", options, re.MULTILINE))
