"""Assets, what prices them, how much can be sold, and the receipts of issuers."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, PlainValidator, Tag, WithJsonSchema, model_validator

from looprisk.errors import ModelError, Problem
from looprisk.model.base import Model, Part
from looprisk.model.fields import (
    Count,
    Duration,
    Flow,
    Money,
    Multiple,
    OneOf,
    Plain,
    Price,
    Rate,
    Ratio,
    Ref,
    Text,
    Time,
    Tokens,
    mapping,
    word,
    words,
)
from looprisk.model.frozen import EMPTY, Map
from looprisk.model.problems import MISSING, to_add
from looprisk.model.series import SOLD, SeriesRef


class Asset(Part):
    """A token priced from outside the system."""

    price: Price
    decimals: Count | None = None
    liquidity: Ref | None = None


class Oracle(Part):
    """What a market reads as the price of a collateral.

    ``of`` left out: of whatever it is used for. ``base`` is the oracle, or ``market`` or
    ``nav``, that a ``capped`` or ``twap`` one reads; of a ``pt_discount``, how the unit is read
    that the principal token pays (left out, at what sellers get for it, or at its par where no
    market price is known). ``discount`` is simple and linear in the time to ``matures``.
    """

    kind: Annotated[Literal["market", "nav", "fixed", "capped", "twap", "pt_discount"], OneOf()]
    of: Ref | None = None
    price: Price | None = None
    base: Ref | None = None
    cap: Price | None = None
    window: Duration | None = None
    lag: Duration | None = None
    heartbeat: Duration | None = None
    deviation: Ratio | None = None
    discount: Rate | None = None
    matures: Time | None = None

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        given = {
            "price": self.price,
            "cap": self.cap,
            "discount": self.discount,
            "matures": self.matures,
            "window": self.window,
        }
        needs = {
            "fixed": ("price",),
            "capped": ("cap",),
            "pt_discount": ("discount", "matures"),
            "twap": ("window",),
        }.get(self.kind, ())
        missing = [
            Problem((), f"`{field}`{MISSING}", to_add(type(self), field))
            for field in needs
            if given[field] is None
        ]
        if missing:
            raise ModelError(missing)
        if self.price is not None and self.kind != "fixed":
            message = f"only a fixed oracle has a price; this one is {self.kind}"
            raise ModelError([Problem(("price",), f"price: {message}")])
        return self


class Redemption(Model):
    """How a token is redeemed: at what price, from what, how fast."""

    at: Annotated[Literal["book", "par", "market"], OneOf()] | None = None
    from_: Annotated[Literal["cash", "assets", "nothing"], OneOf()] | None = Field(
        default=None, alias="from"
    )
    delay: Duration | None = None
    limit: Flow | None = None
    note: Text | None = None


class Copy(Model):
    """A token on one chain. ``locked`` units stand behind a bridge; left out, all of it."""

    supply: Tokens
    locked: Tokens | None = None
    bridge: Ref | None = None
    label: Text | None = None
    note: Text | None = None
    address: Ref | None = None


def _borne_by(raw: object) -> tuple[str, ...] | str:
    if isinstance(raw, list | tuple):
        return words(raw)
    found = word(raw)
    if found in {"all", "unknown"}:
        return found
    message = f"`{found}`: write `all`, or a list of copies: [{found}]"
    raise ValueError(message)


BorneBy = Annotated[
    Literal["all", "unknown"] | tuple[str, ...],
    PlainValidator(_borne_by),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]


class _Receipt(Part):
    """What a share and a par promise have in common."""

    supply: Tokens
    """Outside, held by others, or pledged, also by the issuer; not its own wallet."""
    market_price: Price | None = None
    redeems: Redemption | None = None
    copies: Map[Copy] = EMPTY
    shortfall_borne_by: BorneBy | None = None
    decimals: Count | None = None
    liquidity: Ref | None = None

    @model_validator(mode="after")
    def _says_who_bears_a_shortfall(self) -> Self:
        if self.copies and self.shortfall_borne_by is None:
            message = (
                "a token with copies says who bears a shortfall: `shortfall_borne_by: all`, "
                "or a list of its copies"
            )
            raise ValueError(message)
        if self.shortfall_borne_by is not None and not self.copies:
            message = "shortfall_borne_by: this token has no copies that could bear one"
            help_ = "leave it out, or list its `copies`"
            raise ModelError([Problem(("shortfall_borne_by",), message, help_)])
        if isinstance(self.shortfall_borne_by, tuple):
            strangers = [name for name in self.shortfall_borne_by if name not in self.copies]
            if strangers:
                raise ModelError(
                    Problem(
                        ("shortfall_borne_by",),
                        f"shortfall_borne_by: `{name}` is no copy of this token",
                        f"its copies are {', '.join(self.copies)}",
                        on_key=False,
                    )
                    for name in strangers
                )
        return self


class Share(_Receipt):
    """A receipt for what is left, in the manner of ERC-4626.

    ``book_price`` is posted: no shock moves it; left out, it is computed from the book.
    ``market_price`` is what a seller gets; left out, the economic price. ``weight`` is this
    class's part of what is left, per unit.
    """

    kind: Annotated[Literal["share"], OneOf()] = "share"
    weight: Plain | None = None
    book_price: Price | None = None


class Par(_Receipt):
    """A promise of a fixed amount per unit: ``$1``, or ``1 USDe``."""

    kind: Annotated[Literal["par"], OneOf()] = "par"
    par: Price
    matures: Time | None = None


def _kind(raw: object) -> str:
    if isinstance(raw, Share | Par):
        return raw.kind
    fields = mapping(raw)
    if fields is None:
        return "share"
    if "kind" not in fields:
        return "missing"
    try:
        kind = str(word(fields["kind"]))
    except ValueError:
        return "wrong"
    return kind if kind in {"share", "par"} else "wrong"


def _no_kind(raw: object) -> Share:
    """Refuse a receipt whose kind is not written."""
    del raw
    help_ = "add `kind: share` (what is left) or `kind: par` (a promise)"
    raise ModelError([Problem((), f"`kind`{MISSING}", help_)])


def _wrong_kind(raw: object) -> Share:
    """Refuse a receipt whose kind is no word of the language."""
    kind = word((mapping(raw) or {}).get("kind"))
    message = f"kind: `{kind}` is not known here: share (what is left) or par (a promise)"
    raise ModelError([Problem(("kind",), message, on_key=False)])


_Refused = WithJsonSchema({"not": {}})
Receipt = Annotated[
    Annotated[Share, Tag("share")]
    | Annotated[Par, Tag("par")]
    | Annotated[Share, PlainValidator(_no_kind), _Refused, Tag("missing")]
    | Annotated[Share, PlainValidator(_wrong_kind), _Refused, Tag("wrong")],
    Discriminator(_kind),
]


class Curve(Model):
    """How selling moves a price. ``depth`` is worth, at the start price, in dollars.

    A measured curve has a ``table`` of what was sold and the share of the price left.
    """

    kind: Annotated[
        Literal["exponential", "linear", "square_root", "constant_product", "table"], OneOf()
    ]
    depth: Money | None = None
    table: SeriesRef | None = None

    @model_validator(mode="after")
    def _says_how_deep(self) -> Self:
        wanted, other = ("table", "depth") if self.kind == "table" else ("depth", "table")
        given = {"table": self.table is not None, "depth": self.depth is not None}
        if given[other]:
            raise ModelError([Problem((other,), f"{other}: a curve of {self.kind} has none")])
        if not given[wanted]:
            raise ModelError([Problem((), f"`{wanted}`{MISSING}", to_add(type(self), wanted))])
        series = self.table.series if self.table is not None else None
        if series is not None and SOLD not in series.columns:
            message = "its table holds prices in time, and a depth has the columns sold and price"
            raise ModelError([Problem(("table",), message, "write sold,price", on_key=False)])
        return self


class Thins(Model):
    """How depth dries up as the price falls and as volatility rises.

    ``calm`` is the volatility at which the depth is as written, ``window`` the time over which
    volatility is measured; depth that follows volatility needs both.
    """

    with_price: Multiple | None = None
    with_volatility: Multiple | None = None
    calm: Rate | None = None
    window: Duration | None = None
    refills_in: Duration | None = None

    @model_validator(mode="after")
    def _knows_what_calm_is(self) -> Self:
        given = {"calm": self.calm, "window": self.window}
        missing = [
            Problem((), f"`{field}`{MISSING}", to_add(type(self), field))
            for field, value in given.items()
            if self.with_volatility is not None and value is None
        ]
        if missing:
            raise ModelError(missing)
        return self


class Liquidity(Part):
    """How much of a token can be sold, and what that does to its price."""

    of: Ref
    into: Ref
    curve: Curve
    thins: Thins | None = None
