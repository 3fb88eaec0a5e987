"""Answers made by hand, in the shape of a real one: a loss at a fund under loops and lenders."""

from looprisk.results import (
    Assumption,
    At,
    AxisMark,
    BreakPoint,
    BreakPoints,
    Cause,
    Certificate,
    CheckReport,
    Clearing,
    Event,
    LayerLoss,
    LossCurve,
    Prices,
    Shock,
    ShockMove,
    Verdict,
    WaterfallRow,
)

SHOCK = Shock(
    moves=(ShockMove(verb="loss", target="Stream", size=250e6, unit="usd"),),
    path="Stream/outside/fund",
    unit="usd",
    as_written=250e6,
    searched_to=625e6,
    loss_usd=250e6,
)
CERTIFICATE = Certificate(residual=0.0, conservation_gap=2.4e-16, unique=None, least_gap_usd=0.0)
_EQUITY_GONE, _SECOND = 170e6, 229.44e6


def _layer(
    layer, name, kind, face, loss, *, reported=0.0, at=_EQUITY_GONE, label="", price=None
) -> LayerLoss:
    return LayerLoss(
        layer=layer,
        id=name,
        label=label,
        kind=kind,
        claims_usd=face,
        book_usd=face - reported,
        economic_usd=face - loss,
        economic_loss_usd=loss,
        reported_loss_usd=reported,
        loss_fraction=loss / face if face else None,
        price=price,
        first_break=at,
        broken=at is not None and at <= SHOCK.as_written,
    )


LAYERS = (
    _layer(1, "xUSD", "share", 170e6, 170e6, price=Prices(book=1.2667, economic=0.0, market=0.24)),
    _layer(1, "deUSD", "par", 121e6, 11.36e6, price=Prices(book=1.0, economic=0.9061)),
    _layer(1, "plume-xusd", "supply", 68.03e6, 11.36e6, label="Plume xUSD/USDC"),
    _layer(1, "sdeUSD", "share", 9.56e6, 0.9e6),
    _layer(2, "rest", "loan", 251.13e6, 41.93e6, label="Other lenders, not in the map"),
    _layer(2, "TelosC", "loan", 123.64e6, 20.64e6),
    _layer(2, "mev-arb", "loan", 25.42e6, 4.24e6, label="MEV Capital (Sonic, Arbitrum)"),
    _layer(
        2, "sdeusd-usdc", "supply", 8.66e6, 0.22e6, reported=0.22e6, at=_SECOND, label="sdeUSD/USDC"
    ),
    _layer(
        3, "mev-usdc", "share", 297e6, 0.07e6, reported=0.07e6, at=_SECOND, label="MEV Capital USDC"
    ),
    _layer(
        3, "relend", "share", 34.74e6, -0.004e6, reported=0.11e6, at=_SECOND, label="Relend USDC"
    ),
    _layer(3, "Spark USDC", "share", 50e6, 0.0, at=None),
)
LABELS = {row.id: row.label for row in LAYERS if row.label} | {"sdeusd-loop": "sdeUSD loop"}

CLEARING = Clearing(
    scenario="stream-2025::loss-250",
    inputs_digest="sha256:" + "5c" * 32,
    shock=SHOCK,
    certificate=CERTIFICATE,
    layer_rows=LAYERS,
    waterfall_rows=(
        WaterfallRow(claimant="xUSD holders", via="xUSD", loss_usd=170e6, of_claim=1.0),
        WaterfallRow(claimant="Other lenders", via="rest", loss_usd=41.93e6, of_claim=0.167),
        WaterfallRow(claimant="TelosC", via="TelosC", loss_usd=20.64e6, of_claim=0.167),
        WaterfallRow(claimant="deUSD holders", via="deUSD", loss_usd=17.43e6, of_claim=0.094),
    ),
    event_rows=(
        Event(of="xUSD", event="insolvent", round=1, because="assets 375.00 under debts 455.00"),
        Event(of="deUSD", event="impaired", round=2, because="its loan to Stream pays 83.3%"),
        Event(of="plume-xusd", event="impaired", round=2, because="pays 56.67 of 68.03"),
        Event(of="TelosC", event="impaired", round=2, because="pays 103.00 of 123.64"),
        Event(of="mev-arb", event="impaired", round=2, because="pays 21.18 of 25.42"),
        Event(of="rest", event="impaired", round=2, because="pays 209.20 of 251.13"),
        Event(of="sdeusd-usdc", event="bad_debt", round=3, because="collateral under debt"),
    ),
    assumption_rows=(
        Assumption(
            input="Stream/pays",
            value="debts first",
            effect="The other rule: lenders lose 159.70, not 75.68.",
        ),
        Assumption(input="Stream/owes/rest", source="exposure map", value="$251.13M"),
        Assumption(input="sdeusd-usdc/cash", source="", value="0.4M"),
        Assumption(input="Stream/outside/fund", class_="declared", source="notice"),
    ),
    causes={
        "relend": (
            Cause(
                text="5.2% of sdeUSD/USDC is lost, of which it supplied half", amount_usd=0.107e6
            ),
            Cause(text="interest received", amount_usd=-0.111e6),
        ),
        "plume-xusd": tuple(
            Cause(text=f"borrower {number} pays less than it owes", amount_usd=size)
            for number, size in enumerate(
                (5e6, 3e6, 1.5e6, 0.9e6, 0.5e6, 0.3e6, 0.1e6, 0.05e6, 0.01e6), start=1
            )
        ),
    },
)


def _point(of, event, at, together=(), because="", **more) -> BreakPoint:
    fraction = None if at is None else at / SHOCK.as_written
    return BreakPoint(
        of=of,
        event=event,
        intervals=() if fraction is None else ((fraction, 2.5),),
        fraction=fraction,
        fraction_least=fraction,
        at=None if at is None else At(path=SHOCK.path, value=at, unit="usd"),
        together_with=together,
        because=because,
        **more,
    )


_TOGETHER = ("xUSD", "deUSD", "TelosC", "plume-xusd", "rest", "mev-arb")
_OTHERS = {name: tuple(other for other in _TOGETHER if other != name) for name in _TOGETHER}
BREAKS = BreakPoints(
    scenario="stream-2025::loss-250",
    inputs_digest=CLEARING.inputs_digest,
    shock=SHOCK,
    certificate=CERTIFICATE,
    layer_count=11,
    labels=LABELS,
    rows=(
        _point(
            "xUSD",
            "insolvent",
            _EQUITY_GONE,
            _OTHERS["xUSD"],
            "its own equity is gone",
            exact="17/25",
        ),
        _point("deUSD", "impaired", _EQUITY_GONE, _OTHERS["deUSD"], "its loan to Stream pays less"),
        _point(
            "TelosC", "impaired", _EQUITY_GONE, _OTHERS["TelosC"], "Stream pays less than it owes"
        ),
        *(
            _point(name, "impaired", _EQUITY_GONE, _OTHERS[name], "Stream pays less than it owes")
            for name in ("plume-xusd", "rest", "mev-arb")
        ),
        _point(
            "sdeusd-loop", "liquidated", 178.12e6, (), "deUSD under 0.9905 of par", attained=False
        ),
        _point(
            "sdeusd-loop", "bad_debt", _SECOND, ("relend",), "collateral under debt and incentive"
        ),
        _point("relend", "impaired", _SECOND, ("sdeusd-loop",), "sdeUSD/USDC pays less"),
        _point("Spark USDC", "impaired", None),
        _point("mev-usdc", "impaired", None),
    ),
    marks=(AxisMark(label="disclosed", value=93e6),),
    curves=(
        LossCurve(of="xUSD", fractions=(0.0, 0.68, 2.5), loss_usd=(0.0, 170e6, 170e6)),
        LossCurve(of="relend", fractions=(0.0, 0.91, 0.91, 2.5), loss_usd=(0.0, 0.0, 1e5, 9e6)),
    ),
)

CHECK = CheckReport(
    scenario_count=3,
    rows=(
        Verdict(
            outcome="ok",
            name="no lender loses at the disclosed loss",
            asked="lender_loss_usd is $0",
            expected="$0",
            got=0.0,
            unit="usd",
        ),
        Verdict(
            outcome="ok",
            name="first break at least $100M",
            asked="break_at at_least $100M",
            expected="at least $100M",
            got=170e6,
            unit="usd",
            evidence="structural",
        ),
        Verdict(
            outcome="FAIL",
            name="no lender loses at $250M",
            asked="lender_loss_usd is $0",
            expected="$0",
            got=75.68e6,
            limit=0.0,
            unit="usd",
            because="fund > xUSD > lenders",
            flow="fund loses 250.00 → xUSD takes 170.00 → lenders take 75.68 of the other 80.00",
            file="policy.yaml",
            line=14,
        ),
        Verdict(
            outcome="FAIL",
            name="Elixir look-through to Stream",
            asked="look_through at_most 50%",
            expected="at most 50%",
            got=0.5622,
            limit=0.5,
            unit="fraction",
            because="deUSD > Plume > Stream",
            file="policy.yaml",
            line=19,
        ),
        Verdict(
            outcome="n/a",
            name="oracle recognises in a day",
            asked="time_of at_most 24h",
            expected="at most 24h",
            got=None,
            unit="seconds",
            because="needs a scenario with time",
        ),
    ),
)

LOOP_SHOCK = Shock(
    moves=(ShockMove(verb="price", target="wstETH", size=-1.0, unit="fraction"),),
    path="wstETH",
    unit="fraction",
    as_written=1.0,
    searched_to=1.0,
    loss_usd=1000.0,
)
LOOP_BREAKS = BreakPoints(
    scenario="loop",
    inputs_digest=CLEARING.inputs_digest,
    shock=LOOP_SHOCK,
    certificate=Certificate(residual=0.0, conservation_gap=0.0, unique=True),
    layer_count=2,
    rows=(
        BreakPoint(
            of="me",
            event="liquidated",
            intervals=((0.0476, 0.2), (0.5, 1.0)),
            fraction=1 / 21,
            exact="1/21",
            at=At(path="wstETH", value=1 / 21, unit="fraction"),
            attained=False,
            because="LTV over 94.5%",
        ),
        BreakPoint(
            of="wsteth-eth",
            event="bad_debt",
            intervals=((0.0832, 1.0),),
            fraction=0.0832,
            kind="bracket",
            at=At(path="wstETH", value=0.0832, unit="fraction"),
            because="collateral under debt",
        ),
    ),
)
