"""The texts kept as golden files; run this module to write them anew, then look at them."""

from pathlib import Path

from looprisk.cli.comparing import _diff_text, _text
from looprisk.cli.emit import Format, Out
from looprisk.results.diffs import BreakMove, Changed, Diff, Edge, LossMove, Unanswered
from looprisk.results.figures import Difference
from looprisk.results.records import At
from looprisk.results.verifications import Verification

FOLDER = Path(__file__).parent / "golden"
DIFF = Diff(
    before="main.yaml",
    after="change.yaml",
    breaks=(
        BreakMove(
            scenario="reverse-stress",
            of="loop-a",
            event="liquidated",
            before=None,
            after=0.1945,
            after_at=At(path="rA", value=0.0972, unit="fraction"),
        ),
        BreakMove(
            scenario="loss",
            of="Stream",
            event="insolvent",
            before=0.27,
            after=0.31,
            before_at=At(path="Stream/outside/fund", value=170e6, unit="usd"),
            after_at=At(path="Stream/outside/fund", value=193.75e6, unit="usd"),
        ),
    ),
    losses=(
        LossMove(scenario="loss", layer="deUSD", before_usd=2.5e6, after_usd=6.7e6),
        LossMove(scenario="loss", layer="xUSD", before_usd=45e6, after_usd=40.8e6),
    ),
    edges=(
        Edge(holder="Elixir", claim="xUSD", before_usd=None, after_usd=12.5e6, is_new=True),
        Edge(holder="Re7", claim="deUSD", before_usd=3.1e6, after_usd=None, is_gone=True),
        Edge(holder="Elixir", claim="plume-xusd", before_usd=68e6, after_usd=55.5e6),
    ),
    changes=(
        Changed(path="plume-xusd/collateral/xUSD/lltv", before="86%", after="91.5%"),
        Changed(path="Elixir/owns/xUSD", before=None, after="9.87M"),
        Changed(path="Re7/owns/deUSD", before="3.1M", after=None),
    ),
    unanswered=(Unanswered(scenario="run", side="after", message="it is not there any more"),),
)
VERIFIED = Verification(
    scenario="stream-own-token::loss-93",
    figures=859,
    differences=(),
    solutions=3,
    equations=93,
    made_by="0.1.0",
    here="0.1.0",
)
DIFFERS = Verification(
    scenario="stream-own-token::loss-93",
    figures=859,
    differences=(
        Difference("layers/deUSD/economic_loss_usd", 6696702.5, 6695702.0),
        Difference("break_points/deUSD impaired/exact", "17/70", "1/4"),
    ),
    solutions=3,
    equations=93,
    made_by="0.1.0",
    here="0.2.0",
)


def _out(width: int, *, color: bool = False, unicode: bool = True) -> Out:
    return Out(
        format=Format.table, path=None, color=color, unicode=unicode, width=width, quiet=True
    )


SCREENS = {
    "80": _out(80),
    "120": _out(120),
    "80-color": _out(80, color=True),
    "80-ascii": _out(80, unicode=False),
}
TEXTS = {
    "diff": lambda to: _diff_text(DIFF, to),
    "verified": lambda to: _text(VERIFIED, to),
    "differs": lambda to: _text(DIFFERS, to),
}
GOLDEN = {
    f"{name}-{size}.txt": (text, to) for name, text in TEXTS.items() for size, to in SCREENS.items()
}

if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, (text, to) in GOLDEN.items():
        (FOLDER / name).write_text(text(to), encoding="utf-8")
    (FOLDER / "diff.md").write_text(DIFF.to_markdown(), encoding="utf-8")
