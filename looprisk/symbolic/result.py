"""A formula as it is shown: LaTeX in a notebook, text in a terminal, a function for arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from sympy import Expr, Rational, Symbol, factor, lambdify, latex, limit, simplify, solve
from sympy.polys.fields import FracElement

from looprisk.errors import ModelError, NotExactError, Problem
from looprisk.results.columns import Kind
from looprisk.results.fields import HIDDEN, Field, table_of
from looprisk.results.names import clean
from looprisk.results.table import Table
from looprisk.symbolic.region import Inequality
from looprisk.symbolic.solving import number_at

MOST_TERMS = 60
"""Terms of numerator and denominator together up to which a formula is printed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeFormula:
    """What a claim is worth in one regime, in US dollars, and where that holds."""

    value: FracElement
    loss: FracElement
    """The fall from the value before any shock; a gain is negative."""
    price: FracElement
    """US dollars a token."""
    inequalities: tuple[Inequality, ...]
    """They hold together with positive symbols, or the formula does not."""
    lo: Fraction | None = None
    hi: Fraction | None = None
    """The stretch of the shock on which it holds at the numbers of the system."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakFormula:
    """Where along the shock an event comes, as a share of the shock as written."""

    of: str
    event: str
    at: FracElement
    fraction: Fraction
    """The same at the numbers of the system, as the sweep found it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """That one event comes before another along the shock, and while what that is so."""

    first: BreakFormula
    then: BreakFormula

    @property
    def gap(self) -> Expr:
        """How far apart they are, as a share of the shock: they swap where it changes its sign."""
        return _shown(self.then.at - self.first.at)

    def __str__(self) -> str:
        one, other = self.first, self.then
        return f"{one.of} {one.event} before {other.of} {other.event} while {self.gap} > 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """Loss, value and price of one claim as rational functions of named parameters."""

    scenario: str
    of: str
    paths: Mapping[str, str]
    """Symbol: the path of the number it stands for."""
    numbers: Mapping[str, Fraction]
    at: Fraction
    """The size of the shock whose regime is in force."""
    regime: RegimeFormula
    checked: bool
    """Whether the engine agreed beside these numbers too; at the numbers it always has."""
    regimes: tuple[RegimeFormula, ...]
    """The regimes along the shock as written, in order; () where the response is curved."""
    breaks: tuple[BreakFormula, ...]

    @property
    def loss(self) -> Expr:
        """The loss in the regime in force, factored."""
        return _shown(self.regime.loss)

    @property
    def value(self) -> Expr:
        """The value in the regime in force, factored."""
        return _shown(self.regime.value)

    @property
    def price(self) -> Expr:
        """The price of a token in the regime in force, factored."""
        return _shown(self.regime.price)

    @property
    def conditions(self) -> tuple[Expr, ...]:
        """What is not negative where the formula holds, besides every symbol being positive."""
        return tuple(one.expression for one in self.regime.inequalities)

    @property
    def order(self) -> tuple[Order, ...]:
        """The order of the break points along the shock, each pair with its condition."""
        pairs = pairwise(self.breaks)
        return tuple(Order(first=a, then=b) for a, b in pairs if a.fraction != b.fraction)

    @property
    def table(self) -> Table[RegimeFormula]:
        """One row for each regime along the shock: where it holds, and what is lost there."""

        def shown(form: FracElement) -> str:
            return str(_shown(form)) if _terms(form) <= MOST_TERMS else "too long to read"

        fields: tuple[Field[RegimeFormula], ...] = (
            Field("lo", "from", Kind.POINT, lambda row: float(row.lo or 0)),
            Field("hi", "to", Kind.POINT, lambda row: float(row.hi or 1)),
            Field("loss", "loss", Kind.TEXT, lambda row: shown(row.loss)),
            Field("price", HIDDEN, Kind.TEXT, lambda row: shown(row.price)),
            Field("where", HIDDEN, Kind.TEXT, lambda row: " and ".join(map(str, row.inequalities))),
        )
        title = f"{clean(self.of)}: what it loses in each regime, s being the share of the shock"
        note = "; ".join(f"{name} = {clean(path)}" for name, path in self.paths.items())
        return table_of(title, self.regimes, fields, note=note)

    def holds(self, **numbers: float | Fraction) -> bool:
        """Return whether the formula holds at numbers; what is not named keeps its own."""
        point = self._point(numbers)
        return all(x > 0 for x in point[1:]) and all(
            inequality.holds(point) for inequality in self.regime.inequalities
        )

    def loss_at(self, **numbers: float | Fraction) -> Fraction:
        """Return the loss at numbers, exactly; raises NotExactError outside the inequalities."""
        if not self.holds(**numbers):
            broken = next(
                (str(i) for i in self.regime.inequalities if not i.holds(self._point(numbers))),
                "every symbol is positive",
            )
            raise NotExactError(f"the formula of {self.of} does not hold there: {broken}")
        return number_at(self.regime.loss, self._point(numbers))

    def _point(self, numbers: Mapping[str, float | Fraction]) -> tuple[Fraction, ...]:
        wrong = [name for name in numbers if name not in {"s", *self.paths}]
        if wrong:
            known = ", ".join(("s", *self.paths))
            raise ModelError([Problem((), f"`{wrong[0]}` is no symbol here", f"there are {known}")])
        own = {"s": self.at, **self.numbers}
        found = {name: numbers.get(name, number) for name, number in own.items()}
        return tuple(
            Fraction(repr(x)) if isinstance(x, float) else Fraction(x) for x in found.values()
        )

    def numpy(self, what: str = "loss") -> Callable[..., object]:
        """Return ``loss``, ``value`` or ``price`` as a function of arrays.

        Or the place of an event, by its name. Its arguments are ``s`` and the symbols in their
        order; raises ModelError for what has no formula here.
        """
        forms = {"loss": self.loss, "value": self.value, "price": self.price}
        forms |= {one.event: _shown(one.at) for one in reversed(self.breaks)}
        if what not in forms:
            message = f"`{what}` has no formula here"
            raise ModelError([Problem((), message, f"there are {', '.join(forms)}")])
        names = [Symbol(name) for name in ("s", *self.paths)]
        made: Callable[..., object] = lambdify(names, forms[what], "numpy")
        return made

    def elasticity(self, symbol: str) -> Expr:
        """Return by how many percent the loss changes when a symbol changes by one."""
        x = self._symbol(symbol)
        return factor(simplify(x * self.loss.diff(x) / self.loss))

    def limit(self, symbol: str, to: float | Fraction | Expr) -> Expr:
        """Return what the loss tends to, from below, as a symbol tends to a value."""
        return limit(self.loss, self._symbol(symbol), to, "-")

    def invert(self, symbol: str, price: float | Fraction) -> tuple[Expr, ...]:
        """Return the values of a symbol at which the price is the one observed."""
        x = self._symbol(symbol)
        level = Fraction(repr(price)) if isinstance(price, float) else Fraction(price)
        found = solve(self.price - _rational(level), x)
        return tuple(factor(root) for root in found)

    def _symbol(self, name: str) -> Symbol:
        if name not in {"s", *self.paths}:
            self._point({name: 1})
        return Symbol(name)

    def __repr__(self) -> str:
        lines = [f"{clean(self.scenario)}: {clean(self.of)}"]
        lines += [f"  {name} = {clean(path)}" for name, path in self.paths.items()]
        if self.readable:
            lines += [f"loss  = {self.loss}", f"price = {self.price}"]
        else:
            lines += ["loss: too long to read; the table of regimes has what each depends on"]
        lines += [f"  where {inequality}" for inequality in self.regime.inequalities]
        if not self.checked:
            lines.append("checked at its numbers alone: nothing beside them could be solved")
        lines += [f"{one.of} {one.event} at s = {_shown(one.at)}" for one in self.breaks]
        lines += [str(one) for one in self.order]
        for regime in self.regimes:
            short = _shown(regime.loss) if _terms(regime.loss) <= MOST_TERMS else "too long"
            ends = f"({float(regime.lo or 0):.4g}, {float(regime.hi or 1):.4g}]"
            lines.append(f"loss for s in {ends}: {short}")
        return "\n".join(lines)

    @property
    def readable(self) -> bool:
        """Whether the loss is short enough to be read."""
        return _terms(self.regime.loss) <= MOST_TERMS

    def latex(self) -> str:
        """Return loss, price, break points and inequalities as LaTeX, names as text."""
        rows = [rf"\text{{loss}} &= {latex(self.loss)}", rf"\text{{price}} &= {latex(self.price)}"]
        rows += [
            rf"s_{{\text{{{_tex(one.event)}}}}} &= {latex(_shown(one.at))}" for one in self.breaks
        ]
        rows += [rf"&\text{{order while }} {latex(one.gap)} > 0" for one in self.order]
        signs = {">": ">", ">=": r"\ge"}
        rows += [
            rf"&\text{{where }} {latex(i.expression)} {signs[i.sign]} 0"
            for i in self.regime.inequalities
        ]
        return r"\begin{aligned}" + r"\\ ".join(rows) + r"\end{aligned}"

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$" if self.readable else ""


def _shown(form: FracElement) -> Expr:
    return factor(form.as_expr())


def _terms(form: FracElement) -> int:
    return len(form.numer.terms()) + len(form.denom.terms())


def _rational(number: Fraction) -> Expr:
    return Rational(number.numerator, number.denominator)


def _tex(words: str) -> str:
    return clean(words).replace("_", " ")
