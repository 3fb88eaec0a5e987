"""Where the figures of a system come from, as a list."""

from looprisk.model.case import Case
from looprisk.reports.document import Block, Points, Prose


def sources(case: Case) -> list[Block]:
    """Return the sources that a system names, as one list."""
    told = []
    for name, source in case.system.sources.items():
        parts = [source.title or name, source.date, source.chain]
        parts += [f"block {source.block}" if source.block else None]
        words = ", ".join(str(part) for part in parts if part)
        told.append(f"{words} ({source.class_})")
    if not told:
        return [Prose("No sources are named: every figure is assumed.")]
    return [Prose("Sources:"), Points(tuple(told))]
