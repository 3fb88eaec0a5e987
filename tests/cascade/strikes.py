"""Random stages for random systems: every verb, at a time or on a trigger."""


def stages(draw, parts, step, steps):
    """Return some stages; what sets one value stands in one of them only."""
    made = []
    for make, chance in STAGES:
        if draw.random() < chance:
            shock = make(draw, parts, step, steps)
            if shock:
                made += shock
    draw.shuffle(made)
    return made


def _at(draw, step, steps, first=0):
    return {"at": f"{draw.randint(first, steps - 2) * step}s"}


def _price(draw, parts, step, steps):
    del parts
    name, size = draw.choice((("W", "-30%"), ("W", "$35"), ("Y", "-25%")))
    first = {"price": {name: size}, **_at(draw, step, steps)}
    return (
        [first]
        if draw.random() < 0.5
        else [first, {"at": f"{(steps - 1) * step}s", "price": {name: "0%"}}]
    )


def _depeg(draw, parts, step, steps):
    if "market_price" not in parts["issuers"]["Q"]["issues"]["Q"]:
        return []
    size = draw.choice(("20%", "$0.7"))
    return [{"depeg": {"Q": size}, **_at(draw, step, steps, 1)}]


def _loss(draw, parts, step, steps):
    del parts
    size = draw.choice(
        (("Q", "$6_000"), ("Q/outside/desk", "40%"), ("Q", "$20_000"), ("one", "30%"))
    )
    made = [{"loss": dict([size]), **_at(draw, step, steps, 1)}]
    if draw.random() < 0.5:
        made.append({"recognise": ["Q"], "at": f"{(steps - 1) * step}s"})
    return made


def _default(draw, parts, step, steps):
    del parts
    target = draw.choice(("Q/owes/bonds", "Q", "D"))
    return [{"default": {target: "40%"}, **_at(draw, step, steps, 1)}]


def _mint(draw, parts, step, steps):
    del parts
    return [{"mint": {draw.choice(("V", "Q", "D")): 400}, **_at(draw, step, steps, 1)}]


def _open(draw, parts, step, steps):
    del parts
    loan = {"market": "iso", "collateral": {"X": 12}, "debt": {"USD": 700}}
    owned = {"market": "pool", "owner": "D", "collateral": {"X": 5}, "debt": {"USD": 250}}
    leg = {
        "venue": "two",
        "long": "30 X",
        "entry": "$101",
        "margin": {"USD": 700},
        "funding": "5%/y",
    }
    name, part = draw.choice((("new-loan", loan), ("new-owned", owned), ("new-leg", leg)))
    return [{"open": {name: part}, **_at(draw, step, steps, 1)}]


def _cut(draw, parts, step, steps):
    del parts
    return [{"adl": {"hedge-0": {"share": "30%", "at": "$95"}}, **_at(draw, step, steps, 1)}]


def _close(draw, parts, step, steps):
    del parts
    return [{"close": [draw.choice(("hedge-1", "hedge-2"))], **_at(draw, step, steps, 1)}]


def _drain(draw, parts, step, steps):
    pools = list(parts["liquidity"])
    return [{"drain": {draw.choice(pools): "70%"}, **_at(draw, step, steps, 1)}] if pools else []


def _wrong(draw, parts, step, steps):
    del parts
    move = draw.choice(("-20%", "+10%", "$90"))
    made = [{"misprice": {"slow": move}, **_at(draw, step, steps, 1)}]
    if draw.random() < 0.5:
        made.append({"change": {"slow/kind": "market"}, "at": f"{(steps - 1) * step}s"})
    return made


def _freeze(draw, parts, step, steps):
    target = draw.choice(("mean", "lid"))
    made = [{"freeze": [target], **_at(draw, step, steps)}]
    if draw.random() < 0.5:
        again = {f"{target}/kind": parts["oracles"][target]["kind"]}
        made.append({"change": again, "at": f"{(steps - 1) * step}s"})
    return made


def _run(draw, parts, step, steps):
    del parts
    made = []
    for target in ("V", "D", "comet"):
        if draw.random() < 0.7:
            size = draw.choice(("20%", "70%", "$3_000", 1_500))
            run = {"wants_out": size, "order": draw.choice(("first_come", "pro_rata"))}
            if draw.random() < 0.5:
                run["by"] = f"{target}-crowd"
            if draw.random() < 0.5:
                run["over"] = f"{draw.randint(1, 4) * step}s"
            made.append({"run": {target: run}, **_at(draw, step, steps)})
    return made


def _again(draw, parts, step, steps):
    del parts
    first = {"run": {"V": {"wants_out": "10%", "by": "early"}}, **_at(draw, step, steps)}
    return [first, {**first, "run": {"V": {"wants_out": "15%", "by": "twin"}}}]


def _absent(draw, parts, step, steps):
    del parts
    market = draw.choice(("iso", "pool", "comet"))
    return [
        {"change": {f"{market}/liquidators": "absent"}, "at": f"{step}s"},
        {"change": {f"{market}/liquidators": "when_paid"}, "at": f"{steps // 2 * step}s"},
    ]


def _triggered(draw, parts, step, steps):
    del parts, step, steps
    event = draw.choice(
        (("pool", "liquidated"), ("iso", "bad_debt"), ("hedge-0", "hedge_closed"), ("V", "gated"))
    )
    price = draw.choice(({"price": "X", "below": "$85"}, {"price": "V", "below": "$0.9"}))
    when = draw.choice(
        ({"of": event[0], "event": event[1]}, price, {"price": "X", "above": "$112"})
    )
    return [{"when": when, "run": {"V": {"wants_out": "25%", "by": "alarmed"}}}]


STAGES = (
    (_price, 0.3),
    (_depeg, 0.4),
    (_loss, 0.4),
    (_default, 0.25),
    (_mint, 0.25),
    (_open, 0.35),
    (_cut, 0.2),
    (_close, 0.2),
    (_drain, 0.4),
    (_wrong, 0.3),
    (_freeze, 0.3),
    (_run, 0.6),
    (_again, 0.2),
    (_absent, 0.3),
    (_triggered, 0.5),
)
