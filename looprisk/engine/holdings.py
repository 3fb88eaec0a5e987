"""Who holds what: the share of every claim that each node of the system has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from looprisk.engine.catalogue import Catalogue, known, unknown
from looprisk.engine.state import ZERO, State, asset_usd, usd
from looprisk.errors import ModelError, NotCarriedError, Problem
from looprisk.model.check_amounts import SLACK
from looprisk.model.tokens import Par
from looprisk.model.values import Value


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """Units held inside the system. Amounts in tokens."""

    assets: Mapping[str, Mapping[str, Fraction]]
    """Issuer: units of every asset it owns."""
    claims: Mapping[str, Mapping[str, Fraction]]
    """Claim: node: units."""
    units: Mapping[str, Fraction]
    """Units outstanding of every token and market supply."""

    @cached_property
    def of_node(self) -> Mapping[str, Mapping[str, Fraction]]:
        """Node: units of every claim that it holds."""
        found: dict[str, dict[str, Fraction]] = {}
        for claim, by in self.claims.items():
            for node, units in by.items():
                found.setdefault(node, {})[claim] = units
        return found

    def shares(self, claim: str) -> tuple[tuple[str, Fraction], ...]:
        """Return (node, share of the units) of everybody inside who holds a claim."""
        return shares(self.claims.get(claim, {}), self.units.get(claim, Fraction(1)))

    def residual(self, catalogue: Catalogue, name: str) -> tuple[tuple[str, Fraction], ...]:
        """Return (claim, weight) of what is left of an issuer, split by units and their weight."""
        claims = catalogue.residual_claims(name, catalogue.system.issuers[name])
        whole = tuple((c, weight * self.units.get(c, Fraction(1))) for c, weight in claims)
        # where everybody has left, what is left is nobody's, in any proportion
        return whole if any(weight for _, weight in whole) else claims


def shares(
    owners: Mapping[str, Fraction], outstanding: Fraction
) -> tuple[tuple[str, Fraction], ...]:
    """Return (node, share of the units) of everybody who has some of what is outstanding."""
    return tuple((node, units / outstanding) for node, units in owners.items() if units)


@dataclass(frozen=True, eq=False)
class Opening:
    """What markets and owners had before the first stage, each counted once."""

    catalogue: Catalogue
    start: State
    _supplied: dict[str, Fraction] = field(default_factory=dict)
    _unlisted: dict[str, Fraction] = field(default_factory=dict)
    _owned: dict[tuple[str, str], Fraction] = field(default_factory=dict)

    def supplied(self, supply: str) -> Fraction:
        """Return what :func:`supplied` does."""
        if supply not in self._supplied:
            self._supplied[supply] = supplied(self.catalogue, self.start, supply)
        return self._supplied[supply]

    def unlisted(self, supply: str) -> Fraction:
        """Return what :func:`unlisted_debt` does."""
        if supply not in self._unlisted:
            self._unlisted[supply] = unlisted_debt(self.catalogue, self.start, supply)
        return self._unlisted[supply]

    def asset_units(self, issuer: str, asset: str, amount: Value) -> Fraction:
        """Return the units of an asset that an issuer owns."""
        if (issuer, asset) not in self._owned:
            units = _asset_units(self.catalogue, self.start, issuer, asset, amount)
            self._owned[issuer, asset] = units
        return self._owned[issuer, asset]

    def claim_units(
        self, issuer: str, thing: str, claim: str, amount: Value, units: Mapping[str, Fraction]
    ) -> Fraction:
        """Return the units of a claim that an issuer owns as ``thing``, of all ``units`` of it."""
        if (issuer, thing) not in self._owned:
            number = known(amount, issuer, "owns", claim)
            if amount.unit == "share":
                return number * units[claim]
            if amount.unit == "usd":
                number /= unit_price(self.catalogue, self.start, claim)
            self._owned[issuer, thing] = number
        return self._owned[issuer, thing]


def holdings(opening: Opening, accounts: State) -> Holdings:
    """Return who holds what; loan accounts stand as in ``accounts``, prices as at the start."""
    catalogue = opening.catalogue
    units = _outstanding(opening, accounts)
    assets: dict[str, dict[str, Fraction]] = {name: {} for name in catalogue.system.issuers}
    claims: defaultdict[str, dict[str, Fraction]] = defaultdict(dict)
    for name, issuer in catalogue.system.issuers.items():
        for thing, amount in issuer.owns.items():
            if thing in catalogue.system.assets:
                assets[name][thing] = opening.asset_units(name, thing, amount)
            else:
                claim = supply_claim(catalogue, thing)
                owned = opening.claim_units(name, thing, claim, amount, units)
                claims[claim][name] = claims[claim].get(name, ZERO) + owned
        for loan, terms in issuer.owes.items():
            if terms.to != "outside":
                claims[f"{name}/owes/{loan}"][str(terms.to)] = Fraction(1)
    for (name, thing), left in accounts.owned.items():
        if thing in catalogue.system.assets:
            assets[name][thing] = left
        else:
            claims[thing][name] = left
    for supply, (_, token) in catalogue.supplies.items():
        if token in catalogue.tokens:
            cash = accounts.cash[supply] + opening.unlisted(supply)
            claims[token][supply] = cash
    for name in catalogue.loans:
        _pledge(catalogue, accounts, name, claims)
    return Holdings(assets=assets, claims=dict(claims), units=units)


def _outstanding(opening: Opening, now: State) -> dict[str, Fraction]:
    """Return the units of every token and supply, with what was minted and what left."""
    catalogue = opening.catalogue
    units = {token: known(r.supply, token, "supply") for token, r in catalogue.tokens.items()}
    units |= {supply: opening.supplied(supply) for supply in catalogue.supplies}
    for claim, more in now.minted.items():
        units[claim] += more
    for gone in (now.redeemed, now.withdrawn):
        for claim, fewer in gone.items():
            units[claim] -= fewer
    return units


def _pledge(
    catalogue: Catalogue, accounts: State, name: str, claims: defaultdict[str, dict[str, Fraction]]
) -> None:
    """Enter what an account holds as collateral, and who has the claims on it."""
    position = catalogue.loans[name]
    for collateral, n in accounts.accounts[name].collateral.items():
        if collateral not in catalogue.system.assets:
            claims[supply_claim(catalogue, collateral)][name] = n
    for token, debt in catalogue.debt_claims(name).items():
        claims[debt][catalogue.supply_of(position.market, token)] = Fraction(1)
    if position.owner:
        claims[f"{name}/equity"][position.owner] = Fraction(1)


def supply_claim(catalogue: Catalogue, thing: str) -> str:
    """Return the claim an id in ``owns`` means: a token, or the supply of a market."""
    if thing in catalogue.tokens:
        return thing
    if thing in catalogue.supply_ids:
        return catalogue.supply_ids[thing]
    if "/" in thing:
        raise NotCarriedError(
            f"`{thing}`: copies of a token on several chains are in the language "
            "and not yet in the static engine"
        )
    return thing


def supplied(catalogue: Catalogue, start: State, supply: str) -> Fraction:
    """Return what the holders of a supply are owed, in loan tokens.

    As stated, else cash and debts.
    """
    market, token = catalogue.supplies[supply]
    lending = catalogue.system.markets[market].lends[token]
    if lending.supplied is not None:
        return known(lending.supplied, market, "lends", token, "supplied")
    return start.cash[supply] + listed_debt(catalogue, start, supply)


def listed_debt(catalogue: Catalogue, state: State, supply: str) -> Fraction:
    """Return what the listed accounts owe to a supply, in loan tokens."""
    market, token = catalogue.supplies[supply]
    names = [name for name, _ in catalogue.positions_in(market)]
    # what is opened at a later stage was not listed at the start: it draws cash, and supply stays
    accounts = (state.accounts[name] for name in names if name in state.accounts)
    return sum((account.debts.get(token, ZERO) for account in accounts), ZERO)


def unlisted_debt(catalogue: Catalogue, start: State, supply: str) -> Fraction:
    """Return the debt of borrowers that are not listed, taken to be sound, in loan tokens.

    What the balances are rounded by counts as such. Raises UnknownValueError where nobody knows
    whether it is sound, ModelError where more or less was supplied than there is.
    """
    market, token = catalogue.supplies[supply]
    lending = catalogue.system.markets[market].lends[token]
    if lending.supplied is None:
        return ZERO
    stated = known(lending.supplied, market, "lends", token, "supplied")
    rest = stated - start.cash[supply] - listed_debt(catalogue, start, supply)
    if abs(rest) <= SLACK * stated or (rest > 0 and lending.unlisted_debt == "sound"):
        return max(rest, ZERO)
    if rest < 0 and catalogue.system.markets[market].protocol.reserves:
        return ZERO
    if rest > 0 and lending.unlisted_debt == "unknown":
        raise unknown(f"{market}/lends/{token}/unlisted_debt")
    message = f"supplied: `{lending.supplied.text}` is not the cash and listed debts of {market}"
    place = ("markets", market, "lends", token, "supplied")
    raise ModelError([Problem(place, message, "list the debts, or write `unlisted_debt: sound`")])


def _asset_units(
    catalogue: Catalogue, start: State, issuer: str, asset: str, amount: Value
) -> Fraction:
    number = known(amount, issuer, "owns", asset)
    if amount.unit == "usd":
        price = asset_usd(catalogue, start, asset)
        if not price:
            message = f"owns: {amount.text} of {asset}, a unit of which is worth nothing"
            place = ("issuers", issuer, "owns", asset)
            raise ModelError([Problem(place, message, "write how many units", on_key=False)])
        return number / price
    if amount.unit == "share":
        raise NotCarriedError(f"{issuer}/owns/{asset}: a share of an asset that is priced outside")
    return number


def unit_price(catalogue: Catalogue, start: State, claim: str) -> Fraction:
    """Return the start price, in USD, at which an amount in dollars of a claim is counted.

    Its book price or par; for a market's supply the price of the loan token.
    """
    if claim in catalogue.supplies:
        return asset_usd(catalogue, start, catalogue.supplies[claim][1])
    receipt = catalogue.tokens[claim]
    if isinstance(receipt, Par):
        return usd(catalogue, start, receipt.par, claim, "par")
    posted = receipt.book_price or receipt.market_price
    if posted is None:
        raise NotCarriedError(
            f"an amount in dollars of {claim}, whose start price has to be computed: "
            "write it in tokens or as a share"
        )
    return usd(catalogue, start, posted, claim)
