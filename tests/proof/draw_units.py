"""What moves units in a random stage, and which accounts can stand in a table."""

from __future__ import annotations

from random import Random


class Units:
    """The part of a draw that runs, takes positions, recognises; and its tables."""

    random: Random
    free: dict[str, int]
    issuers: dict[str, dict]
    markets: dict[str, dict]
    positions: dict[str, dict]
    stage: dict

    def _moving_units(self, names: list[str]) -> dict:
        more: dict = {}
        if self.chance(0.25):
            more |= self._run()
        elif self.chance(0.25):
            more |= self._opened()
        struck = [t.partition("/")[0] for t in self.stage.get("loss", {})]
        if struck and self.chance(0.3):
            more["recognise"] = [self.random.choice(struck)]
        return more

    def _run(self) -> dict:
        """Holders outside ask for units of a token or of a supply; some of theirs must be left."""
        minted, quoted = self.stage.get("mint", {}), self.stage.get("depeg", {})
        wanted = [
            t for t, left in self.free.items() if left > 1 and "/" not in t and t not in minted
        ]
        wanted = [t for t in wanted if t not in quoted and not self._has_copies(t)]
        if not wanted:
            return {}
        target = self.random.choice(wanted)
        units = self.size(1, self.free[target])
        self.free[target] -= units
        return {"run": {target: {"wants_out": str(units)}}}

    def _has_copies(self, token: str) -> bool:
        return any(
            token in i["issues"] and "copies" in i["issues"][token] for i in self.issuers.values()
        )

    def _opened(self) -> dict:
        name = self.random.choice(list(self.markets))
        market = self.markets[name]
        things = [t for t in market["collateral"] if t in {"E", "W"} or self.free.get(t, 0) > 0]
        loan = self.random.choice(list(market["lends"]))
        if not things or not market["lends"][loan]["cash"]:
            return {}
        thing = self.random.choice(things)
        units = self.size(1, 6) if thing in {"E", "W"} else self._take(thing)
        debt = self.size(1, market["lends"][loan]["cash"])
        account = {"market": name, "collateral": {thing: units}, "debt": {loan: debt}}
        return {"open": {"late": account}}

    def _tables(self) -> dict[str, list[str]]:
        """Markets whose accounts, alike but for their amounts, can stand in one table."""
        found = {}
        for name, market in self.markets.items():
            rows = [p for p, a in self.positions.items() if a.get("market") == name]
            alike = all(self._plain_row(self.positions[row]) for row in rows)
            one = len(market["lends"]) == 1 and len(market["collateral"]) == 1
            default = self.stage.get("default", {})
            if rows and alike and one and not set(rows) & set(default) and self.chance(0.5):
                found[name] = rows
        return found

    @staticmethod
    def _plain_row(account: dict) -> bool:
        single = len(account["collateral"]) == len(account["debt"]) == 1
        return single and not {"owner", "e_mode"} & set(account)
