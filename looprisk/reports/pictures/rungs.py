"""The rows of a ladder: what happens to each layer along the shock, and when it is broken."""

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.model.vocabulary import EventName
from looprisk.results.phrases import same_place
from looprisk.results.records import BreakPoint, Shock

MOST_ROWS = 40
BROKEN: tuple[EventName, ...] = ("impaired", "bad_debt", "insolvent", "depegged", "gated")
RINGS: tuple[EventName, ...] = ("liquidated", "hedge_closed", "deleveraged")


def value_of(shock: Shock, fraction: float) -> float:
    """Return the place on the axis of a share of the shock as written."""
    return shock.start + fraction * (shock.as_written - shock.start)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One layer: when something happens to it, and when it is broken."""

    of: str
    label: str
    events: tuple[BreakPoint, ...]
    """Those that happen, in order."""
    broken: tuple[tuple[float, float], ...]
    """The stretches of the shock in which it is broken, as fractions of it as written."""
    more: int = 0
    """So many others share the row."""

    @property
    def first(self) -> float | None:
        """Where it first breaks, else where something first happens to it, as a fraction."""
        if self.broken:
            return self.broken[0][0]
        return self.events[0].fraction if self.events else None

    @property
    def words(self) -> str:
        """What happens, in order."""
        told = [event.event.replace("_", " ") for event in self.events]
        return ", ".join(told) or "never breaks"


def rungs_of(rows: Sequence[BreakPoint], labels: dict[str, str]) -> tuple[Rung, ...]:
    """Return one rung for each layer, by its first break."""
    by: dict[str, list[BreakPoint]] = {}
    for row in rows:
        by.setdefault(row.of, []).append(row)
    rungs = []
    for of, events in by.items():
        found = [event for event in events if event.fraction is not None]
        found.sort(key=lambda event: (event.fraction, event.event))
        broken = [event for event in found if event.event in BROKEN]
        stretches = _union([stretch for event in broken for stretch in event.intervals])
        rungs.append(Rung(of=of, label=labels.get(of, of), events=tuple(found), broken=stretches))
    never = float("inf")
    rungs.sort(key=lambda rung: never if rung.first is None else round(rung.first, 12))
    return tuple(rungs) if len(rungs) <= MOST_ROWS else _avalanches(rungs)


def _union(stretches: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    found: list[tuple[float, float]] = []
    for low, high in sorted(stretches):
        if found and low <= found[-1][1] + 1e-12:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def _avalanches(rungs: Sequence[Rung]) -> tuple[Rung, ...]:
    """Return one rung for all that break at one shock."""
    groups: list[list[Rung]] = []
    for rung in rungs:
        if groups and same_place(groups[-1][0].first, rung.first):
            groups[-1].append(rung)
        else:
            groups.append([rung])
    return tuple(
        Rung(
            of=group[0].of,
            label=group[0].label + (f" + {len(group) - 1}" if len(group) > 1 else ""),
            events=group[0].events,
            broken=group[0].broken,
            more=len(group) - 1,
        )
        for group in groups
    )
