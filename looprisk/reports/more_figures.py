"""The pictures of markets, of time and of sweeps as figures of plotly, as plain values."""

from __future__ import annotations

from looprisk.analysis.depth import depth_of
from looprisk.analysis.lending_looks import bad_debts_of, debts_of, lots_of
from looprisk.analysis.maturity import maturity_of
from looprisk.analysis.sampling import stayed_of
from looprisk.reports.figures import USD, Spec, axis, losing, names_up, safe, words
from looprisk.reports.pictures.health import BIN, bins_of
from looprisk.reports.pictures.heat import cells_of
from looprisk.reports.pictures.swept import factor_of, metric_words, name_of, said, unit_of
from looprisk.reports.pictures.timeline import moments_of
from looprisk.reports.study import Study
from looprisk.reports.theme import LIGHT


def timeline(study: Study, of: str) -> Spec:
    """Return book, economic and market price, the gap between the first two filled."""
    rows = moments_of(study.cascade, of)
    hours = [row.time_s / 3600 for row in rows]

    def line(name: str, values: list[float], dash: str, paint: str, **more: object) -> Spec:
        drawn = {"color": LIGHT[paint], "dash": dash}
        return {"type": "scatter", "name": name, "x": hours, "y": values, "line": drawn, **more}

    gap = {"fill": "tonexty", "fillcolor": "rgba(179,38,30,0.2)"}
    data = [
        line("economic: what backs it", [r.economic for r in rows], "solid", "value"),
        line("book: what screens show", [r.book for r in rows], "dash", "book", **gap),
        line("market: what a seller gets", [r.market for r in rows], "dot", "market"),
    ]
    layout = {"xaxis": axis("hours from the start"), "yaxis": axis(f"{USD} a unit")}
    return {"data": data, "layout": layout}


def utilisation(study: Study, of: str) -> Spec:
    """Return utilisation as steps, and cash on an axis of its own."""
    rows = study.lent(of).rows
    hours = [row.time_s / 3600 for row in rows]
    steps = {"shape": "hv", "color": LIGHT["ink"]}
    cash = {"shape": "hv", "color": LIGHT["value"]}
    data: list[Spec] = [
        {
            "type": "scatter",
            "name": "utilisation",
            "x": hours,
            "y": [row.utilisation for row in rows],
            "line": steps,
        },
        {
            "type": "scatter",
            "name": "cash",
            "x": hours,
            "y": [row.cash_usd for row in rows],
            "line": cash,
            "fill": "tozeroy",
            "yaxis": "y2",
        },
    ]
    layout = {
        "xaxis": axis("hours from the start"),
        "yaxis": axis("utilisation", tickformat=".2~%", domain=[0.55, 1]),
        "yaxis2": axis(f"cash, {USD}", domain=[0, 0.42]),
    }
    return {"data": data, "layout": layout}


def health(study: Study, of: str) -> Spec:
    """Return debt by bins of health, before and after."""
    bins = bins_of(debts_of(study.solved, of))
    middles = [b.start + BIN / 2 for b in bins]
    paints = [LIGHT["loss"] if b.start < 1 - 1e-9 else LIGHT["value"] for b in bins]
    outline = {"color": "rgba(0,0,0,0)", "line": {"color": LIGHT["book"], "width": 1.5}}
    data: list[Spec] = [
        {
            "type": "bar",
            "name": "after the shock",
            "x": middles,
            "y": [b.after_usd for b in bins],
            "marker": {"color": paints},
        },
        {
            "type": "bar",
            "name": "before the shock",
            "x": middles,
            "y": [b.before_usd for b in bins],
            "marker": outline,
        },
    ]
    layout = {
        "barmode": "overlay",
        "bargap": 0.05,
        "xaxis": axis("health factor"),
        "yaxis": axis(f"debt, {USD}"),
    }
    return {"data": data, "layout": layout}


def distribution(study: Study, of: str) -> Spec:
    """Return who supplies and who borrows."""
    rows = lots_of(study.solved, of).rows
    names = list(dict.fromkeys(f"{row.side}: {safe(row.name)}" for row in rows))
    told = ["" if r.health is None else f"health {r.health:.2f} {words(r.mix)}" for r in rows]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": [row.usd for row in rows],
        "y": [f"{row.side}: {safe(row.name)}" for row in rows],
        "text": told,
        "marker": {"color": LIGHT["value"]},
    }
    return {"data": [trace], "layout": {"xaxis": axis(USD), "yaxis": names_up(names)}}


def bad_debt(study: Study, _: str) -> Spec:
    """Return bad debt by market."""
    rows = bad_debts_of([study.solved]).rows
    trace = {
        "type": "bar",
        "x": [safe(row.market) for row in rows],
        "y": [row.bad_usd for row in rows],
        "customdata": [row.share for row in rows],
        "hovertemplate": "%{x}<br>$%{y:,.0f}, %{customdata:.1%} of supplied<extra></extra>",
        "marker": {"color": LIGHT["loss"]},
    }
    return {"data": [trace], "layout": {"yaxis": axis(f"bad debt, {USD}")}}


def depth(study: Study, of: str) -> Spec:
    """Return the price impact of one sale, and what incentives pay."""
    found = depth_of(study.case.system, of)
    sold = [point.sold_usd for point in found.points]
    data: list[Spec] = [
        {
            "type": "scatter",
            "name": name,
            "x": sold,
            "y": values,
            "line": {"color": LIGHT["market"], "dash": dash},
        }
        for name, values, dash in (
            ("average", [p.average for p in found.points], "solid"),
            ("last unit", [p.last for p in found.points], "dot"),
        )
    ]
    data += [
        {
            "type": "scatter",
            "name": f"{safe(one.market)} pays" if one.market else "2% under the start price",
            "x": [sold[0], sold[-1]],
            "y": [one.discount, one.discount],
            "line": {"color": LIGHT["ink"], "dash": "dash"},
        }
        for one in found.incentives or (found.usual,)
    ]
    layout = {
        "xaxis": axis(f"sold at once, {USD}"),
        "yaxis": axis("price impact", tickformat=".2~%"),
    }
    return {"data": data, "layout": layout}


def maturity(study: Study, of: str) -> Spec:
    """Return the safe LLTV in steps to maturity, with the oracle and the market."""
    path = maturity_of(study.case.system, of)
    days = [row.days for row in path.rows]

    def line(name: str, values: list[float], paint: str, **more: object) -> Spec:
        drawn = {"color": LIGHT[paint], **more}
        return {"type": "scatter", "name": name, "x": days, "y": values, "line": drawn}

    data = [
        line("safe LLTV", [row.lltv for row in path.rows], "value", shape="hv"),
        line("oracle, of par", [row.oracle for row in path.rows], "book", dash="dash"),
        line("seller, of par", [row.market for row in path.rows], "market", dash="dot"),
        line("LLTV as written", [path.written for _ in days], "ink", dash="dash"),
    ]
    layout = {
        "xaxis": axis("days to maturity", autorange="reversed"),
        "yaxis": axis("LLTV, price of par", tickformat=".2~%"),
    }
    return {"data": data, "layout": layout}


def tornado(study: Study, of: str) -> Spec:
    """Return the moves of an answer by one percent of each input."""
    found = study.moves(of)
    rows = [row for row in found.rows if row.down is not None and row.up is not None]
    rows.sort(key=lambda row: -abs((row.up or 0.0) - (row.down or 0.0)))
    names = [safe(row.input) for row in rows]
    data: list[Spec] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name,
            "x": values,
            "y": names,
            "base": found.value,
            "marker": {"color": LIGHT[paint]},
        }
        for name, values, paint in (
            ("1% less", [row.down for row in rows], "claim"),
            ("1% more", [row.up for row in rows], "rule"),
        )
    ]
    unit = USD if found.unit == "usd" else "share of the shock as written"
    layout = {"barmode": "overlay", "xaxis": axis(unit), "yaxis": names_up(names)}
    return {"data": data, "layout": layout}


def heat(study: Study, of: str) -> Spec:
    """Return a measure over two varied numbers."""
    cells = cells_of(study.sweep, of)
    steps = ("paper", "h1", "h2", "h3", "h4", "h5", "h6")
    trace = {
        "type": "heatmap",
        "x": list(cells.x_words),
        "y": list(cells.y_words),
        "z": [[cells.grid.get((x, y)) for x in cells.xs] for y in cells.ys],
        "colorscale": [[at / 6, LIGHT[name]] for at, name in enumerate(steps)],
    }
    layout = {
        "xaxis": axis(words(cells.across), type="category"),
        "yaxis": axis(words(cells.up), type="category", autorange="reversed"),
    }
    return {"data": [trace], "layout": layout}


def response(study: Study, _: str) -> Spec:
    """Return what a sweep over one number measured, in the unit of the first measure."""
    sweep = study.sweep
    rows = sweep.rows[1:] or sweep.rows
    factor, unit = factor_of(sweep, 0), unit_of(sweep, 0)
    first = sweep.measured[0]
    alike = [(at, one) for at, one in enumerate(sweep.measured) if one.unit == first.unit]
    data: list[Spec] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": words(said(measured)),
            "x": [float(row.values[0]) * factor for row in rows],
            "y": [row.numbers[at] for row in rows],
            "line": losing(place),
        }
        for place, (at, measured) in enumerate(alike)
    ]
    layout = {
        "xaxis": axis(words(name_of(sweep, 0)) + _units(unit), **_ticks(unit)),
        "yaxis": axis(metric_words(first) + _units(first.unit), **_ticks(first.unit)),
    }
    return {"data": data, "layout": layout}


def _units(unit: str | None) -> str:
    return {"usd": f", {USD}", "fraction": ", %", "price": ", US dollars"}.get(unit or "", "")


def _ticks(unit: str | None) -> Spec:
    return {"tickformat": ".2~%"} if unit == "fraction" else {}


def run(study: Study) -> Spec:
    """Return what leaving costs those who stay, for each token that is run on."""
    data: list[Spec] = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": safe(one.label),
            "x": [step.share for step in one.steps],
            "y": [step.lost for step in one.steps],
            "line": losing(place),
        }
        for place, one in enumerate(stayed_of(study.solved))
    ]
    layout = {
        "xaxis": axis("share that has left at book price, %", **_ticks("fraction")),
        "yaxis": axis("loss of those who stay, %", **_ticks("fraction")),
    }
    return {"data": data, "layout": layout}
