"""Closed forms of the usual shapes: loops, pyramids, cycles, hedged books, runs, liquidations.

Each function returns named expressions in positive symbols, exact and free of assumptions that its
docstring does not state. ``Forms.at`` puts numbers in; ``latex`` and ``numpy`` render them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from sympy import (
    Expr,
    Integer,
    Min,
    Rational,
    Symbol,
    factor,
    lambdify,
    latex,
    log,
    sqrt,
    symbols,
)

from looprisk.errors import ModelError, Problem


@dataclass(frozen=True, slots=True)
class Forms(Mapping[str, Expr]):
    """Named expressions of one shape."""

    shape: str
    expressions: Mapping[str, Expr]

    def __getitem__(self, name: str) -> Expr:
        return self.expressions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.expressions)

    def __len__(self) -> int:
        return len(self.expressions)

    def at(self, **numbers: float | Fraction) -> dict[str, Expr]:
        """Return every expression with numbers in place of symbols; the others stay symbols.

        >>> loop().at(l=Fraction(9, 10), lam=Fraction(945, 1000))["liquidated"]
        1/21
        """
        known = {str(symbol) for form in self.values() for symbol in form.free_symbols}
        wrong = sorted(set(numbers) - known)
        if wrong:
            message = f"`{wrong[0]}` is no symbol of {self.shape}"
            raise ModelError([Problem((), message, f"there are {', '.join(sorted(known))}")])
        values = {Symbol(name, positive=True): _exact(x) for name, x in numbers.items()}
        return {name: form.subs(values) for name, form in self.items()}

    def numpy(self, name: str) -> Callable[..., object]:
        """Return one expression as a function of arrays, its symbols in alphabetical order."""
        form = self[name]
        made: Callable[..., object] = lambdify(
            sorted(form.free_symbols, key=str), form, modules="numpy"
        )
        return made

    def _repr_latex_(self) -> str:
        rows = [
            rf"\text{{{name.replace('_', ' ')}}} &= {latex(form)}" for name, form in self.items()
        ]
        return r"$\displaystyle \begin{aligned}" + r"\\ ".join(rows) + r"\end{aligned}$"

    def __repr__(self) -> str:
        return "\n".join([self.shape, *(f"  {name} = {form}" for name, form in self.items())])


def _exact(number: float | Fraction) -> Expr:
    exact = Fraction(repr(number)) if isinstance(number, float) else Fraction(number)
    return Rational(exact.numerator, exact.denominator)


def _positive(names: str) -> tuple[Symbol, ...]:
    return tuple(symbols(names, positive=True, seq=True))


def loop(rounds: int | None = None) -> Forms:
    """Return what a loop at LTV ``l`` under a threshold ``lam`` and incentive factor ``phi`` is.

    One dollar buys collateral, which borrows ``l`` dollars, which buy collateral: after n rounds
    the collateral is ``1 + l + ... + l^n = (1 - l^(n+1))/(1 - l)``, the debt one less, and without
    end ``1/(1 - l)`` and ``l/(1 - l)``. A fall ``x`` of the collateral leaves ``C (1 - x)`` against
    ``D``: the threshold is crossed at ``lam C (1 - x) = D``, so at ``x = 1 - LTV/lam``; seizing
    ``phi`` per dollar repaid falls short beyond ``C (1 - x) = phi D``; equity is gone at
    ``C (1 - x) = D``. They come in this order iff ``phi lam < 1 < phi``.

    >>> loop(2)["collateral"]
    l**2 + l + 1
    """
    borrowed, lam, phi = _positive("l lam phi")
    if rounds is None:
        collateral = 1 / (1 - borrowed)
    else:
        collateral = sum((borrowed**k for k in range(rounds + 1)), Integer(0))
    ltv = factor(1 - 1 / collateral)
    return Forms(
        "a loop",
        {
            "collateral": collateral,
            "debt": factor(collateral - 1),
            "ltv": ltv,
            "liquidated": 1 - ltv / lam,
            "bad_debt": factor(1 - phi * ltv),
            "insolvent": factor(1 - ltv),
        },
    )


def lending_terms() -> Forms:
    """Return what follows from a threshold ``lam`` on Morpho Blue and on Euler v2.

    Morpho pays the liquidator ``min(1.15, 1/(0.3 lam + 0.7))`` per dollar repaid (Morpho Blue,
    ConstantsLib and LiquidationIncentiveFactor), so a position falls short beyond the LTV that is
    its inverse, and the price falls ``1 - lam phi`` from the threshold until then. Euler's
    incentive is what the health lacks: ``phi = 1/HF`` repays in full iff ``d phi <= C``, that is
    ``LTV^2 <= lam`` (EVK, Liquidation.sol), as long as ``sqrt(lam)`` is above the greatest
    discount.

    >>> lending_terms().at(lam=Fraction(86, 100))["morpho_bad_debt_ltv"]
    479/500
    """
    (lam,) = _positive("lam")
    phi = Min(Rational(115, 100), 1 / (Rational(3, 10) * lam + Rational(7, 10)))
    return Forms(
        "lending terms",
        {
            "morpho_factor": phi,
            "morpho_bad_debt_ltv": 1 / phi,
            "morpho_room": 1 - lam * phi,
            "euler_full_repayment_ltv": sqrt(lam),
        },
    )


def midnight_terms() -> Forms:
    """Return what follows from a threshold ``lam`` and a ``cursor`` on Morpho Midnight.

    The most a liquidator receives per dollar repaid is ``1/(1 - cursor (1 - lam))``, the cursor
    being 3/10 or 1/2; Morpho Blue has the first, with at most 1.15.

    >>> midnight_terms().at(cursor=Fraction(1, 2), lam=Fraction(385, 1000))["factor"]
    400/277
    """
    cursor, lam = _positive("cursor lam")
    held = 1 - cursor * (1 - lam)
    return Forms("lending terms of Midnight", {"factor": 1 / held, "bad_debt_ltv": held})


def liquidation() -> Forms:
    """Return what one liquidation of a debt ``d`` on collateral worth ``c`` does.

    Repaying ``r`` takes ``phi r``: the LTV ``(d - r)/(c - phi r)`` falls with ``r`` iff
    ``d/c < 1/phi``. Above it a liquidation is toxic: whatever the close factor, rounds go on until
    the collateral is gone and leave ``d - c/phi`` (Warmuz, Chaudhary and Pinna 2022). The repayment
    that restores health solves ``lam (c - phi r) = d - r``.

    >>> liquidation().at(c=100, d=90, lam=Fraction(4, 5), phi=Fraction(11, 10))["restoring"]
    250/3
    """
    c, d, lam, phi = _positive("c d lam phi")
    return Forms(
        "a liquidation",
        {
            "toxic_ltv": 1 / phi,
            "left_unpaid": d - c / phi,
            "restoring": factor((d - lam * c) / (1 - lam * phi)),
        },
    )


def carry() -> Forms:
    """Return what a loop at LTV ``l`` earns where its collateral yields ``y`` and its debt costs r.

    A dollar of collateral brings ``y`` and costs ``l r`` a year, on ``1 - l`` of equity; nothing is
    left at ``r = y/l``. A kinked curve pays ``b + s1 u/k`` up to the kink ``k`` and ``b + s1 + s2
    (u - k)/(1 - k)`` beyond, which is solved for ``u`` at that rate. Without a yield the equity is
    ``1 - l e^(r t)``: the share ``x`` of it is gone where ``l (e^(r t) - 1) = x (1 - l)``.

    >>> carry().at(l=Fraction(9, 10), y=Fraction(27, 1000))["break_even_rate"]
    3/100
    """
    b, k, ltv, r, s1, s2, x, y = _positive("b k l r s1 s2 x y")
    even = y / ltv
    return Forms(
        "the carry of a loop",
        {
            "carry": factor((y - ltv * r) / (1 - ltv)),
            "break_even_rate": even,
            "utilisation_below_kink": factor(k * (even - b) / s1),
            "utilisation_above_kink": factor(k + (1 - k) * (even - b - s1) / s2),
            "years_to_lose_without_yield": log(1 + x * (1 - ltv) / ltv) / r,
        },
    )


def pyramid(levels: int) -> Forms:
    """Return what a fall ``x`` of the base does to shares that lever each other's shares.

    Level k holds ``L_k`` dollars of level k - 1 per dollar of equity: its net value falls ``L_k``
    times what that of the level below falls, so ``nav_k = 1 - x L_1 ... L_k``; nothing is left at
    one over the product. A level that borrows on the shares at ``l_k`` under the threshold
    ``lam_k`` is liquidated where the shares below it have fallen by ``1 - l_k/lam_k``.

    >>> pyramid(2)["gone_2"]
    1/(L1*L2)
    """
    (x,) = _positive("x")
    product: Expr = Integer(1)
    found: dict[str, Expr] = {}
    for level in range(1, levels + 1):
        lever, ltv, lam = _positive(f"L{level} l{level} lam{level}")
        found[f"liquidated_{level}"] = (1 - ltv / lam) / product
        product = product * lever
        found[f"nav_{level}"] = 1 - x * product
        found[f"gone_{level}"] = 1 / product
    return Forms(f"a pyramid of {levels}", found)


def cycle() -> Forms:
    """Return what a fall ``x`` outside does to a fund that holds a levered version of itself.

    The first keeps the share ``c`` in shares of a fund that holds it ``L`` times levered: losses
    are ``a = (1 - c) x + c b`` and ``b = L a``, so ``a = (1 - c) x/(1 - c L)``. The gain of the
    loop is ``c L``; at 1 every loss is total. The levered fund is wiped where ``b = 1``.

    >>> cycle().at(L=4, c=Fraction(1, 5))["wiped"]
    1/16
    """
    c, lever, x = _positive("c L x")
    first = (1 - c) * x / (1 - c * lever)
    return Forms(
        "a cycle",
        {
            "loss_first": first,
            "loss_levered": lever * first,
            "gain": c * lever,
            "wiped": (1 - c * lever) / (lever * (1 - c)),
        },
    )


def delta_neutral() -> Forms:
    """Return when a hedge dies and what its end costs, prices as multiples of the entry.

    A short of one unit with margin ``m`` and result ``f`` so far is closed where its equity
    ``m + f + 1 - p`` meets maintenance ``mu p`` (mark notional). Closed on the way up, its holder
    has lost ``m`` when the price is back, and owns what falls by ``z`` after: ``m + z`` of the
    assets ``1 + m``. Funding ``g`` a period eats the margin above maintenance in ``(m - mu)/g``
    periods. A part ``a`` deleveraged at ``P`` costs ``a (P - Q)`` when the price goes on to ``Q``.

    >>> delta_neutral().at(f=0, m=Fraction(1, 5), mu=Fraction(3, 100))["dies_at"]
    120/103
    """
    a, f, g, m, mu, high, low, z = _positive("a f g m mu P Q z")
    return Forms(
        "a hedged book",
        {
            "dies_at": (1 + m + f) / (1 + mu),
            "round_trip_loss": m / (1 + m),
            "loss_after_fall": (m + z) / (1 + m),
            "periods_of_funding": (m - mu) / g,
            "deleveraging_cost": a * (high - low),
        },
    )


def run() -> Forms:
    """Return what those who stay have left when the share ``w`` left at par.

    Assets worth ``nu`` per unit pay ``w`` units in full: ``nu - w`` are left for ``1 - w`` units.
    A unit is worth ``xi`` when ``w = (nu - xi)/(1 - xi)``; each leaver gains ``1 - nu``.

    >>> run().at(nu=Fraction(9, 10), w=Fraction(1, 2))["stayers"]
    4/5
    """
    nu, w, xi = _positive("nu w xi")
    return Forms(
        "a run",
        {
            "stayers": (nu - w) / (1 - w),
            "share_that_breaks": (nu - xi) / (1 - xi),
            "first_mover_gain": 1 - nu,
        },
    )


def restaking() -> Forms:
    """Return how much of the stake a loss of the share ``psi`` can take with it at most.

    Where the cost of every attack exceeds its profit by the share ``gamma``, an initial loss
    ``psi`` ends at no more than ``(1 + 1/gamma) psi`` (Durvasula and Roughgarden 2024, theorem 1).

    >>> restaking().at(gamma=Fraction(1, 10), psi=Fraction(1, 1000))["most_lost"]
    11/1000
    """
    gamma, psi = _positive("gamma psi")
    multiplier = 1 + 1 / gamma
    return Forms(
        "restaking with slack", {"multiplier": multiplier, "most_lost": factor(multiplier * psi)}
    )
