"""What a delegate, somebody in the first minutes of an incident and everyone who asks why see."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import looprisk as lr
from looprisk.cli.app import app

FILE = Path(__file__).parent / "weth-market.yaml"


@pytest.fixture(scope="module")
def system():
    return lr.load(FILE).system


def shown(*args: str) -> str:
    done = CliRunner().invoke(app, [*args, "--color", "never", "--width", "120"])
    assert done.exit_code == 0, done.output
    return done.output


def row(text: str, start: str) -> str:
    """The first line of a table that starts so."""
    return next(line for line in text.splitlines() if line.startswith(start))


class TestHiddenCommonCause:
    """Two "different" collaterals of a market hang on one verifier: one row says so."""

    def test_what_shares_a_dependency_stands_in_one_row(self, system):
        (found,) = (r for r in lr.common(system, of="weth").rows if r.kind == "verifier")
        assert (found.value, found.parts) == ("layerzero-1-of-1", ("Kelp", "Wrap"))
        # 200 and 169 of the 900 that can be lent
        assert found.share == pytest.approx(369 / 900, abs=1e-15)

    def test_and_a_feed_behind_two_oracles(self, system):
        (found,) = (r for r in lr.common(system, of="weth").rows if r.kind == "feed")
        assert found.value == "chainlink-ETH-USD"
        assert set(found.parts) == {"weth/rsETH", "weth/wrsETH"}

    def test_the_terminal_says_which_parts_and_how_much_of_what_is_lent(self):
        text = shown("map", str(FILE), "--common", "--of", "weth")
        line = row(text, "layerzero-1-of-1")
        assert re.search(r"verifier +1\.11 +41\.0 +2 +1 to 2 +Kelp, Wrap$", line)
        assert re.search(r"feed .* 41\.0 .* weth/rsETH, weth/wrsETH$", row(text, "chainlink"))


class TestFirstMinutesOfAnIncident:
    """Who has rsETH, itself and through others: holders, markets, curators."""

    def test_direct_and_indirect_holders(self, system):
        rows = {r.id: r for r in lr.exposure(system, of="rsETH").exposed_rows}
        assert rows["by-rs"].direct_usd == 400 * 3000
        assert rows["Wrap"].direct_usd == 300 * 3000
        assert rows["by-wr"].direct_usd == 0
        assert rows["by-wr"].usd == 300 * 3000
        # the vault has three fifths of a market whose accounts have it
        assert rows["Vault"].curator == "Acme"
        assert rows["Vault"].usd == pytest.approx(0.6 * 369 * 3000)
        assert {r.kind for r in rows.values()} == {"account", "issuer", "market", "outside"}

    def test_the_terminal_names_them(self):
        text = shown("map", str(FILE), "--of", "rsETH")
        assert re.search(r"issuer +0 +0\.66 +38\.2 +Acme$", row(text, "Vault Prime"))
        assert re.search(r"market +0 +1\.11 +41\.0", row(text, "weth "))
        assert re.search(r"account +1\.20 +1\.20 +100\.0", row(text, "by-rs"))

    def test_a_thing_goes_by_its_long_name(self, system):
        long, short = (lr.exposure(system, of=of) for of in ("Wrapped rsETH", "Wrap"))
        assert (long.source_rows, long.ratios) == (short.source_rows, short.ratios)


class TestWhy:
    """At most seven causes, each with its amount; they add up to the loss of the layer."""

    def test_the_causes_add_up(self, system):
        found = lr.run(system, default={"by-rs": "50%", "by-wr": "50%"})
        causes = found.explain("Vault Prime").rows
        assert len(causes) <= 7
        lost = found.layer("vETH").economic_loss_usd
        assert lost == pytest.approx(0.6 * (100 + 84.5) * 3000)
        assert abs(sum(cause.amount_usd for cause in causes) - lost) <= 1e-9

    @pytest.mark.parametrize("layer", ["vETH", "Vault", "Vault Prime"])
    def test_the_terminal_says_so_for_a_layer_by_any_of_its_names(self, layer):
        text = shown("run", str(FILE), "--explain", layer)
        assert text.splitlines()[0] == "vETH loses $332.10k: 1 cause adds up to it."
        assert re.search(r"332\.10 +its holding of weth pays less", text)


class TestConcentration:
    """Of a claim over four issuers, and held in three hands."""

    def test_the_three_largest_by_hand(self):
        parts = {"A": 50, "B": 30, "C": 15, "D": 5}
        issuers = {
            name: {
                "outside": {"pile": f"${size}"},
                "issues": {name.lower(): {"kind": "share", "supply": size}},
            }
            for name, size in parts.items()
        }
        top = {"owns": {name.lower(): size for name, size in parts.items()}}
        top["issues"] = {"t": {"kind": "share", "supply": 100}}
        hands = {
            f"H{units}": {
                "owns": {"t": units},
                "issues": {f"h{units}": {"kind": "share", "supply": units}},
            }
            for units in (40, 20, 10, 5)
        }
        look = lr.exposure(lr.System(issuers={**issuers, "T": top, **hands}), of="t").ratios
        assert look.hhi_by_issuer == pytest.approx(0.25 + 0.09 + 0.0225 + 0.0025)
        assert look.top_three_by_issuer == pytest.approx(0.95)
        assert (look.top_holder, look.top_three_holders) == (0.4, 0.7)
