"""What the issuers of an import have in their wallets of the tokens that were met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from looprisk.onchain.abi import call
from looprisk.onchain.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Holding:
    """A token that an issuer of this import has in its wallet."""

    token: str
    amount: int
    asset: str = ""
    """Where it is a share, or a claim on a market: of what, and how much that is now."""
    in_asset: int = 0


def holdings(
    snapshot: Snapshot, pairs: Sequence[tuple[str, str]], even: Mapping[str, str]
) -> dict[str, dict[str, Holding]]:
    """Return what there is of pairs of a holder and a token, by holder and token.

    ``even`` tells which tokens are claims whose balances are amounts of an asset, and of which.
    """
    signature = "balanceOf(address)(uint256)"
    balances = snapshot.read_all([call(token, signature, issuer) for issuer, token in pairs])
    held = [
        (issuer, token, answer.integer())
        for (issuer, token), answer in zip(pairs, balances, strict=True)
        if answer.integer()
    ]
    asked = [
        one
        for _, token, amount in held
        for one in (
            call(token, "asset()(address)"),
            call(token, "convertToAssets(uint256)(uint256)", amount),
        )
    ]
    answers = snapshot.read_all(asked)
    found: dict[str, dict[str, Holding]] = {}
    for (issuer, token, amount), asset, worth in zip(
        held, answers[::2], answers[1::2], strict=True
    ):
        if token in even:
            one = Holding(token, amount, even[token], amount)
        elif asset.ok and worth.ok:
            one = Holding(token, amount, asset.address(), worth.integer())
        else:
            one = Holding(token, amount)
        found.setdefault(issuer, {})[token] = one
    return found
