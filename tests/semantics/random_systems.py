"""Small random systems of the public types, as hypothesis draws them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

from looprisk import System
from tests.semantics.build import F, account, market, par, share

Tree = dict[str, dict[str, object]]


@dataclass(frozen=True)
class Drawn:
    """A system as plain maps, and one stage of shocks."""

    assets: Tree
    oracles: Tree
    issuers: Tree
    markets: Tree
    positions: Tree
    stage: Mapping[str, object]

    @property
    def system(self) -> System:
        return System(
            assets=self.assets,
            oracles=self.oracles,
            issuers=self.issuers,
            markets=self.markets,
            positions=self.positions,
        )


@st.composite
def systems(draw, *, depegs: bool = False, costs: bool = True) -> Drawn:
    """Up to four issuers that hold each other's tokens and debts, and up to two markets.

    Some of every token stays outside, so that no circle of shares is closed.
    """
    names = [f"I{i}" for i in range(draw(st.integers(1, 4)))]
    issuers: Tree = {name: draw(_issuer(name, names, costs=costs)) for name in names}
    free = {t: int(r["supply"]) - 1 for i in issuers.values() for t, r in i["issues"].items()}
    for name in names:
        others = [t for t in free if t not in issuers[name]["issues"] and free[t] > 0]
        for token in (
            draw(st.lists(st.sampled_from(others), max_size=2, unique=True)) if others else []
        ):
            units = draw(st.integers(1, free[token]))
            free[token] -= units
            issuers[name]["owns"][token] = units
    markets: Tree = {}
    positions: Tree = {}
    for place in range(draw(st.integers(0, 2))):
        draw(_market(f"M{place}", free, issuers, markets, positions))
    quoted = (
        sorted({t for m in markets.values() for t in m["collateral"] if t != "E"}) if depegs else []
    )
    return Drawn(
        assets={"USDC": {"price": "$1"}, "E": {"price": "$10"}},
        oracles={"still": {"kind": "fixed", "price": "$1"}},
        issuers=issuers,
        markets=markets,
        positions=positions,
        stage=draw(_stage(names, issuers, quoted)),
    )


@st.composite
def _issuer(draw, name: str, names: list[str], *, costs: bool) -> dict[str, object]:
    supply = draw(st.integers(2, 60))
    issues: dict[str, object] = {f"t{name}": share(supply, book_price="$1")}
    if draw(st.booleans()):
        issues[f"p{name}"] = par(draw(st.integers(2, 40)))
    creditors = [n for n in names if n != name] + ["outside"]
    debts = draw(st.lists(st.integers(1, 60), max_size=2))
    owes = {
        f"d{i}": {"to": draw(st.sampled_from(creditors)), "amount": f"${amount}"}
        for i, amount in enumerate(debts)
    }
    claims = [*owes, *(t for t in issues if t.startswith("p"))]
    order = draw(st.permutations(claims))
    ranks: list[list[str]] = []
    for claim in order:
        if ranks and draw(st.booleans()):
            ranks[-1].append(claim)
        else:
            ranks.append([claim])
    more: dict[str, object] = {}
    if costs and claims and draw(st.integers(0, 2)) == 0:
        parts = st.sampled_from(["100%", "90%", "50%"])
        more["default_recovery"] = {"outside": draw(parts), "claims": draw(parts)}
    return {
        "outside": {"pile": f"${draw(st.integers(0, 120))}"},
        "owns": {"E": draw(st.integers(0, 6))},
        "owes": owes,
        "issues": issues,
        "pays": [*ranks, f"t{name}"],
        **more,
    }


@st.composite
def _market(draw, name: str, free: dict, issuers: Tree, markets: Tree, positions: Tree) -> None:
    token = draw(st.sampled_from(["E", *(t for t in free if free[t] > 1)]))
    markets[name] = market(
        token,
        lltv=draw(st.sampled_from(["70%", "86%"])),
        incentive=draw(st.sampled_from(["5%", "10%"])),
        oracle=draw(st.sampled_from(["market", "nav", "still"])),
        cash=draw(st.integers(0, 20)),
        liquidators=draw(st.sampled_from(["when_paid", "always"])),
        realises="true",
    )
    lent = 0
    for place in range(draw(st.integers(1, 2))):
        units = draw(st.integers(1, 20 if token == "E" else max(1, free[token])))
        if token != "E":
            if free[token] < units:
                break
            free[token] -= units
        debt = draw(st.integers(0, 200 if token == "E" else units * 2))
        lent += debt
        owner = draw(st.sampled_from([None, *issuers]))
        more = {"owner": owner} if owner else {}
        positions[f"{name}p{place}"] = account(name, token, units, debt, **more)
    supply = lent + int(markets[name]["lends"]["USDC"]["cash"])
    holder = draw(st.sampled_from([None, *issuers]))
    if holder and supply > 1 and any(p["market"] == name for p in positions.values()):
        issuers[holder]["owns"][name] = draw(st.integers(1, supply - 1))


@st.composite
def _stage(draw, names: list[str], issuers: Tree, quoted: list[str]) -> dict[str, object]:
    sizes = st.sampled_from(["5%", "25%", "60%", "100%"])
    struck = [n for n in names if issuers[n]["outside"]["pile"] != "$0"]
    stage: dict[str, object] = {}
    losses = draw(st.lists(st.sampled_from(struck), unique=True)) if struck else []
    if losses:
        stage["loss"] = {n: draw(sizes) for n in losses}
    if draw(st.booleans()):
        stage["price"] = {"E": f"-{draw(sizes)}"}
    if quoted:
        stage["depeg"] = {draw(st.sampled_from(quoted)): draw(sizes)}
    return stage or {"price": {"E": "-50%"}}


def scaled(drawn: Drawn, k: int) -> Drawn:
    """The same with every dollar worth ``k``; amounts in tokens stay."""

    def dollars(text: object) -> object:
        return F(str(text).removeprefix("$")) * k

    def more(issuer: Mapping[str, object]) -> dict[str, object]:
        issues = {
            token: {
                **receipt,
                **{key: dollars(receipt[key]) for key in ("par", "book_price") if key in receipt},
            }
            for token, receipt in issuer["issues"].items()
        }
        return {
            **issuer,
            "outside": {pile: dollars(v) for pile, v in issuer["outside"].items()},
            "owes": {
                n: {**loan, "amount": dollars(loan["amount"])} for n, loan in issuer["owes"].items()
            },
            "issues": issues,
        }

    return Drawn(
        assets={name: {"price": dollars(a["price"])} for name, a in drawn.assets.items()},
        oracles={n: {**o, "price": dollars(o["price"])} for n, o in drawn.oracles.items()},
        issuers={name: more(issuer) for name, issuer in drawn.issuers.items()},
        markets=drawn.markets,
        positions=drawn.positions,
        stage=drawn.stage,
    )


def relabelled(drawn: Drawn) -> tuple[Drawn, dict[str, str]]:
    """The same with other names, listed the other way round; and what each claim is called now."""
    names: dict[str, str] = {}
    for place, old in enumerate([*drawn.issuers, *drawn.markets, *drawn.positions]):
        names[old] = f"z{len(drawn.issuers) * 7 - place}"
    for issuer in drawn.issuers.values():
        for token in issuer["issues"]:
            names[token] = f"{token[0]}{names['I' + token.split('I')[1]]}"

    def new(thing: object) -> object:
        if isinstance(thing, Mapping):
            return {new(k): new(v) for k, v in reversed(list(thing.items()))}
        if isinstance(thing, list):
            return [new(x) for x in thing]
        return names.get(thing, thing) if isinstance(thing, str) else thing

    drawn = Drawn(
        assets=drawn.assets,
        oracles=drawn.oracles,
        issuers=new(drawn.issuers),
        markets=new(drawn.markets),
        positions=new(drawn.positions),
        stage=new(drawn.stage),
    )
    return drawn, names


def split_in_two(drawn: Drawn, name: str) -> Drawn:
    """The same with one account as two halves."""
    whole = drawn.positions[name]
    half = {
        **whole,
        "collateral": {t: F(n, 2) for t, n in whole["collateral"].items()},
        "debt": {t: F(n, 2) for t, n in whole["debt"].items()},
    }
    rest = {n: p for n, p in drawn.positions.items() if n != name}
    return Drawn(
        assets=drawn.assets,
        oracles=drawn.oracles,
        issuers=drawn.issuers,
        markets=drawn.markets,
        positions={**rest, f"{name}a": half, f"{name}b": half},
        stage=drawn.stage,
    )
