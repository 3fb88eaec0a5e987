"""What a case does not say: intervals, values nobody knows, orders nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from looprisk.analysis.orders import choices
from looprisk.errors import ModelError, Problem, UnknownValueError
from looprisk.model.case import Case
from looprisk.model.paths import text_of
from looprisk.model.scenario import Scenario
from looprisk.model.tree import dump, leaves
from looprisk.model.values import Value, decimal_text
from looprisk.model.vocabulary import SECTIONS

WORDS = frozenset({"pays", "shortfall_borne_by", "unlisted_debt"})
"""Fields that take the word ``unknown`` and are no number."""
LIMITED = frozenset({"fraction", "share"})
"""Units whose values lie between nothing and everything."""
UNLIMITED = frozenset({"incentive", "price", "misprice"})
"""Fields and verbs of such a unit that may exceed it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Datum:
    """One thing that a case leaves open, by the path of the language.

    ``low`` and ``high`` are its ends in the unit of ``value``: those of the interval, or the limits
    that its unit has by nature. Both are None where it has none, and for an order of payment, whose
    ``choices`` are then all that it can be.
    """

    path: str
    place: tuple[str, ...]
    """Keys in the tree of the system; for a shock ``stages``, its number, the verb, the target."""
    text: str
    value: Value | None = None
    low: Fraction | None = None
    high: Fraction | None = None
    choices: tuple[object, ...] = field(default=(), compare=False)

    @property
    def in_shock(self) -> bool:
        """Whether it is the size of a shock."""
        return self.place[0] == "stages"

    @property
    def is_order(self) -> bool:
        """Whether it is who is paid first, or who bears a shortfall."""
        return self.place[-1] in WORDS

    def at(self, share: Fraction) -> Fraction:
        """Return the value at a share of the way from its low to its high end."""
        assert self.low is not None  # noqa: S101  (asked only of what has ends)
        assert self.high is not None  # noqa: S101
        return self.low + share * (self.high - self.low)


def uncertain(case: Case) -> tuple[Datum, ...]:
    """Return everything that a case leaves open, in the order of the file; shocks come last."""
    tree = dump(case.system)
    found = [
        datum
        for section in SECTIONS
        for place, leaf in leaves(tree.get(section, {}), (section,))
        if (datum := _datum(place, leaf)) is not None
    ]
    return (*found, *_sizes(case.scenario))


def _datum(place: tuple[str, ...], leaf: object) -> Datum | None:
    if isinstance(leaf, Value):
        return None if leaf.known else _number(text_of(place), place, leaf)
    if place[-1] in WORDS and str(leaf).partition(" @")[0] == "unknown":
        return Datum(path=text_of(place), place=place, text="unknown")
    return None


def _number(path: str, place: tuple[str, ...], value: Value) -> Datum:
    low, high = value.low, value.high
    if low is None and value.unit in LIMITED and not UNLIMITED & set(place):
        low, high = Fraction(0), Fraction(1)
    return Datum(path=path, place=place, text=value.text, value=value, low=low, high=high)


def _sizes(scenario: Scenario) -> Iterator[Datum]:
    """Yield the sizes of shocks that are not one number."""
    for number, stage in enumerate(scenario.stages):
        shown = stage.name or f"stage {number + 1}"
        for place, leaf in leaves(dump(stage)):
            if isinstance(leaf, Value) and not leaf.known:
                path = "/".join((*(() if len(scenario.stages) == 1 else (shown,)), *place))
                yield _number(path, ("stages", str(number), *place), leaf)


def only_intervals(case: Case, paths: Iterable[str]) -> bool:
    """Return whether all that an answer depends on is written as an interval, none ``unknown``."""
    written = {d.path for d in uncertain(case) if d.value is not None and not d.value.is_unknown}
    asked = set(paths)
    return bool(asked) and asked <= written


def with_ends(case: Case, data: tuple[Datum, ...]) -> tuple[Datum, ...]:
    """Return the data with all that an order can be filled in.

    Raises UnknownValueError naming every datum that has no limits and whose range must be given.
    """
    ready = []
    open_ = []
    for datum in data:
        if datum.is_order:
            found = choices(case.system, datum.place)
            ready.append(replace(datum, choices=found))
            if not found:
                open_.append(datum)
        elif datum.low is None or datum.high is None:
            open_.append(datum)
        else:
            ready.append(datum)
    if open_:
        names = " and ".join(f"{datum.path} ({_why_open(datum)})" for datum in open_)
        raise UnknownValueError(
            f"no bounds without a range for {names}: write an interval in a file that "
            "includes this "
            f"one, or try --set {open_[0].path}={_example(open_[0])}",
            paths=tuple(datum.path for datum in open_),
        )
    return tuple(ready)


def _why_open(datum: Datum) -> str:
    if datum.place[-1] == "unlisted_debt":
        return "how sound the borrowers are is no number: list them, or write `sound`"
    what = {"usd": "money", "tokens": "an amount", "multiple": "a multiple"}
    unit = datum.value.unit if datum.value is not None else ""
    return f"{what.get(unit, 'this')} has no upper limit by nature"


def _example(datum: Datum) -> str:
    unit = datum.value.unit if datum.value is not None else ""
    return {"usd": "$80M..$138M", "tokens": "80M..138M", "multiple": "2x..5x"}.get(
        unit, "LOW..HIGH"
    )


Completion = Mapping[Datum, object]
"""A number for each datum that is one, a choice for each order."""


def completed(case: Case, values: Completion) -> Case:
    """Return the case with values in the place of what it leaves open.

    Raises ModelError, naming the values, where a system with them is none.
    """
    changes = {d.path: _written(d, v) for d, v in values.items() if not d.in_shock}
    try:
        system = case.system.set(changes) if changes else case.system
        scenario = case.scenario
        for datum, value in values.items():
            if datum.in_shock:
                scenario = _resized(scenario, datum, _written(datum, value))
    except ModelError as error:
        told = ", ".join(f"{d.path} = {shown(d, v)}" for d, v in values.items())
        raise ModelError(
            Problem(p.path, f"with {told}: {p.message}", p.help, p.on_key) for p in error.problems
        ) from None
    return replace(case, system=system, scenario=scenario)


def _written(datum: Datum, value: object) -> object:
    if datum.value is None or not isinstance(value, Fraction):
        return value
    text = shown(datum, value)
    return replace(datum.value, low=value, high=value, text=text)


def shown(datum: Datum, value: object) -> str:
    """Return a value as the language writes it: ``$25000000``, ``60%``, ``[debts, xUSD]``."""
    if not isinstance(value, Fraction) or datum.value is None:
        return _order_text(value)
    unit, of = datum.value.unit, datum.value.of
    if unit == "usd":
        return f"${decimal_text(value)}" if value >= 0 else f"-${decimal_text(-value)}"
    if unit in LIMITED:
        return f"{decimal_text(value * 100)}%"
    if unit == "per_year":
        return f"{decimal_text(value * 100)}%/y"
    after = {"multiple": "x", "seconds": "s"}.get(unit, "")
    return f"{decimal_text(value)}{after}{f' {of}' if of else ''}"


def _order_text(value: object) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(_order_text(item) for item in value)}]"
    return str(value)


def _resized(scenario: Scenario, datum: Datum, value: object) -> Scenario:
    number, keys = int(datum.place[1]), datum.place[2:]
    stage = scenario.stages[number]
    changed = type(stage)(**_placed(dump(stage), keys, value))
    stages = (*scenario.stages[:number], changed, *scenario.stages[number + 1 :])
    return scenario.model_copy(update={"stages": stages})


def _placed(node: object, keys: tuple[str, ...], value: object) -> dict[str, object]:
    assert isinstance(node, Mapping)  # noqa: S101  (keys come from the same tree)
    copy = dict(node)
    copy[keys[0]] = value if len(keys) == 1 else _placed(copy[keys[0]], keys[1:], value)
    return copy
