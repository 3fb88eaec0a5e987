"""The cases that come with looprisk, each loaded by a function of its name.

>>> import looprisk as lr
>>> loop = lr.examples.wsteth_loop()
>>> [row.event for row in lr.break_points(loop["ratio-slips"]) if row.of == "me"]
['liquidated', 'bad_debt', 'insolvent']
"""

from __future__ import annotations

from pathlib import Path
from types import FunctionType

from looprisk.errors import DataError
from looprisk.files.load import File, load


def shipped(name: str) -> Path:
    """Return the path of a scenario file that comes with the package.

    A wheel carries the files in its ``data`` folder. A checkout has them once, in ``scenarios``.
    Raises DataError where the file is not there.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data", package.parent / "scenarios"):
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"{name} is missing from this installation", "install looprisk again")


def __dir__() -> list[str]:
    """Name the cases, and nothing else, where a notebook completes."""
    return [name for name, value in globals().items() if _is_case(value)]


def _is_case(value: object) -> bool:
    return isinstance(value, FunctionType) and value.__annotations__ == {"return": "File"}


def _loaded(name: str) -> File:
    return load(shipped(f"{name}.yaml"))


def accounts_table() -> File:
    """Return a lending market with 200 borrowers in a table."""
    return _loaded("accounts-table")


def cycle() -> File:
    """Return a fund that keeps a fifth of its money in a levered version of itself."""
    return _loaded("cycle")


def december_2024() -> File:
    """Return the liquidations of 9 and 10 December 2024, in time."""
    return _loaded("december-2024")


def delta_neutral() -> File:
    """Return an issuer that holds ETH and SOL and is short the same amounts on margin."""
    return _loaded("delta-neutral")


def hedge_in_time() -> File:
    """Return a delta-neutral issuer through a rally and a crash."""
    return _loaded("hedge-in-time")


def hidden_loss() -> File:
    """Return a loss that no book shows, behind a posted price."""
    return _loaded("hidden-loss")


def looped_pool() -> File:
    """Return a pool with looped rsETH at a leverage that nobody outside knows."""
    return _loaded("looped-pool")


def morpho_loan() -> File:
    """Return one looped account on Morpho Blue, liquidated at four prices."""
    return _loaded("morpho-loan")


def october_10_books() -> File:
    """Return 10 October 2025 as a stress of delta-neutral books."""
    return _loaded("october-10-books")


def policy() -> File:
    """Return a vault that lends against two looped tokens, and what its curator promises."""
    return _loaded("policy")


def pooled() -> File:
    """Return three kinds of lending market side by side."""
    return _loaded("pooled")


def pt_aave_2025() -> File:
    """Return loops of Pendle principal tokens on Aave in 2025, also in time."""
    return _loaded("pt-aave-2025")


def pyramid() -> File:
    """Return funds that lever each other's shares 2, 3 and 4 times."""
    return _loaded("pyramid")


def rally() -> File:
    """Return a hedged fund whose token backs a loan."""
    return _loaded("rally")


def ring() -> File:
    """Return clearing by Eisenberg and Noe in a ring of three firms."""
    return _loaded("ring")


def steth_2022() -> File:
    """Return the slip of stETH to 0.94 ETH in June 2022."""
    return _loaded("steth-2022")


def stream_2025() -> File:
    """Return what the loss that Stream disclosed does to each layer, market by market."""
    return _loaded("stream-2025")


def stream_aggregate() -> File:
    """Return Stream Finance as a single balance sheet, a week before the loss."""
    return _loaded("stream-aggregate")


def stream_book() -> File:
    """Return the balance sheet of Stream with its lenders named, before who is paid first."""
    return _loaded("stream-book")


def stream_morpho() -> File:
    """Return the Morpho vaults of Ethereum with deUSD markets, as one network."""
    return _loaded("stream-morpho")


def stream_own_token() -> File:
    """Return Stream where lenders have only the xUSD that was posted to them."""
    return _loaded("stream-own-token")


def stream_recourse() -> File:
    """Return Stream where lenders can reach all of its assets."""
    return _loaded("stream-recourse")


def stream_runs() -> File:
    """Return the runs on the Morpho vaults after the loss of Stream."""
    return _loaded("stream-runs")


def stream_set_off() -> File:
    """Return deUSD with and without setting off Elixir's loan to Stream."""
    return _loaded("stream-set-off")


def stream_system() -> File:
    """Return Stream, Elixir and all known lenders, without a scenario."""
    return _loaded("stream-system")


def three_firms() -> File:
    """Return a tower of three firms with a cycle."""
    return _loaded("three-firms")


def two_vaults() -> File:
    """Return two vaults that lend in one market and run on it."""
    return _loaded("two-vaults")


def unknowns() -> File:
    """Return a fund and a vault of which not everything is known."""
    return _loaded("unknowns")


def usde_october_2025() -> File:
    """Return USDe on 10 October 2025, and the loops on it."""
    return _loaded("usde-october-2025")


def ust_2022() -> File:
    """Return UST in Abracadabra's cauldrons, May 2022, in time."""
    return _loaded("ust-2022")


def wsteth_loop() -> File:
    """Return a single loop of staked ETH against ETH."""
    return _loaded("wsteth-loop")
