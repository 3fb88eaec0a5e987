"""What issuers must fulfil: holdings and creditors that exist, and who is paid first."""

from __future__ import annotations

from collections.abc import Iterator

from looprisk.errors import Problem
from looprisk.model.checks import Parts, same_token
from looprisk.model.issuers import Issuer
from looprisk.model.names import DEBTS, EQUITY, OUTSIDE, Path, did_you_mean, unresolved
from looprisk.model.tokens import Par, Share

Ranks = tuple[tuple[str, ...], ...]


def check_issuers(parts: Parts) -> Iterator[Problem]:
    """Yield every problem of every issuer."""
    held = parts.names.priced | parts.names.supplies
    creditors = parts.names.ids["issuers"] | {OUTSIDE}
    for name, issuer in parts.issuers.items():
        path = ("issuers", name)
        yield from _owns(name, issuer, parts, held, path)
        yield from _owes(name, issuer, parts, creditors, path)
        yield from _others(name, issuer, parts, path)
        yield from _issues(issuer, path)
        yield from _pays(name, issuer, path)


def _owns(
    name: str, issuer: Issuer, parts: Parts, known: frozenset[str], path: Path
) -> Iterator[Problem]:
    names = parts.names
    for held, amount in issuer.owns.items():
        place = (*path, "owns", held)
        if held in issuer.issues or held.split("/")[0] in issuer.issues:
            message = f"`{held}` is a token of {name} itself: in its own wallet it does not exist"
            yield Problem(place, message, "leave it out; what is pledged stands under `positions`")
        elif held in names.ids["markets"] and held not in names.supplies:
            several = " or ".join(f"{held}/{token}" for token in names.lent[held])
            yield Problem(place, f"`{held}` lends several tokens", f"write {several}")
        else:
            what = "asset, token or market of this system"
            yield from unresolved(held, known, place, what, on_key=True)
        token = held.split("/")[-1] if held in names.supplies else held
        token = names.lent[held][0] if names.lent.get(held) else token
        yield from same_token(amount, token, place)


def _owes(
    name: str, issuer: Issuer, parts: Parts, creditors: frozenset[str], path: Path
) -> Iterator[Problem]:
    for key, loan in issuer.owes.items():
        place = (*path, "owes", key)
        written_out = loan.to != key
        if loan.to == name:
            yield Problem(place, f"{name} owes itself")
        yield from unresolved(
            loan.to,
            creditors,
            (*place, "to") if written_out else place,
            "issuer of this system",
            on_key=not written_out,
        )
        if loan.amount.of is not None:
            yield from unresolved(
                loan.amount.of, parts.names.priced, place, "asset or token of this system"
            )


def _others(name: str, issuer: Issuer, parts: Parts, path: Path) -> Iterator[Problem]:
    for other in issuer.set_off:
        place = (*path, "set_off", other)
        if other == name:
            yield Problem(place, f"{name} cannot set off with itself")
        yield from unresolved(
            other, parts.names.ids["issuers"], place, "issuer of this system", on_key=True
        )
    for market in issuer.feeds:
        known = parts.names.supplies
        place = (*path, "feeds", market)
        yield from unresolved(market, known, place, "market of this system", on_key=True)


def _issues(issuer: Issuer, path: Path) -> Iterator[Problem]:
    for token, receipt in issuer.issues.items():
        if receipt.supply.high is not None and receipt.supply.high == 0:
            place = (*path, "issues", token, "supply")
            message = "supply: a token without supply has no price"
            yield Problem(place, message, "leave the token out", on_key=False)


def _pays(name: str, issuer: Issuer, path: Path) -> Iterator[Problem]:
    shares = tuple(t for t, receipt in issuer.issues.items() if isinstance(receipt, Share))
    pars = tuple(t for t, receipt in issuer.issues.items() if isinstance(receipt, Par))
    claims = len(issuer.owes) + len(pars) + bool(shares)
    if issuer.pays is None:
        if claims > 1 and len(issuer.owes) + len(pars) > 0:
            proposal = _proposal(issuer, pars, shares)
            help_ = f"add `{proposal}` (first to last; [a, b] inside shares equally)"
            message = f"{name} has {claims} claims on it and does not say who is paid first"
            yield Problem(path, message, help_)
        return
    if isinstance(issuer.pays, str):
        return
    yield from _named_claims(name, issuer, issuer.pays, (*pars, *shares), path)
    yield from _residual_last(name, issuer.pays, shares, path)


def _proposal(issuer: Issuer, pars: tuple[str, ...], shares: tuple[str, ...]) -> str:
    last = [f"[{', '.join(shares)}]"] if len(shares) > 1 else list(shares)
    debts = [DEBTS] if issuer.owes else []
    return f"pays: [{', '.join([*debts, *pars, *last])}]"


def _named_claims(
    name: str, issuer: Issuer, pays: Ranks, tokens: tuple[str, ...], path: Path
) -> Iterator[Problem]:
    claims = (*issuer.owes, *tokens)
    named = [claim for rank in pays for claim in rank]
    for place, rank in enumerate(pays):
        for claim in rank:
            if claim not in {*claims, DEBTS, EQUITY}:
                help_ = did_you_mean(claim, claims) or f"its claims are {', '.join(claims)}"
                at = (*path, "pays", str(place))
                yield Problem(at, f"`{claim}` is no claim on {name}", help_, on_key=False)
    left_out = [
        claim
        for claim in claims
        if claim not in named and not (claim in issuer.owes and DEBTS in named)
    ]
    if left_out:
        message = f"{name}: `pays` does not say when {' and '.join(left_out)} is paid"
        yield Problem((*path, "pays"), message, "name every claim once, first to last")


def _residual_last(
    name: str, pays: Ranks, shares: tuple[str, ...], path: Path
) -> Iterator[Problem]:
    left = (*shares, EQUITY)
    for place, rank in enumerate(pays):
        here = [claim for claim in rank if claim in left]
        last = place == len(pays) - 1
        if here and not (last and len(here) == len(rank)):
            message = f"{name}: `{here[0]}` is what is left: it is paid last"
            if len(shares) > 1 and all(claim in left for claim in rank):
                message = f"{name}: its shares divide what is left: write [{', '.join(shares)}]"
            yield Problem((*path, "pays", str(place)), message, on_key=False)
            return
    if shares and EQUITY in [claim for rank in pays for claim in rank]:
        message = f"{name}: `equity` is what is left, and so is {shares[0]}"
        yield Problem((*path, "pays"), message, "leave `equity` out")
