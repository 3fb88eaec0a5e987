"""The model: what a system is made of, in the words of a file and of a notebook alike."""

from looprisk.model.builders import loop
from looprisk.model.case import Case
from looprisk.model.expectation import Expectation
from looprisk.model.issuers import DefaultRecovery, Feed, Issuer, Loan, Rebalance, SetOff
from looprisk.model.markets import (
    CollateralTerms,
    EMode,
    Lending,
    Market,
    Partial,
    RateModel,
    Tier,
    Venue,
)
from looprisk.model.paths import find
from looprisk.model.positions import LoanPosition, Loop, PerpPosition, TablePosition, VenueTable
from looprisk.model.reading import check_scenario, parse_scenario
from looprisk.model.scenario import Adl, Clock, Paths, Run, Scenario, Stage, When
from looprisk.model.system import Source, System, parse_system
from looprisk.model.tokens import (
    Asset,
    Copy,
    Curve,
    Liquidity,
    Oracle,
    Par,
    Redemption,
    Share,
    Thins,
)
from looprisk.model.values import Value

__all__ = [
    "Adl",
    "Asset",
    "Case",
    "Clock",
    "CollateralTerms",
    "Copy",
    "Curve",
    "DefaultRecovery",
    "EMode",
    "Expectation",
    "Feed",
    "Issuer",
    "Lending",
    "Liquidity",
    "Loan",
    "LoanPosition",
    "Loop",
    "Market",
    "Oracle",
    "Par",
    "Partial",
    "Paths",
    "PerpPosition",
    "RateModel",
    "Rebalance",
    "Redemption",
    "Run",
    "Scenario",
    "SetOff",
    "Share",
    "Source",
    "Stage",
    "System",
    "TablePosition",
    "Thins",
    "Tier",
    "Value",
    "Venue",
    "VenueTable",
    "When",
    "check_scenario",
    "find",
    "loop",
    "parse_scenario",
    "parse_system",
]
