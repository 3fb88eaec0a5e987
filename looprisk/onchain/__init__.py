"""From an address at one pinned block to a system; nothing else of looprisk touches a network.

A node is reached through two methods (``rpc.Node``), a chain through ``snapshot.Snapshot``, which
reads at one block hash. A protocol is one ``reader.Reader`` of three functions: ``recognise``,
``read`` (integers, as the contracts hold them) and ``write`` (into a ``draft.Draft``, in token
units); where parts tell each other something, ``prepare`` comes before. ``importing.READERS`` lists
them. A value that could not be read is an error or the word
``unknown``, and never a number.

The environment's proxies are used (``proxy``), but never to a node on this machine. web3 is not
needed; a provider of it is taken as a node where one is given (``provider``).

What each reader was compared with, to the last unit, on a local chain:

* ``aave-v3``: the contracts of v3.0.2 and v3.2.0. The rounding since v3.5 is that of their source,
  compared with a contract of ours on accounts of v3.2.0. Forks such as Spark are v3.0.2 under
  another name; none of their own contracts was run. What no rule gives to the last unit must agree
  within 1e-12, and the file says which it was. What its pools read beside feeds (a rate times a
  base, a cap, principal less a discount) was compared with contracts of ours with the getters of
  Aave's adapters; one of another kind is ``unknown``.
* ``morpho-blue``: the contract, with its own mock of a rate model, and oracles of ours with the
  getters of MorphoChainlinkOracleV2. What prices a collateral otherwise is ``unknown``.
* ``pendle-v2``: factories, tokens, market and oracles of core 6.11.0, rates of principal, of yield
  and of a market's shares in a hundred states each; wrapper (SY), gauges and
  Aave's adapter for principal are contracts of ours with the functions that are read.
* ``erc-4626``: OpenZeppelin's vault. ``chainlink``: the proxy and its mock aggregator.
* ``metamorpho``, ``compound-iii``, ``compound-v2`` (what its tokens claim), ``euler-v2``,
  ``wrapper`` (wstETH, weETH, rETH and providers of rates): contracts of ours with the functions
  that are read; the originals are in no package registry.
* ``hyperliquid`` is no chain: an account over the venue's HTTP interface (``hedges``), in every
  perpetual exchange that it lists, and its balances. It was compared with the account that the
  venue's own documentation shows, and with accounts made up by its rules; never with the venue
  itself. Portfolio margin is refused.
"""

from looprisk.onchain.hedges import import_hedges
from looprisk.onchain.importing import import_

__all__ = ["import_", "import_hedges"]
