"""The sentences of an answer, computed from its numbers and never typed.

Comparisons are with zero, not with the unit of display: a loss of $14 is somebody's loss.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from looprisk.results.cascade_records import TimeLayer
from looprisk.results.names import shown
from looprisk.results.numbers import (
    DOLLARS,
    NONE,
    Scale,
    amount,
    fixed,
    in_full,
    money,
    price,
    quantity,
    share,
    small_number,
)
from looprisk.results.records import (
    Assumption,
    BreakPoint,
    Certificate,
    Event,
    LayerLoss,
    Shock,
    ShockMove,
    Verdict,
    WaterfallRow,
)

_PLURALS = frozenset(
    {
        "holders",
        "lenders",
        "depositors",
        "buyers",
        "liquidators",
        "owners",
        "suppliers",
        "others",
        "costs",
    }
)
_MOST_NAMED = 5
_SAME = 1e-9


def same_place(one: float | None, other: float | None) -> bool:
    """Tell whether two break points lie at one shock, up to rounding."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=_SAME, abs_tol=1e-15)


def avalanches(points: Iterable[BreakPoint]) -> list[list[BreakPoint]]:
    """Return the break points that happen, in order, those at one shock together."""
    groups: list[list[BreakPoint]] = []
    for point in points:
        if point.fraction is None:
            continue
        if groups and same_place(groups[-1][0].fraction, point.fraction):
            groups[-1].append(point)
        else:
            groups.append([point])
    return groups


def shock_headline(shock: Shock, *, cents: bool = False) -> str:
    """Return the shock as the first words of the answer: ``A loss of $250.0M at Stream``."""
    if not shock.moves:
        return "No shock"
    first = _move(shock.moves[0], cents=cents)
    more = len(shock.moves) - 1
    if not more:
        return first
    return f"{first}, with {more} more shock{'s' if more > 1 else ''}"


def _move(move: ShockMove, *, cents: bool) -> str:
    target = shown(move.target)
    size = move.size
    match move.verb:
        case "loss" if size is not None and move.unit == "fraction":
            return f"A loss of {share(size)} of {target}"
        case "loss" if size is not None:
            return f"A loss of {money(size, cents=cents)} at {target}"
        case "price" if size is not None and move.unit == "fraction":
            word = "fall" if size < 0 else "rise"
            return f"A {word} of {share(abs(size))} in the price of {target}"
        case "depeg" if size is not None and move.unit == "fraction":
            return f"A depeg of {share(abs(size))} of {target}"
        case "price" | "depeg" if size is not None:
            return f"{target} at {price(size)}"
        case "default" if size is not None:
            return f"A default of {target} that pays {share(size)}"
        case "recognise":
            return f"Recognition at {target}"
        case "close":
            return f"A close of {target}"
        case "freeze":
            return f"A freeze of {target}"
        case _:
            return f"{move.verb.capitalize()} of {target}"


def clearing_headline(shock: Shock, rows: Iterable[WaterfallRow], scale: Scale) -> str:
    """Return the answer of a run in one sentence: what struck, who loses how much.

    The claimant with the largest loss is named; what leaves to liquidators or as costs, and loss
    beyond every claim, are told apart, so that the amounts add up to the shock.
    """
    cents = scale == DOLLARS
    losses: dict[str, float] = {}
    leaks: dict[str, float] = {}
    excess = 0.0
    for row in rows:
        if row.kind == "excess":
            excess += row.loss_usd
        else:
            totals = losses if row.kind == "claim" else leaks
            totals[row.claimant] = totals.get(row.claimant, 0.0) + row.loss_usd
    clauses = _who_loses(losses, cents=cents)
    for name, loss in leaks.items():
        if loss:
            verb = verb_for(name, "take" if loss < 0 else "lose")
            clauses.append(f"{shown(name)} {verb} {money(abs(loss), cents=cents)}")
    if excess:
        clauses.append(f"{money(excess, cents=cents)} is beyond every claim")
    return f"{shock_headline(shock, cents=cents)}: {', '.join(clauses)}."


def verb_for(subject: str, verb: str) -> str:
    """Return the verb as the subject needs it: holders lose, TelosC loses."""
    words = subject.lower().split(" ")
    return verb if {words[0], words[-1]} & _PLURALS else f"{verb}s"


def _who_loses(losses: dict[str, float], *, cents: bool) -> list[str]:
    if not any(loss > 0 for loss in losses.values()):
        gain = -math.fsum(losses.values())
        return [
            f"nobody loses, holders gain {money(gain, cents=cents)}" if gain else "nobody loses"
        ]
    first = max(losses, key=lambda claimant: losses[claimant])
    clauses = [f"{shown(first)} {verb_for(first, 'lose')} {money(losses[first], cents=cents)}"]
    others = [loss for claimant, loss in losses.items() if claimant != first]
    rest = math.fsum(others)
    if not any(others):
        clauses.append("nobody else loses")
    elif rest < 0:
        clauses.append(f"everybody else gains {money(-rest, cents=cents)}")
    else:
        clauses.append(f"everybody else {money(rest, cents=cents)}")
    return clauses


def subtitle(scenario: str, basis: str, scale: Scale, certificate: Certificate) -> str:
    """Return what the numbers are: scenario, basis, unit of money, which solution."""
    parts = (scenario, f"{basis} basis", scale.words, f"{certificate.selection} solution")
    return " · ".join(parts)


def order_of_breaking(events: Iterable[Event], labels: Mapping[str, str]) -> str:
    """Return who breaks in which round of causes: ``(1) xUSD; (2) deUSD``; empty without events.

    Each stands in the round of its first event.
    """
    first: dict[str, int] = {}
    for event in sorted(events, key=lambda event: event.round):
        first.setdefault(shown(labels.get(event.of, event.of)), event.round)
    rounds: dict[int, list[str]] = {}
    for name, number in first.items():
        rounds.setdefault(number, []).append(name)
    return "; ".join(f"({number}) {some(rounds[number], most=3)}" for number in sorted(rounds))


def some(names: Sequence[str], *, most: int = _MOST_NAMED) -> str:
    """Return names in a row; of many the first ones and a count.

    >>> some(["a", "b", "c", "d"], most=2)
    'a, b and 2 more'
    """
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def started_broken(events: Iterable[Event], labels: Mapping[str, str]) -> str:
    """Return which layers were broken before any shock; empty where none was."""
    names = list(dict.fromkeys(shown(labels.get(event.of, event.of)) for event in events))
    return f"at the start: {some(names)} already broken before the shock." if names else ""


def bearing(
    shock: Shock, layers: Iterable[LayerLoss], rows: Iterable[WaterfallRow], scale: Scale
) -> str:
    """Return what the crosses mean, where there are any, and what adds up."""
    word = "loss" if [move.verb for move in shock.moves] == ["loss"] else "shock"
    crosses = f"x: broken at this {word}. " if any(row.broken for row in layers) else ""
    total = math.fsum(row.loss_usd for row in rows)
    return (
        f"{crosses}Loss adds up over outside claimants: "
        f"{fixed(total / scale.factor, 2)} (layers overlap: do not add)."
    )


def assumed(rows: Iterable[Assumption]) -> list[str]:
    """Return the lines that say what the answer rests on, those with an effect first."""
    inputs = [row for row in rows if row.class_ == "assumed"]
    if not inputs:
        return ["assumed: nothing; every input names its source."]
    lines = effects(inputs)
    rest = [row.input for row in inputs if not row.effect]
    if rest:
        count = f"{len(rest)} input{'s' if len(rest) > 1 else ''}"
        lines.append(f"assumed: {count}: {some(rest)}.")
    return lines


def effects(rows: Iterable[Assumption]) -> list[str]:
    """Return the lines of the assumptions whose effect is known, those with one effect together."""
    together: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.effect:
            together.setdefault((row.value, row.effect), []).append(row.input)
    return [
        f"assumed: {some(names, most=2)}{f' ({value})' if value else ''}. {effect}"
        for (value, effect), names in together.items()
    ]


def certified(certificate: Certificate) -> str:
    """Return the proof in one line."""
    parts = [
        f"residual {small_number(certificate.residual)}",
        f"conservation gap {small_number(certificate.conservation_gap)}",
    ]
    if certificate.least_gap_usd is not None:
        parts.append(f"gap to least solution {money(certificate.least_gap_usd, cents=True)}")
    elif certificate.unique:
        parts.append("the only solution")
    else:
        parts.append("least solution not solved")
    if certificate.mode == "latched":
        parts.append("liquidations latched")
    if certificate.exact:
        parts.append("in exact fractions")
    if certificate.float_distance is not None:
        parts.append(f"floats {small_number(certificate.float_distance)} from them")
    word = "certified" if certificate.exact_mode else "simulated, not exact"
    return f"{word}: {', '.join(parts)}"


class Proven(Protocol):
    """A row with its own proof, or with the reason why there is none."""

    @property
    def residual(self) -> float | None:
        """The largest violation of a payout equation, relative to the claims."""

    @property
    def conservation_gap(self) -> float | None:
        """What is borne less what was put in, relative to the claims."""

    @property
    def refused(self) -> str:
        """Why there is no certified answer; empty where there is one."""


def certified_rows(rows: Sequence[Proven]) -> str:
    """Return the proof of many rows in one line: the worst of those that have an answer."""
    proven = [row for row in rows if not row.refused]
    worst = max((row.residual or 0.0 for row in proven), default=0.0)
    gap = max((abs(row.conservation_gap or 0.0) for row in proven), default=0.0)
    return (
        f"certified: {len(proven)} of {len(rows)} rows, residual at most {worst:.2g}, "
        f"conservation gap at most {gap:.2g}"
    )


def axis_word(shock: Shock) -> str:
    """Return what the axis of the shock measures, in one word."""
    if len({move.verb for move in shock.moves}) != 1:
        return "shock"
    move = shock.moves[0]
    if move.verb == "price" and shock.unit == "fraction":
        return "rise" if (move.size or 0.0) > 0 else "fall"
    return move.verb


def counts(rows: Iterable[Verdict], scenarios: int, unanswered: int, exit_code: int) -> str:
    """Return the last line of a check: ``2 failed, 1 passed · 3 scenarios · exit 1``."""
    outcomes = [row.outcome for row in rows]
    words = (("FAIL", "failed"), ("ok", "passed"), ("open", "open"), ("n/a", "not judged"))
    told = [f"{outcomes.count(key)} {word}" for key, word in words if key in outcomes]
    parts = [
        ", ".join(told) or "nothing to judge",
        f"{scenarios} scenario{'' if scenarios == 1 else 's'}",
        f"{unanswered} without an answer" if unanswered else "",
        f"exit {exit_code}",
    ]
    return " · ".join(part for part in parts if part)


def found(verdict: Verdict) -> str:
    """Return what was found, with more digits where rounding would hide the failure."""
    if verdict.got_text:
        return verdict.got_text
    if verdict.got is None:
        return NONE
    text = quantity(verdict.got, verdict.unit)
    hidden = verdict.limit is not None and text == quantity(verdict.limit, verdict.unit)
    if verdict.outcome == "FAIL" and hidden:
        return in_full(verdict.got, verdict.unit)
    return text


def failure(verdict: Verdict) -> str:
    """Return one failure with its place: ``policy.yaml:14: FAIL name: expected $0, got $1``."""
    place = f"{verdict.file}:{verdict.line}: " if verdict.file else ""
    bounded = verdict.expected.startswith(("at least", "at most"))
    bound = verdict.expected if bounded else f"expected {verdict.expected}"
    return f"{place}FAIL {shown(verdict.name or verdict.asked)}: {bound}, got {found(verdict)}"


def explanation(row: LayerLoss | TimeLayer, causes: int) -> str:
    """Return the answer of an explanation: what one layer loses, and that the causes add up."""
    loss = row.economic_loss_usd
    name = shown(row.label or row.id)
    if loss == 0 and not causes:
        return f"{name} loses nothing."
    verb = "gains" if loss < 0 else "loses"
    told = f"{causes} cause{'s' if causes > 1 else ''} add{'' if causes > 1 else 's'} up to it"
    return f"{name} {verb} {amount(abs(loss))}: {told if causes else 'no causes were kept'}."
