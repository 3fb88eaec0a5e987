"""What changed since an earlier block: shares whose price jumped, vaults that were sent tokens."""

from __future__ import annotations

from collections.abc import Sequence

from looprisk.onchain.abi import call
from looprisk.onchain.draft import Draft
from looprisk.onchain.flags import DONATION, LEAST_RISE, Flag, Rate, jump, moves, sent
from looprisk.onchain.reader import Opened
from looprisk.onchain.snapshot import Snapshot
from looprisk.onchain.vault import Vault
from looprisk.onchain.wrapper import Wrapper


def flags_since(
    snapshot: Snapshot, block: int, parts: Sequence[Opened], draft: Draft
) -> list[Flag]:
    """Return the flags of shares, wrappers and vaults by what they were at an earlier block.

    Raises HistoryError where the node no longer has the state of that block.
    """
    earlier = snapshot.before(block)
    rates = _rates(snapshot, parts, draft)
    found = [
        flag
        for move in moves(earlier, rates, snapshot.pin.timestamp)
        if (flag := jump(draft.name(move.rate.token), move)) is not None
    ]
    for part in parts:
        vault = part.reading
        if isinstance(vault, Vault) and vault.supply:
            more = sent(snapshot, vault.share, vault.asset, earlier.pin.number + 1)
            if more > LEAST_RISE * vault.total_assets:
                said = f"{draft.amount(vault.asset, more)} {draft.name(vault.asset)}"
                text = f"{said} came in since block {earlier.pin.number} without a deposit"
                found.append(Flag(draft.name(vault.share), DONATION, text))
    return found


def _rates(snapshot: Snapshot, parts: Sequence[Opened], draft: Draft) -> list[Rate]:
    """Return the rates at the pin: of whatever issues shares, and of wrappers."""
    asked = [
        (token, asked)
        for token in draft.issuers
        for asked in (
            call(token, "convertToAssets(uint256)(uint256)", 10 ** draft.tokens[token].decimals),
            call(token, "exchangeRate()(uint256)"),
        )
    ]
    wrappers = [part.reading for part in parts if isinstance(part.reading, Wrapper)]
    asked += [(one.token, call(one.token, one.told_by)) for one in wrappers]
    answers = snapshot.read_all([one for _, one in asked])
    return [
        Rate(token, one, answer.integer())
        for (token, one), answer in zip(asked, answers, strict=True)
        if answer.ok
    ]
