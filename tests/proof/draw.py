"""Random systems that mix every element of the language, as the maps a file holds."""

from __future__ import annotations

from random import Random

from tests.proof.draw_units import Units

Tree = dict[str, dict]
ISOLATED = ("morpho-blue", "euler-v2", "silo-v2", "isolated", "isolated", "abracadabra")
POOLED = ("aave-v2", "aave-v3", "aave-v3.3", "compound-v2", "pooled")
ABSORBING = ("compound-v3", "absorbing")


class Draw(Units):
    """One system and one stage out of a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.free: dict[str, int] = {}
        self.issuers: Tree = {}
        self.markets: Tree = {}
        self.positions: Tree = {}
        self.venues: Tree = {}
        self.oracles: Tree = {
            "still": {"kind": "fixed", "price": "$1"},
            "moving": {"kind": "fixed", "price": "0.1 E"},
            "hat": {"kind": "capped", "cap": "$1"},
            "hatnav": {"kind": "capped", "base": "nav", "cap": "$0.9"},
            "pt": {"kind": "pt_discount", "discount": "10%/y", "matures": "2026-06-01"},
        }
        self.assets: Tree = {
            "USDC": {"price": "$1"},
            "E": {"price": "$10"},
            "W": {"price": "1.2 E"},
        }
        names = [f"I{i}" for i in range(self.random.choice([1, 2, 2, 3, 3, 4]))]
        for name in names:
            self.issuers[name] = self._issuer(name, names)
        self._cross_holdings(names)
        for i in range(self.random.choice([1, 1, 2, 2, 3])):
            self._market(f"M{i}")
        for name in names:
            if self.chance(0.3):
                self._leg(name)
        if self.chance(0.15):
            self._set_off()
        self.stage = self._stage(names)
        # of its own dice, so that what stands above is the same without it
        self.random = Random(f"units {seed}")
        self.tables: dict[str, list[str]] = self._tables()
        self.stage |= self._moving_units(names)

    @property
    def system(self) -> dict:
        return {
            "as_of": "2026-01-01",
            "assets": self.assets,
            "oracles": self.oracles,
            "issuers": self.issuers,
            "markets": self.markets,
            "venues": self.venues,
            "positions": self.positions,
        }

    def chance(self, p: float) -> bool:
        return self.random.random() < p

    def size(self, low: int, high: int) -> int:
        return self.random.randint(low, high)

    # issuers --------------------------------------------------------------------------------

    def _issuer(self, name: str, names: list[str]) -> dict:
        pick, tag = self.random.choice, name[1:]
        issues = {}
        if self.chance(0.9):
            issues[f"t{tag}"] = self._share()
            self._copied(f"t{tag}", issues[f"t{tag}"])
            if self.chance(0.2):
                weight = pick(["1", "0.5", "2"])
                issues[f"u{tag}"] = {"kind": "share", "supply": self.size(5, 30), "weight": weight}
        if self.chance(0.5):
            par = pick(["$1", "$1", "0.1 E", "0.5 USDC"])
            issues[f"p{tag}"] = {"kind": "par", "supply": self.size(4, 40), "par": par}
        owes = {}
        for i in range(pick([0, 0, 1, 1, 2])):
            to = pick([*(n for n in names if n != name), "outside"])
            amount = pick(
                [f"${self.size(1, 60)}", f"{self.size(1, 60)} USDC", f"{self.size(1, 5)} E"]
            )
            owes[f"d{i}"] = {"to": to, "amount": amount}
        shares = [t for t in issues if t[0] in "tu"]
        claims = [*owes, *(t for t in issues if t[0] == "p")]
        self.random.shuffle(claims)
        ranks: list[list[str]] = []
        for claim in claims:
            if ranks and self.chance(0.4):
                ranks[-1].append(claim)
            else:
                ranks.append([claim])
        issuer = {
            "outside": {"pile": f"${self.size(0, 120)}"},
            "owns": {},
            "owes": owes,
            "issues": issues,
            "pays": [*ranks, shares] if shares else [*ranks, "equity"],
        }
        if self.chance(0.3):
            issuer["outside"]["fund"] = f"${self.size(1, 40)}"
        for asset in ("E", "W"):
            if self.chance(0.4):
                issuer["owns"][asset] = pick([self.size(1, 6), f"${self.size(1, 50)}"])
        if claims and self.chance(0.3):
            part = ["100%", "90%", "50%", "0%"]
            issuer["default_recovery"] = {"outside": pick(part), "claims": pick(part)}
        for token, receipt in issues.items():
            self.free[token] = int(receipt["supply"]) - 1
        return issuer

    def _share(self) -> dict:
        share = {"kind": "share", "supply": self.size(10, 60)}
        if self.chance(0.6):
            share["book_price"] = self.random.choice(["$1", "$1", "0.1 E"])
        if self.chance(0.15):
            share["market_price"] = self.random.choice(["$1", "$0.9", "0.1 E"])
        return share

    def _copied(self, token: str, share: dict) -> None:
        if not self.chance(0.2):
            return
        far = self.size(2, 8)
        locked = far if self.chance(0.5) else self.size(1, 9)
        share["copies"] = {
            "home": {"supply": share["supply"] - locked, "locked": share["supply"] - locked},
            "far": {"supply": far, "locked": locked},
        }
        share["shortfall_borne_by"] = self.random.choice(["all", ["far"]])
        if share["shortfall_borne_by"] == ["far"]:
            share["supply"] += locked
            share["book_price"] = "$1"
        self.free[f"{token}/far"] = far - 1

    def _cross_holdings(self, names: list[str]) -> None:
        for name in names:
            issuer = self.issuers[name]
            others = [t for t in self.free if t.partition("/")[0] not in issuer["issues"]]
            for token in self.random.sample(
                others, min(len(others), self.random.choice([0, 1, 2]))
            ):
                self._own(issuer, token)

    def _own(self, issuer: dict, token: str) -> None:
        units = self._take(token)
        if units:
            issuer["owns"][token] = units

    def _take(self, token: str) -> int:
        root = token.partition("/")[0]
        most = min(self.free[token], self.free[root]) if root in self.free else self.free[token]
        if most < 1:
            return 0
        units = self.size(1, max(1, most * 3 // 4))
        for name in {token, root} & self.free.keys():
            self.free[name] -= units
        return units

    # markets --------------------------------------------------------------------------------

    def _market(self, name: str) -> None:
        rules = self.random.choice([*ISOLATED, *POOLED, *ABSORBING])
        pooled, absorbs = rules in POOLED, rules in ABSORBING
        loans = (
            ["USDC", "E"]
            if pooled and self.chance(0.5)
            else [self.random.choice(["USDC", "USDC", "E"])]
        )
        tokens = [t for t in self.free if self.free[t] > 1]
        choices = ["E", "W", *tokens, *tokens]
        if not pooled and not absorbs:
            things = [self.random.choice(choices)]
        else:
            things = list(
                dict.fromkeys(self.random.choices(choices, k=self.random.choice([1, 2, 2])))
            )
        market: dict = {"rules": rules, "lends": {}, "collateral": {}}
        terms = {thing.partition("/")[0]: self._terms(thing, rules) for thing in things}
        for thing in things:
            market["collateral"][thing] = terms[thing.partition("/")[0]]
        if rules == "euler-v2":
            market["max_discount"] = "15%"
        if rules in {"isolated", "pooled", "absorbing"}:
            market["realises"] = self.random.choice(["true", "false"])
        market["liquidators"] = self.random.choice(["when_paid", "when_paid", "always", "absent"])
        if pooled and self.chance(0.3):
            thing = self.random.choice(things)
            mode = self._terms(thing, rules)
            mode |= {"lltv": "90%", "incentive": "2%"}
            market["e_modes"] = {"tight": {"collateral": {thing: mode}}}
        self.markets[name] = market
        for loan in loans:
            market["lends"][loan] = {"cash": self.size(0, 20)}
            if self.chance(0.3):
                market["lends"][loan]["insurance"] = f"${self.size(1, 10)}"
        for i in range(self.random.choice([1, 1, 2, 3])):
            self._account(f"{name}a{i}", name, things, loans)
        self._supplied(name, loans)

    def _terms(self, thing: str, rules: str) -> dict:
        kinds = ["market", "market", "nav", "still", "moving"]
        if thing[0] in "tu":
            kinds += ["hat", "hatnav"]
        if thing[0] == "p":
            kinds += ["pt"]
        terms: dict = {"lltv": self.random.choice(["70%", "80%", "86%"])}
        terms["oracle"] = self.random.choice(kinds)
        if thing in {"E", "W"} and terms["oracle"] in {"still", "moving", "nav"}:
            terms["oracle"] = "market"
        if rules in ABSORBING:
            terms |= {"liquidation_factor": self.random.choice(["90%", "93%"]), "storefront": "50%"}
        elif rules not in {"morpho-blue", "euler-v2"}:
            terms["incentive"] = self.random.choice(["5%", "8%", "0%"])
        return terms

    def _account(self, name: str, market: str, things: list[str], loans: list[str]) -> None:
        collateral, worth = {}, 0.0
        for thing in self.random.sample(things, self.size(1, len(things))):
            if thing in {"E", "W"}:
                collateral[thing] = self.size(1, 12)
                worth += collateral[thing] * (10 if thing == "E" else 12)
            elif units := self._take(thing) if thing in self.free else self._take_supply(thing):
                collateral[thing] = units
                worth += units
        if not collateral:
            return
        debt = {}
        for loan in self.random.sample(loans, self.size(1, len(loans))):
            share = self.random.uniform(0.2, 1.0) / len(loans)
            units = int(worth * share / (10 if loan == "E" else 1))
            debt[loan] = max(0 if loan == "E" else 1, units)
        account = {"market": market, "collateral": collateral, "debt": debt}
        if "e_modes" in self.markets[market] and self.chance(0.5):
            account["e_mode"] = "tight"
        owners = [None, *self.issuers] if self.chance(0.5) else [None]
        if owner := self.random.choice(owners):
            account["owner"] = owner
        self.positions[name] = account

    def _supplied(self, market: str, loans: list[str]) -> None:
        for loan in loans:
            lending = self.markets[market]["lends"][loan]
            lent = sum(
                a["debt"].get(loan, 0) for a in self.positions.values() if a.get("market") == market
            )
            supplied = lent + lending["cash"]
            if self.chance(0.2):
                supplied += self.size(1, 20)
                lending |= {"supplied": supplied, "unlisted_debt": "sound"}
            elif (
                supplied > 3
                and self.markets[market]["rules"] in {"pooled", "absorbing"}
                and self.chance(0.4)
            ):
                supplied -= self.size(1, 3)
                lending["supplied"] = supplied
            supply = market if len(loans) == 1 else f"{market}/{loan}"
            if supplied > 2:
                self.free[supply] = supplied - 1
                for issuer in self.issuers.values():
                    if self.chance(0.4):
                        self._own(issuer, supply)

    def _take_supply(self, thing: str) -> int:
        return self._take(thing)

    # legs -----------------------------------------------------------------------------------

    def _leg(self, owner: str) -> None:
        convention = self.random.choice(["hyperliquid", "binance", "bybit"])
        self.venues.setdefault(
            convention,
            {
                "convention": convention,
                "mode": "isolated",
                "maintenance": "3%",
                "taker_fee": "10bps",
            },
        )
        side = self.random.choice(["short", "short", "long"])
        units = self.size(1, 5)
        self.positions[f"leg-{owner}"] = {
            "venue": convention,
            "owner": owner,
            side: f"{units} E",
            "entry": self.random.choice(["$10", "$9", "$11"]),
            "margin": {"USDC": units * self.size(2, 6)},
        }

    def _set_off(self) -> None:
        """A promise of one issuer held by another that owes it a loan."""
        for name, issuer in self.issuers.items():
            for other, debtor in self.issuers.items():
                promise = f"p{name[1:]}"
                loans = [d for d in debtor["owes"].values() if d["to"] == name]
                both = len(loans) == 1 and promise in debtor["owns"]
                if both and loans[0]["amount"][0] == issuer["issues"][promise]["par"][0] == "$":
                    issuer["set_off"] = {other: {"pledged": "honoured"}}

    # the stage ------------------------------------------------------------------------------

    def _stage(self, names: list[str]) -> dict:
        pick = self.random.choice
        stage = {**self._losses(names), **self._prices(), **self._of_oracles(), **self._of_legs()}
        claims = [f"{n}/owes/{d}" for n in names for d in self.issuers[n]["owes"]]
        claims += [t for t in self.free if t[0] == "p"]
        claims += [n for n, p in self.positions.items() if "debt" in p]
        if claims and self.chance(0.25):
            stage["default"] = {pick(claims): pick(["0%", "40%", "90%"])}
        tokens = [t for t in self.free if t[0] in "tup" and "/" not in t]
        if tokens and self.chance(0.1):
            stage["mint"] = {pick(tokens): self.size(1, 10)}
        taken = [(n, t) for n, m in self.markets.items() for t in m["collateral"] if "/" not in t]
        if taken and self.chance(0.08):
            market, thing = pick(taken)
            stage["change"] = {f"{market}/collateral/{thing}/lltv": pick(["50%", "88%"])}
        return stage or {"price": {"E": "-50%"}}

    def _losses(self, names: list[str]) -> dict:
        losses = {}
        for name in names:
            piles = {pile: int(text[1:]) for pile, text in self.issuers[name]["outside"].items()}
            struck = self.random.choice([name, f"{name}/outside/pile"])
            if self.chance(0.5) and (sum(piles.values()) if struck == name else piles["pile"]):
                sizes = ["5%", "25%", "60%", "100%", f"${self.size(1, 150)}"]
                losses[struck] = self.random.choice(sizes)
        return {"loss": losses} if losses else {}

    def _prices(self) -> dict:
        pick, stage = self.random.choice, {}
        if self.chance(0.5):
            stage["price"] = {"E": pick(["-5%", "-25%", "-60%", "+30%", "+90%", "-100%"])}
        if self.chance(0.15):
            stage["price"] = {**stage.get("price", {}), "W": pick(["-20%", "1.1 E", "+10%"])}
        quoted = [t for i in self.issuers.values() for t in i["issues"] if t[0] == "t"]
        if quoted and self.chance(0.25):
            stage["depeg"] = {pick(quoted): pick(["10%", "50%", "$0.8"])}
        return stage

    def _of_oracles(self) -> dict:
        read = {t["oracle"] for m in self.markets.values() for t in m["collateral"].values()}
        stage: dict = {}
        if "still" in read and self.chance(0.3):
            stage["misprice"] = {"still": self.random.choice(["-20%", "$0.7", "+50%"])}
        if "moving" in read and self.chance(0.3):
            stage["freeze"] = ["moving"]
        return stage

    def _of_legs(self) -> dict:
        legs = [name for name in self.positions if name.startswith("leg")]
        if not legs or self.chance(0.6):
            return {}
        leg = self.random.choice(legs)
        cut = {"adl": {leg: {"share": "40%", "at": "$9"}}}
        return cut if self.chance(0.5) else {"close": [leg]}
