"""From an address at one pinned block to a system; nothing else of looprisk touches a network.

A node is reached through two methods (``rpc.Node``), a chain through ``snapshot.Snapshot``, which
reads at one block hash. A protocol is one ``reader.Reader`` of three functions: ``recognise``,
``read`` (integers, as the contracts hold them) and ``write`` (into a ``draft.Draft``, in token
units). ``importing.READERS`` lists them. A value that could not be read is an error or the word
``unknown``, and never a number.
"""

from looprisk.onchain.importing import import_

__all__ = ["import_"]
