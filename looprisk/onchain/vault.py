"""ERC-4626 vaults."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.abi import Call, call
from looprisk.onchain.draft import NO_READER, UNKNOWN, Draft, Tree
from looprisk.onchain.flags import DONATION, EMPTY, LEAST_FALL, Flag
from looprisk.onchain.reader import Look, Reader
from looprisk.onchain.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Vault:
    """A vault, in the smallest units of asset and share."""

    share: str
    asset: str
    total_assets: int
    """As its book says."""
    supply: int
    idle: int
    """Of the asset, in its own wallet."""

    @property
    def tokens(self) -> tuple[str, ...]:
        """Share and asset."""
        return (self.share, self.asset)

    @property
    def issues(self) -> str | None:
        """The share; one that nobody holds is a token like any other."""
        return self.share if self.supply else None


def asks(look: Look) -> list[Call]:
    """Return what tells a vault."""
    return [call(look.address, "asset()(address)")]


def recognise(look: Look) -> tuple[Vault, ...]:
    """Return the vault at the address."""
    (asset,) = look.snapshot.read_all(asks(look))
    if not asset.ok or asset.address() == look.address:
        return ()
    assets, supply, idle = look.snapshot.read_all(
        [
            call(look.address, "totalAssets()(uint256)"),
            call(look.address, "totalSupply()(uint256)"),
            call(asset.address(), "balanceOf(address)(uint256)", look.address),
        ]
    )
    if not (assets.ok and idle.ok and supply.ok):
        return ()
    held = (assets.integer(), supply.integer(), idle.integer())
    return (Vault(look.address, asset.address(), *held),)


def read(snapshot: Snapshot, found: Vault) -> Vault:
    """Return it: what tells a vault is all there is to know of it."""
    del snapshot
    return found


def write(vault: Vault, draft: Draft) -> None:
    """Write the vault as the issuer of its share.

    What its book counts and nobody here reads stands outside, unknown.
    """
    _flag(vault, draft)
    if not vault.supply:
        return
    name = draft.name(vault.share)
    owns = draft.owned(vault.share, vault.asset)
    rest = vault.total_assets - _seen(vault, draft)
    part: Tree = {}
    # each part of a book is cut to a whole unit by itself
    if rest > len(owns):
        part["outside"] = {"unread": f"{UNKNOWN} @{NO_READER}"}
        said = f"{draft.amount(vault.asset, rest)} {draft.name(vault.asset)}"
        part["note"] = f"its book counts {said} that no reader finds"
    if owns:
        part["owns"] = owns
    share: Tree = {"kind": "share", "supply": draft.amount(vault.share, vault.supply)}
    if "outside" in part:
        share["book_price"] = _price(vault, draft)
    share |= {
        "decimals": str(draft.tokens[vault.share].decimals),
    }
    part["issues"] = {name: {**share, "address": vault.share}}
    draft.put("issuers", name, part)


def _seen(vault: Vault, draft: Draft) -> int:
    """Return how much of its book is found: what it has of its asset, or of shares in that."""
    held = draft.holdings.get(vault.share, {}).values()
    counted = draft.net(vault.share, vault.asset)
    for one in held:
        if one.token == vault.asset:
            counted += one.amount
        elif one.asset == vault.asset and one.token != vault.share:
            counted += one.in_asset
    return counted


def _price(vault: Vault, draft: Draft) -> str:
    """Return what its book says a share is worth, which it is of what nobody reads too."""
    shares = vault.supply * 10 ** draft.tokens[vault.asset].decimals
    assets = vault.total_assets * 10 ** draft.tokens[vault.share].decimals
    return f"{decimal_text(Fraction(assets, shares))} {draft.name(vault.asset)}"


def _flag(vault: Vault, draft: Draft) -> None:
    """Flag a vault of which next to nothing is out, and one that has more than its book says."""
    name = draft.name(vault.share)
    if vault.supply < 10 ** draft.tokens[vault.share].decimals:
        out = draft.amount(vault.share, vault.supply)
        text = f"{out} shares are out: who deposits or gives next decides what one is worth"
        draft.flags.append(Flag(name, EMPTY, text))
    more = vault.idle - vault.total_assets
    if more > LEAST_FALL * vault.total_assets:
        said = f"{draft.amount(vault.asset, more)} {draft.name(vault.asset)}"
        draft.flags.append(Flag(name, DONATION, f"it holds {said} more than its book counts"))


READER = Reader("erc-4626/1", recognise, read, write, asks)
