"""The system as it is put together: ids, token units, sources, checks, and what is not known.

Parts stand in the order they were found, keys in the order of the language, numbers in full, so
that two imports differ only where the chain does.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from looprisk.errors import AnswerError, ModelError
from looprisk.model.names import BUILT_IN_ORACLES, DEBTS, EQUITY, OUTSIDE
from looprisk.model.system import System
from looprisk.model.values import decimal_text
from looprisk.onchain.aave_touched import Touched
from looprisk.onchain.address import chain_name
from looprisk.onchain.erc20 import Token
from looprisk.onchain.flags import Flag, of_sources
from looprisk.onchain.holdings import Holding
from looprisk.onchain.snapshot import Pin
from looprisk.onchain.sources import Source

Tree = dict[str, object]
UNKNOWN = "unknown"
TIME = "%Y-%m-%dT%H:%M:%SZ"
SECTIONS = ("assets", "oracles", "issuers", "markets", "positions")
"""In the order of a file."""
NO_READER = "no-reader"
"""The source of what looprisk cannot read."""
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._+\-]+")
_RESERVED = frozenset({OUTSIDE, EQUITY, DEBTS, *BUILT_IN_ORACLES, UNKNOWN, "absent"})


@dataclass(frozen=True, slots=True)
class Check:
    """A figure of ours beside the contract's own.

    They may be apart by the part ``within`` of theirs, or by ``units``: of sums that contracts cut.
    """

    what: str
    ours: int
    theirs: int
    within: Fraction = Fraction(0)
    units: int = 0

    @property
    def holds(self) -> bool:
        """Whether they agree."""
        apart = abs(self.ours - self.theirs)
        return apart <= self.units or apart <= self.within * abs(self.theirs)

    def __str__(self) -> str:
        """Return what was compared, and how."""
        apart = f"{self.units:_} units" if self.units else str(self.within)
        how = "equal to the last unit" if self.ours == self.theirs else f"within {apart}"
        return f"{self.what}: {how}"


@dataclass(frozen=True, slots=True)
class Book:
    """A table of accounts as it will stand beside the file, and what the file says of it."""

    packed: bytes = field(repr=False)
    """Gzip."""
    digest: str
    rows: int
    totals: Mapping[str, str]
    size: int
    """In bytes, unpacked."""


@dataclass(slots=True)
class Draft:
    """Parts by section. Readers write into it; ``system`` closes it."""

    pin: Pin
    tokens: Mapping[str, Token]
    """Every token that any part names, by address."""
    issuers: Mapping[str, str] = field(default_factory=dict)
    """Tokens that some reader opens, with its name: they are written as receipts of an issuer."""
    holdings: dict[str, dict[str, Holding]] = field(default_factory=dict)
    """What each issuer has of the tokens of this import, by the token it issues, then by token."""
    touched: dict[str, Touched] = field(default_factory=dict)
    """What accounts and claims of this import touch of each pool of Aave, by its address."""
    claims: dict[str, str] = field(default_factory=dict)
    """Tokens that are claims on a market of this import, with the id of what they claim."""
    debts: dict[str, int] = field(default_factory=dict)
    """What the accounts written so far owe each market that keeps reserves, by its address."""
    pledges: dict[str, dict[str, str]] = field(default_factory=dict)
    """Under which id each market takes the shares of vaults that the accounts written so far
    pledge, by their addresses."""
    remarks: dict[str, Tree] = field(default_factory=dict)
    """What else is to be written of assets, by address: a note, what they depend on."""
    checks: list[Check] = field(default_factory=list)
    flags: list[Flag] = field(default_factory=list)
    sources: Mapping[str, Source] = field(default_factory=dict)
    """What prices are read from, by address, as it answers at the pinned block."""
    bases: Mapping[str, str] = field(default_factory=dict)
    """The token that a price source is of, by the address of the source, where that is known."""
    rates: Mapping[str, Fraction] = field(default_factory=dict)
    """What wrappers say they are worth of what they wrap, by their addresses."""
    traded: dict[str, Fraction] = field(default_factory=dict)
    """What a principal token sells for, in what it promises, by its address."""
    books: dict[str, Book] = field(default_factory=dict)
    """Tables that stand beside the file, by name."""
    wallet: str = ""
    """An address by itself, whose receipts and claims are written as its own."""
    posted: dict[str, str] = field(default_factory=dict)
    """What a number that nothing moves says a token is worth: no price of it."""
    supplies: dict[str, int] = field(default_factory=dict)
    """Of tokens that are only posted: somebody issues them whom no reader knows."""
    prices: dict[str, str] = field(default_factory=dict)
    """The price of each token as it will be written, by address; the first that is told stays."""
    _sections: dict[str, Tree] = field(default_factory=dict)
    _units: dict[str, str] = field(default_factory=dict)
    _nets: dict[tuple[str, str], int] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give every token its id: its symbol where no other has it, else of its address."""
        wanted = {address: as_id(token.symbol) for address, token in self.tokens.items()}
        counts: dict[str, int] = {}
        for name in wanted.values():
            counts[name.lower()] = counts.get(name.lower(), 0) + 1
        for address, name in wanted.items():
            unique = name and counts[name.lower()] == 1 and name not in _RESERVED
            self._names[address] = name if unique else short("t", address)

    def name(self, token: str) -> str:
        """Return the id of a token; of a claim on a market, the id of the claim."""
        return self.claims.get(token) or self._names[token]

    def owner(self, account: str) -> Tree:
        """Return who owns a position, where the account is an issuer of this import.

        A wallet is one where it has more than its positions.
        """
        if account in self.issuers:
            return {"owner": self.name(account)}
        has_more = account == self.wallet and self.owned(account, "")
        return {"owner": short("a", account)} if has_more else {}

    def stands(self, account: str, token: str, net: int) -> None:
        """Tell what an account has in a market beyond what it owes there, of one token."""
        self._nets[account, token] = self._nets.get((account, token), 0) + net

    def keeps(self, account: str, held: Holding) -> None:
        """Tell what an issuer, or the wallet, has of a token apart from what it has pledged."""
        if account in self.issuers or account == self.wallet:
            self.holdings.setdefault(account, {})[held.token] = held

    def owned(self, issuer: str, first: str) -> Tree:
        """Return what an issuer has, its own token left out, by id; ``first`` comes first.

        A claim on a market counts in the asset that is claimed.
        """
        totals: dict[str, Fraction] = {}
        held = [one for one in self.holdings.get(issuer, {}).values() if one.token != issuer]
        for one in sorted(held, key=lambda one: one.token != first):
            name, of, amount = self.name(one.token), one.token, one.amount
            if one.token in self.claims:
                of, amount = one.asset, one.in_asset
            if amount:
                totals[name] = totals.get(name, Fraction(0)) + self.tokens[of].units(amount)
        return {name: decimal_text(total) for name, total in totals.items()}

    def net(self, account: str, token: str) -> int:
        """Return what an account has in all markets beyond what it owes there, of one token."""
        return self._nets.get((account, token), 0)

    def amount(self, token: str, units: int) -> str:
        """Return an amount of a token in its units, every digit of it."""
        return decimal_text(self.tokens[token].units(units))

    def priced(self, token: str, price: str) -> None:
        """Tell the price of a token, as it is written: ``$3000`` or ``1.2 WETH``."""
        self.prices.setdefault(token, price)

    @property
    def stubs(self) -> list[str]:
        """The tokens that nothing but a fixed number prices, in the order they were found."""
        return [one for one in self.unpriced if one in self.posted]

    @property
    def unpriced(self) -> list[str]:
        """The assets whose price nobody has told, in the order they were found."""
        known = (self.prices, self.issuers, self.claims)
        return [one for one in self.tokens if not any(one in there for there in known)]

    def quoted(self, token: str, rate: Fraction, unit: str) -> None:
        """Tell the price of a token in another, unless that one is priced in it already."""
        at: str | None = unit
        while at is not None:
            if at == token:
                return
            at = self._units.get(at)
        if token not in self.prices:
            self._units[token] = unit
            self.prices[token] = f"{decimal_text(rate)} {self.name(unit)}"

    def put(self, section: str, name: str, part: Mapping[str, object]) -> bool:
        """Write a part; return whether it is new. Found twice, it must be the same both times."""
        parts = self._sections.setdefault(section, {})
        new = name not in parts
        if parts.setdefault(name, dict(part)) != part:
            raise AnswerError(
                f"{name} stands for two different {section}",
                "their addresses begin alike: import them into files of their own",
            )
        return new

    def check(
        self,
        what: str,
        ours: int,
        theirs: int,
        within: Fraction = Fraction(0),
        units: int = 0,
    ) -> None:
        """Compare a figure with the contract's own; raise AnswerError where they differ."""
        made = Check(what, ours, theirs, within, units)
        if not made.holds:
            raise AnswerError(
                f"{what} is {theirs} by the contract and {ours} by our reading of its state",
                "this reader does not know these contracts well enough: please report it",
            )
        self.checks.append(made)

    def watch(self, of: str, feeds: Iterable[str], oldest: Mapping[str, int] | None = None) -> None:
        """Flag a part whose price sources have not answered lately, or answer no price.

        ``oldest`` is the age in seconds at which the part itself refuses what a source says.
        """
        self.flags += of_sources(of, self.sources, [*feeds], self.pin.timestamp, oldest or {})

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The paths of all that is written ``unknown``, in the order of the file."""
        parts = (self._sections.get(section, {}) for section in SECTIONS)
        return tuple(path for section in parts for path in _unknown_in((), section))

    def system(self, about: str, readers: Iterable[str]) -> System:
        """Return the finished system; raise AnswerError where the parts make none."""
        self._tokens()
        if owned := self.owned(self.wallet, ""):
            part = {"owns": owned, "note": "an account by itself", "address": self.wallet}
            self.put("issuers", short("a", self.wallet), part)
        when = dt.datetime.fromtimestamp(self.pin.timestamp, dt.UTC)
        told = [about]
        if self.checks:
            told.append(f"Checked: {'; '.join(map(str, self.checks))}.")
        if self.flags:
            told.append(f"Flags: {'; '.join(map(str, self.flags))}.")
        if self.unknowns:
            told.append(f"Unknown: {', '.join(self.unknowns)}.")
        tree: Tree = {
            "about": " ".join(told),
            "as_of": when.strftime(TIME),
            "sources": {
                "chain": {
                    "class": "observed",
                    "title": f"looprisk import, {chain_name(self.pin.chain_id)}",
                    "chain": f"eip155:{self.pin.chain_id}",
                    "block": str(self.pin.number),
                    "hash": self.pin.hash,
                    "date": when.strftime(TIME),
                    "reader": " ".join(readers),
                },
                NO_READER: {"class": "assumed", "title": "nothing here reads it"},
            },
            "source": "chain",
        }
        named = f"eip155:{self.pin.chain_id}:"
        for section in SECTIONS:
            if self._sections.get(section):
                tree[section] = {
                    name: _addressed(self._tagged(name, part), named)
                    for name, part in self._sections[section].items()
                }
        try:
            return System.from_tree(tree)
        except ModelError as error:
            raise AnswerError(
                f"what these contracts say makes no system: {error}",
                "one of them is not what it looks like, or this is a defect: please report it",
            ) from None

    def _stub(self, address: str, token: Token) -> None:
        """Write a token that only a fixed number prices: what backs it is for an overlay to say."""
        name = self.name(address)
        share: Tree = {
            "kind": f"share @{NO_READER}",
            "supply": self.amount(address, self.supplies[address]),
            "book_price": self.posted[address],
            "decimals": str(token.decimals),
            "address": address,
        }
        outside: Tree = {"unread": f"{UNKNOWN} @{NO_READER}"}
        self.put("issuers", f"{name}-issuer", {"outside": outside, "issues": {name: share}})

    def _tagged(self, name: str, part: object) -> object:
        tags = [*dict.fromkeys(flag.tag for flag in self.flags if flag.of == name)]
        return {**part, "tags": tags} if tags and isinstance(part, dict) else part

    def _tokens(self) -> None:
        """Write the tokens that no issuer issues as assets."""
        for address, token in self.tokens.items():
            if address in self.issuers or address in self.claims:
                continue
            if address in self.supplies:
                self._stub(address, token)
                continue
            price = self.prices.get(address, f"{UNKNOWN} @{NO_READER}")
            self.put(
                "assets",
                self.name(address),
                {
                    "price": price,
                    "decimals": str(token.decimals),
                    "address": address,
                    **self.remarks.get(address, {}),
                },
            )


def _unknown_in(path: tuple[str, ...], part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        for key, inside in part.items():
            yield from _unknown_in((*path, str(key)), inside)
    elif str(part).split(" @")[0] == UNKNOWN:
        yield "/".join(path)


def _addressed(part: object, chain: str) -> object:
    """Return a part with the chain before each address that it has."""
    if not isinstance(part, dict):
        return part
    return {
        key: f"{chain}{value}"
        if key == "address" and str(value).startswith("0x")
        else _addressed(value, chain)
        for key, value in part.items()
    }


def short(letter: str, address: str) -> str:
    """Return an id of an address: a letter and its first eight digits.

    >>> short("m", "0x0F95634421C6A5aB")
    'm-0f956344'
    """
    return f"{letter}-{address.removeprefix('0x')[:8].lower()}"


def points(basis_points: int) -> str:
    """Return basis points as a percentage.

    >>> points(9350), points(50)
    ('93.5%', '0.5%')
    """
    return f"{decimal_text(Fraction(basis_points, 100))}%"


def percent(part: int, whole: int) -> str:
    """Return a part of a whole as a percentage, every digit of it.

    >>> percent(915 * 10**15, 10**18)
    '91.5%'
    """
    return f"{decimal_text(Fraction(part * 100, whole))}%"


def dollars(amount: int, unit: int) -> str:
    """Return a price in dollars, every digit of it.

    >>> dollars(300_012_345_678, 10**8)
    '$3000.12345678'
    """
    return f"${decimal_text(Fraction(amount, unit))}"


def as_id(symbol: str) -> str:
    """Return a symbol as an id may be written; empty where nothing of it may."""
    return _NOT_IN_IDS.sub("-", symbol).strip("-.+_")
