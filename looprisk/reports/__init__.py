"""Answers as pictures and pages: SVG and HTML of our own, safe to open, same bytes each time."""

from looprisk.reports.catalogue import PICTURES, picture
from looprisk.reports.picture import Picture
from looprisk.reports.reporting import Report, report

__all__ = ["PICTURES", "Picture", "Report", "picture", "report"]
