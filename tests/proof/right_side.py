"""The right side of the model: from candidate values of all claims to what they then are.

Written from the rules alone, slow and obvious; values may be fractions, floats or lines (``lines``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from looprisk.model.positions import LoanPosition
from looprisk.model.tokens import Oracle, Par, Share
from tests.proof.absorb import absorbed
from tests.proof.moment import (
    YEAR,
    F,
    Moment,
    accounts,
    alone,
    debt_ids,
    ranks,
    start_prices,
    supply_id,
)

Number = Any


@dataclass(frozen=True)
class RightSide:
    """``claims(z)`` is the right side at ``z``; book prices that oracles read are in it too."""

    at: Moment

    @cached_property
    def accounts(self) -> dict[str, LoanPosition]:
        return accounts(self.at.system)

    @cached_property
    def tokens(self) -> dict[str, Share | Par]:
        return self.at.tokens

    @cached_property
    def alias(self) -> dict[str, str]:
        """Copies whose shortfall all bear are the token itself."""
        return {
            f"{token}/{copy}": token
            for token, receipt in self.tokens.items()
            for copy in receipt.copies
            if copy not in alone(receipt)
        }

    @cached_property
    def supplies(self) -> dict[str, tuple[str, str]]:
        system = self.at.system
        return {supply_id(system, m, t): (m, t) for m, p in system.markets.items() for t in p.lends}

    @cached_property
    def names(self) -> dict[str, str]:
        long = {f"{m}/{t}": supply for supply, (m, t) in self.supplies.items()}
        return self.alias | long

    def name(self, thing: str) -> str:
        return self.names.get(thing, thing)

    def face_units(self, supply: str) -> Fraction:
        """What the holders of a supply are owed, in loan tokens."""
        market, token = self.supplies[supply]
        lending = self.at.system.markets[market].lends[token]
        if lending.supplied is not None:
            return lending.supplied.number
        return lending.cash.number + self.listed(supply)

    def listed(self, supply: str) -> Fraction:
        market, token = self.supplies[supply]
        lent = (a for a in self.accounts.values() if a.market == market)
        return sum((a.debt[token].number for a in lent if token in a.debt), F(0))

    def unlisted(self, supply: str) -> Fraction:
        market, token = self.supplies[supply]
        lending = self.at.system.markets[market].lends[token]
        if lending.unlisted_debt != "sound" or lending.supplied is None:
            return F(0)
        return lending.supplied.number - lending.cash.number - self.listed(supply)

    @cached_property
    def _units(self) -> dict[str, Fraction]:
        return {}

    def units(self, thing: str) -> Fraction:
        if thing not in self._units:
            supplied = thing in self.supplies
            self._units[thing] = self.face_units(thing) if supplied else self.at.units(thing)
        return self._units[thing]

    def price(self, z: Mapping[str, Number], thing: str) -> Number:
        """What a unit is worth: of an asset its price, of a claim a share of its value."""
        if thing in self.at.prices:
            return self.at.prices[thing]
        return z[self.name(thing)] / self.units(self.name(thing))

    def reading(self, z: Mapping[str, Number], oracle: str, thing: str) -> Number:
        if (oracle, thing) in self.at.stuck:
            return self.at.stuck[oracle, thing]
        part = self.at.system.oracles.get(oracle)
        kind = part.kind if part is not None else oracle
        if part is not None and kind == "fixed":
            return self.at.usd(part.price)
        if part is not None and kind == "capped":
            return min(self.reading(z, str(part.base or "market"), thing), self.at.usd(part.cap))
        if part is not None and kind == "pt_discount":
            return self._discounted(part, thing)
        target = str(part.of) if part is not None and part.of else thing
        return self._nav(z, target) if kind == "nav" else self._market(z, target)

    def _market(self, z: Mapping[str, Number], thing: str) -> Number:
        name = self.name(thing)
        if name in self.supplies and not self._realises(name):
            return self.at.prices[self.supplies[name][1]]
        return self.at.quotes[name] if name in self.at.quotes else self.price(z, thing)

    def _nav(self, z: Mapping[str, Number], thing: str) -> Number:
        name = self.name(thing)
        if name in self.supplies:
            underlying = self.at.prices[self.supplies[name][1]]
            return z[f"book of {name}"] if self._realises(name) else underlying
        if name in self.at.prices:
            return self.at.prices[name]
        return self.book_price(z, name.partition("/")[0])

    def book_price(self, z: Mapping[str, Number], token: str) -> Number:
        receipt = self.tokens[token]
        if isinstance(receipt, Par):
            return self.at.par(token)
        posted = receipt.book_price
        if posted is None:
            return z[f"book of {token}"]
        return self.price(z, token) if self.at.recognised(token) else self.at.usd(posted)

    def _realises(self, supply: str) -> bool:
        return self.at.system.markets[self.supplies[supply][0]].realises_bad_debt

    def _discounted(self, part: Oracle, thing: str) -> Number:
        left = part.matures.number - self.at.system.as_of.number
        return self.at.par(str(part.of or thing)) * (1 - part.discount.number * left / YEAR)

    def sells(self, z: Mapping[str, Number], thing: str) -> Number:
        return self.at.quotes.get(self.name(thing)) or self.price(z, thing)

    @cached_property
    def holds(self) -> dict[str, list[tuple[str, Fraction]]]:
        """Holder: (claim, share of it)."""
        found: dict[str, list[tuple[str, Fraction]]] = {}
        system = self.at.system
        for name, issuer in system.issuers.items():
            for thing, amount in issuer.owns.items():
                claim = self.name(thing)
                if claim not in system.assets:
                    share = amount.number if amount.unit == "share" else self._part(claim, amount)
                    found.setdefault(name, []).append((claim, share))
            for loan, terms in issuer.owes.items():
                found.setdefault(str(terms.to), []).append((f"{name}/owes/{loan}", F(1)))
        for name, account in self.accounts.items():
            for thing, amount in account.collateral.items():
                claim = self.name(thing)
                if claim not in system.assets:
                    found.setdefault(name, []).append((claim, amount.number / self.units(claim)))
            if account.owner:
                found.setdefault(account.owner, []).append((f"{name}/equity", F(1)))
        for token, receipt in self.tokens.items():
            for copy in alone(receipt):
                part = receipt.copies[copy]
                locked = (part.supply if part.locked is None else part.locked).number
                found.setdefault(f"bridge of {token}/{copy}", []).append(
                    (token, locked / self.units(token))
                )
        return found

    def _part(self, claim: str, amount: Any) -> Fraction:
        if amount.unit != "usd":
            return amount.number / self.units(claim)
        if claim in self.supplies:
            unit = self.at.prices[self.supplies[claim][1]]
        else:
            receipt = self.tokens[claim]
            priced = receipt.par if isinstance(receipt, Par) else receipt.book_price
            unit = self.at.usd_at_start(priced)
        return amount.number / unit / self.units(claim)

    def held(self, z: Mapping[str, Number], node: str) -> Number:
        return sum((share * z[claim] for claim, share in self.holds.get(node, ())), F(0))

    def claims(self, z: Mapping[str, Number]) -> dict[str, Number]:
        """All claims and books, each from the same candidates."""
        new: dict[str, Number] = {}
        for part in self._parts(z):
            new |= part
        return new

    def sweep(self, z: Mapping[str, Number]) -> dict[str, Number]:
        """The same, each from what was found just before: rests where ``claims`` does, sooner."""
        latest = dict(z)
        for part in self._parts(latest):
            latest.update(part)
        return latest

    def _parts(self, z: Mapping[str, Number]) -> Iterator[dict[str, Number]]:
        acted: dict[str, bool] = {}
        lent: dict[str, Number] = {}
        for name in self.accounts:
            split, acted[name] = self.account(z, name)
            lent |= split
            yield split
        for supply in self.supplies:
            yield self.reserve(z, supply)
        for name in self.at.system.issuers:
            yield self.issuer(z, name)
        for token, receipt in self.tokens.items():
            for copy in alone(receipt):
                yield {f"{token}/{copy}": self.held(z, f"bridge of {token}/{copy}")}
        for book in self.booked:
            yield {f"book of {book}": self._book_of(z, book, lent, acted)}

    def exogenous(self, name: str) -> Fraction:
        issuer = self.at.system.issuers[name]
        worth = self.at.outside(name) + self.at.legs(name)
        for thing, amount in issuer.owns.items():
            if thing in self.at.prices:
                worth += self._asset(thing, amount)
        return worth

    def _asset(self, thing: str, amount: Any) -> Fraction:
        if amount.unit == "usd":
            return amount.number / start_prices(self.at.system)[thing] * self.at.prices[thing]
        return amount.number * self.at.prices[thing]

    def faces(self, name: str) -> dict[str, Fraction]:
        issuer = self.at.system.issuers[name]
        found = {loan: self.at.usd(terms.amount) for loan, terms in issuer.owes.items()}
        par = (t for t, r in issuer.issues.items() if isinstance(r, Par))
        return found | {token: self.units(token) * self.at.par(token) for token in par}

    @cached_property
    def _fixed(self) -> dict[str, tuple[Fraction, dict[str, Fraction]]]:
        return {n: (self.exogenous(n), self.faces(n)) for n in self.at.system.issuers}

    def issuer(self, z: Mapping[str, Number], name: str) -> dict[str, Number]:
        issuer, (own, faces) = self.at.system.issuers[name], self._fixed[name]
        y = own + self.held(z, name)
        owed = sum(faces.values(), F(0))
        rank = ranks(issuer)
        terms = issuer.default_recovery
        if terms is not None and y < owed:
            alpha, beta = terms.outside.number, terms.claims.number
            y = beta * y + (alpha - beta) * own
        new: dict[str, Number] = {}
        for claim, face in faces.items():
            before = sum((f for c, f in faces.items() if rank[c] < rank[claim]), F(0))
            beside = sum((f for c, f in faces.items() if rank[c] == rank[claim]), F(0))
            paid = face / beside * min(beside, max(F(0), y - before)) if beside else F(0)
            key = f"{name}/owes/{claim}" if claim in issuer.owes else claim
            new[key] = min(paid, self.at.pays_at_most(key, name) * face)
        left = max(F(0), y - owed)
        shares = {t: r for t, r in issuer.issues.items() if isinstance(r, Share)}
        if not shares:
            return new | {f"{name}/equity": left}
        weight = {
            t: self.units(t) * (r.weight.number if r.weight else 1) for t, r in shares.items()
        }
        whole = sum(weight.values(), F(0))
        return new | {token: left * w / whole for token, w in weight.items()}

    def worth_of(self, z: Mapping[str, Number], name: str) -> Number:
        things = self.accounts[name].collateral.items()
        return sum((units.number * self.price(z, t) for t, units in things), F(0))

    def account(self, z: Mapping[str, Number], name: str) -> tuple[dict[str, Number], bool]:
        """One account: lenders, owner, and whether it was liquidated (SEMANTICS 4)."""
        system = self.at.system
        account = self.accounts[name]
        market = system.markets[account.market]
        terms = dict(market.collateral)
        if account.e_mode:
            terms |= market.e_modes[account.e_mode].collateral
        things = {thing: units.number for thing, units in account.collateral.items()}
        worth = self.worth_of(z, name)
        read = {t: n * self.reading(z, str(terms[t].oracle), t) for t, n in things.items()}
        shown = sum(read.values(), F(0))
        limit = sum((terms[t].lltv.number * o for t, o in read.items()), F(0))
        sale = sum((n * self.sells(z, t) for t, n in things.items()), F(0))
        debts = {t: d.number * self.at.prices[t] for t, d in account.debt.items()}
        owed = sum(debts.values(), F(0))
        healthy = limit >= owed or market.liquidators == "absent"
        income, acted = None, False
        if market.protocol.shape == "absorbing":
            kept, less = self.at.kept[name]
            lender, owner, income, acted = absorbed(worth, owed, kept, less, healthy=healthy)
        else:
            phi = self.at.phis[name]
            if phi is None:  # Euler: the discount is the health, not below a floor
                floor = 1 - market.max_discount.number
                phi = 1 / max(min(limit / owed, 1), floor) if owed else F(1)
            pays = phi * sale >= shown or market.liquidators == "always"
            acted = not healthy and pays
            if acted:
                lender = min(owed, shown / phi)
                sold = phi * owed / shown if phi * owed < shown else F(1)
                owner = (1 - sold) * worth
            else:
                lender, owner = min(owed, worth), max(F(0), worth - owed)
        ids = debt_ids(system, name)
        capped = {t: self.at.pays_at_most(claim, name) for t, claim in ids.items()}
        new = {
            claim: min(lender * debts[t] / owed if owed else F(0), capped[t] * debts[t])
            for t, claim in ids.items()
        }
        new[f"{name}/equity"] = owner
        if income is not None:
            new[f"{name}/income"] = income
        return new, acted

    def reserve(self, z: Mapping[str, Number], supply: str) -> dict[str, Number]:
        market, token = self.supplies[supply]
        part, price = self.at.system.markets[market], self.at.prices[token]
        lending = part.lends[token]
        y = price * (lending.cash.number + self.unlisted(supply)) + self._cover(supply)
        for name, account in self.accounts.items():
            if account.market == market and token in account.debt:
                y += z[debt_ids(self.at.system, name)[token]]
        face, cover = price * self.face_units(supply), self._cover(supply)
        new = {supply: min(face, y), f"{supply}/reserves": max(F(0), y - face - cover)}
        if cover or part.insurance is not None:
            new[f"{supply}/insurance"] = min(cover, max(F(0), y - face))
        return new

    def _cover(self, supply: str) -> Fraction:
        market, token = self.supplies[supply]
        part = self.at.system.markets[market]
        cover = part.lends[token].insurance or part.insurance
        return cover.number if cover is not None else F(0)

    # -- book, where an oracle reads a computed one (SEMANTICS 5) ------------------------------

    @cached_property
    def booked(self) -> tuple[str, ...]:
        """Shares whose book is computed, and every supply."""
        shares = (t for t, r in self.tokens.items() if isinstance(r, Share))
        return (*(t for t in shares if self.tokens[t].book_price is None), *self.supplies)

    def _book_of(self, z: Mapping[str, Number], thing: str, new: Any, acted: Any) -> Number:
        if thing in self.supplies:
            return self._supply_book(thing, new, acted) / (self.units(thing) or 1)
        system = self.at.system
        name = next(n for n, i in system.issuers.items() if thing in i.issues)
        issuer = system.issuers[name]
        worth = self.exogenous(name) - self.at.outside(name)
        worth += self.at.outside(name, booked=True)
        for claim, share in self.holds.get(name, ()):
            worth += self._booked_claim(z, claim, share)
        left = max(F(0), worth - sum(self.faces(name).values(), F(0)))
        shares = {t: r for t, r in issuer.issues.items() if isinstance(r, Share)}
        weight = {
            t: self.units(t) * (r.weight.number if r.weight else 1) for t, r in shares.items()
        }
        return left * weight[thing] / sum(weight.values(), F(0)) / self.units(thing)

    def _booked_claim(self, z: Mapping[str, Number], claim: str, share: Fraction) -> Number:
        if claim in self.supplies:
            return share * self.units(claim) * z[f"book of {claim}"]
        if claim in self.tokens or claim.partition("/")[0] in self.tokens:
            return share * self.units(claim) * self.book_price(z, claim.partition("/")[0])
        if "/owes/" in claim:
            issuer, _, loan = claim.partition("/owes/")
            return self.faces(issuer)[loan]
        name = claim.removesuffix("/equity")
        account = self.accounts[name]
        debt = sum((d.number * self.at.prices[t] for t, d in account.debt.items()), F(0))
        nav = sum((n.number * self._nav(z, t) for t, n in account.collateral.items()), F(0))
        return max(F(0), nav - debt)

    def _supply_book(self, supply: str, new: Any, acted: Any) -> Number:
        market, token = self.supplies[supply]
        price = self.at.prices[token]
        face = price * self.face_units(supply)
        if not self._realises(supply):
            return face
        left = price * (self.at.system.markets[market].lends[token].cash.number) + self._cover(
            supply
        )
        left += price * self.unlisted(supply)
        for name, account in self.accounts.items():
            if account.market == market and token in account.debt:
                claim = debt_ids(self.at.system, name)[token]
                left += new[claim] if acted[name] else account.debt[token].number * price
        return min(face, left)
