"""Answers as labelled, frozen values: rows, tables, the text of the terminal, the result JSON.

Nothing here computes the model: it takes numbers that are done and shows them.
"""

from looprisk.results.answers import BreakPoints, CheckReport, Clearing
from looprisk.results.cascade_json import cascade_json
from looprisk.results.cascade_text import cascade_text
from looprisk.results.cascades import Cascade
from looprisk.results.cells import Screen
from looprisk.results.columns import Column, Kind
from looprisk.results.records import (
    Assumption,
    At,
    AxisMark,
    BreakPoint,
    Cause,
    Certificate,
    EquityRow,
    Event,
    LayerLoss,
    LossCurve,
    Prices,
    Shock,
    ShockMove,
    Verdict,
    WaterfallRow,
)
from looprisk.results.result_json import (
    break_points_json,
    check_json,
    dumps,
    result_json,
    result_schema,
)
from looprisk.results.table import Table
from looprisk.results.terminal import break_text, check_text, explain_text, run_text

__all__ = [
    "Assumption",
    "At",
    "AxisMark",
    "BreakPoint",
    "BreakPoints",
    "Cascade",
    "Cause",
    "Certificate",
    "CheckReport",
    "Clearing",
    "Column",
    "EquityRow",
    "Event",
    "Kind",
    "LayerLoss",
    "LossCurve",
    "Prices",
    "Screen",
    "Shock",
    "ShockMove",
    "Table",
    "Verdict",
    "WaterfallRow",
    "break_points_json",
    "break_text",
    "cascade_json",
    "cascade_text",
    "check_json",
    "check_text",
    "dumps",
    "explain_text",
    "result_json",
    "result_schema",
    "run_text",
]
