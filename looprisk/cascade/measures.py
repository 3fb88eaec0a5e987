"""The metrics of a cascade at one record, path by path.

Money in USD, prices in USD per unit, shares as fractions of 1. None is "not defined here".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from looprisk.cascade.accrue import utilisation
from looprisk.cascade.arrays import Floats, ratio
from looprisk.cascade.claims import Claim, claims_of, hidden, lost, reported, share_lost
from looprisk.cascade.issuers import hedged
from looprisk.cascade.perps import accounts_of
from looprisk.cascade.record import Record
from looprisk.cascade.run import Run
from looprisk.cascade.summary import hidden_steps
from looprisk.cascade.sums import total

Measure = Callable[["Ask"], Floats | None]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A metric of one thing at one record of a cascade."""

    done: Run
    record: Record
    of: str

    @property
    def claim(self) -> Claim | None:
        """The claim a thing stands for: a token, a loan, a supply; of an issuer its residual."""
        of = self.of
        firm = self.done.plan.firm_at.get(of)
        if of not in self.done.plan.place and firm is not None:
            shares = self.done.plan.firms[firm].residual
            of = self.done.plan.goods[shares[0]] if shares else f"{of}/equity"
        return next((c for c in claims_of(self.done) if c.id == of), None)

    @property
    def firm(self) -> int | None:
        """The issuer that is meant: itself, or that of a token."""
        plan = self.done.plan
        return plan.firm_at.get(plan.catalogue.issuer_of.get(self.of, self.of))

    @property
    def account(self) -> tuple[int, list[int]] | None:
        """(market, accounts) that are meant: one, those of a table, or all of a market."""
        plan = self.done.plan
        for m, book in enumerate(plan.books):
            mine = [i for i, name in enumerate(book.accounts) if self.of in plan.names_of(name)]
            if mine or book.name == self.of:
                return m, mine
        return None

    @property
    def legs(self) -> list[tuple[int, int]]:
        """(venue, leg) of the legs that are meant: one, those of a venue or of an issuer."""
        plan = self.done.plan
        found = []
        for v, legs in enumerate(plan.legs):
            for i, name in enumerate(legs.legs):
                owner = int(legs.owner[legs.wallet[i]])
                owned = owner >= 0 and plan.firms[owner].name == self.of
                if self.of in plan.names_of(name) or owned or name.startswith(f"{self.of}/"):
                    found.append((v, i))
        return found


def _price(pick: Callable[[Record], Floats]) -> Measure:
    def measure(ask: Ask) -> Floats | None:
        plan = ask.done.plan
        if ask.of not in plan.place and ask.of not in plan.catalogue.supply_ids:
            return None
        return pick(ask.record)[:, plan.good(ask.of)]

    return measure


def _of_claim(pick: Callable[[Run, Claim, Record], Floats]) -> Measure:
    def measure(ask: Ask) -> Floats | None:
        claim = ask.claim
        return None if claim is None else pick(ask.done, claim, ask.record)

    return measure


def _recovery(ask: Ask) -> Floats | None:
    plan, values = ask.done.plan, ask.record.values
    if ask.of in plan.owed_at:
        at = plan.owed_at[ask.of]
        return ratio(values.claims[:, at], values.faces[:, at], 1.0)
    if ask.firm is None:
        return None
    mine = [plan.owed_at[owed.id] for owed in plan.firms[ask.firm].owed]
    return ratio(total(values.claims[:, mine]), total(values.faces[:, mine]), 1.0)


def _claims(ask: Ask) -> Floats | None:
    plan, values = ask.done.plan, ask.record.values
    if ask.of in plan.owed_at:
        return values.faces[:, plan.owed_at[ask.of]]
    if ask.of in plan.catalogue.supplies:
        return values.supply_faces[:, list(plan.catalogue.supplies).index(ask.of)]
    if ask.firm is None:
        return None
    return total(values.faces[:, [plan.owed_at[o.id] for o in plan.firms[ask.firm].owed]])


def _paid(ask: Ask) -> Floats | None:
    plan, values = ask.done.plan, ask.record.values
    if ask.firm is None:
        return None
    return total(values.claims[:, [plan.owed_at[o.id] for o in plan.firms[ask.firm].owed]])


def _equity(ask: Ask) -> Floats | None:
    if ask.firm is not None:
        return ask.record.values.residual[:, ask.firm]
    found = _account_values(ask)
    return None if found is None else total(np.maximum(found[1] - found[0], 0.0))


def _to_equity(ask: Ask) -> Floats | None:
    if ask.firm is None:
        return None
    values = ask.record.values
    return ratio(values.node[:, ask.firm], values.residual[:, ask.firm], np.inf)


def _account_values(ask: Ask) -> tuple[Floats, Floats, Floats] | None:
    """Return (owed, collateral at readings, what it may owe) of accounts, USD [path, account]."""
    if ask.account is None:
        return None
    m, mine = ask.account
    plan, state = ask.done.plan, ask.record.state
    now = state.markets[m]
    reading = np.take(state.reading, plan.readings_of[m], axis=-1)
    loans = np.array(plan.books[m].loans, dtype=np.intp)
    owed = (now.debt * np.take(state.price, loans, axis=-1)[:, :, None]).sum(axis=1)[:, mine]
    worth = now.collateral * reading[:, :, None]
    due = (worth * now.lltv[:, :, None]).sum(axis=1)[:, mine]
    return owed, worth.sum(axis=1)[:, mine], due


def _health(ask: Ask) -> Floats | None:
    found = _account_values(ask)
    if found is None or found[0].shape[1] != 1:
        return None
    return ratio(found[2], found[0], np.inf)[:, 0]


def _ltv(ask: Ask) -> Floats | None:
    found = _account_values(ask)
    if found is None or found[0].shape[1] != 1:
        return None
    return ratio(found[0], found[1], np.inf)[:, 0]


def _liquidation_price(ask: Ask) -> Floats | None:
    plan, state = ask.done.plan, ask.record.state
    if ask.of in plan.leg_at:
        v, i = plan.leg_at[ask.of]
        legs, price = plan.legs[v], state.price
        accounts = accounts_of(legs, state.venues[v], price)
        behind = accounts.margin + accounts.posted
        mark = np.take(price, legs.good, axis=-1)
        return legs.liquidation_prices(accounts.size, accounts.entry, behind, mark)[:, i]
    if ask.account is None or len(ask.account[1]) != 1:
        return None
    m, (i,) = ask.account
    now = state.markets[m]
    held = [s for s in range(len(plan.books[m].slots)) if now.collateral[:, s, i].any()]
    found = _account_values(ask)
    if len(held) != 1 or found is None:
        return None
    units = now.collateral[:, held[0], i] * now.lltv[:, held[0]]
    return ratio(found[0][:, 0], units, np.nan)


def _utilisation(ask: Ask) -> Floats | None:
    plan = ask.done.plan
    if ask.of in plan.catalogue.supplies:
        m, loan = plan.supplies[list(plan.catalogue.supplies).index(ask.of)]
        return utilisation(ask.record.state.markets[m])[:, loan]
    return None


def _logged(event: str) -> Measure:
    """Return what was logged of one event up to a record, USD."""

    def measure(ask: Ask) -> Floats | None:
        plan = ask.done.plan
        if ask.account is None and not ask.legs:
            return None
        amount = np.zeros(ask.done.paths)
        for k, several in ask.done.log:
            for one in several if k <= ask.record.state.k else ():
                if one.event == event:
                    mine = [i for i, n in one.names.items() if ask.of in plan.names_of(n)]
                    hit = one.among(mine)
                    weights = np.bincount(hit.path, hit.amount, minlength=ask.done.paths)
                    amount = amount + weights
        return amount

    return measure


def _liquidated(ask: Ask) -> Floats | None:
    """Return the debt that liquidators repaid; of legs, the notional that venues closed."""
    return _repaid(ask) if ask.account is not None else _closed(ask)


def _repaid(ask: Ask) -> Floats | None:
    if ask.account is None:
        return None
    m, mine = ask.account
    return total(ask.record.state.markets[m].repaid[:, mine])


def _repaid_units(ask: Ask) -> Floats | None:
    if ask.account is None:
        return None
    m, _ = ask.account
    loans = ask.done.plan.books[m].loans
    repaid = _repaid(ask)
    if len(loans) != 1 or repaid is None:
        return None
    return ratio(repaid, ask.record.state.price[:, loans[0]])


def _seized(ask: Ask) -> Floats | None:
    if ask.account is None:
        return None
    m, mine = ask.account
    seized = ask.record.state.markets[m].seized[:, :, mine]
    used = [s for s in range(seized.shape[1]) if ask.done.plan.books[m].used[s, mine].any()]
    goods = {ask.done.plan.books[m].slots[s].good for s in used}
    return total(seized.sum(axis=2)) if len(goods) <= 1 else None


def _cut(ask: Ask) -> Floats | None:
    if not ask.legs:
        return None
    found = np.zeros(ask.done.paths)
    for v, i in ask.legs:
        found = found + ask.record.state.venues[v].cut[:, i]
    return found


def _cut_share(ask: Ask) -> Floats | None:
    cut = _cut(ask)
    if cut is None:
        return None
    size = np.zeros(ask.done.paths)
    start = ask.done.start.state
    for v, i in ask.legs:
        good = ask.done.plan.legs[v].good[i]
        size = size + np.abs(start.venues[v].size[:, i]) * start.price[:, good]
    return ratio(cut, size)


def _net_delta(ask: Ask) -> Floats | None:
    if ask.firm is None:
        return None
    state = ask.record.state
    short = hedged(ask.done.plan, state, ask.firm)
    goods = np.flatnonzero((hedged(ask.done.plan, ask.done.start.state, ask.firm) != 0).any(axis=0))
    net = np.take(state.owned[:, ask.firm] - short, goods, axis=-1)
    return total(net * np.take(state.price, goods, axis=-1))


def _lender_loss(ask: Ask) -> Floats | None:
    claim = ask.claim
    if claim is None or claim.kind != "supply":
        return None
    return lost(ask.done, claim, ask.record)


def hidden_for(done: Run, of: str) -> tuple[float, bool] | None:
    """Return how long a loss of a token was hidden in path 0, s, and whether it was then shown.

    No time at all if none was hidden; False if it still is at the horizon; None of what has no
    book.
    """
    plan = done.plan
    if of not in plan.place and of not in plan.catalogue.supply_ids:
        shares = plan.firms[plan.firm_at[of]].residual if of in plan.firm_at else ()
        if not shares:
            return None
        of = plan.goods[shares[0]]
    good = plan.good(of)
    _, where = hidden_steps(done, good)
    if not where.size:
        return 0.0, True
    shown = int(where[-1]) < plan.steps.count
    return float((int(where[-1]) + shown - int(where[0])) * plan.steps.step), shown


_closed = _logged("hedge_closed")
METRICS: Mapping[str, Measure] = {
    "book_price": _price(lambda r: r.state.book),
    "economic_price": _price(lambda r: r.values.price),
    "market_price": _price(lambda r: r.state.price),
    "loss_usd": _of_claim(lost),
    "economic_loss_usd": _of_claim(lost),
    "loss_fraction": _of_claim(share_lost),
    "reported_loss_usd": _of_claim(reported),
    "hidden_loss_usd": _of_claim(lambda _, claim, record: hidden(claim, record)),
    "bad_debt_usd": _logged("bad_debt"),
    "lender_loss_usd": _lender_loss,
    "recovery": _recovery,
    "paid_usd": _paid,
    "equity_usd": _equity,
    "claims_usd": _claims,
    "assets_to_equity": _to_equity,
    "health_factor": _health,
    "ltv": _ltv,
    "liquidation_price": _liquidation_price,
    "utilisation": _utilisation,
    "adl_usd": _cut,
    "adl_share": _cut_share,
    "liquidated_usd": _liquidated,
    "debt_repaid": _repaid_units,
    "collateral_seized": _seized,
    "net_delta": _net_delta,
}
