"""Wrappers, principal, yield and markets of Pendle as parts of a system."""

from __future__ import annotations

from fractions import Fraction

from looprisk.model.values import decimal_text
from looprisk.onchain.draft import NO_READER, UNKNOWN, Draft, Tree
from looprisk.onchain.pendle import Market, Part, Principal, Wrapper, asks, read, recognise
from looprisk.onchain.pendle_rules import ONE
from looprisk.onchain.principal import moment
from looprisk.onchain.reader import Reader
from looprisk.onchain.sources import Mean

_UNREAD = f"{UNKNOWN} @{NO_READER}"


def write(part: Part, draft: Draft) -> None:
    """Write a wrapper, a maturity or a market as the issuer of its token."""
    match part:
        case Wrapper():
            _wrapper(part, draft)
        case Principal():
            _principal(part, draft)
        case Market():
            _market(part, draft)


def _wrapper(wrapper: Wrapper, draft: Draft) -> None:
    """Write a wrapper: it owns what it wraps; what its rate counts beyond that is unknown."""
    name, token = draft.name(wrapper.token), wrapper.token
    held = [one for one in draft.holdings.get(token, {}).values() if one.token != token]
    counted = wrapper.supply * wrapper.rate // ONE
    seen = sum(
        one.amount if one.token == wrapper.asset else one.in_asset
        for one in held
        if wrapper.asset in {one.token, one.asset}
    )
    one_for_one = any(
        one.token == wrapper.inner
        and draft.tokens[one.token].decimals == draft.tokens[token].decimals
        and one.amount >= wrapper.supply
        for one in held
    )
    issuer: Tree = {}
    rate = decimal_text(Fraction(wrapper.rate, ONE))
    told = [f"one counts as {rate} {_unit(wrapper.asset, draft)} in its smallest units"]
    # each holding is cut to a whole unit by itself
    if not one_for_one and counted - seen > len(held):
        issuer["outside"] = {"unread": _UNREAD}
        told.append("no reader finds all that its rate counts")
    issuer["note"] = "; ".join(told)
    if held:
        issuer["owns"] = draft.owned(token, wrapper.inner)
    issuer["issues"] = {name: _share(wrapper.token, wrapper.supply, draft)}
    draft.put("issuers", name, issuer)


def _principal(principal: Principal, draft: Draft) -> None:
    """Write principal as a promise of one asset, backed by what redeems it; and the yield."""
    split, token = principal.split, principal.split.principal
    name, wrapper = draft.name(token), draft.name(split.wrapper)
    if principal.rate is not None:
        draft.traded.setdefault(token, Fraction(principal.rate, ONE))
    for source in draft.sources.values():
        mean = source.pricing
        if isinstance(mean, Mean) and mean.principal == token and mean.asset:
            draft.traded.setdefault(token, Fraction(mean.rate, ONE))
    promise: Tree = {
        "kind": "par",
        "par": f"1 {draft.name(split.asset)}" if split.asset else _UNREAD,
        "supply": draft.amount(token, principal.supply),
        "matures": moment(split.expiry),
    }
    if token in draft.traded and split.asset is not None:
        said = f"{decimal_text(draft.traded[token])} {draft.name(split.asset)}"
        promise["market_price"] = said
    promise |= {"decimals": str(draft.tokens[token].decimals), "address": token}
    kept = draft.amount(split.wrapper, principal.wrapped - principal.backing)
    issuer: Tree = {"note": f"keeps {kept} {wrapper} more: yield that nobody has claimed yet"}
    if principal.backing:
        issuer["owns"] = {wrapper: draft.amount(split.wrapper, principal.backing)}
    issuer["issues"] = {name: promise}
    issuer["address"] = split.yield_
    draft.put("issuers", name, issuer)
    if principal.asked == split.yield_:
        _yield(principal, draft)


def _yield(principal: Principal, draft: Draft) -> None:
    """Price the token of yield: what principal leaves of one asset."""
    split = principal.split
    draft.remarks[split.yield_] = {
        "note": f"pays what {draft.name(split.wrapper)} earns until {moment(split.expiry)}",
        "depends_on": {"yield": split.wrapper},
    }
    if split.principal in draft.traded and split.asset is not None:
        left = 1 - draft.traded[split.principal]
        said = f"{decimal_text(left)} {draft.name(split.asset)}"
        draft.priced(split.yield_, said)


def _market(market: Market, draft: Draft) -> None:
    """Write a market as the issuer of its share, which owns both sides."""
    split, name = market.split, draft.name(market.token)
    if market.rate is not None:
        draft.traded.setdefault(split.principal, Fraction(market.rate, ONE))
    sides = ((split.principal, market.principal), (split.wrapper, market.wrapped))
    share = _share(market.token, market.supply, draft)
    if market.share_rate is not None and split.asset is not None:
        share = {"market_price": _worth(market, split.asset, draft), **share}
    issuer: Tree = {
        "note": _observed(market),
        "owns": {draft.name(one): draft.amount(one, amount) for one, amount in sides if amount},
        "issues": {name: share},
    }
    draft.put("issuers", name, issuer)


def _worth(market: Market, asset: str, draft: Draft) -> str:
    """Return what a share is worth by the protocol's oracle, in units of the asset."""
    tokens = draft.tokens
    up, down = 10 ** tokens[market.token].decimals, 10 ** tokens[asset].decimals
    rate = Fraction((market.share_rate or 0) * up, ONE * down)
    return f"{decimal_text(rate)} {draft.name(asset)}"


def _observed(market: Market) -> str:
    if market.rate is None:
        return "has not observed its rate long enough to tell a mean"
    return f"principal is {decimal_text(Fraction(market.rate, ONE))} of the asset by its mean"


def _share(token: str, supply: int, draft: Draft) -> Tree:
    return {
        "kind": "share",
        "supply": draft.amount(token, supply),
        "decimals": str(draft.tokens[token].decimals),
        "address": token,
    }


def _unit(asset: str | None, draft: Draft) -> str:
    return "of what it counts in" if asset is None else draft.name(asset)


READER = Reader("pendle-v2/1", recognise, read, write, asks)
