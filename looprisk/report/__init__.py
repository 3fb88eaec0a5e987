"""Answers as pictures and pages: SVG of our own, safe to open, the same bytes each time."""

from looprisk.report.catalogue import PICTURES, picture
from looprisk.report.picture import Picture

__all__ = ["PICTURES", "Picture", "picture"]
