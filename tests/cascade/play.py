"""What the tests of the cascade share: a scenario of some steps, and its records as series."""

from __future__ import annotations

import numpy as np

from looprisk.cascade.paths import Drawn
from looprisk.cascade.run import Run, run
from looprisk.model.scenario import Scenario
from looprisk.model.system import System


def play(tree, levels=None, *, step="1s", count=None, stages=(), paths=1) -> Run:
    """Run a system along given prices; ``count`` steps where no price moves."""
    rows = {name: np.atleast_2d(np.asarray(v, float)) for name, v in (levels or {}).items()}
    last = count if count is not None else max(v.shape[1] for v in rows.values()) - 1
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}[step[-1]] * int(step[:-1])
    scenario = Scenario(time={"step": step, "horizon": f"{last * seconds}s"}, stages=list(stages))
    drawn = None
    if rows:
        drawn = Drawn(
            ids=tuple(rows),
            written_in=(None,) * len(rows),
            values=np.stack(np.broadcast_arrays(*rows.values()), axis=-1),
        )
    return run(System.from_tree(tree), scenario, drawn=drawn, paths=paths)


def price(done: Run, good: str, path: int = 0):
    """Return the economic price of a good at every record."""
    at = done.plan.place[good]
    return np.array([r.values.price[path, at] for r in done.records])


def book(done: Run, good: str, path: int = 0):
    at = done.plan.place[good]
    return np.array([r.state.book[path, at] for r in done.records])


def market(done: Run, good: str, path: int = 0):
    """Return P at every record."""
    at = done.plan.place[good]
    return np.array([r.state.price[path, at] for r in done.records])


def debt(done: Run, account: str, path: int = 0, loan: int = 0):
    m, i = done.plan.account_at[account]
    return np.array([r.state.markets[m].debt[path, loan, i] for r in done.records])


def units(done: Run, account: str, path: int = 0, slot: int = 0):
    m, i = done.plan.account_at[account]
    return np.array([r.state.markets[m].collateral[path, slot, i] for r in done.records])


def leak(done: Run, name: str, path: int = 0) -> float:
    found = done.end.state.leaks.get(name)
    return 0.0 if found is None else float(found[path])


def events(done: Run, event: str, path: int = 0) -> dict[str, list[tuple[int, float]]]:
    """Return {of: [(k, amount)]} of one event."""
    found: dict[str, list[tuple[int, float]]] = {}
    for record in done.records:
        for h in record.happened:
            if h.event == event:
                for i in np.flatnonzero(h.where[path]):
                    found.setdefault(h.of[i], []).append((record.state.k, float(h.amount[path, i])))
    return found


USD = {"USDC": {"price": "$1"}}


def close(found, expected):
    """Compare to twelve digits."""
    np.testing.assert_allclose(found, [float(e) for e in expected], rtol=1e-11, atol=1e-11)
