"""What every layer of looped leverage in DeFi loses to a shock, and where it breaks.

A graph of claims (receipt tokens re-staked across lending protocols, hedged vaults, their lenders)
and a shock go in; out come each layer's loss, who bears it, the order of breaking and how far the
shock must go, loops cleared exactly and every number with its proof.

>>> import looprisk as lr
>>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
>>> rows = lr.break_points(loop, price={"wstETH": -1.0}).rows
>>> [(row.event, row.exact) for row in rows if row.of == "loop"]
[('liquidated', '1/21'), ('bad_debt', '167/1967'), ('insolvent', '1/10')]
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from looprisk.analysis import break_points as break_points
    from looprisk.analysis import run as run
    from looprisk.analysis import run_many as run_many
    from looprisk.analysis.bounds import bounds as bounds
    from looprisk.analysis.carry import carry as carry
    from looprisk.analysis.compiled import CompiledSystem as CompiledSystem
    from looprisk.analysis.compiled import compiled as compiled
    from looprisk.analysis.distress import debt_rank as debt_rank
    from looprisk.analysis.mapping import common as common
    from looprisk.analysis.mapping import exposure as exposure
    from looprisk.errors import DataError as DataError
    from looprisk.errors import FileError as FileError
    from looprisk.errors import LoopriskError as LoopriskError
    from looprisk.errors import ModelError as ModelError
    from looprisk.errors import NoSolutionError as NoSolutionError
    from looprisk.errors import NotCarriedError as NotCarriedError
    from looprisk.errors import NotExactError as NotExactError
    from looprisk.errors import UnknownValueError as UnknownValueError
    from looprisk.files import examples as examples
    from looprisk.files import load as load
    from looprisk.files import save as save
    from looprisk.files.diff import diff as diff
    from looprisk.files.verify import verify as verify
    from looprisk.files.words import words as words
    from looprisk.graph import layers as layers
    from looprisk.graph import loops as loops
    from looprisk.model import Asset as Asset
    from looprisk.model import Issuer as Issuer
    from looprisk.model import Market as Market
    from looprisk.model import Oracle as Oracle
    from looprisk.model import Par as Par
    from looprisk.model import Scenario as Scenario
    from looprisk.model import Share as Share
    from looprisk.model import Stage as Stage
    from looprisk.model import System as System
    from looprisk.model import Venue as Venue
    from looprisk.model import loop as loop
    from looprisk.model.groups import runs as runs
    from looprisk.onchain import import_ as import_
    from looprisk.onchain import import_hedges as import_hedges
    from looprisk.reports import figure as figure
    from looprisk.reports import picture as picture
    from looprisk.reports import report as report
    from looprisk.results import BreakPoints as BreakPoints
    from looprisk.results import Cascade as Cascade
    from looprisk.results import CheckReport as CheckReport
    from looprisk.results import Clearing as Clearing
    from looprisk.results.bounds import Bounds as Bounds
    from looprisk.results.limits import governance as governance
    from looprisk.sweeps import allocations as allocations
    from looprisk.sweeps import check as check
    from looprisk.sweeps import frontier as frontier
    from looprisk.sweeps import graded as graded
    from looprisk.sweeps import limit as limit
    from looprisk.sweeps import restaking as restaking
    from looprisk.sweeps import reverse as reverse
    from looprisk.sweeps import sensitivities as sensitivities
    from looprisk.sweeps import sweep as sweep
    from looprisk.symbolic import formula as formula

_HOMES = {
    "looprisk.analysis": ("break_points", "run", "run_many"),
    "looprisk.analysis.bounds": ("bounds",),
    "looprisk.analysis.carry": ("carry",),
    "looprisk.analysis.compiled": ("CompiledSystem", "compiled"),
    "looprisk.analysis.distress": ("debt_rank",),
    "looprisk.analysis.mapping": ("common", "exposure"),
    "looprisk.errors": (
        "DataError",
        "FileError",
        "LoopriskError",
        "ModelError",
        "NoSolutionError",
        "NotCarriedError",
        "NotExactError",
        "UnknownValueError",
    ),
    "looprisk.files": ("examples", "load", "save"),
    "looprisk.files.diff": ("diff",),
    "looprisk.files.verify": ("verify",),
    "looprisk.files.words": ("words",),
    "looprisk.graph": ("layers", "loops"),
    "looprisk.model": (
        "Asset",
        "Issuer",
        "Market",
        "Oracle",
        "Par",
        "Scenario",
        "Share",
        "Stage",
        "System",
        "Venue",
        "loop",
    ),
    "looprisk.model.groups": ("runs",),
    "looprisk.onchain": ("import_", "import_hedges"),
    "looprisk.reports": ("figure", "picture", "report"),
    "looprisk.symbolic": ("formula",),
    "looprisk.sweeps": (
        "allocations",
        "check",
        "frontier",
        "graded",
        "limit",
        "restaking",
        "reverse",
        "sensitivities",
        "sweep",
    ),
    "looprisk.results.bounds": ("Bounds",),
    "looprisk.results.limits": ("governance",),
    "looprisk.results": ("BreakPoints", "Cascade", "CheckReport", "Clearing", "Clearings"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)  # noqa: PLE0605  (the table above is the list)


def __getattr__(name: str) -> object:
    """Load a public name where it is first used, so that importing looprisk stays light."""
    home = _HOME.get(name)
    if home is None:
        message = f"module 'looprisk' has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return __all__
