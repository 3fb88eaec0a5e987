"""Issuers: whoever issues receipts, owes money and holds what backs both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from looprisk.model.base import Model, Part
from looprisk.model.fields import (
    Debt,
    Holding,
    Money,
    OneOf,
    Rate,
    Ratio,
    Ref,
    Text,
    Tokens,
    Word,
    mapping,
    word,
    words,
)
from looprisk.model.frozen import EMPTY, Map
from looprisk.model.tokens import Receipt
from looprisk.model.values import expected


class Loan(Model):
    """A loan taken by an issuer, written by who owes it; ``to`` is its creditor."""

    to: Ref
    amount: Debt
    rate: Rate | None = None
    label: Text | None = None
    note: Text | None = None


def _loans(raw: object) -> object:
    """Let ``V: $217`` stand for ``V: {to: V, amount: $217}``."""
    loans = mapping(raw)
    if loans is None:
        return raw
    return {
        key: loan if isinstance(loan, Loan | Mapping) else {"to": key, "amount": loan}
        for key, loan in loans.items()
    }


class DefaultRecovery(Model):
    """What is left of the assets of an issuer that cannot pay: Rogers & Veraart 2013."""

    outside: Ratio
    """alpha: of what comes from outside the system."""
    claims: Ratio
    """beta: of what comes from claims on others."""


class SetOff(Model):
    """Mutual par claims are netted, always."""

    pledged: Annotated[Literal["void", "honoured"], OneOf()]
    """What becomes of own tokens that the other side has pledged to others."""
    note: Text | None = None


class Feed(Model):
    """An issuer supplies a market by itself, in time only."""

    up_to: Tokens
    at_utilisation: Ratio


class Rebalance(Model):
    """How a hedged issuer keeps its hedge, in time only."""

    band: Ratio
    by: Annotated[Literal["short", "sell"], OneOf()]


def _ranks(raw: object) -> tuple[tuple[Word, ...], ...] | Word:
    if isinstance(raw, str):
        if word(raw) == "unknown":
            return word(raw)
        message = f"`{raw}`: a list stands here, first to last: [{raw}]"
        raise ValueError(message)
    if not isinstance(raw, list | tuple):
        raise expected("a list, first to last: [debts, TOKEN],", raw)
    ranks = tuple(words(rank) for rank in raw)
    if not all(ranks):
        message = "a rank names somebody"
        raise ValueError(message)
    named = [name for rank in ranks for name in rank]
    twice = {name for name in named if named.count(name) > 1}
    if twice:
        message = f"`{min(twice)}` is named twice"
        raise ValueError(message)
    return ranks


Pays = Annotated[
    tuple[tuple[str, ...], ...] | Literal["unknown"],
    PlainValidator(_ranks),
    WithJsonSchema(
        {
            "type": ["string", "array"],
            "items": {
                "anyOf": [
                    {"type": ["string", "number"]},
                    {"type": "array", "items": {"type": ["string", "number"]}},
                ]
            },
            "description": "who is paid, first to last; [a, b] inside shares equally",
            "examples": [["debts", "xUSD"]],
        }
    ),
]


def _rebalance(raw: object) -> object:
    return None if isinstance(raw, str) and word(raw) == "none" else raw


class Issuer(Part):
    """Whoever issues receipts: a vault, a strategy, a stablecoin, a fund.

    ``outside`` is what is not itself in this system, in money; ``owns`` what is. ``pays`` is
    the order of payment, one tuple per rank; the word ``debts`` in it stands for all of
    ``owes`` that it does not name, and ``equity`` for what is left after all claims.

    >>> fund = Issuer(outside={"fund": "$700M"}, owes={"outside": 530e6}, pays=["debts", "equity"])
    >>> fund.owes["outside"].amount.number, fund.pays
    (Fraction(530000000, 1), (('debts',), ('equity',)))
    """

    outside: Map[Money] = EMPTY
    owns: Map[Holding] = EMPTY
    owes: Annotated[Map[Loan], BeforeValidator(_loans)] = EMPTY
    issues: Map[Receipt] = EMPTY
    pays: Pays | None = None
    set_off: Map[SetOff] = EMPTY
    default_recovery: DefaultRecovery | None = None
    feeds: Map[Feed] = EMPTY
    rebalance: Annotated[Rebalance | None, BeforeValidator(_rebalance)] = None
