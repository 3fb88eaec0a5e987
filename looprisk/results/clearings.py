"""Many clearings at once: what every layer is worth and loses in every scenario."""

from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from looprisk.errors import ModelError, Problem
from looprisk.results.columns import Kind
from looprisk.results.fields import Field, table_of
from looprisk.results.names import clean
from looprisk.results.table import Table

Figures = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LossSpread:
    """How the loss of one layer is spread over the scenarios, in US dollars."""

    id: str
    label: str
    start_usd: float
    mean_usd: float
    median_usd: float
    p95_usd: float
    p99_usd: float
    worst_usd: float


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class Clearings:
    """What every layer loses in S scenarios, each column with its certificate.

    Money is US dollars, losses are positive. Arrays are frozen and have the scenarios first.
    """

    ids: tuple[str, ...]
    """The L layers."""
    labels: tuple[str, ...]
    start_usd: Figures
    """[L] economic value before any shock."""
    economic_usd: Figures
    """[S, L] economic value in each scenario."""
    residual: Figures
    """[S] largest violation of a payout equation, relative to the claims."""
    conservation_gap: Figures
    """[S] loss put in less loss borne, relative to the claims."""
    alone: NDArray[np.bool_]
    """[S] solved by itself, because a line of the shock bends in this scenario."""

    def __post_init__(self) -> None:
        """Freeze the arrays: an answer is a value."""
        for array in (self.start_usd, self.economic_usd, self.residual, self.conservation_gap):
            array.flags.writeable = False
        self.alone.flags.writeable = False

    def __len__(self) -> int:
        return len(self.economic_usd)

    @property
    def loss_usd(self) -> Figures:
        """[S, L] economic loss of each layer."""
        return self.start_usd - self.economic_usd

    def loss(self, id: str) -> Figures:
        """Return the economic loss [S] of one layer, by its id or the name it is shown under.

        Raises ModelError, with the nearest id, where there is no such layer.
        """
        for names in (self.ids, self.labels):
            if id in names:
                return self.loss_usd[:, names.index(id)]
        near = get_close_matches(id, self.ids, n=1)
        advice = f"did you mean {near[0]}?" if near else "`ids` lists every layer"
        raise ModelError([Problem((id,), f"no layer `{clean(id)}` in this result", advice)])

    @property
    def layers(self) -> Table[LossSpread]:
        """How the loss of every layer is spread over the scenarios, the largest mean first."""
        loss = self.loss_usd
        if not len(loss):
            loss = np.zeros((1, len(self.ids)))
        mean, worst = loss.mean(axis=0), loss.max(axis=0)
        middle, p95, p99 = np.quantile(loss, [0.5, 0.95, 0.99], axis=0)
        rows = tuple(
            LossSpread(
                id=self.ids[k],
                label=self.labels[k],
                start_usd=float(self.start_usd[k]),
                mean_usd=float(mean[k]),
                median_usd=float(middle[k]),
                p95_usd=float(p95[k]),
                p99_usd=float(p99[k]),
                worst_usd=float(worst[k]),
            )
            for k in np.argsort(-mean, kind="stable").tolist()
        )
        fields: tuple[Field[LossSpread], ...] = (
            Field("claim", "claim", Kind.NAME, lambda row: row.label or row.id),
            Field("start_usd", "value/at start", Kind.MONEY, lambda row: row.start_usd),
            Field("mean_usd", "mean/loss", Kind.MONEY, lambda row: row.mean_usd),
            Field("median_usd", "median/loss", Kind.MONEY, lambda row: row.median_usd, leaves=2),
            Field("p95_usd", "95 % lose/at most", Kind.MONEY, lambda row: row.p95_usd),
            Field("p99_usd", "99 % lose/at most", Kind.MONEY, lambda row: row.p99_usd),
            Field("worst_usd", "worst/loss", Kind.MONEY, lambda row: row.worst_usd, leaves=1),
        )
        return table_of("Loss over all scenarios", rows, fields)

    @property
    def headline(self) -> str:
        """How many scenarios, and how far the worst equation is from holding."""
        worst = max(self.residual.max(initial=0.0), np.abs(self.conservation_gap).max(initial=0.0))
        return f"{len(self):,} scenarios, each certified: residual and gap at most {worst:.0e}"

    def __repr__(self) -> str:
        return f"{self.headline}\n\n{self.layers!r}"

    def _repr_html_(self) -> str:
        return f"<p>{self.headline}</p>{self.layers._repr_html_()}"
