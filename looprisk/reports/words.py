"""Words and numbers that several pictures say the same way."""

from collections.abc import Iterable

from looprisk.results.names import shown
from looprisk.results.numbers import money, on_axis, share
from looprisk.results.phrases import axis_word, shock_headline
from looprisk.results.records import Shock

_SMALL = 1e4


def in_cents(values: Iterable[float]) -> bool:
    """Tell whether a book is so small that thousands say nothing."""
    return max((abs(value) for value in values), default=0.0) < _SMALL


def of_shock(shock: Shock, *, cents: bool = False) -> str:
    """Return the shock in the fewest words: ``a loss of $93.0M``, ``a fall of 30.0%``."""
    if len(shock.moves) != 1 or shock.moves[0].size is None:
        return "the shock" if shock.moves else "no shock"
    if shock.moves[0].verb == "default":
        return "the default"
    if shock.unit == "price":
        return f"a price of {on_axis(shock.as_written, shock.unit)}"
    size = abs(shock.as_written)
    told = share(size) if shock.unit == "fraction" else on_axis(size, shock.unit, cents=cents)
    return f"a {axis_word(shock)} of {told}"


def asked(shock: Shock, scenario: str, *, cents: bool = False) -> str:
    """Return what was asked as a sentence for a subtitle."""
    return f"{scenario}: {shock_headline(shock, cents=cents)}."


def place(value: float, shock: Shock, *, cents: bool = False) -> str:
    """Return a place on the axis of the shock as it stands beside a mark."""
    return on_axis(value, shock.unit, cents=cents)


def axis_name(shock: Shock) -> str:
    """Return what the axis of a shock measures and where: ``loss at Stream/outside/fund``."""
    word = axis_word(shock)
    told = {"fall": "fall in the price of", "rise": "rise in the price of", "shock": "size of"}
    if shock.unit == "price":
        return f"price of {shown(shock.path)}"
    return f"{told.get(word, f'{word} at')} {shown(shock.path)}"


def end_of(shock: Shock) -> float:
    """Return the end of the axis that was searched for breaks."""
    return shock.as_written if shock.searched_to is None else shock.searched_to


def lost_words(lost: float, start: float) -> str:
    """Return how much of something is gone: ``lost 16.7%``, ``gone``, nothing."""
    if start <= 0 or lost <= 0:
        return ""
    part = lost / start
    return "gone" if part >= 1 - 1e-12 else f"lost {share(part)}"


def dollars(value: float, *, cents: bool) -> str:
    """Return money on a mark."""
    return money(value, cents=cents)


def counted(count: int, word: str, plural: str = "") -> str:
    """Return a count with its word: ``1 layer``, ``3 layers``."""
    return f"{count} {word if count == 1 else plural or word + 's'}"
