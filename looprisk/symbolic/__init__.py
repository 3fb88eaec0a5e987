"""Formulas: the answer of a regime as a rational function of named parameters."""

from looprisk.symbolic.formula import formula

__all__ = ["formula"]
