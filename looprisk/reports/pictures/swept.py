"""Words of a sweep for its pictures: what was varied, its values, and what was measured."""

from looprisk.reports.words import axis_name
from looprisk.results.names import shown
from looprisk.results.numbers import amount, quantity, share
from looprisk.results.phrases import axis_word
from looprisk.results.sweeps import Measured, Sweep


def metric_words(measured: Measured) -> str:
    """Return what is measured without of what: ``economic loss``."""
    _, _, words = measured.words.partition(" ")
    return shown(words.replace("_usd", "").replace("_", " "))


def of_what(measured: Measured) -> str:
    """Return of what it is measured."""
    return shown(measured.words.partition(" ")[0])


def said(measured: Measured) -> str:
    """Return a measure as a sentence begins: ``Economic loss of xUSD``."""
    words = metric_words(measured)
    return f"{words[:1].upper()}{words[1:]} of {of_what(measured)}"


def factor_of(sweep: Sweep, side: int) -> float:
    """Return what a varied number is multiplied by to stand in the unit of its axis."""
    return _written(sweep) if _of_the_shock(sweep, side) else 1.0


def unit_of(sweep: Sweep, side: int) -> str | None:
    """Return the unit of the axis of what was varied."""
    if _of_the_shock(sweep, side) and sweep.shock is not None:
        return sweep.shock.unit
    return sweep.varied[side].unit


def name_of(sweep: Sweep, side: int) -> str:
    """Return the name of the axis of what was varied."""
    path = sweep.varied[side].path
    if path != "shock":
        return shown(path)
    if _of_the_shock(sweep, side) and sweep.shock is not None:
        return axis_name(sweep.shock)
    return "share of the shock as written"


def value_of(value: float, sweep: Sweep, side: int) -> str:
    """Return one value that was varied, as it stands at a tick."""
    unit = sweep.varied[side].unit
    if _of_the_shock(sweep, side):
        size = value * factor_of(sweep, side)
        return amount(size) if unit_of(sweep, side) == "usd" else _share(size)
    if unit == "fraction":
        return _share(value)
    return f"{value:,.6g}" if unit is None else quantity(value, unit)


def place_of(value: float, sweep: Sweep, side: int) -> str:
    """Return one value with what it is, for a sentence: ``a fall of 8.0%``."""
    told = value_of(value, sweep, side)
    if _of_the_shock(sweep, side) and sweep.shock is not None:
        return f"a {axis_word(sweep.shock)} of {told}"
    if sweep.varied[side].path == "shock":
        return f"{told} of the shock"
    return f"{shown(sweep.varied[side].path)} {told}"


def _share(value: float) -> str:
    return share(value) if value else "0%"


def _written(sweep: Sweep) -> float:
    return sweep.shock.as_written if sweep.shock is not None else 1.0


def _of_the_shock(sweep: Sweep, side: int) -> bool:
    """Tell whether an axis is the shock in its own unit, which must not change along the other."""
    shock = sweep.shock
    if sweep.varied[side].path != "shock" or shock is None or shock.start or not shock.as_written:
        return False
    return shock.unit == "fraction" or (shock.unit == "usd" and len(sweep.varied) == 1)
