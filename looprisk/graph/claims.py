"""The claims on an issuer: their rank, and what each bears of a loss that strikes its rank."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Literal, NamedTuple

from looprisk.graph.worth import WHOLE, Number, Worth, number, over, plus, times
from looprisk.model.issuers import Issuer
from looprisk.model.tokens import Par, Share

Kind = Literal["share", "par", "loan", "equity"]


class Claim(NamedTuple):
    """One claim on an issuer."""

    id: str
    kind: Kind
    label: str | None = None
    usd: Number = None
    """Book value at the start, in USD."""
    rank: int | None = None
    """Place in ``pays``, 0 is paid first; ``None`` where that is unknown."""
    share: Number = WHOLE
    """What it bears of a loss that strikes its rank, pro rata to face (shares: units x weight)."""
    creditor: str | None = None
    """The issuer that a loan is owed to; ``None`` outside, and for tokens."""


def claims_on(worth: Worth, name: str, issuer: Issuer) -> tuple[Claim, ...]:
    """Return the claims on an issuer, those with a face first."""
    shares = {t: r for t, r in issuer.issues.items() if isinstance(r, Share)}
    last = _last(issuer, shares)
    if len(shares) == len(issuer.issues) == 1 and not issuer.owes:
        return (_only(worth, *shares.popitem(), last),)
    claims = (*_promises(worth, name, issuer), *_residual(worth, name, shares, last))
    if len(claims) == 1:
        return (claims[0]._replace(share=WHOLE),)
    ranks: dict[int | None, list[Number]] = {}
    for claim in claims:
        ranks.setdefault(claim.rank, []).append(claim.share)
    whole = {rank: plus(faces) for rank, faces in ranks.items()}
    return tuple(
        claim._replace(share=_part(claim, whole[claim.rank], alone=len(ranks[claim.rank]) == 1))
        for claim in claims
    )


def _only(worth: Worth, token: str, share: Share, rank: int) -> Claim:
    """Return the share that is the only claim on its issuer, as of most in a large system."""
    usd = times(worth.units[token], worth.prices[token])
    return Claim(token, "share", share.label, usd, rank, WHOLE)


def _part(claim: Claim, whole: Number, *, alone: bool) -> Number:
    if alone:
        return WHOLE
    return None if claim.rank is None else over(claim.share, whole)


def _promises(worth: Worth, name: str, issuer: Issuer) -> Iterator[Claim]:
    rank = _ranks(issuer)
    for key, loan in issuer.owes.items():
        face = worth.usd(loan.amount)
        yield Claim(
            id=f"{name}/owes/{key}",
            kind="loan",
            label=loan.label,
            usd=face,
            rank=rank[key],
            share=face,
            creditor=None if loan.to == "outside" else loan.to,
        )
    for token, receipt in issuer.issues.items():
        if isinstance(receipt, Par):
            face = times(worth.units[token], worth.prices[token])
            yield Claim(
                id=token, kind="par", label=receipt.label, usd=face, rank=rank[token], share=face
            )


def _residual(worth: Worth, name: str, shares: Mapping[str, Share], last: int) -> Iterator[Claim]:
    for token, share in shares.items():
        units = worth.units[token]
        weight = WHOLE if share.weight is None else number(share.weight)
        yield Claim(
            id=token,
            kind="share",
            label=share.label,
            usd=times(units, worth.prices[token]),
            rank=last,
            share=times(units, weight),
        )
    if not shares:
        yield Claim(id=f"{name}/equity", kind="equity", rank=last)


def _ranks(issuer: Issuer) -> dict[str, int | None]:
    """Return the place of every promise in ``pays``."""
    pars = [token for token, receipt in issuer.issues.items() if isinstance(receipt, Par)]
    promises = (*issuer.owes, *pars)
    if issuer.pays is None:
        return dict.fromkeys(promises, 0)
    if isinstance(issuer.pays, str):
        return dict.fromkeys(promises)
    place = {word: rank for rank, names in enumerate(issuer.pays) for word in names}
    return {
        claim: place.get(claim, place.get("debts") if claim in issuer.owes else None)
        for claim in promises
    }


def _last(issuer: Issuer, shares: Collection[str]) -> int:
    """Return the rank of what is left: where ``pays`` names it, else after all others."""
    if not isinstance(issuer.pays, tuple):
        return int(len(issuer.owes) + len(issuer.issues) > len(shares))
    left = {"equity", *shares}
    named = (rank for rank, names in enumerate(issuer.pays) if left.intersection(names))
    return next(named, len(issuer.pays))
