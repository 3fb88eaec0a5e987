"""Answers as pictures and pages: SVG and HTML of our own, safe to open, same bytes each time."""

from looprisk.reports.catalogue import PICTURES, picture
from looprisk.reports.figure import FIGURES, figure
from looprisk.reports.picture import Picture
from looprisk.reports.reporting import Report, report

__all__ = ["FIGURES", "PICTURES", "Picture", "Report", "figure", "picture", "report"]
