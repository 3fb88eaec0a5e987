"""Which unknown values an answer depends on: all of them at once, by the paths of the language.

An engine stops at the first value it cannot read. To name the rest, the question is asked again of
a system in which every open value is a number that remembers being read; the answer is thrown away.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

from looprisk.analysis.uncertain import Datum, uncertain
from looprisk.errors import LoopriskError, UnknownValueError
from looprisk.model.base import Model
from looprisk.model.case import Case
from looprisk.model.frozen import FrozenMap
from looprisk.model.issuers import Loan
from looprisk.model.values import Value

Answer = TypeVar("Answer")
_ANY = {"fraction": Fraction(1, 2), "share": Fraction(1, 2), "multiple": Fraction(2)}


@dataclass(frozen=True, slots=True)
class _Probe(Value):
    """A number in the place of one that is not known, which notes that it was read."""

    path: str = field(default="", compare=False)
    seen: set[str] = field(default_factory=set, compare=False)

    @property
    def number(self) -> Fraction:
        """The number; whoever asks for it depends on it."""
        self.seen.add(self.path)
        assert self.low is not None  # noqa: S101  (a probe always has a number)
        return self.low


def naming(case: Case, answer: Callable[[Case], Answer]) -> Answer:
    """Return an answer to a case; one that meets an unknown names all that it depends on.

    Raises UnknownValueError with every path at once.
    """
    try:
        return answer(case)
    except UnknownValueError as error:
        data = needed(case, answer)
        if not data:
            raise
        raise told(data) from error


def told(data: tuple[Datum, ...]) -> UnknownValueError:
    """Return the error that names what an answer depends on and says what to do about it."""
    named = [f"{d.path} is {_what(d)}" for d in data]
    them = "it" if len(data) == 1 else "them"
    try_ = "try a value" if len(data) == 1 else "try values"
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return UnknownValueError(
        f"{listed}, and the answer depends on {them}: fill {them} in a file that includes "
        "this one, "
        f"{try_} with --set {data[0].path}=…, or ask for intervals with --bounds (lr.bounds)",
        paths=[d.path for d in data],
    )


def _what(datum: Datum) -> str:
    unknown = datum.value is None or datum.value.is_unknown
    return "unknown" if unknown else f"an interval, {datum.text}"


def needed(case: Case, answer: Callable[[Case], object]) -> tuple[Datum, ...]:
    """Return what a case leaves open and an answer to it reads, in the order of the file."""
    data = uncertain(case)
    seen = {d.path for d in data if d.place[-1] in {"pays", "shortfall_borne_by"}}
    probed = _probed(case, data, seen)
    for _ in data:
        try:
            answer(probed)
        except UnknownValueError as error:
            # a word that decides nothing in most systems is met only where it does
            met = [d for d in data if d.path in error.paths and d.path not in seen]
            if not met:
                break
            seen |= {d.path for d in met}
            probed = filled(probed, {d.place: "sound" for d in met})
        except (LoopriskError, ArithmeticError, AssertionError):
            break
        else:
            break
    return tuple(d for d in data if d.path in seen)


def _probed(case: Case, data: tuple[Datum, ...], seen: set[str]) -> Case:
    """Return the case with a probe for every open number, and some order for every open order."""
    fills: dict[tuple[str, ...], object] = {}
    for datum in data:
        if datum.value is not None:
            number = _some(datum)
            fills[datum.place] = _Probe(
                number,
                number,
                datum.value.unit,
                datum.value.of,
                text=datum.text,
                path=datum.path,
                seen=seen,
            )
        elif datum.place[-1] == "pays":
            issuer = case.system.issuers[datum.place[1]]
            fills[datum.place] = (("debts",), *((token,) for token in issuer.issues))
        elif datum.place[-1] == "shortfall_borne_by":
            fills[datum.place] = "all"
    return filled(case, fills)


def _some(datum: Datum) -> Fraction:
    if datum.low is not None and datum.high is not None:
        return (datum.low + datum.high) / 2
    return _ANY.get(datum.value.unit if datum.value is not None else "", Fraction(1))


def filled(case: Case, fills: Mapping[tuple[str, ...], object]) -> Case:
    """Return the case with other leaves, as they are: nothing is checked again."""
    system, scenario = case.system, case.scenario
    for place, new in fills.items():
        if place[0] == "stages":
            number = int(place[1])
            stage = _with(scenario.stages[number], place[2:], new)
            stages = (*scenario.stages[:number], stage, *scenario.stages[number + 1 :])
            scenario = scenario.model_copy(update={"stages": stages})
        else:
            system = _with(system, place, new)
    return replace(case, system=system, scenario=scenario)


_Part = TypeVar("_Part", bound=Model)


def _with(part: _Part, keys: tuple[str, ...], new: object) -> _Part:
    """Return a part with the leaf at ``keys`` replaced."""
    fields = type(part).model_fields
    name = next(n for n, f in fields.items() if keys[0] in {n, f.alias})
    return part.model_copy(update={name: _replaced(getattr(part, name), keys[1:], new)})


def _replaced(node: object, keys: tuple[str, ...], new: object) -> object:
    """Return a part, a map or a list with the leaf at ``keys`` replaced; the leaf itself at ()."""
    if not keys:
        return new
    if isinstance(node, Model):
        return _with(node, keys, new)
    key, rest = keys[0], keys[1:]
    if isinstance(node, Mapping):
        below = node[key]
        if isinstance(below, Loan) and not rest:
            rest = ("amount",)
        return FrozenMap({**node, key: _replaced(below, rest, new)})
    assert isinstance(node, tuple)  # noqa: S101  (a tree has models, maps and lists)
    place = int(key)
    return (*node[:place], _replaced(node[place], rest, new), *node[place + 1 :])
