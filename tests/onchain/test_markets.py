"""Markets as what is imported: a pool, a reserve of it, a market by its id."""

import pytest

import looprisk as lr


def imported(cli, *words):
    code, _, err = cli("import", *words, "--block", "latest", "-o", "system.yaml")
    assert code == 0, err
    return lr.load("system.yaml").system


def test_a_pool_is_a_market_with_its_terms(town, cli):
    pool = town.pools["3.0"]
    system = imported(cli, f"local:{pool.address}")
    (market,) = system.markets.values()
    assert market.address == f"eip155:31337:{pool.address}"
    assert set(market.lends) == {"USDC", "WETH"}
    mode = market.e_modes["e-1"]
    assert set(mode.collateral) == {f"{next(iter(system.markets))}/WETH", "wstETH"}
    for name, token in town.tokens.items():
        terms = pool.data.functions.getReserveConfigurationData(token.address).call()
        written = next(
            part for key, part in market.collateral.items() if key.rpartition("/")[2] == name
        )
        assert written.ltv.number * 10_000 == terms[1]
        assert written.lltv.number * 10_000 == terms[2]
        assert written.incentive.number * 10_000 == terms[3] - 10_000
    for name, lending in market.lends.items():
        token = town.tokens[name]
        unit = 10 ** token.functions.decimals().call()
        debt = pool.data.functions.getTotalDebt(token.address).call()
        claim = pool.data.functions.getReserveTokensAddresses(token.address).call()[0]
        assert lending.cash.number * unit == token.functions.balanceOf(claim).call()
        assert abs(lending.supplied.number - lending.cash.number - debt / unit) < 1e-3
        assert str(lending.unlisted_debt) == "sound"


@pytest.mark.parametrize("version", ["3.0", "3.2"])
@pytest.mark.parametrize("form", ["{pool}/{token}", "{claim}", "{debt}"])
def test_a_reserve_is_named_in_its_pool_or_by_its_tokens(town, cli, version, form):
    pool, token = town.pools[version], town.tokens["USDC"].address
    claim, _, debt = pool.data.functions.getReserveTokensAddresses(token).call()
    system = imported(
        cli, f"local:{form.format(pool=pool.address, token=token, claim=claim, debt=debt)}"
    )
    (market,) = system.markets.values()
    assert market.address == f"eip155:31337:{pool.address}"
    assert set(market.lends) == {"USDC"}
    assert set(system.assets) == {"USDC"}


def test_a_market_of_morpho_by_its_id_alone(town, cli):
    market = town.markets["sUSD/USDC"]
    places = ("--in", town.morpho.address)
    system = imported(cli, f"local:{market.hex}", *places)
    (written,) = system.markets.values()
    assert written.address == f"eip155:31337:{market.hex}"
    assert set(written.collateral) == {"sUSD"}
    assert "sUSD" in system.issuers["sUSD"].issues
    assert imported(cli, f"local:{town.morpho.address}/{market.hex}").tree() == {
        **system.tree(),
        "about": f"{town.morpho.address}/{market.hex}{system.about.removeprefix(market.hex)}",
    }


def test_a_market_runs_as_it_is(town, cli):
    imported(cli, f"local:{town.pools['3.0'].address}")
    assert cli("run", "system.yaml", "--shock", "price: {WETH: -20%}")[0] == 0
    imported(cli, f"local:{town.markets['sUSD/USDC'].hex}", "--in", town.morpho.address)
    shock = ("--shock", "price: {USDC: -5%}", "--set", "USDC/price=$1")
    code, _, err = cli("run", "system.yaml", *shock)
    assert code == 0, err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["local:{pool}/{morpho}"], "is no reserve of the pool"),
        (["local:{staker}/{usdc}"], "no reader finds anything at"),
        (["local:0x" + "12" * 32, "--in", "{morpho}"], "no reader finds anything at 0x1212"),
        (["local:0x" + "12" * 32], "no reader finds anything at 0x1212"),
        (["local:{morpho}"], "name the pool, the market"),
    ],
)
def test_what_is_no_market_is_told(town, cli, words, told):
    names = {
        "pool": town.pools["3.0"].address,
        "morpho": town.morpho.address,
        "staker": town.who["staker"],
        "usdc": town.tokens["USDC"].address,
    }
    code, _, err = cli("import", *(word.format(**names) for word in words), "--block", "latest")
    assert code == 3
    assert told in err


@pytest.mark.parametrize("text", ["eth:0x12/0x34", "nowhere:0x" + "12" * 32, "0x" + "12" * 31])
def test_what_is_no_target_is_told(town, cli, text):
    code, _, err = cli("import", text)
    assert code == 2
    assert "help:" in err
