"""Look-through and overlays: towers opened to a limit, loops closed, stubs filled by a file."""

import pytest

import looprisk as lr
from looprisk.errors import FileError, UnknownValueError
from looprisk.onchain.importing import DEEPEST
from tests.onchain import morpho_blue

MILLION = 10**12
NOBODY = "0x" + "00" * 20
WAD = 10**18


def imported(cli, address, *places):
    named = [word for place in places for word in ("--in", place)]
    words = ("import", f"local:{address}", *named, "--block", "latest", "-o", "base.yaml")
    code, _, err = cli(*words)
    assert code == 0, err
    return lr.load("base.yaml").system


# towers and loops -------------------------------------------------------------------------


def tower(town, shop, height):
    """Put vaults on top of each other, each holding shares of the one below."""
    by, below = town.by, town.tokens["USDC"]
    by.send(below.functions.mint(by.me, MILLION))
    for at in range(height):
        vault = by.deploy(shop.own("Vault"), below.address, f"Floor {at}", f"F{at}")
        by.send(below.functions.approve(vault.address, MILLION))
        by.send(vault.functions.deposit(MILLION // 2**at, by.me))
        below = vault
    return below.address


def test_a_tower_is_opened_down_to_its_ground(town, shop, cli):
    system = imported(cli, tower(town, shop, DEEPEST))
    assert list(system.issuers) == [f"F{at}" for at in reversed(range(DEEPEST))]
    assert list(system.assets) == ["USDC"]
    for at in range(1, DEEPEST):
        (held,) = system.issuers[f"F{at}"].owns
        assert held == f"F{at - 1}"
    assert not any(issuer.outside for issuer in system.issuers.values())


def test_a_tower_that_is_too_high_is_told(town, shop, cli):
    words = ("import", f"local:{tower(town, shop, DEEPEST + 2)}", "--block", "latest")
    code, _, err = cli(*words)
    assert code == 3
    assert f"more than {DEEPEST} receipts stand one behind the other" in err


def test_a_loop_of_receipts_over_two_protocols_is_closed_and_counted_once(town, cli):
    """The fund holds the vault, which lends on Morpho to who pledges shares of the fund."""
    borrower, market = town.by.me, town.markets["fUSD/USDC"]
    system = imported(cli, town.queue_vault.address, town.morpho.address)
    assert set(system.issuers) == {"qUSDC", "fUSD", "sUSD"}
    fund, queue = system.issuers["fUSD"], system.issuers["qUSDC"]
    usdc = 10**6
    held = town.queue_vault.functions.balanceOf(town.fund.address).call()
    assert fund.owns["qUSDC"].number * WAD == held
    idle = town.tokens["USDC"].functions.balanceOf(town.fund.address).call()
    assert fund.owns["USDC"].number * usdc == idle
    assert not fund.outside
    total = town.queue_vault.functions.totalAssets().call()
    assert sum(one.number for one in queue.owns.values()) * usdc == total
    # all money in the system is what stands in wallets and what outside borrowers owe
    pledged = town.morpho.functions.position(market.id, borrower).call()[2]
    supply = town.fund.functions.totalSupply().call()
    assert system.issuers["fUSD"].issues["fUSD"].supply.number * usdc == supply
    assert pledged < supply
    system = system.set({"USDC/price": "$1"})
    clearing = lr.run(system, price={"USDC": "0%"})
    assert clearing.certificate.conservation_gap == 0


# stubs and overlays -----------------------------------------------------------------------


@pytest.fixture
def posted(town, shop):
    """A token that a number prices and nothing else, pledged by somebody who borrows dollars."""
    by, usdc = town.by, town.tokens["USDC"]
    token = by.deploy(shop.own("Token"), "Closed Fund", "xUSDv", 6)
    oracle = by.deploy(shop.own("FeedOracle"), NOBODY, NOBODY, NOBODY, 6, 6)
    irm = by.at(town.markets["sUSD/USDC"].terms[3], shop.own("IrmMock"))
    ends = {"loan": usdc, "collateral": token, "oracle": oracle, "lltv": 915 * WAD // 1000}
    market = morpho_blue.create_market(by, town.morpho, irm, **ends)
    morpho_blue.lend(by, town.morpho, market, usdc, MILLION, town.who["lender"])
    user = town.who["trader"]
    by.send(token.functions.mint(user, 8 * MILLION))
    morpho_blue.pledge(by, town.morpho, market, token, MILLION, user)
    morpho_blue.borrow(by, town.morpho, market, MILLION * 9 // 10, user)
    return market


OVERLAY = """\
looprisk: 1
include: base.yaml
sources:
  letter: {class: declared, confidence: C, title: issuer letter, date: 2025-11-02}
  ours: {class: assumed, title: our reading of the terms}
assets:
  USDC: {price: $1 @ours}
issuers:
  xUSDv-issuer:
    label: X Fund
    depends_on: {custodian: acme-custody, manager: unnamed @letter}
    outside:
      unread: $9M @letter
    owes:
      outside: $1M @ours
    pays: [debts @ours, xUSDv]
"""
LOSS = ("--shock", "loss: {xUSDv-issuer/outside/unread: 40%}")


def test_what_only_a_number_prices_is_a_stub_with_supply_and_price(town, cli, posted):
    system = imported(cli, f"{town.morpho.address}/{posted.hex}")
    issuer = system.issuers["xUSDv-issuer"]
    assert str(issuer.outside["unread"]) == "unknown @no-reader"
    share = issuer.issues["xUSDv"]
    assert (share.supply.number, share.book_price.number) == (8_000_000, 1)
    provenance = system.provenance
    assert provenance["issuers", "xUSDv-issuer", "outside", "unread"] == "no-reader"
    assert provenance["issuers", "xUSDv-issuer", "issues", "xUSDv", "kind"] == "no-reader"
    assert provenance["issuers", "xUSDv-issuer", "issues", "xUSDv", "supply"] == "chain"
    assert list(system.assets) == ["USDC"]
    assert system.sources["chain"].date == system.as_of.text


def test_what_nobody_knows_is_listed_by_paths_that_can_be_set(town, cli, posted):
    words = ("import", f"local:{town.morpho.address}/{posted.hex}", "--block", "latest")
    code, _, err = cli(*words, "-o", "base.yaml")
    assert code == 0
    system = lr.load("base.yaml").system
    assert "Unknown: USDC/price, xUSDv-issuer/outside/unread." in system.about
    said = " ".join(err.split())
    assert "unknown: USDC/price, xUSDv-issuer/outside/unread" in said
    known = system.set({"USDC/price": "$1", "xUSDv-issuer/outside/unread": "$9M"})
    assert lr.run(known, depeg={"xUSDv": "20%"})


def test_an_answer_that_needs_the_unknown_stops_and_names_it(town, cli, posted):
    imported(cli, f"{town.morpho.address}/{posted.hex}")
    shock = ("--set", "USDC/price=$1", "--shock", "depeg: {xUSDv: 20%}")
    code, _, err = cli("run", "base.yaml", *shock)
    assert code == 4
    assert "unread is unknown" in err
    system = lr.load("base.yaml").system.set({"USDC/price": "$1"})
    with pytest.raises(UnknownValueError) as caught:
        lr.run(system, depeg={"xUSDv": "20%"})
    assert caught.value.paths == ("xUSDv-issuer/outside/unread",)


def test_an_overlay_fills_the_stub_and_says_who_ranks_first(town, cli, posted, tmp_path):
    user = town.who["trader"]
    imported(cli, user, town.morpho.address, posted.hex)
    (tmp_path / "over.yaml").write_text(OVERLAY)
    system = lr.load("over.yaml").system
    issuer = system.issuers["xUSDv-issuer"]
    assert issuer.pays == (("debts",), ("xUSDv",))
    assert system.provenance["issuers", "xUSDv-issuer", "outside", "unread"] == "letter"
    assert cli("run", "over.yaml", *LOSS)[0] == 0
    # 9M less 40% leave 5.4M; the creditor is paid 1M first, 8M shares are worth 4.4M
    clearing = lr.run(system, loss={"xUSDv-issuer/outside/unread": "40%"})
    (layer,) = [one for one in clearing.layers if one.id == "xUSDv"]
    assert layer.economic_usd == pytest.approx(4_400_000)
    # a number for an oracle hides it: the loan is lost beyond what its collateral is worth
    (lender,) = [one for one in clearing.layers if one.id.startswith("m-")]
    owed = next(iter(system.positions.values())).debt["USDC"].number
    assert lender.economic_loss_usd == pytest.approx(float(owed) - 4.4e6 / 8, rel=1e-6)
    market = next(iter(system.markets))
    seen = system.set({f"{market}/collateral/xUSDv/oracle": "market"})
    (open_,) = [
        one
        for one in lr.run(seen, loss={"xUSDv-issuer/outside/unread": "40%"}).layers
        if one.id.startswith("m-")
    ]
    assert open_.reported_loss_usd > lender.reported_loss_usd


def test_an_interval_in_an_overlay_makes_the_answer_one(town, cli, posted, tmp_path):
    imported(cli, town.who["trader"], town.morpho.address, posted.hex)
    wide = OVERLAY.replace("outside: $1M @ours", "outside: $1M..$2M @ours")
    (tmp_path / "over.yaml").write_text(wide)
    code, out, err = cli("run", "over.yaml", *LOSS, "--bounds")
    assert code == 0, err
    assert ".." in out or "–" in out


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("outside:\n      unread: $9M @letter", "issues: {xUSDv: {supply: 9M}}", "base.yaml"),
        ("pays: [debts @ours, xUSDv]", "note: none", "pays"),
    ],
)
def test_an_overlay_replaces_nothing_unnamed(town, cli, posted, tmp_path, before, after, told):
    imported(cli, town.who["trader"], town.morpho.address, posted.hex)
    (tmp_path / "over.yaml").write_text(OVERLAY.replace(before, after))
    with pytest.raises(FileError) as caught:
        lr.load("over.yaml")
    assert told in str(caught.value)


def test_a_vault_whose_book_nobody_reads_posts_its_price(town, shop, cli):
    """What it says of itself is its price; what backs it is unknown."""
    usdc, me = town.tokens["USDC"], town.by.me
    hidden = town.by.deploy(shop.own("Vault"), usdc.address, "Hidden", "hUSD")
    fund = town.by.deploy(shop.own("NestedVault"), hidden.address, "Outer", "oUSD")
    town.by.send(usdc.functions.mint(me, 10**9))
    town.by.send(usdc.functions.approve(fund.address, 10**9))
    town.by.send(fund.functions.deposit(10**9, me))
    town.by.send(fund.functions.invest(4 * 10**8))
    share = imported(cli, fund.address).issuers["oUSD"].issues["oUSD"]
    total, supply = fund.functions.totalAssets().call(), fund.functions.totalSupply().call()
    assert share.book_price.number == total / supply
    assert share.book_price.of == "USDC"
