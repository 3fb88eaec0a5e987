"""Benchmarks reach the nodes that they start on this machine, and nothing else."""

from tests.onchain.conftest import _offline, shop

__all__ = ["_offline", "shop"]
