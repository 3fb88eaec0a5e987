"""What the plain program keeps between phases: ordinary floats, dicts and lists, one path.

It judges the vectorised engine, so it shares nothing with it but the parsed model.
"""

from dataclasses import dataclass, field

YEAR = 365 * 24 * 3600.0
DAY = 24 * 3600.0


def holds(left, right, *terms):
    """Return whether ``left >= right``: the one comparison, with the rounding of its terms."""
    scale = sum(abs(term) for term in (left, right, *terms))
    return left - right >= -1e-12 * scale


def less(amount, moved):
    """Return ``amount - moved``, a residue of rounding being nothing."""
    left = amount - moved
    return 0.0 if abs(left) <= 1e-15 * abs(moved) else left


@dataclass
class Pool:
    name: str
    of: str
    kind: str
    depth: float
    eta: float
    zeta: float
    calm: float
    window: float
    refill: float
    table: list
    start_price: float
    left: float = 1.0
    sigma: float = 0.0


@dataclass
class Reserve:
    """One loan token of a market. Amounts in tokens; holders have units of ``supply``."""

    id: str
    market: str
    token: str
    cash: float
    supply: float
    units: float
    insurance: float
    unlisted: float
    deficit: float = 0.0
    target: float = 0.0


@dataclass
class Account:
    name: str
    market: str
    owner: str | None
    mode: str | None
    units: dict
    debts: dict
    bad: bool = False
    table: str | None = None


@dataclass
class Leg:
    name: str
    token: str
    n: float
    entry: float
    rate: float
    last_partial: float = -1e300


@dataclass
class Trader:
    """A margin account: one leg where the venue isolates, several where one owner crosses."""

    name: str
    venue: str
    owner: str | None
    usd: float
    tokens: dict
    legs: list


@dataclass
class Token:
    name: str
    issuer: str
    units: float
    queue: list = field(default_factory=list)
    order: str = "first_come"


@dataclass
class Request:
    """Units that want out since ``joined``."""

    who: str
    units: float
    joined: float


@dataclass
class Running:
    """A run whose units join over a while."""

    target: str
    who: str
    per_second: float
    left: float


@dataclass
class Holder:
    """An issuer: what it has besides its claims on others' behalf."""

    name: str
    piles: dict
    stated: dict
    holds: dict
    loans: dict
    idle: float = 0.0
    fed: dict = field(default_factory=dict)
    hedges: set = field(default_factory=set)
    recognised: bool = False


@dataclass
class Loan:
    """A loan that an issuer took, in ``unit`` (None: dollars)."""

    to: str
    face: float
    unit: str | None
    rate: float


@dataclass
class Record:
    k: int
    t: float
    prices: dict
    factors: dict
    book: dict
    economic: dict
    market: dict
    values: dict
    claims: dict
    booked: dict
    reserves: dict
    accounts: dict
    legs: dict
    wallets: dict
    funds: dict
    issuers: dict
    units: dict
    readings: dict
    leaks: dict
    gains: float
    outside: float
    gap: float
    gated: dict
    local_gain: dict
    lagged: bool
    valuation_gap: float
    first_mover: dict = field(default_factory=dict)


@dataclass
class World:
    """The state of one path, and what the run has logged so far."""

    system: object
    scenario: object
    clock: object
    step: float
    steps: int
    epoch: float | None
    k: int = -1
    t: float = 0.0
    dt: float = 0.0
    quotes: dict = field(default_factory=dict)
    start_quotes: dict = field(default_factory=dict)
    path: dict = field(default_factory=dict)
    moved: dict = field(default_factory=dict)
    E: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    m: dict = field(default_factory=dict)
    P: dict = field(default_factory=dict)
    pools: dict = field(default_factory=dict)
    reserves: dict = field(default_factory=dict)
    accounts: dict = field(default_factory=dict)
    traders: list = field(default_factory=list)
    funds: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    holders: dict = field(default_factory=dict)
    stock: dict = field(default_factory=dict)
    caps: dict = field(default_factory=dict)
    oracles: dict = field(default_factory=dict)
    readings: dict = field(default_factory=dict)
    frozen: set = field(default_factory=set)
    wrong: dict = field(default_factory=dict)
    released: list = field(default_factory=list)
    runs: list = field(default_factory=list)
    supply_queues: dict = field(default_factory=dict)
    marked: dict = field(default_factory=dict)
    fired: set = field(default_factory=set)
    leaks: dict = field(default_factory=dict)
    gains: float = 0.0
    events: list = field(default_factory=list)
    gated: dict = field(default_factory=dict)
    first_mover: dict = field(default_factory=dict)
    records: list = field(default_factory=list)
    marks: dict = field(default_factory=dict)
    counts: dict = field(default_factory=dict)
    hidden: list = field(default_factory=list)
    standing: set = field(default_factory=set)

    @property
    def last(self):
        return self.records[-1]

    @property
    def years(self):
        return self.dt / YEAR

    def leak(self, name, amount):
        if amount:
            self.leaks[name] = self.leaks.get(name, 0.0) + amount

    def log(self, phase, of, event, amount=0.0):
        self.events.append((self.k, self.t, phase, of, event, amount))
        self.count(event)

    def count(self, what):
        self.counts[what] = self.counts.get(what, 0) + 1

    def legs(self):
        return [(trader, leg) for trader in self.traders for leg in trader.legs]
