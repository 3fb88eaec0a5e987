"""The answer of a verification: whether a result says what its own inputs say."""

from __future__ import annotations

from dataclasses import dataclass

from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.figures import Difference, told
from looprisk.results.names import clean, for_html, for_markdown
from looprisk.results.result_json import Object
from looprisk.results.table import Table

VERIFICATION_SCHEMA = "looprisk/verification/1"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Verification:
    """One result, solved again from the inputs it pins."""

    scenario: str
    figures: int
    """How many figures were compared."""
    differences: tuple[Difference, ...]
    """In the order of the result; empty where it is identical."""
    solutions: int = 0
    equations: int = 0
    """What its proof was put into, once and in fractions, without solving; 0 where it has none."""
    disproved: str = ""
    """The equation that its proof does not fulfil."""
    made_by: str = ""
    here: str = ""
    """The versions of looprisk that made it and that read it."""

    @property
    def identical(self) -> bool:
        """Whether every figure is the same, to its last digit or as far as was asked."""
        return not self.differences and not self.disproved

    @property
    def headline(self) -> str:
        """The answer in one sentence."""
        if self.disproved:
            return f"{self.scenario}: not verified. {self.disproved}"
        if not self.differences:
            return f"{self.scenario}: identical, {self.figures:,} figures."
        first, more = self.differences[0], len(self.differences) - 1
        others = f" and {more:,} more" if more else ""
        return f"{self.scenario}: not identical. First difference: {first}{others}."

    @property
    def notes(self) -> tuple[str, ...]:
        """What stands behind it: the proof that was evaluated, and by whom the result was made."""
        proof = (
            f"proof: {self.solutions} solution{'s' if self.solutions != 1 else ''} put into "
            f"{self.equations:,} equations, in exact fractions and without solving: all hold"
            if self.equations and not self.disproved
            else ""
        )
        makers = (
            f"made by looprisk {self.made_by}, read by {self.here}"
            if self.made_by != self.here
            else ""
        )
        return tuple(note for note in (proof, makers) if note)

    @property
    def table(self) -> Table[Difference]:
        """One row for each figure that differs."""
        fields: tuple[Field[Difference], ...] = (
            Field("figure", "figure", Kind.NAME, lambda row: row.path),
            Field("before", "in the result", Kind.TEXT, lambda row: told(row.before)),
            Field("after", "now", Kind.TEXT, lambda row: told(row.after)),
        )
        return table_of("Differences", self.differences, fields)

    def __repr__(self) -> str:
        return "\n".join(clean(line) for line in (self.headline, *self.notes))

    def _repr_html_(self) -> str:
        lines = "<br>".join(for_html(clean(line)) for line in (self.headline, *self.notes))
        rows = self.table._repr_html_() if self.differences else ""
        return f'<div class="looprisk tex2jax_ignore mathjax_ignore"><p>{lines}</p>{rows}</div>'

    def _repr_markdown_(self) -> str:
        lines = "\n\n".join(for_markdown(clean(line)) for line in (self.headline, *self.notes))
        return f"{lines}\n\n{self.table.to_markdown()}" if self.differences else f"{lines}\n"


def verification_json(found: Verification) -> Object:
    """Return the document of a verification."""
    return {
        "schema": VERIFICATION_SCHEMA,
        "scenario": found.scenario,
        "identical": found.identical,
        "figures": found.figures,
        "differences": [
            {"figure": one.path, "before": one.before, "after": one.after}
            for one in found.differences
        ],
        "proof": {
            "solutions": found.solutions,
            "equations": found.equations,
            "disproved": found.disproved,
        },
        "made_by": found.made_by,
        "here": found.here,
    }
