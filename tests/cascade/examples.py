"""The systems of DYNAMICS 13, one function each: (system, scenario) of the language."""

from looprisk.model import Scenario, System

USD = {"USD": {"price": "$1"}}
CASH = {"USD": {"cash": 0}}


def priced(name, *prices):
    """Return the points of a path in dollars, one a second."""
    return {name: {f"{k}s": f"${price}" for k, price in enumerate(prices)}}


def scenario(paths, steps, *stages, step="1s"):
    """Return a scenario of so many steps on paths that hold between points, the last to the end."""
    seconds = {"s": 1, "h": 3600, "d": 86400}[step[-1]] * int(step[:-1])
    end = f"{steps * seconds}s"
    paths = {name: {**points, end: [*points.values()][-1]} for name, points in paths.items()}
    return Scenario(
        time={"step": step, "horizon": end},
        paths={"between": "hold", "points": paths} if paths else None,
        stages=list(stages),
    )


def venue(**fields):
    return {"convention": "hyperliquid", "mode": "isolated", **fields}


def hedged(*path):
    """Example 1: an issuer long and short, through a rally and a crash."""
    parts = System(
        assets={"ETH": {"price": "$100"}, **USD},
        venues={"v": venue(maintenance="3%")},
        issuers={"I": {"owns": {"ETH": 10}, "issues": {"T": {"kind": "share", "supply": 1200}}}},
        positions={
            "s": {
                "venue": "v",
                "owner": "I",
                "short": "10 ETH",
                "entry": "$100",
                "margin": {"USD": 200},
            }
        },
    )
    return parts, scenario(priced("ETH", *path), len(path) - 1)


def deleveraged(policy, *, at="bankruptcy", fund="$0"):
    """Example 2: a long is bankrupt and four shorts are closed against it."""
    shorts = zip((1, 2, 3, 4), (120, 110, 130, 105), (100, 50, 600, 400), strict=True)
    legs = {
        f"s{i}": {
            "venue": "v",
            "short": "10 X",
            "entry": f"${entry}",
            "margin": {"USD": margin},
            **({"owner": "I"} if i == 2 else {}),
        }
        for i, entry, margin in shorts
    }
    legs["l"] = {"venue": "v", "long": "15 X", "entry": "$110", "margin": {"USD": 240}}
    parts = System(
        assets={"X": {"price": "$100"}, **USD},
        oracles={"one": {"kind": "fixed", "price": "$1"}},
        venues={"v": venue(maintenance="2%", adl=policy, adl_at=at, insurance=fund)},
        issuers={
            "I": {
                "owns": {"X": 10},
                "issues": {"T": {"kind": "par", "par": "$1", "supply": 1100}},
                "pays": ["T", "equity"],
            }
        },
        markets={
            "m": {
                "rules": "isolated",
                "lends": CASH,
                "collateral": {"T": {"lltv": "95%", "incentive": "1%", "oracle": "one"}},
            }
        },
        positions={**legs, "b": {"market": "m", "collateral": {"T": 1000}, "debt": {"USD": 900}}},
    )
    return parts, scenario(priced("X", 100, 90, 70), 2)


def thinning(*, gas="$0", depth="$50_000", lag="0s", steps=8):
    """Example 3: an Aave account sold into a book that does not refill."""
    pools = {"pool": {"of": "X", "into": "USD", "curve": {"kind": "exponential", "depth": depth}}}
    parts = System(
        assets={"X": {"price": "$1"}, **USD},
        oracles={"o": {"kind": "market", "lag": lag}},
        markets={
            "m": {
                "rules": "aave-v3",
                "lends": CASH,
                "gas": gas,
                "liquidators": "when_paid",
                "collateral": {"X": {"lltv": "86%", "incentive": "5%", "oracle": "o"}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"X": 10_000}, "debt": {"USD": 8_100}}},
        liquidity=pools if depth else {},
    )
    return parts, scenario(priced("X", 1, "0.93"), steps)


def ladder(price, *, eta=0, steps=60):
    """Example 4: forty longs whose liquidation prices stand in a row above one pool."""
    units = [30 + 15 * (7 * j % 5) + (400 if j == 12 else 0) for j in range(40)]
    legs = {
        f"l{j:02}": {
            "venue": "v",
            "long": f"{units[j]} X",
            "entry": "$1",
            # the venue asks for nothing but equity: liquidated below 1 - M/n
            "margin": {"USD": units[j] * (1 - (980 - 12 * j) / 1000)},
        }
        for j in range(40)
    }
    parts = System(
        assets={"X": {"price": "$1"}, **USD},
        venues={"v": venue(convention="bybit", maintenance="0%", insurance="$1_000_000")},
        positions=legs,
        liquidity={
            "pool": {
                "of": "X",
                "into": "USD",
                "curve": {"kind": "exponential", "depth": "$6_000"},
                "thins": {"with_price": f"{eta}x"},
            }
        },
    )
    return parts, scenario(priced("X", 1, f"{price:.15f}"), steps)


def run(*, together, order="first_come"):
    """Example 5: a vault whose loan is bad, and two depositors who know."""
    parts = System(
        assets={"C": {"price": "$400"}, **USD},
        oracles={"much": {"kind": "fixed", "price": "$1_000"}},
        markets={
            "m": {
                "rules": "isolated",
                "lends": {"USD": {"cash": 300}},
                "collateral": {"C": {"lltv": "90%", "incentive": "5%", "oracle": "much"}},
            }
        },
        issuers={
            "V": {
                "owns": {"USD": 100, "m": 900},
                "issues": {"V": {"kind": "share", "supply": 1000}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"C": 1}, "debt": {"USD": 600}}},
    )
    first = {"at": "1s", "run": {"V": {"wants_out": 300, "order": order, "by": "A"}}}
    then = "1s" if together or order == "pro_rata" else "2s"
    second = {"at": then, "run": {"V": {"wants_out": 400, "order": order, "by": "B"}}}
    return parts, scenario({}, 3, first, second)


def late(lag, liquidators="when_paid"):
    """Example 6: an oracle that is late, and the bad debt it makes."""
    parts = System(
        assets={"X": {"price": "$1"}, **USD},
        oracles={"o": {"kind": "market", "lag": f"{lag}s"}},
        markets={
            "m": {
                "rules": "isolated",
                "lends": CASH,
                "liquidators": liquidators,
                "collateral": {"X": {"lltv": "86%", "incentive": "5%", "oracle": "o"}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"X": 1_000}, "debt": {"USD": 800}}},
    )
    return parts, scenario(priced("X", 1, "0.9", "0.8", "0.7", "0.6", "0.6", "0.6"), 6)


def unpaid(rules, *, insurance=None, adaptive=False):
    """Example 7: interest on a debt that nobody liquidates for ten days."""
    kinked = {
        "kind": "kinked",
        "base": "0%/y",
        "slope_1": "4%/y",
        "slope_2": "60%/y",
        "kink": "80%",
    }
    rate = {"kind": "adaptive", "base": "4%/y"} if adaptive else kinked
    terms = {"lltv": "86%", "incentive": "5%", "oracle": "market"}
    parts = System(
        assets={"X": {"price": "$0.7"}, **USD},
        markets={
            "m": {
                "rules": rules,
                "lends": {"USD": {"cash": 100, "rate": rate}},
                "liquidators": "absent",
                "collateral": {"X": terms},
                **({"insurance": insurance} if insurance else {}),
            }
        },
        issuers={"V": {"owns": {"m": "50%"}, "issues": {"V": {"kind": "share", "supply": 450}}}},
        positions={"b": {"market": "m", "collateral": {"X": 1_000}, "debt": {"USD": 800}}},
    )
    back = {"at": "10d", "change": {"m/liquidators": "when_paid"}}
    return parts, scenario({}, 20, back, step="1d")


def circular(close_factor):
    """Example 8: a debt in a token that owns the borrower: no static equilibrium."""
    parts = System(
        assets=USD,
        issuers={
            "B": {
                "outside": {"e": "$90"},
                "owns": {"A": 50},
                "issues": {"Bt": {"kind": "share", "supply": 100}},
            },
            "A": {"issues": {"A": {"kind": "share", "supply": 100}}},
        },
        markets={
            "m": {
                "rules": "isolated",
                "close_factor": close_factor,
                "liquidators": "always",
                "lends": {"Bt": {"cash": 0}},
                "collateral": {"USD": {"lltv": "47.5%", "incentive": "10%", "oracle": "market"}},
            }
        },
        positions={
            "p": {"market": "m", "owner": "A", "collateral": {"USD": 20}, "debt": {"Bt": 10}}
        },
    )
    return parts, scenario({}, 20)


def quoted(oracle):
    """Example 9: a token whose loss no book shows, and its quote."""
    parts = System(
        assets=USD,
        issuers={
            "I": {
                "outside": {"cash": "$1_000"},
                "issues": {
                    "X": {"kind": "share", "supply": 1000, "book_price": "$1", "market_price": "$1"}
                },
            },
            "V": {"owns": {"m": "100%"}, "issues": {"V": {"kind": "share", "supply": 1000}}},
        },
        markets={
            "m": {
                "rules": "morpho-blue",
                "lends": {"USD": {"cash": 140}},
                "liquidators": "when_paid",
                "collateral": {"X": {"lltv": "91.5%", "incentive": "5%", "oracle": oracle}},
            }
        },
        positions={"b": {"market": "m", "collateral": {"X": 1_000}, "debt": {"USD": 860}}},
    )
    loss = {"at": "1s", "loss": {"I": "$300"}}
    return parts, scenario(priced("X", 1, 1, "0.98", "0.95", "0.6", "0.6"), 5, loss)


def funded(step, steps):
    """Example 10: a short that pays funding until its margin is gone."""
    parts = System(
        assets={"ETH": {"price": "$100"}, **USD},
        venues={"v": venue(maintenance="3%")},
        issuers={"I": {"owns": {"ETH": 10}, "issues": {"T": {"kind": "share", "supply": 1040}}}},
        positions={
            "s": {
                "venue": "v",
                "owner": "I",
                "short": "10 ETH",
                "entry": "$100",
                "margin": {"USD": 40},
                "funding": "-36.5%/y",
            }
        },
    )
    return parts, scenario({}, steps, step=step)


def shared_pool():
    """Example 11: three markets of different rules sell into one pool that comes back."""

    def market(rules, **terms):
        extra = {"max_discount": terms.pop("max_discount")} if "max_discount" in terms else {}
        return {
            "rules": rules,
            "lends": CASH,
            "liquidators": "when_paid",
            "collateral": {"X": {"oracle": "market", **terms}},
            **extra,
        }

    parts = System(
        assets={"X": {"price": "$1"}, **USD},
        markets={
            "M1": market("isolated", lltv="86%", incentive="10%"),
            "M2": market("isolated", lltv="90%", incentive="2%"),
            "M3": market("euler-v2", lltv="85%", max_discount="15%"),
        },
        positions={
            "a": {"market": "M1", "collateral": {"X": 1000}, "debt": {"USD": 780}},
            "b": {"market": "M1", "collateral": {"X": 500}, "debt": {"USD": 390}},
            "c": {"market": "M2", "collateral": {"X": 1000}, "debt": {"USD": 840}},
            "d": {"market": "M3", "collateral": {"X": 800}, "debt": {"USD": 640}},
        },
        liquidity={
            "pool": {
                "of": "X",
                "into": "USD",
                "curve": {"kind": "exponential", "depth": "$20_000"},
                "thins": {"with_price": "1x", "refills_in": "2s"},
            }
        },
    )
    return parts, scenario(priced("X", 1, "0.9"), 3)


def readings(*stages, **oracle):
    """Example 12: one price seen through an oracle."""
    path = (1, "0.998", "0.99", "0.985", "0.97", "0.96", "0.96", "0.96", "0.96", "0.955")
    parts = System(
        assets={"X": {"price": "$1"}, **USD},
        oracles={"o": {"kind": "market", **oracle}},
        markets={
            "m": {
                "rules": "isolated",
                "lends": CASH,
                "collateral": {"X": {"lltv": "50%", "incentive": "5%", "oracle": "o"}},
            }
        },
    )
    return parts, scenario(priced("X", *path), 9, *stages)
