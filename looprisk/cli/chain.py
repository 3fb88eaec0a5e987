"""The verbs that ask a node: what it can do, and what stands at an address."""

import os
from typing import assert_never

from looprisk.cli.emit import Format, Out, write
from looprisk.cli.failure import Exit
from looprisk.onchain.access import Access
from looprisk.onchain.address import chain
from looprisk.onchain.doctor import Finding, diagnose
from looprisk.results.names import for_log
from looprisk.results.table import Table


def doctor(chain_text: str | None, rpc: str | None, to: Out) -> int:
    """Show what the node can do."""
    chain_id = None if chain_text is None else chain(chain_text)
    diagnosis = diagnose(Access(chain_id=chain_id, rpc=rpc), os.environ)
    write(to, _written(diagnosis.table, to))
    return Exit.OK


def _written(table: Table[Finding], to: Out) -> str:
    match to.format:
        case Format.table:
            return table.text(to.width, color=to.color, unicode=to.unicode)
        case Format.json:
            return table.to_json()
        case Format.csv:
            return table.to_csv()
        case Format.md:
            return "\n".join(for_log(line) for line in table.to_markdown().split("\n"))
    assert_never(to.format)
