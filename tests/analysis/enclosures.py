"""Random systems whose stages change units, parameters and accounts, with values left open."""

from __future__ import annotations

from random import Random

from looprisk.analysis import quantities
from looprisk.analysis.bounds import Cases
from looprisk.analysis.metrics import METRICS
from looprisk.errors import LoopriskError
from looprisk.model.case import Case
from looprisk.model.system import System
from tests.analysis.intervals import drawn, opened
from tests.semantics.build import DOLLAR, account, case, market, share

ELEMENTS = ("run", "mint", "change", "open", "latched", "stages", "jumps", "loop")
READ = ("book_price", "market_price", "hidden_loss_usd", "reported_loss_usd", "loss_usd")


def drawn_case(random: Random, element: str) -> Case:
    """Return a market of two accounts over a vault and its fund, under one kind of shock."""
    money = random.randint
    pile = money(80, 140)
    supply = money(80, 120)
    issuers = {
        "X": {
            "outside": {"pile": f"${pile}", "cash": f"${money(5, 20)}"},
            "owns": {"USDC": money(5, 20)},
            "issues": {"x": share(supply, **_posted(random, pile, supply))},
        },
        "V": {"owns": {"M": "50%"}, "outside": {"idle": "$10"}, "issues": {"v": share(60)}},
    }
    if element == "loop":
        issuers["X"]["owns"]["v"] = "40%"
    debts = [money(15, 30), money(15, 35)]
    positions = {
        "p": account("M", "x", 30, debts[0]),
        "q": account("M", "x", 35, debts[1]),
    }
    oracle = "nav" if "book_price" in issuers["X"]["issues"]["x"] else "market"
    markets = {"M": market("x", lltv="86%", cash=money(10, 40), oracle=oracle)}
    if random.random() < 0.5:
        issuers["X"] |= {"owes": {"outside": f"${money(5, 40)}"}, "pays": ["debts", "x"]}
    system = System(
        assets={**DOLLAR, "ETH": {"price": "$10"}},
        issuers=issuers,
        markets=markets,
        positions=positions,
    )
    loss = {"loss": {"X": f"{money(5, 70)}%"}}
    second = {
        "run": {"run": {"v": {"wants_out": f"{money(5, 60)}%"}}},
        "mint": {"mint": {"x": money(1, 40)}},
        "change": {"change": {"M/collateral/x/lltv": f"{money(50, 85)}%"}},
        "open": {"open": {"new": {**account("M", "x", 10, 5)}}},
    }.get(element, {"loss": {"X/outside/pile": f"${money(1, 40)}"}})
    stages = (second,) if element in {"latched", "jumps"} else (loss, second)
    mode = {"mode": "latched"} if element == "latched" else {}
    return case(system, *stages, **mode)


def _posted(random: Random, pile: int, supply: int) -> dict[str, str]:
    if random.random() < 0.4:
        return {}
    shown = {"book_price": f"${pile / supply:.3f}"}
    return shown if random.random() < 0.5 else {**shown, "market_price": "$0.9"}


def makes(cases: Cases) -> dict[tuple[str, str], object]:
    """The answers that are compared, by claim and what it is."""
    found = {}
    claims = cases.first.end.compiled.index.claim
    for claim in claims:
        found[claim, "loss"] = lambda f, claim=claim: quantities.loss(f, claim)
        found[claim, "borne"] = lambda f, claim=claim: quantities.borne(f, claim)
        found[claim, "gap"] = lambda f, claim=claim: quantities.gap(f, claim)
    for metric in READ:
        for token in ("x", "v"):
            found[token, metric] = lambda f, metric=metric, token=token: quantities.measured(
                f, metric, token, None
            )
    assert set(READ) <= set(METRICS)
    return found


def completions(
    random: Random, element: str, count: int, answers: int
) -> tuple[int, int, int, list[object]]:
    """Return (completions, answers inside, answers without a bound, those outside)."""
    asked = opened(
        drawn_case(random, element), random, random.choice([1, 1, 2]), lows=(5, 8, 9, 10)
    )
    if asked is None:
        return 0, 0, 0, []
    try:
        cases = Cases(asked)
        if not cases.numbers:
            return 0, 0, 0, []
        every = makes(cases)
        some = random.sample(sorted(every), min(answers, len(every)))
        spans = {key: (every[key], cases.span(every[key])) for key in some}
    except LoopriskError:
        return 0, 0, 0, []  # a corner is no system: the interval is too wide, and the error says so
    found = inside = unproved = 0
    outside: list[object] = []
    for _ in range(count):
        solved = drawn(cases, random)
        if solved is None:
            continue
        found += 1
        family = next(f for f in cases.families.values() if solved in f.solved_at.values())
        for key, (make, span) in spans.items():
            value = make(family).whole(solved)
            if span is None or value is None:
                unproved += span is None
                continue
            inside += span.low <= value <= span.high
            if not span.low <= value <= span.high:
                outside.append((key, float(span.low), float(value), float(span.high)))
    return found, inside, unproved, outside
