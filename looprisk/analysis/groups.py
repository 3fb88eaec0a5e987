"""What a name in an expectation stands for: one thing, or every member of a group."""

from __future__ import annotations

import re

from looprisk.errors import NotCarriedError
from looprisk.model.system import System

_GROUP = re.compile(r"(each|all)\((?P<group>[^)]+)\)")


def members(system: System, of: str) -> tuple[str, ...]:
    """Return the things a name stands for: itself, or the members of ``each(…)`` and ``all(…)``.

    Built in are the sections of a file; any other word is a tag.
    """
    found = _GROUP.fullmatch(of.strip())
    if found is None:
        return (of,)
    group = found["group"].strip()
    sections = {
        "assets": list(system.assets),
        "tokens": [t for i in system.issuers.values() for t in i.issues],
        "collateral": sorted({c for m in system.markets.values() for c in m.collateral}),
        "issuers": list(system.issuers),
        "vaults": [name for name, i in system.issuers.items() if i.issues and not i.owes],
        "markets": list(system.markets),
        "positions": list(system.positions),
        "venues": list(system.venues),
    }
    if group in sections:
        chosen = sections[group]
    else:
        parts = (
            system.assets,
            system.issuers,
            system.markets,
            system.positions,
            system.venues,
            *(i.issues for i in system.issuers.values()),
        )
        chosen = [name for section in parts for name, part in section.items() if group in part.tags]
    if not chosen:
        raise NotCarriedError(f"`{of}`: nothing belongs to this group")
    return tuple(chosen)
