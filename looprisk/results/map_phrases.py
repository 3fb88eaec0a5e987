"""The sentences of the map; ``looprisk.model.map_words`` defines every number in them."""

from collections.abc import Sequence

from looprisk.results.map_records import MapLoop, Ratios, Shared, Source
from looprisk.results.names import clean, shown
from looprisk.results.numbers import NONE, Scale, fixed, money, share

_NAMED = 3


def usd(value: float | None, scale: Scale) -> str:
    """Return money in a sentence; in cents where the whole map is small."""
    return "?" if value is None else money(value, cents=scale.factor == 1)


def times(value: float | None) -> str:
    """Return a multiple with two decimals."""
    return NONE if value is None else fixed(value, 2) + "×"


def map_headline(claims: float | None, there: float | None, ratios: Ratios, scale: Scale) -> str:
    """Return how much paper stands on how much."""
    if claims == 0 and there == 0:
        return "Nothing is held and nothing is owed."
    if ratios.rehypothecation_ratio is None:
        much = "Claims" if claims is None else f"Claims of {usd(claims, scale)}"
        under = (
            "assets that nobody can add up"
            if there is None
            else f"{usd(there, scale)} from outside"
        )
        return f"{much} stand on {under}."
    return (
        f"Claims of {usd(claims, scale)} stand on {usd(there, scale)} from outside: "
        f"{times(ratios.rehypothecation_ratio)} as much paper."
    )


def subtitle(system: str, what: str, scale: Scale) -> str:
    """Return which system, what is shown, on which basis and in which unit."""
    return f"{shown(system)} · {what} · book · {scale.words}"


def look_headline(name: str, ratios: Ratios, sources: Sequence[Source], scale: Scale) -> str:
    """Return what one thing is worth and where most of it ends."""
    worth = []
    if ratios.book_usd is not None:
        worth.append(f"{usd(ratios.book_usd, scale)} at book")
    if ratios.real_usd is not None:
        worth.append(f"{usd(ratios.real_usd, scale)} real")
    words = f"{shown(name)}: {', '.join(worth) if worth else 'nobody knows what it is worth'}"
    if not sources:
        return f"{words}."
    first = sources[0]
    if first.kind == "unknown":
        return f"{words}; of {share(first.share)} nobody knows where it ends."
    if first.kind == "nothing":
        return f"{words}; {share(first.share)} ends at nothing."
    return f"{words}; {share(first.share)} ends at {shown(first.label or first.id)}."


def common_headline(rows: Sequence[Shared], whole: str) -> str:
    """Return the largest thing that parts share."""
    if not rows:
        return "No two parts share anything."
    first = rows[0]
    if first.share is None:
        return f"{len(rows)} things are shared by two parts or more."
    count = len(first.parts)
    shared = f"shared by {count} parts" if count > 1 else "by one part"
    return (
        f"{share(first.share)} of {whole} stands on {shown(first.value)} ({shown(first.kind)}), "
        f"{shared}."
    )


def loop_line(loop: MapLoop) -> str:
    """Return one loop and what comes back round it."""
    around = " → ".join(shown(name) for name in (*loop.members[:8], loop.members[0]))
    if len(loop.members) > 8:
        around = " → ".join(shown(name) for name in loop.members[:8])
        around += f" → … {len(loop.members) - 8} more, and back"
    if loop.gain is None:
        return f"loop {loop.number}  {around}"
    back = f"of $1 lost at {shown(loop.members[0])}, {_cents(loop.gain)} come back"
    return f"loop {loop.number}  {around}  gain {fixed(loop.gain, 2)}: {back}"


def _cents(gain: float) -> str:
    text = fixed(gain * 100, 1)
    return f"{text.removesuffix('.0')} cents"


def ratio_lines(ratios: Ratios) -> list[str]:
    """Return the ratios of a whole system, each by name."""
    lines = []
    if ratios.book_to_real is not None:
        lines.append(
            f"book to real: {fixed(ratios.book_to_real, 3)}×, what outsiders have at book over "
            "what is there for them"
        )
    if ratios.hhi_by_issuer is not None:
        lines.append(f"concentration by issuer (HHI): {fixed(ratios.hhi_by_issuer, 3)}")
    if ratios.top_three_by_issuer is not None:
        lines.append(f"three largest issuers: {share(ratios.top_three_by_issuer)}")
    return lines + unknown_lines(ratios.unknown)


def look_lines(ratios: Ratios) -> list[str]:
    """Return the ratios of one thing, each by name."""
    parts = []
    if ratios.book_to_real is not None:
        parts.append(f"book to real {fixed(ratios.book_to_real, 3)}×")
    if ratios.rehypothecation_ratio is not None:
        parts.append(f"claims passed per dollar {fixed(ratios.rehypothecation_ratio, 2)}")
    if ratios.hhi_by_issuer is not None:
        parts.append(f"concentration by issuer (HHI) {fixed(ratios.hhi_by_issuer, 3)}")
    if ratios.top_holder is not None:
        parts.append(f"largest holder inside {share(ratios.top_holder)}")
    if ratios.top_three_holders is not None:
        parts.append(f"three largest {share(ratios.top_three_holders)}")
    return ([" · ".join(parts)] if parts else []) + unknown_lines(ratios.unknown)


def unknown_lines(unknown: Sequence[str]) -> list[str]:
    """Return the unknown numbers by their paths."""
    if not unknown:
        return []
    names = ", ".join(clean(path) for path in unknown[:_NAMED])
    more = f" and {len(unknown) - _NAMED} more" if len(unknown) > _NAMED else ""
    return [f"not known: {names}{more}"]


def layer_line(top: int) -> str:
    """Return what the layers mean."""
    claims = "claims on it" if top < 2 else f"claims on it, 2 to {top} claims on claims"
    return f"layers: 0 comes from outside · 1 {claims}"
