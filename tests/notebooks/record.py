"""Record the tape of the notebook on imports anew: python -m tests.notebooks.record.

It starts the local chain of the tests with its contracts. Needed where readers ask for more than
they did; the address in the notebook stays the same, for the chain gives out the same accounts.
"""

import os
from pathlib import Path

from looprisk.cli import run_line
from tests.onchain.town import build
from tests.onchain.workshop import workshop

TAPE = Path(__file__).parents[2] / "notebooks" / "tapes" / "staker.tape.gz"


def record() -> int:
    """Import the staker of the town at its last block, and keep every answer."""
    town = build(workshop())
    os.environ["LOOPRISK_RPC_31337"] = town.node.url
    try:
        pool = town.pools["3.0"].address
        words = ["import", f"local:{town.who['staker']}", "--in", pool, "--block", "latest"]
        TAPE.unlink(missing_ok=True)
        return run_line([*words, "--record", str(TAPE), "-o", os.devnull])
    finally:
        town.node.stop()


if __name__ == "__main__":
    raise SystemExit(record())
