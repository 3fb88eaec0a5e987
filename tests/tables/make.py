"""Tables of made-up accounts, the same for the same seed; run this module to write the shipped ones.

Loans are log-normal in size and stand at 20% to 98% of the way to their threshold, more of them the
closer to it, as on the markets that exist.
"""

import gzip
import hashlib
import io
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One kind of account: its collateral, its price, what it borrows, its threshold."""

    collateral: str
    price: float
    debt: str
    lltv: float
    e_mode: str = ""
    weight: float = 1.0


WSTETH = Leg(collateral="wstETH", price=4310, debt="USDC", lltv=0.86)
POOL = (
    Leg(collateral="sUSDe", price=1.2, debt="USDC", lltv=0.75, weight=3),
    Leg(collateral="sUSDe", price=1.2, debt="USDT", lltv=0.75, weight=1),
    Leg(collateral="wstETH", price=4310, debt="USDC", lltv=0.81, weight=3),
    Leg(collateral="wstETH", price=4310, debt="USDT", lltv=0.81, weight=1),
)


def accounts(rows: int, legs: Sequence[Leg] = (WSTETH,), seed: int = 20251104) -> str:
    """Return the text of a table of ``rows`` accounts, each with one of ``legs``."""
    return "".join(f"{line}\n" for line in _lines(rows, legs, random.Random(seed)))


def _lines(rows: int, legs: Sequence[Leg], dice: random.Random) -> Iterator[str]:
    collateral = list(dict.fromkeys(leg.collateral for leg in legs))
    debt = list(dict.fromkeys(leg.debt for leg in legs))
    modes = any(leg.e_mode for leg in legs)
    columns = [f"collateral/{token}" for token in collateral] + [f"debt/{token}" for token in debt]
    yield ",".join(["account", *columns, *(["e_mode"] if modes else [])])
    weights = [leg.weight for leg in legs]
    for number in range(rows):
        leg = dice.choices(legs, weights)[0]
        worth = dice.lognormvariate(9.2, 1.6)
        owed = worth * leg.lltv * (0.2 + 0.78 * dice.betavariate(2.2, 1.4))
        cells = {
            f"collateral/{leg.collateral}": f"{worth / leg.price:.4f}",
            f"debt/{leg.debt}": f"{owed:.2f}",
        }
        name = f"0x{dice.getrandbits(64):016x}{number:08x}"
        row = [name, *(cells.get(column, "") for column in columns)]
        yield ",".join([*row, leg.e_mode] if modes else row)


def totals(text: str) -> dict[str, Decimal]:
    """Return the sum of every column of amounts."""
    header, *rows = (line.split(",") for line in text.splitlines())
    return {
        name: sum((Decimal(row[at] or 0) for row in rows), Decimal(0))
        for at, name in enumerate(header)
        if "/" in name
    }


def digest(text: str) -> str:
    """Return the digest that a file states of its table."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def zipped(text: str) -> bytes:
    """Return a table as gzip, the same bytes for the same text."""
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as stream:
        stream.write(text.encode())
    return buffer.getvalue()


def position(text: str, market: str, table: str) -> dict[str, object]:
    """Return what a file says of a table."""
    return {
        "market": market,
        "table": table,
        "rows": len(text.splitlines()) - 1,
        "sha256": digest(text),
        "totals": {column: f"{total:f}" for column, total in totals(text).items()},
    }


SHIPPED = {
    "scenarios/tables/wsteth-borrowers.csv.gz": accounts(200),
    "tests/files/valid/tables/accounts.csv.gz": accounts(
        40,
        [
            Leg(collateral="wstETH", price=4000, debt="USDC", lltv=0.81),
            Leg(collateral="wstETH", price=4000, debt="USDC", lltv=0.92, e_mode="eth"),
        ],
    ),
}

if __name__ == "__main__":
    for name, text in SHIPPED.items():
        (ROOT / name).write_bytes(zipped(text))
        sys.stdout.write(f"{name}: {position(text, 'market', name)}\n")
