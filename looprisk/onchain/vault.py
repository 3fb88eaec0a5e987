"""ERC-4626 vaults, and those of them that supply markets of Morpho Blue (MetaMorpho)."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.onchain.abi import call
from looprisk.onchain.draft import NO_READER, UNKNOWN, Draft, Tree
from looprisk.onchain.morpho import MorphoMarket, markets, positions
from looprisk.onchain.morpho_parts import write_market
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot

MOST_MARKETS = 100
"""In the queue of one vault; MetaMorpho allows 30."""


@dataclass(frozen=True, slots=True)
class Found:
    """A vault: the address of its share, and what it says of itself."""

    share: str
    asset: str
    total_assets: int
    supply: int


@dataclass(frozen=True, slots=True)
class Supplied:
    """What a vault has in one market, in the smallest units of its asset."""

    market: MorphoMarket
    amount: int

    @property
    def withdrawable(self) -> int:
        """What the market could pay out now."""
        totals = self.market.totals
        return min(self.amount, totals.supplied - totals.borrowed)


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault, in the smallest units of asset and share."""

    share: str
    asset: str
    total_assets: int
    """As its book says; interest that a market has not stored yet may be missing in it."""
    supply: int
    idle: int
    """Of the asset, in its own wallet."""
    supplied: tuple[Supplied, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        """Share, asset, and the collaterals its markets lend against."""
        return (self.share, self.asset, *(one.market.collateral for one in self.supplied))

    @property
    def issues(self) -> str:
        """The share."""
        return self.share

    @property
    def withdrawable(self) -> int:
        """What could be paid out at once."""
        return self.idle + sum(one.withdrawable for one in self.supplied)


def recognise(look: Look) -> tuple[Found, ...]:
    """Return the vault at the address; one that has no shares out is a token like any other."""
    asset, assets, supply = look.snapshot.read_all(
        [
            call(look.address, "asset()(address)"),
            call(look.address, "totalAssets()(uint256)"),
            call(look.address, "totalSupply()(uint256)"),
        ]
    )
    if not (asset.ok and assets.ok and supply.ok and supply.integer()):
        return ()
    return (Found(look.address, asset.address(), assets.integer(), supply.integer()),)


def read(snapshot: Snapshot, found: Found) -> Vault:
    """Return the vault with what it holds of its asset and has in markets of Morpho Blue."""
    idle, morpho, length = snapshot.read_all(
        [
            call(found.asset, "balanceOf(address)(uint256)", found.share),
            call(found.share, "MORPHO()(address)"),
            call(found.share, "withdrawQueueLength()(uint256)"),
        ]
    )
    supplied: tuple[Supplied, ...] = ()
    if morpho.ok and length.ok:
        supplied = _queue(snapshot, found.share, morpho.address(), length.integer())
    return Vault(
        found.share, found.asset, found.total_assets, found.supply, idle.integer(), supplied
    )


def _queue(snapshot: Snapshot, vault: str, morpho: str, length: int) -> tuple[Supplied, ...]:
    places = range(min(length, MOST_MARKETS))
    signature = "withdrawQueue(uint256)(bytes32)"
    answers = snapshot.read_all([call(vault, signature, place) for place in places])
    ids = ["0x" + answer.data().hex() for answer in answers]
    found = positions(snapshot, morpho, ids, vault)
    known = markets(snapshot, morpho, [one.market for one in found])
    return tuple(
        Supplied(market, market.totals.worth(one.supply_shares))
        for one, market in zip(found, known, strict=True)
        if one.supply_shares
    )


def write(vault: Vault, draft: Draft) -> None:
    """Write the vault as the issuer of its share.

    What its book counts and nobody here reads stands outside, unknown.
    """
    name = draft.name(vault.share)
    owns: Tree = {}
    if vault.idle:
        owns[draft.name(vault.asset)] = draft.amount(vault.asset, vault.idle)
    seen = vault.idle
    for one in vault.supplied:
        owns[write_market(one.market, draft)] = draft.amount(vault.asset, one.amount)
        seen += one.amount
    for held in draft.holdings.get(vault.share, ()):
        if held.token not in {vault.asset, vault.share}:
            owns[draft.name(held.token)] = draft.amount(held.token, held.amount)
            seen += held.in_asset if held.asset == vault.asset else 0
    part: Tree = {}
    rest = vault.total_assets - seen
    # each part of a book is cut to a whole unit by itself
    if rest > len(owns):
        part["outside"] = {"unread": f"{UNKNOWN} @{NO_READER}"}
        said = f"{draft.amount(vault.asset, rest)} {draft.name(vault.asset)}"
        part["note"] = f"its book counts {said} that no reader finds"
    if owns:
        part["owns"] = owns
    share: Tree = {
        "kind": "share",
        "supply": draft.amount(vault.share, vault.supply),
        "decimals": str(draft.tokens[vault.share].decimals),
    }
    if vault.supplied:
        pays = f"{draft.amount(vault.asset, vault.withdrawable)} {draft.name(vault.asset)}"
        share["note"] = f"can be paid out at once: {pays}"
    part["issues"] = {name: {**share, "address": vault.share}}
    draft.put("issuers", name, part)


READER = Reader("erc-4626/1", recognise, read, write)
