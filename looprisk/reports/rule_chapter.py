"""The chapter `same shock, other rule`: who loses if others are paid first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from looprisk.analysis.clearing import clearing_of, title
from looprisk.analysis.solve import solve
from looprisk.model.case import Case
from looprisk.reports.document import Block, Chapter, Prose, Rowset
from looprisk.reports.study import Study
from looprisk.reports.words import counted, dollars, in_cents, place
from looprisk.results.answers import Clearing
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import shown
from looprisk.results.phrases import verb_for


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one rule does: where the first layer breaks, and who loses most."""

    name: str
    first_break: str | None
    most: str
    """The outside claimant with the largest loss."""
    most_usd: float
    of_claim: float | None
    others_usd: float
    """What all other outside claimants lose, less what any gain."""


_FIELDS: tuple[Field[Rule], ...] = (
    Field("rule", "rule", Kind.NAME, lambda row: row.name),
    Field("first_break", "first break", Kind.FIGURE, lambda row: row.first_break, none="never"),
    Field("most", "loses most", Kind.NAME, lambda row: row.most),
    Field("most_usd", "its loss", Kind.MONEY, lambda row: row.most_usd),
    Field("of_claim", "% of its claim", Kind.SHARE, lambda row: row.of_claim),
    Field("others_usd", "all others", Kind.MONEY, lambda row: row.others_usd),
)


def rule_chapter(study: Study, beside: Sequence[Case] = ()) -> Chapter:
    """Return who bears the shock under each other rule of the issuers that fail.

    Cases that are given ``beside`` are rules that no other order in the same file can say.
    """
    found = study.allocations
    blocks: list[Block] = [Prose(found.headline)]
    if len(found.rows) > 1:
        blocks.append(Rowset(found.table, "Who bears the same shock, rule by rule"))
    if beside:
        rows = [_rule("this report", study.clearing)]
        rows += [_rule(title(case), clearing_of(solve(case))) for case in beside]
        told = table_of("The same shock in other files", tuple(rows), _FIELDS)
        blocks += [Prose(_finding(rows)), Rowset(told, "The same shock in other files")]
    return Chapter(heading="Same shock, other rule", blocks=tuple(blocks))


def _rule(name: str, clearing: Clearing) -> Rule:
    shock = clearing.shock
    first = next((row for row in clearing.break_point_rows if row.fraction is not None), None)
    cents = in_cents([shock.as_written])
    at = None if first is None or first.at is None else place(first.at.value, shock, cents=cents)
    claims = [row for row in clearing.waterfall_rows if row.kind == "claim"]
    most = max(claims, key=lambda row: (row.loss_usd, row.via), default=None)
    whole = sum(row.loss_usd for row in claims)
    lost = max(0.0, most.loss_usd) if most is not None else 0.0
    return Rule(
        name=shown(name),
        first_break=at,
        most=shown(most.claimant) if most is not None and lost else "nobody",
        most_usd=lost,
        of_claim=most.of_claim if most is not None and lost else None,
        others_usd=whole - lost,
    )


def _finding(rows: Sequence[Rule]) -> str:
    written, *others = rows
    cents = in_cents([row.most_usd for row in rows])
    losers = {row.most for row in rows}
    amounts = sorted({round(row.most_usd, 2) for row in rows})
    told = ", ".join(dollars(value, cents=cents) for value in amounts)
    lose = f"{written.most} {verb_for(written.most, 'lose')}"
    if len(losers) == 1:
        if len({round(row.most_usd, 2) for row in rows}) == 1:
            return f"Under each of these rules {lose} most, and as much."
        return f"Under each of {counted(len(rows), 'rule')} {lose} most: {told}."
    changed = sum(row.most != written.most for row in others)
    return (
        f"The rule decides who loses most: {written.most} as written, somebody else under "
        f"{changed} of {counted(len(others), 'other rule')}."
    )
