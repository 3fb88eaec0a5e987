"""What an answer rests on: every input that no source backs."""

from __future__ import annotations

from fractions import Fraction

from looprisk.analysis.solve import Solved
from looprisk.engine.holdings import unlisted_debt
from looprisk.model.case import Case
from looprisk.model.tree import leaves, provenance
from looprisk.results.numbers import money
from looprisk.results.records import Assumption

DESCRIPTIVE = frozenset(
    {"kind", "rules", "market", "venue", "depends_on", "tags", "address", "label", "note"}
)
"""Keys whose values say what a part is; they are no figures that an answer could rest on."""


def assumptions(case: Case, solved: Solved | None = None) -> tuple[Assumption, ...]:
    """Return every input that no source backs, or that a source only assumes, by path.

    With a solution at hand, debt that is taken to be sound says how much of it nothing can hurt.
    """
    system = case.system
    unseen = {} if solved is None else _unlisted(solved)
    effect = (
        f"{money(float(sum(unseen.values())))} of debt that is not listed counts as sound: "
        "no fall of its collateral is seen."
    )
    return tuple(
        Assumption(
            input=place,
            class_="assumed",
            source=source or "",
            value=value,
            effect=effect if place in unseen else "",
        )
        for path, source, value in _leaves(case)
        if system.class_of(source) == "assumed" and (place := "/".join(path[1:]))
    )


def _unlisted(solved: Solved) -> dict[str, Fraction]:
    """Return the debt of borrowers that are not listed, by the path that calls it sound, in USD."""
    catalogue, start = solved.catalogue, solved.start
    found: dict[str, Fraction] = {}
    for supply, (market, token) in catalogue.supplies.items():
        if catalogue.system.markets[market].lends[token].unlisted_debt != "sound":
            continue
        world = start.compiled.world
        debt = unlisted_debt(catalogue, world.start, supply) * start.value(world.price(token))
        if debt:
            found[f"{market}/lends/{token}/unlisted_debt"] = debt
    return found


def _stated(path: tuple[str, ...], text: dict[tuple[str, ...], str]) -> bool:
    """An owner is an assumption only where a source stands behind it."""
    return path[-1] != "owner" or "@" in text.get(path, "")


def _leaves(case: Case) -> list[tuple[tuple[str, ...], str | None, str]]:
    tree = case.system.tree()
    text = {path: str(leaf) for path, leaf in leaves(tree)}
    return [
        (path, source, text.get(path, "").partition(" @")[0])
        for path, source in provenance(tree).items()
        if len(path) > 2 and not DESCRIPTIVE & set(path[2:]) and _stated(path, text)
    ]
