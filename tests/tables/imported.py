"""A pool of Aave v3 with made-up borrowers, written as the importer writes one; no node is asked."""

import random
from pathlib import Path

from looprisk.files.emit import save
from looprisk.onchain.aave_borrowers import Listed
from looprisk.onchain.aave_market import AaveMarket, prepare, write
from looprisk.onchain.aave_terms import Found, Mode, Pool, Reserve
from looprisk.onchain.books import put_books
from looprisk.onchain.borrowers import Borrower, packed
from looprisk.onchain.draft import Draft
from looprisk.onchain.erc20 import Token
from looprisk.onchain.snapshot import Pin

POOL = "0x" + "ab" * 20
DIGITS = 8
"""Of the prices of the pool."""
STABLE = 3
"""So many of the reserves are dollars; the other ones in the first e-mode follow ether."""


def address(number: int) -> str:
    """Return a made-up address."""
    return f"0x{number:040x}"


def reserves(count: int) -> list[Reserve]:
    """Return dollars first, then tokens worth $4,000, $2,000, $1,000 and so on."""
    return [
        Reserve(
            token=address(0x1000 + at),
            price=10**DIGITS if at < STABLE else 4000 * 10**DIGITS >> (at - STABLE) % 8,
            source=address(0x2000 + at),
            decimals=6 if at < STABLE else 18,
            ltv=7000,
            threshold=7800 if at < STABLE else 8000 - 150 * (at % 5),
            bonus=10400 + 100 * (at % 4),
            cap=0,
            cash=0,
            total_supplied=0,
            total_owed=0,
            claims=address(0x3000 + at),
            debts=(address(0x4000 + at),),
        )
        for at in range(count)
    ]


def borrowers(parts: list[Reserve], count: int, several: float, seed: int) -> list[Borrower]:
    """Return accounts of which a part has several collaterals or debts, some in the e-mode."""
    dice = random.Random(seed)
    found = []
    for number in range(count):
        inside = dice.random() < 0.2
        there = range(STABLE, STABLE + 2) if inside else range(len(parts))
        many = dice.random() < several
        pledged = dice.sample(there, min(len(there), 1 + many * dice.randint(1, 2)))
        owed = dice.sample(there, min(len(there), 1 + many * dice.randint(0, 1)))
        worth = dice.lognormvariate(9.2, 1.6)
        most = 0.93 if inside else min(parts[at].threshold for at in pledged) / 10_000
        debt = worth * most * (0.2 + 0.78 * dice.betavariate(2.2, 1.4))
        amounts = [0] * 2 * len(parts)
        for places, usd, first in ((pledged, worth, 0), (owed, debt, len(parts))):
            for at in places:
                units = usd / len(places) / (parts[at].price / 10**DIGITS)
                amounts[first + at] = int(units * 10 ** parts[at].decimals)
        found.append(Borrower(address(0x10000 + number), int(inside), tuple(amounts)))
    return found


def imported(folder: Path, count: int, *, several: float = 0.6, tokens: int = 6, seed: int = 1):
    """Write ``pool.yaml`` and its table to a folder, and return its path."""
    parts = reserves(tokens)
    people = borrowers(parts, count, several, seed)
    whole = packed(people, 2 * tokens)
    parts = [
        _with_totals(part, whole.totals[at], whole.totals[tokens + at])
        for at, part in enumerate(parts)
    ]
    modes = (
        Mode(
            number=1,
            ltv=9000,
            threshold=9300,
            bonus=10100,
            label="ETH correlated",
            price=None,
            collateral=frozenset(part.token for part in parts[STABLE : STABLE + 2]),
            lent=frozenset(part.token for part in parts[STABLE : STABLE + 2]),
        ),
    )
    pool = Pool(
        found=Found(POOL, address(1), tuple(p.token for p in parts), False, True),
        data=address(2),
        oracle=address(3),
        label="Made-up pool",
        base=10**DIGITS,
        in_dollars=True,
    )
    names = {part.token: Token(part.token, part.decimals, f"T{n}") for n, part in enumerate(parts)}
    draft = Draft(Pin(1, 1, "0x" + "00" * 32, 1_760_000_000), names)
    listed = Listed(tuple(parts), modes, whole, 0, 0)
    market = AaveMarket(pool, (), tuple(parts), modes, listed)
    prepare(market, draft)
    write(market, draft)
    put_books(draft.books, folder)
    path = folder / "pool.yaml"
    save(draft.system("A made-up pool.", ["aave-v3/1"]), path)
    return path


def _with_totals(part: Reserve, pledged: int, owed: int) -> Reserve:
    """Return a reserve with what its borrowers leave of it, and as much again of others."""
    supplied = 2 * max(pledged, owed)
    return Reserve(
        **{name: getattr(part, name) for name in Reserve.__slots__}
        | {"cash": supplied - owed, "total_supplied": supplied, "total_owed": owed}
    )
