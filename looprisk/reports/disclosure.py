"""What a protocol should publish of itself, and which headings of rules and raters that covers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from looprisk.analysis.mapping import common, exposure
from looprisk.errors import LoopriskError
from looprisk.model.case import Case
from looprisk.model.reading import parse_scenario
from looprisk.reports import disclosed
from looprisk.reports.document import (
    Block,
    Box,
    Chapter,
    Commands,
    Document,
    Figure,
    Points,
    Prose,
    Rowset,
)
from looprisk.reports.pictures.ladder import ladder
from looprisk.reports.pictures.tornado import tornado
from looprisk.reports.sources import sources
from looprisk.reports.study import Study
from looprisk.reports.words import counted, in_cents, place
from looprisk.results.answers import BreakPoints
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.map_answers import SystemMap
from looprisk.results.names import shown
from looprisk.results.numbers import NONE, fixed, share
from looprisk.results.phrases import avalanches
from looprisk.results.records import Assumption
from looprisk.results.sensitivities import Sensitivities
from looprisk.sweeps import sensitivities


@dataclass(frozen=True, slots=True)
class Asked:
    """One heading that somebody asks for, and whether it stands here."""

    who: str
    heading: str
    covered: bool
    where: str
    """The chapter that covers it, else what is missing."""


_ASKED: tuple[Field[Asked], ...] = (
    Field("heading", "heading", Kind.NAME, lambda row: row.heading),
    Field("who", "asked by", Kind.TEXT, lambda row: row.who),
    Field("covered", "covered", Kind.TEXT, lambda row: "covered" if row.covered else "not covered"),
    Field("where", "where, or what is missing", Kind.TEXT, lambda row: row.where),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What a disclosure is written from."""

    case: Case
    map: SystemMap
    main: str
    """The claim that is looked through."""
    breaks: BreakPoints | None
    refused: str
    """Why there is no reverse stress value."""
    moves: Sensitivities | None
    """What moves the reverse stress value."""
    assumptions: tuple[Assumption, ...]


def disclosure(case: Case, of: str = "", commands: Sequence[str] = ()) -> Document:
    """Return what the issuers of a system should publish of themselves.

    ``of`` is the claim to look through; left out, the largest token. The reverse stress value is
    that of the scenario, or where it has no shock of all money outside failing.
    """
    found = exposure(case)
    main = of or _main(found)
    asked, breaks, refused = _reverse(case)
    facts = _Facts(
        case=case,
        map=found,
        main=main,
        breaks=breaks,
        refused=refused,
        moves=_moves(asked, breaks),
        assumptions=() if breaks is None else breaks.assumption_rows,
    )
    name = found.system
    day = f" on {case.system.as_of.text}" if case.system.as_of is not None else ""
    return Document(
        scenario=f"{name}, disclosure",
        basis="book, before any shock",
        answer=found.headline.rstrip("."),
        lede=f"What {name} would say of itself{day}, from its file as it stands. "
        f"{(case.system.about or '').strip()}",
        boxes=_boxes(facts),
        chapters=(
            _backing(facts),
            _look_through(facts),
            Chapter(
                heading="Leverage, by definition",
                blocks=(Rowset(disclosed.leverage(found), "Leverage"),),
            ),
            _concentration(facts),
            _ways_out(facts),
            _hedges(facts),
            _oracles(facts),
            _stress(facts),
            _unknowns(facts),
            _headings(facts),
            Chapter(heading="Sources", blocks=(*sources(case), *_again(commands))),
        ),
    )


def _again(commands: Sequence[str]) -> tuple[Block, ...]:
    return (Prose("To write it again:"), Commands(tuple(commands))) if commands else ()


def _main(found: SystemMap) -> str:
    sizes: dict[str, float] = {}
    for row in found.held_rows:
        if row.kind in {"share", "par"} and row.usd is not None:
            sizes[row.claim] = sizes.get(row.claim, 0.0) + row.usd
    return max(sizes, key=lambda claim: (sizes[claim], claim)) if sizes else ""


def _moves(asked: Case, breaks: BreakPoints | None) -> Sensitivities | None:
    """Return what moves the first break, where it lies within the shock as written."""
    rows = () if breaks is None else breaks.rows
    first = next((row for row in rows if row.fraction and row.fraction <= 1), None)
    if first is None:
        return None
    try:
        return sensitivities(asked, first.of, first.event)
    except LoopriskError:
        return None


def _reverse(case: Case) -> tuple[Case, BreakPoints | None, str]:
    """Return the break points of the scenario, else those of all money outside failing."""
    asked = case
    if not case.scenario.stages or case.scenario.time is not None:
        piles = {name: "100%" for name, issuer in case.system.issuers.items() if issuer.outside}
        if not piles:
            return case, None, "no issuer has money outside that could fail: name a scenario"
        scenario, problems = parse_scenario({"stages": [{"loss": piles}]}, case.system)
        if scenario is None or problems:
            return case, None, str(problems[0]) if problems else "no shock can be made"
        asked = replace(case, scenario=scenario, name="all money outside fails")
    try:
        return asked, Study(what=asked).breaks, ""
    except LoopriskError as error:
        return asked, None, str(error)


def _boxes(facts: _Facts) -> tuple[Box, ...]:
    ratios = facts.map.ratios
    backing = None if not ratios.book_to_real else 1 / ratios.book_to_real
    reuse = ratios.rehypothecation_ratio
    levered = [row for row in facts.map.backing_rows if row.assets_to_equity is not None]
    most = max(levered, key=lambda row: row.assets_to_equity or 0.0, default=None)
    value, said = _first_break(facts)
    return (
        Box(
            term="Backing ratio",
            value=NONE if backing is None else share(backing),
            said="what is there for holders outside over what they have at book",
        ),
        Box(
            term="Rehypothecation ratio",
            value=NONE if reuse is None else f"{fixed(reuse, 2)}×",
            said="claims issued over what comes from outside",
        ),
        Box(
            term="Assets to equity",
            value=NONE if most is None else f"{fixed(most.assets_to_equity or 0.0, 2)}×",
            said="no issuer has equity left" if most is None else f"{shown(most.label or most.id)}",
        ),
        Box(term="Reverse stress value", value=value, said=said),
    )


def _first_break(facts: _Facts) -> tuple[str, str]:
    if facts.breaks is None:
        return NONE, facts.refused
    groups = avalanches(facts.breaks.rows)
    if not groups or groups[0][0].at is None:
        return "never", "nothing breaks along this shock"
    first = groups[0][0]
    shock = facts.breaks.shock
    at = first.at.value if first.at is not None else 0.0
    name = shown(facts.breaks.labels.get(first.of, first.of))
    value = place(at, shock, cents=in_cents([shock.as_written]))
    return value, f"{name} {first.event.replace('_', ' ')}, by {facts.breaks.scenario}"


def _backing(facts: _Facts) -> Chapter:
    blocks: list[Block] = [Rowset(facts.map.backing, "Backing by issuer")]
    blocks.append(Points(tuple(facts.map.notes)))
    blocks.append(Rowset(facts.map.holdings, "Who holds what of whom"))
    return Chapter(heading="Backing and rehypothecation", blocks=tuple(blocks))


def _look_through(facts: _Facts) -> Chapter:
    if not facts.main:
        return Chapter(heading="Look-through", blocks=(Prose("No token is issued here."),))
    look = exposure(facts.case, of=facts.main)
    blocks: list[Block] = [Prose(look.headline), Rowset(look.sources, "Where its dollars end")]
    if len(look.passages):
        blocks.append(Rowset(look.passages, "Whom its dollars pass"))
    if look.notes:
        blocks.append(Points(tuple(look.notes)))
    return Chapter(heading=f"Look-through of {shown(look.label)}", blocks=tuple(blocks))


def _concentration(facts: _Facts) -> Chapter:
    together = common(facts.case)
    blocks: list[Block] = [Rowset(disclosed.concentration(facts.map), "Largest holders")]
    blocks.append(Prose(together.headline))
    if len(together):
        blocks.append(Rowset(together.table, "What parts depend on together"))
    return Chapter(heading="Concentration and common dependencies", blocks=tuple(blocks))


def _ways_out(facts: _Facts) -> Chapter:
    table = disclosed.liquidity(facts.case.system)
    if not len(table):
        told = "Not disclosed: the file names no depth and no redemption terms."
        return Chapter(heading="Liquidity", blocks=(Prose(told),))
    return Chapter(heading="Liquidity", blocks=(Rowset(table, "Ways out"),))


def _hedges(facts: _Facts) -> Chapter:
    table = disclosed.hedges(facts.case.system)
    if not len(table):
        return Chapter(heading="Hedge venues", blocks=(Prose("No hedge is held on a venue."),))
    return Chapter(heading="Hedge venues", blocks=(Rowset(table, "Hedge venues"),))


def _oracles(facts: _Facts) -> Chapter:
    table = disclosed.oracles(facts.case.system)
    if not len(table):
        return Chapter(heading="Oracles", blocks=(Prose("No market reads a price here."),))
    return Chapter(heading="Oracles", blocks=(Rowset(table, "Oracles"),))


def _stress(facts: _Facts) -> Chapter:
    heading = "Reverse stress"
    if facts.breaks is None:
        return Chapter(heading=heading, blocks=(Prose(f"No value: {facts.refused}"),))
    caption = "The smallest size at which each layer breaks; below the first, nothing does."
    blocks: list[Block] = [Prose(facts.breaks.headline), Figure(ladder(facts.breaks), caption)]
    if facts.moves is not None:
        blocks.append(Figure(tornado(facts.moves), "What moves the first break."))
    return Chapter(heading=heading, blocks=tuple(blocks))


def _unknowns(facts: _Facts) -> Chapter:
    unknown = facts.map.ratios.unknown
    blocks: list[Block] = []
    if unknown:
        blocks += [
            Prose("Nobody knows these, and the figures above rest on them:"),
            Points(unknown),
        ]
    else:
        blocks.append(Prose("No figure is written as unknown."))
    assumed = [row for row in facts.assumptions if row.class_ == "assumed"]
    told = counted(len(assumed), "figure")
    blocks.append(Prose(f"{told} without a source that backs it, or only assumed:"))
    blocks.append(Points(tuple(f"{row.input}: {row.value}" for row in assumed[:60])))
    return Chapter(heading="Unknowns", blocks=tuple(blocks[:-1] if not assumed else blocks))


def _headings(facts: _Facts) -> Chapter:
    rows = tuple(_asked(facts))
    covered = sum(row.covered for row in rows)
    told = f"{covered} of {len(rows)} headings are covered by what stands above."
    table = table_of("Headings of rules and raters", rows, _ASKED)
    return Chapter(
        heading="What rules and raters ask for", blocks=(Prose(told), Rowset(table, "Headings"))
    )


def _asked(facts: _Facts) -> list[Asked]:
    system = facts.case.system
    stressed = facts.breaks is not None
    sells = bool(len(disclosed.liquidity(system)))
    sourced = bool(system.sources)
    runs = any(stage.run for stage in facts.case.scenario.stages)
    chosen = facts.case.scenario.about is not None
    found = "Reverse stress" if stressed else facts.refused
    reads = "Oracles" if system.markets else "no market reads a price here"
    eu, law = "EU 2025/415, Art. 5", "EU 2025/1264, Art. 5(2)"
    return [
        Asked(
            law, "reverse stress test", stressed, "Reverse stress" if stressed else facts.refused
        ),
        Asked(
            eu,
            "reasons for the scenarios",
            chosen,
            "the scenario says what it is about" if chosen else "write `about` at the scenario",
        ),
        Asked(eu, "assumptions of the model", True, "Unknowns"),
        Asked(
            eu,
            "sensitivity to the assumptions",
            facts.moves is not None,
            "Reverse stress" if facts.moves is not None else "no break within the shock as written",
        ),
        Asked(
            eu,
            "adverse loops of solvency and liquidity",
            runs,
            "the scenario has a run" if runs else "needs a scenario with a `run` stage",
        ),
        Asked(eu, "performance out of sample", False, "needs dated outcomes to compare with"),
        Asked(
            eu, "quality of the data", sourced, "Sources" if sourced else "the file names no source"
        ),
        Asked(
            "S&P, 2025",
            "default: the loss at which holders take a haircut",
            stressed,
            found,
        ),
        Asked("S&P, 2025", "concentration of depositors", True, "Concentration"),
        Asked("S&P, 2025", "risk-adjusted capital (RAC)", False, "needs risk weights by asset"),
        Asked(
            "Moody's, 12/2025",
            "advance rate by reserve asset",
            False,
            "needs a haircut for each asset that is held",
        ),
        Asked("SR 11-7", "concept and assumptions", True, "Unknowns, Sources"),
        Asked("SR 11-7", "outcomes analysis", False, "needs dated outcomes to compare with"),
        Asked("SR 11-7", "monitoring", False, "put `looprisk check` into CI"),
        Asked(
            "LlamaRisk",
            "supply cap against liquidity inside the liquidation bonus",
            sells and bool(system.liquidity),
            "Liquidity" if system.liquidity else "the file names no depth",
        ),
        Asked("Credora", "class of every oracle", bool(system.markets), reads),
        Asked(
            "Steakhouse",
            "credit, counterparty, liquidity, oracle and trap vectors",
            sells and bool(system.markets),
            "Look-through, Liquidity, Oracles" if sells else "the file names no way out",
        ),
        Asked("Steakhouse", "smart contract vector", False, "outside of what is modelled"),
    ]
