"""What a scenario must fulfil in its system: targets that exist and can be struck so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from looprisk.errors import Problem
from looprisk.model.check_markets import position_problems
from looprisk.model.checks import Parts, same_token
from looprisk.model.groups import STRIKES, each_problems, group, members, stage_problems
from looprisk.model.names import OUTSIDE, Names, Path, choose, did_you_mean, unresolved
from looprisk.model.positions import PerpPosition, TablePosition
from looprisk.model.scenario import Paths, Stage, When
from looprisk.model.series import SOLD, TIME
from looprisk.model.tokens import Par
from looprisk.model.values import Value
from looprisk.model.vocabulary import GROUPS


def check_stages(stages: Mapping[int, Stage], parts: Parts, path: Path) -> Iterator[Problem]:
    """Yield every problem that stages, by their number, have in the system of ``parts``."""
    opened: set[str] = set()
    for place, stage in stages.items():
        here = (*path, "stages", str(place))
        yield from _stage(stage, parts, here)
        yield from stage_problems(stage, parts, here)
        for name, position in stage.open.items():
            if parts.names.kinds_of(name) or name in opened:
                yield Problem((*here, "open", name), f"`{name}` names another part already")
            yield from position_problems(position, parts, (*here, "open", name))
            opened.add(name)
    yield from each_problems(stages, parts, path)


def check_of(text: str, parts: Parts, path: Path, opened: frozenset[str]) -> Iterator[Problem]:
    """Yield the problem that a name stands for nothing; ``opened`` are positions of its stages."""
    yield from _of(text, parts, path, opened)


def _stage(stage: Stage, parts: Parts, path: Path) -> Iterator[Problem]:
    for target, move in stage.price.items():
        place = (*path, "price", target)
        yield from _price(target, move, parts, place)
    for target, fall in stage.depeg.items():
        place = (*path, "depeg", target)
        yield from _depeg(target, fall, parts, place)
    for target, amount in stage.loss.items():
        yield from _loss(target, amount, parts, (*path, "loss", target))
    if stage.when is not None:
        yield from _when(stage.when, parts, (*path, "when"))
    yield from _plain_targets(stage, parts, path)
    yield from _amounts(stage, parts, path)
    for target in stage.default:
        yield from _default(target, parts, (*path, "default", target))
    for verb, targets in (("adl", tuple(stage.adl)), ("close", stage.close)):
        yield from _legs(verb, targets, parts, path)


def check_paths(paths: Paths | None, parts: Parts, path: Path) -> Iterator[Problem]:
    """Yield every problem that the prices in time have."""
    if paths is None:
        return
    what = "asset or token of this system"
    for name in paths.points:
        place = (*path, "paths", "points", name)
        yield from unresolved(name, parts.names.priced, place, what, on_key=True)
    rule = paths.generate
    drawn = (
        {"volatility": rule.volatility, "drift": rule.drift, "jumps": rule.jumps} if rule else {}
    )
    for key, names in drawn.items():
        for name in names:
            place = (*path, "paths", "generate", key, name)
            assets = parts.names.ids["assets"]
            yield from unresolved(name, assets, place, "asset of this system", on_key=True)
    series = paths.table.series if paths.table is not None else None
    for name in series.columns if series is not None else ():
        place = (*path, "paths", "table", name)
        if name == SOLD:
            message = "its table is a measured depth, and prices in time have a column `time`"
            yield Problem((*path, "paths", "table"), message, "write time and a column an id")
        elif name != TIME:
            yield from unresolved(name, parts.names.priced, place, what)


def _when(when: When, parts: Parts, path: Path) -> Iterator[Problem]:
    if when.of is not None:
        yield from _of(when.of, parts, (*path, "of"), frozenset())
    if when.price is not None:
        what = "asset or token of this system"
        yield from unresolved(when.price, parts.names.priced, (*path, "price"), what)


def _group_problems(target: str, verb: str, parts: Parts, path: Path) -> Iterator[Problem]:
    """A group must exist and have members of the kinds that the verb strikes."""
    name = target[target.index("(") + 1 : -1]
    if name not in GROUPS and name not in parts.names.tags:
        help_ = choose(name, (*GROUPS, *parts.names.tags))
        yield Problem(path, f"`{name}` is no group and no tag of this system", help_)
    elif not any(kind in STRIKES[verb] for kind, _ in members(name, parts)):
        yield Problem(path, f"`{target}` is empty here: no part of {name} can be struck so")


def _price(target: str, move: Value, parts: Parts, path: Path) -> Iterator[Problem]:
    if group(target):
        yield from _group_problems(target, "price", parts, path)
    elif target in parts.names.priced - parts.names.ids["assets"]:
        message = f"`{target}` is a receipt token: it has no price to move"
        help_ = "write `depeg` (what a seller gets falls) or `loss` (what backs it is gone)"
        yield Problem(path, message, help_)
    else:
        known = parts.names.ids["assets"]
        yield from unresolved(target, known, path, "asset of this system", on_key=True)
    yield from _level(move, parts, path)


def _depeg(target: str, fall: Value, parts: Parts, path: Path) -> Iterator[Problem]:
    if group(target):
        yield from _group_problems(target, "depeg", parts, path)
    elif target in parts.names.ids["assets"]:
        message = f"`{target}` is an asset: nothing stands behind it that it could depart from"
        size = f"-{fall.text}" if fall.unit == "fraction" else fall.text
        yield Problem(path, message, f"write `price: {{{target}: {size}}}`")
    else:
        known = parts.names.priced - parts.names.ids["assets"]
        yield from unresolved(target, known, path, "token of this system", on_key=True)
    yield from _level(fall, parts, path)


def _level(size: Value, parts: Parts, path: Path) -> Iterator[Problem]:
    if size.of is not None:
        what = "asset or token of this system"
        yield from unresolved(size.of, parts.names.priced, path, what)


def _loss(target: str, amount: Value, parts: Parts, path: Path) -> Iterator[Problem]:
    names = parts.names
    head, *rest = target.split("/")
    if group(target):
        yield from _group_problems(target, "loss", parts, path)
    elif target in names.priced - names.ids["assets"] - names.ids["issuers"]:
        issuer = names.issuer_of.get(head, head)
        message = f"`{target}` is a token: a loss strikes what backs it"
        yield Problem(path, message, f"name its issuer: {issuer}")
    elif rest and head in names.ids["issuers"]:
        yield from _pile(target, head, rest, parts, path)
    else:
        known = (*names.ids["issuers"], *names.ids["venues"], *names.ids["assets"])
        what = "issuer, venue or asset of this system"
        yield from unresolved(target, known, path, what, on_key=True)
    if amount.unit == "tokens" and amount.of is None and target not in names.ids["assets"]:
        message = f"{target}: `{amount.text}`: of what? write ${amount.text} or {amount.text} USDC"
        yield Problem(path, message, on_key=False)
    yield from _level(amount, parts, path)


def _pile(target: str, head: str, rest: list[str], parts: Parts, path: Path) -> Iterator[Problem]:
    issuer = parts.issuers.get(head)
    if issuer is None:
        return
    if rest[0] != OUTSIDE or len(rest) != 2:
        message = f"`{target}`: a loss strikes an issuer or one of its piles"
        piles = ", ".join(f"{head}/{OUTSIDE}/{pile}" for pile in issuer.outside)
        yield Problem(path, message, f"write {piles}" if piles else "")
    elif rest[1] not in issuer.outside:
        message = f"`{target}`: no `{rest[1]}` there"
        yield Problem(path, message, choose(rest[1], issuer.outside))


def _plain_targets(stage: Stage, parts: Parts, path: Path) -> Iterator[Problem]:
    ids = parts.names.ids
    tokens = parts.names.priced - ids["assets"]
    for verb, targets, known, what in (
        ("recognise", stage.recognise, ids["issuers"], "issuer"),
        ("freeze", stage.freeze, ids["oracles"], "oracle"),
        ("mint", tuple(stage.mint), tokens, "token"),
        ("drain", tuple(stage.drain), ids["liquidity"], "liquidity"),
        ("misprice", tuple(stage.misprice), ids["oracles"], "oracle"),
        ("run", tuple(stage.run), tokens | parts.names.supplies, "token or market supply"),
    ):
        in_list = verb in {"recognise", "freeze"}
        for place, target in enumerate(targets):
            here = (*path, verb, str(place) if in_list else target)
            if group(target):
                yield from _group_problems(target, verb, parts, here)
            elif target in ids["issuers"] - known and verb in {"mint", "run"}:
                issues = (name for name, by in parts.names.issuer_of.items() if by == target)
                message = f"`{target}` is no {what} of this system"
                yield Problem(here, message, f"name its token: {' or '.join(issues)}")
            else:
                said = f"{what} of this system"
                yield from unresolved(target, known, here, said, on_key=not in_list)


def _amounts(stage: Stage, parts: Parts, path: Path) -> Iterator[Problem]:
    """Units that are minted or asked for are units of what they stand under."""
    for token, units in stage.mint.items():
        if not group(token):
            yield from same_token(units, token.split("/")[0], (*path, "mint", token))
    for target, run in stage.run.items():
        head, _, token = target.partition("/")
        lent = parts.names.lent.get(head, ())
        unit = token or next(iter(lent)) if lent else head
        if not group(target):
            yield from same_token(run.wants_out, unit, (*path, "run", target, "wants_out"))


def _default(target: str, parts: Parts, path: Path) -> Iterator[Problem]:
    head, *rest = target.split("/")
    issuer = parts.issuers.get(head)
    ids = parts.names.ids
    if group(target):
        yield from _group_problems(target, "default", parts, path)
    elif not rest:
        known = (*ids["issuers"], *_promises(parts), *_borrowers(parts))
        what = "issuer, claim or loan of this system"
        yield from unresolved(target, known, path, what, on_key=True)
    elif isinstance(parts.positions.get(head), TablePosition):
        message = f"`{target}`: accounts of a table pay as their collateral allows"
        yield Problem(path, message, "list those that default as positions")
    elif head not in ids["issuers"]:
        yield from unresolved(head, ids["issuers"], path, "issuer of this system", on_key=True)
    elif issuer is not None and (rest[0] != "owes" or len(rest) != 2 or rest[1] not in issuer.owes):
        claims = [f"{head}/owes/{claim}" for claim in issuer.owes]
        help_ = did_you_mean(target, claims) or f"its claims are {', '.join(claims)}"
        yield Problem(path, f"`{target}` is no claim on {head}", help_)


def _promises(parts: Parts) -> Iterator[str]:
    for issuer in parts.issuers.values():
        yield from (token for token, receipt in issuer.issues.items() if isinstance(receipt, Par))


def _borrowers(parts: Parts) -> Iterator[str]:
    """Yield the positions that owe: a leg on a venue does not."""
    for name, part in parts.positions.items():
        if not isinstance(part, PerpPosition):
            yield name


def _legs(verb: str, targets: tuple[str, ...], parts: Parts, path: Path) -> Iterator[Problem]:
    legs = [name for name, part in parts.positions.items() if isinstance(part, PerpPosition)]
    for place, target in enumerate(targets):
        here = (*path, verb, target if verb == "adl" else str(place))
        said = "leg on a venue of this system"
        yield from unresolved(target, legs, here, said, on_key=verb == "adl")


def _of(text: str, parts: Parts, path: Path, opened: frozenset[str]) -> Iterator[Problem]:
    found = group(text)
    names = parts.names
    if found is not None:
        if found[1] not in GROUPS and found[1] not in names.tags:
            help_ = choose(found[1], (*GROUPS, *names.tags))
            yield Problem(path, f"`{found[1]}` is no group and no tag of this system", help_, False)
        elif not members(found[1], parts):
            yield Problem(path, f"`{text}` is empty here", on_key=False)
        return
    head, *rest = text.split("/")
    kinds = names.kinds_of(head)
    if not kinds and head not in opened:
        help_ = choose(head, (*_all(names), *opened))
        yield Problem(path, f"`{head}` is nothing in this system", help_, on_key=False)
    elif rest and rest not in _claims(head, parts):
        message = f"`{text}` is no claim and no copy of this system"
        below = ["/".join((head, *claim)) for claim in _claims(head, parts)]
        yield Problem(path, message, choose(text, below), on_key=False)
    elif kinds and {*kinds} <= {"oracles", "liquidity"}:
        message = f"`{head}` is {_a(kinds[0])}: nothing is measured of it"
        yield Problem(path, message, "name what reads it", on_key=False)


def _a(kind: str) -> str:
    return {"oracles": "an oracle", "liquidity": "liquidity"}[kind]


def _all(names: Names) -> Iterator[str]:
    for several in names.ids.values():
        yield from several


def _claims(head: str, parts: Parts) -> list[list[str]]:
    """Return the ways that lead from an id to a claim: on an issuer, on one chain, on a market."""
    issuer = parts.issuers.get(head)
    owed = [["owes", claim] for claim in issuer.owes] if issuer is not None else []
    issued = [["issues", token] for token in issuer.issues] if issuer is not None else []
    copies = [copy.split("/")[1:] for copy in parts.names.copies.get(head, ())]
    lent = [[token] for token in parts.names.lent.get(head, ())]
    return [*owed, *issued, *copies, *lent]
