"""What some random systems have on top: measured depth, and shocks that are rarer."""

from fractions import Fraction

from looprisk.model.series import Series, SeriesName


def more(draw, parts, step, steps):
    """Measure the depth of the pools, and return what else may strike."""
    for pool in parts["liquidity"].values():
        knots = [(0, 1), (20_000, 0.93), (90_000, draw.uniform(0.5, 0.8)), (400_000, 0.1)]
        pool["curve"] = {"kind": "table", "table": _measured(knots)}
    shocks = (
        {"loss": {"two": draw.choice(("$900", "$4_000"))}},
        {"default": {draw.choice(("pool-1", "iso-0")): "40%"}},
    )
    return [{**shock, "at": f"{steps // 2 * step}s"} for shock in shocks if draw.random() < 0.6]


def _measured(knots):
    sold, price = (tuple(Fraction(str(x)) for x in column) for column in zip(*knots, strict=True))
    series = Series(digest=str(knots), columns={"sold": sold, "price": price})
    return SeriesName("measured.csv", None, series)
