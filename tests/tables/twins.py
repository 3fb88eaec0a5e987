"""A system with its accounts in a table, and the same system with them listed one by one."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from looprisk.files.accounts import parse_accounts
from looprisk.model import Case, Scenario, System
from looprisk.model.tables import AccountTable, TableName
from tests.tables.make import digest


@dataclass(frozen=True)
class Row:
    """One account: its collateral and its debts by token, as plain decimals."""

    collateral: dict[str, str]
    debt: dict[str, str]
    e_mode: str = ""


def text_of(rows: Sequence[Row]) -> str:
    """Return rows as the text of a table."""
    collateral = list(dict.fromkeys(c for row in rows for c in row.collateral))
    debt = list(dict.fromkeys(d for row in rows for d in row.debt))
    header = ["account", *(f"collateral/{c}" for c in collateral), *(f"debt/{d}" for d in debt)]
    lines = [",".join([*header, "e_mode"])]
    for number, row in enumerate(rows):
        cells = [row.collateral.get(c, "") for c in collateral]
        cells += [row.debt.get(d, "") for d in debt]
        lines.append(",".join([f"a{number}", *cells, row.e_mode]))
    return "".join(f"{line}\n" for line in lines)


def read(text: str) -> AccountTable:
    """Return the accounts of a table's text."""
    accounts, faults = parse_accounts(text, "t.csv", digest(text))
    assert faults == []
    assert accounts is not None
    return accounts


def table_of(rows: Sequence[Row], market: str = "m") -> dict[str, object]:
    """Return rows as a position: a table of accounts."""
    text = text_of(rows)
    return {
        "market": market,
        "table": TableName("t.csv", None, read(text)),
        "rows": len(rows),
        "sha256": digest(text),
    }


def twins(system: dict, rows: Sequence[Row], stages: Sequence[dict]) -> tuple[Case, Case]:
    """Return the case with ``rows`` in the table ``book``, and with them listed as positions."""
    listed = {
        f"book-a{number}": {
            "market": "m",
            "collateral": row.collateral,
            "debt": row.debt,
            **({"e_mode": row.e_mode} if row.e_mode else {}),
        }
        for number, row in enumerate(rows)
    }
    own = system.get("positions", {})
    scenario = Scenario(stages=list(stages))
    return (
        Case(System(**{**system, "positions": {**own, "book": table_of(rows)}}), scenario, "table"),
        Case(System(**{**system, "positions": {**own, **listed}}), scenario, "listed"),
    )


def decimal(number: Fraction | int) -> str:
    """Return a number of few decimals as a table writes it."""
    return f"{float(number):.4f}".rstrip("0").rstrip(".")
