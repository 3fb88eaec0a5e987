"""The map of a system: who stands on what, in which layer, and which claims back each other."""

from looprisk.graph.exposure import Graph, exposure_graph
from looprisk.graph.layers import layers
from looprisk.graph.loops import Loop, loops

__all__ = ["Graph", "Loop", "exposure_graph", "layers", "loops"]
