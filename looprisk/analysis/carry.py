"""The carry of a leveraged account: what its collateral yields less what its debts cost.

An account with collateral ``C`` that yields ``y`` and a debt ``D`` that costs ``r`` gains ``C y - D
r`` a year. It breaks even at ``r = y C/D = y/LTV``; after ``t`` years its equity is ``C e^(y t) - D
e^(r t)``, rates compounding continuously as they do in time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import exp

from looprisk.analysis.accounts import Account, account, utilisation
from looprisk.analysis.names import chosen, part_label
from looprisk.analysis.solve import solve
from looprisk.cascade.accrue import INITIAL_TARGET, STEEP, TARGET
from looprisk.engine.catalogue import known
from looprisk.engine.state import ONE, ZERO
from looprisk.errors import ModelError, Problem
from looprisk.model import units
from looprisk.model.case import Case
from looprisk.model.markets import RateModel
from looprisk.model.names import choose
from looprisk.model.scenario import Scenario
from looprisk.model.system import System
from looprisk.results.carry import YEARS, Carry, CarryRow

DAYS = 365
HALVINGS = 60
BREAK_EVEN = "break-even"


@dataclass(frozen=True, slots=True)
class Curve:
    """A borrow rate by utilisation, straight between knots (utilisation, rate per year)."""

    knots: tuple[tuple[Fraction, Fraction], ...]

    def rate(self, used: Fraction) -> Fraction:
        """Return the rate at a utilisation of 0 to 1.

        >>> half = Fraction(1, 2)
        >>> Curve(((ZERO, ZERO), (half, Fraction(4, 100)), (ONE, ONE))).rate(half / 2)
        Fraction(1, 50)
        """
        for (left, low), (right, high) in pairwise(self.knots):
            if used <= right:
                return low + (high - low) * (used - left) / (right - left)
        return self.knots[-1][1]

    def reaches(self, rate: Fraction) -> Fraction | None:
        """Return the utilisation beyond which more than a rate is paid; None where it never is."""
        if self.knots[0][1] > rate:
            return ZERO
        for (left, low), (right, high) in pairwise(self.knots):
            if high > rate:
                return left + (right - left) * (rate - low) / (high - low)
        return None


def curve_of(rate: RateModel, *path: str) -> Curve:
    """Return the curve of a rate model: kinked as written, adaptive at its target of the start."""
    base, low, high = (
        known(value, *path, name) if value is not None else ZERO
        for name, value in (
            ("base", rate.base),
            ("slope_1", rate.slope_1),
            ("slope_2", rate.slope_2),
        )
    )
    if rate.kind == "adaptive":
        target = base if rate.base is not None else Fraction(repr(INITIAL_TARGET))
        steep, aim = Fraction(repr(STEEP)), Fraction(repr(TARGET))
        return Curve(((ZERO, target / steep), (aim, target), (ONE, target * steep)))
    kink = known(rate.kink, *path, "kink") if rate.kink is not None else ONE
    knots = {ZERO: base, kink: base + low, ONE: base + low + (high if kink < 1 else ZERO)}
    return Curve(tuple(knots.items()))


@dataclass(frozen=True, slots=True)
class _Sums:
    """What an account has and owes, USD, each with its rate; one debt's rate is left open."""

    earning: tuple[tuple[Fraction, Fraction], ...]
    costing: tuple[tuple[Fraction, Fraction], ...]
    """The debts at other rates."""
    debt: Fraction

    @property
    def equity(self) -> Fraction:
        """What is left after all debts."""
        owed = sum((usd for usd, _ in self.costing), self.debt)
        return sum((usd for usd, _ in self.earning), ZERO) - owed

    @property
    def earned(self) -> Fraction:
        """What a year brings before the open debt is paid for."""
        cost = sum((usd * rate for usd, rate in self.costing), ZERO)
        return sum((usd * rate for usd, rate in self.earning), ZERO) - cost

    def days(self, rate: Fraction, loss: Fraction) -> float | None:
        """Return the days until a share of the equity is lost, looked for day by day."""
        debts = [(float(usd), float(r)) for usd, r in (*self.costing, (self.debt, rate))]
        assets = [(float(usd), float(r)) for usd, r in self.earning]
        level = float(self.equity * (1 - loss))

        def above(day: float) -> bool:
            grown = [sum(usd * exp(r * day / DAYS) for usd, r in side) for side in (assets, debts)]
            return grown[0] - grown[1] > level

        first = next((day for day in range(1, YEARS * DAYS + 1) if not above(day)), None)
        return None if first is None else _between(first - 1, first, above)


def _between(low: float, high: float, above: Callable[[float], bool]) -> float:
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) else (low, middle)
    return high


def carry(
    what: System | Case,
    of: str = "",
    *,
    yields: Mapping[str, object],
    rates: Mapping[str, object] | None = None,
    debt: str = "",
    loss: object = "1%",
) -> Carry:
    """Return what an account earns over what it pays, and the borrow rate that leaves nothing.

    ``of`` names the account, ``yields`` what each collateral yields, ``{"wstETH": "3%/y"}``; what
    is not named yields nothing. Loan tokens cost what their curve says at the utilisation of the
    start, or what ``rates`` says. The rate of ``debt`` moves, where the account owes several. Each
    row tells the days until ``loss`` of the equity is gone, at rates that stay. Collateral counts
    as its oracle reads it.

    >>> import looprisk as lr
    >>> loop = lr.loop("wstETH", "ETH", equity=100, ltv=0.90, lltv=0.945)
    >>> found = carry(loop, yields={"wstETH": "2.7%/y"}, rates={"ETH": "4%/y"})
    >>> found.break_even_exact, [(row.at, round(row.carry, 4)) for row in found.rows]
    ('3/100', [('break-even', 0.0), ('as asked', -0.09)])

    Raises ModelError for an account without a debt or without equity, and for names that are none.
    """
    system = what.system if isinstance(what, Case) else what
    found = _account(system, of)
    owed = _owed(found)
    moving = chosen(debt, list(owed), f"debt of {found.name}")
    asked = _rates(rates or {}, list(owed), "rates", "debt of the account")
    sums = _sums(found, owed, moving, yields, asked)
    share_lost = _share(loss)
    places = _places(found, moving, sums.earned / sums.debt, asked)
    rows = [
        CarryRow(
            at=at,
            utilisation=None if place is None else float(place),
            rate=float(rate),
            carry=float((sums.earned - sums.debt * rate) / sums.equity),
            days=sums.days(rate, share_lost),
        )
        for at, (place, rate) in places.items()
        if rate >= 0
    ]
    even_at, even = places[BREAK_EVEN]
    yearly = sum((usd * rate for usd, rate in sums.earning), ZERO)
    return Carry(
        system=system.name or "system",
        of=found.name,
        label=part_label(system, found.name),
        debt=moving,
        collateral_usd=float(found.collateral),
        debt_usd=float(found.debt),
        equity_usd=float(sums.equity),
        earned=float(yearly / found.collateral),
        loss=float(share_lost),
        break_even=float(even),
        break_even_exact=str(even),
        utilisation=None if even_at is None or even < 0 else float(even_at),
        rows=tuple(sorted(rows, key=lambda row: row.rate)),
    )


def _account(system: System, of: str) -> Account:
    """Return an account at the start of a system; what is liquidated there has no carry."""
    solved = solve(Case(system=system, scenario=Scenario()))
    catalogue = solved.catalogue
    name = chosen(of, [n for n in catalogue.loans if n not in catalogue.summed], "account")
    found = account(solved.start, name)
    if found.collateral <= found.debt or found.is_liquidated:
        message = f"{name} is liquidated at the start: nothing of it earns"
        raise ModelError([Problem((), message)])
    return found


def _owed(found: Account) -> dict[str, Fraction]:
    """Return what an account owes of each loan token, USD."""
    claims = found.catalogue.debt_claims(found.name)
    owed = {token: found.point.face(claim) for token, claim in claims.items()}
    if not any(owed.values()):
        message = f"{found.name} owes nothing, so no borrow rate matters to it"
        raise ModelError([Problem((), message)])
    return {token: usd for token, usd in owed.items() if usd}


def _sums(
    found: Account,
    owed: Mapping[str, Fraction],
    moving: str,
    yields: Mapping[str, object],
    asked: Mapping[str, Fraction],
) -> _Sums:
    collateral = [str(c) for c in found.point.compiled.world.before.accounts[found.name].collateral]
    yielded = _rates(yields, collateral, "yields", "collateral of the account")
    earning = (
        (found.reading(leg), yielded.get(token, ZERO))
        for token, leg in zip(collateral, found.legs, strict=True)
    )
    others = [(token, usd) for token, usd in owed.items() if token != moving]
    return _Sums(
        earning=tuple(earning),
        costing=tuple((usd, _paid(found, token, asked)) for token, usd in others),
        debt=owed[moving],
    )


def _places(
    found: Account, moving: str, even: Fraction, asked: Mapping[str, Fraction]
) -> dict[str, tuple[Fraction | None, Fraction]]:
    """Return (utilisation, rate) of the rates that are shown."""
    curve = _curve(found, moving)
    if curve is None:
        places: dict[str, tuple[Fraction | None, Fraction]] = {BREAK_EVEN: (None, even)}
    else:
        used = _used(found, moving)
        places = {
            BREAK_EVEN: (curve.reaches(even), even),
            "now": (used, curve.rate(used)),
            "all lent out": (ONE, curve.rate(ONE)),
        }
    if moving in asked:
        rate = asked[moving]
        places["as asked"] = (curve.reaches(rate) if curve is not None else None, rate)
    return places


def _market(found: Account) -> str:
    return str(found.catalogue.loans[found.name].market)


def _curve(found: Account, token: str) -> Curve | None:
    market = _market(found)
    rate = found.catalogue.system.markets[market].lends[token].rate
    return None if rate is None else curve_of(rate, market, "lends", token, "rate")


def _used(found: Account, token: str) -> Fraction:
    supply = found.catalogue.supply_of(_market(found), token)
    return utilisation(found.point, supply) or ZERO


def _paid(found: Account, token: str, asked: Mapping[str, Fraction]) -> Fraction:
    """Return what a loan token costs a year: as asked, else by its curve at the start."""
    if token in asked:
        return asked[token]
    curve = _curve(found, token)
    if curve is None:
        message = f"rates: what does {token} cost? Its market has no curve"
        advice = f"rates={{'{token}': '5%/y'}}, --rate {token}=5%/y"
        raise ModelError([Problem((), message, advice)])
    return curve.rate(_used(found, token))


def _rates(
    given: Mapping[str, object], tokens: list[str], where: str, what: str
) -> dict[str, Fraction]:
    """Return rates per year by token, as they are asked."""
    found = {}
    for token, raw in given.items():
        if token not in tokens:
            message = f"{where}: `{token}` is no {what}"
            raise ModelError([Problem((), message, choose(token, tokens))])
        try:
            rate = units.rate(raw)
        except ValueError as error:
            raise ModelError([Problem((), f"{where}: {token}: {error}")]) from None
        if not rate.known:
            message = f"{where}: {token}: one rate, not an interval"
            raise ModelError([Problem((), message)])
        found[token] = rate.number
    return found


def _share(raw: object) -> Fraction:
    try:
        found = units.fraction(raw)
    except ValueError as error:
        raise ModelError([Problem((), f"loss: {error}")]) from None
    if not found.known or not 0 < found.number <= 1:
        raise ModelError([Problem((), "loss: a share of the equity above nothing: 1%")])
    return found.number
