"""The report on a scenario: :func:`report`, and what it returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from looprisk.errors import ModelError, Problem
from looprisk.model.case import Case
from looprisk.reports.chapters import document
from looprisk.reports.disclosure import disclosure
from looprisk.reports.document import Document
from looprisk.reports.html import html_of
from looprisk.reports.live import live_page
from looprisk.reports.markdown import markdown_of
from looprisk.reports.study import Study
from looprisk.reports.time_chapters import time_document
from looprisk.results.names import clean


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """A report: ``html()`` is one file that asks for nothing, ``markdown()`` goes anywhere."""

    document: Document
    study: Study

    def html(self, *, interactive: bool = False) -> str:
        """Return one page: no request, no script, prints, light and dark.

        ``interactive`` adds a slider on the shock, exact at every position, and one script under
        its hash. Of several stages the last one moves. Raises NotCarriedError where it bends.
        """
        if interactive:
            return live_page(self.study, self.document)
        return html_of(self.document)

    def markdown(self) -> str:
        """Return Markdown: the same words and tables, pictures by their findings."""
        return markdown_of(self.document)

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def __repr__(self) -> str:
        return f"report: {clean(self.document.answer)}"


def report(
    what: Case,
    commands: Sequence[str] = (),
    *,
    template: Literal["scenario", "disclosure"] = "scenario",
    of: str = "",
    beside: Sequence[Case] = (),
) -> Report:
    """Return the report on a scenario of a file, or what its protocol should publish of itself.

    It says what was asked, who stands on what, who bears the loss, how far it was from safe, what
    screens show, how the loss travels, what is assumed, and the certificate. ``commands`` are shown
    as what to type to run it again; cases ``beside`` this one are held against it: the same shock
    under another rule for who is paid. The template ``disclosure`` says backing, look-through
    (``of`` a claim, else of the largest), leverage, concentration, ways out, hedges, oracles, the
    reverse stress value, what is unknown, and which headings of rules and raters that covers.

    >>> import looprisk as lr
    >>> system = lr.System(
    ...     issuers={"S": {"outside": {"book": "$700M"}, "owes": {"outside": "$530M"}}}
    ... )
    >>> from looprisk.model import Case, Scenario
    >>> case = Case(system=system, scenario=Scenario(stages=[{"loss": {"S": "$93M"}}]))
    >>> report(case)
    report: A loss of $93.0M at S: owner of S loses $93.0M, nobody else loses

    Raises what :func:`looprisk.run` raises.
    """
    study = Study(what=what)
    if beside and (template == "disclosure" or study.in_time):
        told = "a disclosure" if template == "disclosure" else "a report on a scenario with `time`"
        raise ModelError([Problem((), f"beside: {told} holds nothing against another rule")])
    if template == "disclosure":
        return Report(document=disclosure(study.case, of, commands), study=study)
    made = time_document(study, commands) if study.in_time else document(study, commands, beside)
    return Report(document=made, study=study)
