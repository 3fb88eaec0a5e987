"""Large systems beside small ones: sparse factors, and many events at once, as one by one."""

import numpy as np
import pytest
from scipy.sparse import csr_array

import looprisk as lr
from looprisk.analysis import breaking
from looprisk.analysis import solve as solving
from looprisk.engine import block, breaks, factors, trace
from looprisk.engine.factors import SparseInverse
from looprisk.engine.linear import ClosedLoopError, FloatInverse
from looprisk.errors import NoSolutionError, NotCarriedError


def funds(count, seed, *, cash=100):
    """Vaults with a debt that own a part of five others each, and losses of different sizes."""
    random = np.random.default_rng(seed)
    part = random.uniform(0.01, 0.09, (count, 5))
    issuers = {}
    for i in range(count):
        others = random.choice(count - 1, 5, replace=False)
        issuers[f"V{i}"] = {
            "outside": {"cash": f"${cash}"},
            "owns": {
                f"t{j + (j >= i)}": f"{100 * share:.4f}%"
                for j, share in zip(others, part[i], strict=True)
            },
            "owes": {"outside": "$60"},
            "pays": ["debts", f"t{i}"],
            "issues": {f"t{i}": {"kind": "share", "supply": 100}},
        }
    loss = {f"V{i}": f"${20 + 70 * i / count:.4f}" for i in range(count)}
    return lr.System(issuers=issuers), loss


def chain(count):
    issuers = {"V0": {"outside": {"cash": "$100"}, "issues": {"t0": share()}}}
    for i in range(1, count):
        issuers[f"V{i}"] = {"owns": {f"t{i - 1}": 100}, "issues": {f"t{i}": share()}}
    return lr.System(issuers=issuers)


def share():
    return {"kind": "share", "supply": 100}


def shown(answer):
    """Return everything that an answer says of layers, events and break points, as numbers."""
    rows = {row.id: (row.economic_usd, row.book_usd, row.first_break) for row in answer.layer_rows}
    points = {
        (row.of, row.event): (row.fraction, row.loss_before_usd, row.loss_after_usd, row.intervals)
        for row in answer.break_point_rows
    }
    events = [(event.of, event.event, event.because) for event in answer.event_rows]
    return rows, points, sorted(events)


def same(one, other):
    assert one.keys() == other.keys()
    for key, numbers in one.items():
        flat = np.array([np.nan if x is None else x for x in _flat(numbers)], dtype=float)
        theirs = np.array([np.nan if x is None else x for x in _flat(other[key])], dtype=float)
        assert flat == pytest.approx(theirs, rel=1e-9, abs=1e-9, nan_ok=True)


def _flat(numbers):
    for number in numbers:
        if isinstance(number, tuple):
            yield from _flat(number)
        else:
            yield number


@pytest.mark.parametrize("seed", range(3))
def test_without_a_dense_matrix_and_event_by_event_everything_is_the_same(seed, monkeypatch):
    system, loss = funds(90, seed)
    monkeypatch.setattr(block, "SPARSE", 10**9)
    monkeypatch.setattr(breaks, "FEW", 10**9)
    rows, points, events = shown(lr.run(system, loss=loss))
    monkeypatch.setattr(block, "SPARSE", 1)
    monkeypatch.setattr(block, "HUGE", 1)
    monkeypatch.setattr(breaks, "FEW", 0)
    other_rows, other_points, other_events = shown(lr.run(system, loss=loss))
    same(rows, other_rows)
    same(points, other_points)
    assert events == other_events
    assert sum(event == "insolvent" for _, event, _ in events) > 10


def loops(count):
    """Loops of one market, each at another debt: under water inside a piece, where nothing bends."""
    return lr.System(
        assets={"USDC": {"price": 1}, "ETH": {"price": 1000}},
        markets={
            "m": {
                "rules": "morpho-blue",
                "lends": {"USDC": {"cash": 1_000_000}},
                "collateral": {"ETH": {"lltv": "94.5%", "oracle": "market"}},
            }
        },
        positions={
            f"p{i}": {
                "market": "m",
                "collateral": {"ETH": 1},
                "debt": {"USDC": 300 + 600 * i // count},
            }
            for i in range(count)
        },
    )


def test_events_between_two_kinks_lie_where_fractions_put_them(monkeypatch):
    monkeypatch.setattr(breaks, "FEW", 0)
    count = 70
    fall = {"ETH": "-100%"}
    floats = lr.break_points(loops(count), price=fall)
    exact = lr.break_points(loops(count), price=fall, exact=True)
    assert (floats.certificate.exact, exact.certificate.exact) == (False, True)
    found = {(row.of, row.event): row.fraction for row in floats.rows}
    for row in exact.rows:
        assert found[row.of, row.event] == pytest.approx(row.fraction, rel=1e-9), row.of
    # by hand: a fall of 1 - debt / 1000 leaves as much collateral as debt
    for i in range(count):
        debt = 300 + 600 * i // count
        assert found[f"p{i}", "insolvent"] == pytest.approx(1 - debt / 1000, rel=1e-9)


def random_flows(seed, size, passed):
    random = np.random.default_rng(seed)
    dense = random.uniform(0, 1, (size, size)) * (random.uniform(0, 1, (size, size)) < 0.1)
    np.fill_diagonal(dense, 0)
    return dense * (passed / np.maximum(dense.sum(axis=0), 1e-9))


@pytest.mark.parametrize("passed", [0.3, 0.999])
@pytest.mark.parametrize("seed", range(4))
def test_an_inverse_that_changes_is_the_dense_one(seed, passed, monkeypatch):
    monkeypatch.setattr(factors, "BLOCK", 5)
    random = np.random.default_rng(seed)
    size = 30
    flows = random_flows(seed, size, passed)
    thin, thick = SparseInverse(csr_array(flows)), FloatInverse(flows)
    for _ in range(13):
        column = int(random.integers(size))
        rows = np.flatnonzero(flows[:, column])
        step = -flows[rows, column] * random.uniform(0, 1)
        flows[rows, column] += step
        assert thin.change(column, rows, step) == pytest.approx(thick.change(column, rows, step))
        vector = random.uniform(-1, 1, size)
        exact = np.linalg.solve(np.eye(size) - flows, vector)
        assert thin.times(vector) == pytest.approx(exact, rel=1e-9, abs=1e-9)


def test_a_chain_is_factored_without_filling_up():
    size = 3_000
    steps = np.arange(size - 1)
    flows = csr_array((np.ones(size - 1), (steps + 1, steps)), shape=(size, size))
    shuffled = np.random.default_rng(0).permutation(size)
    inverse = SparseInverse(csr_array(flows[shuffled][:, shuffled]))
    first = np.zeros(size)
    first[np.flatnonzero(shuffled == 0)] = 1
    assert inverse.times(first) == pytest.approx(np.ones(size))
    assert inverse._factors.L.nnz + inverse._factors.U.nnz < 4 * size


def test_a_loop_that_keeps_every_dollar_has_no_inverse():
    ring = csr_array(np.roll(np.eye(40), 1, axis=0))
    with pytest.raises(ClosedLoopError):
        SparseInverse(ring)


def test_a_loop_too_large_to_factor_is_refused(monkeypatch):
    monkeypatch.setattr(factors, "LARGEST_LOOP", 20)
    with pytest.raises(NoSolutionError, match="nodes feed each other"):
        SparseInverse(csr_array(random_flows(0, 30, 0.999)))


def test_a_response_that_bends_too_often_is_refused(monkeypatch):
    system, loss = funds(70, 1)
    monkeypatch.setattr(trace, "MOST", 700)
    with pytest.raises(NotCarriedError, match="bends more than 10 times"):
        lr.run(system, loss=loss)


def test_a_chain_of_thousands_loses_all_along():
    count = 2_000
    assert count < solving.LARGEST
    found = lr.run(chain(count), loss={"V0": "$25"})
    assert {row.economic_usd for row in found.layer_rows} == {75.0}
    assert {row.first_break for row in found.layer_rows} == {0.0}


def test_of_all_that_breaks_together_so_many_are_named(monkeypatch):
    monkeypatch.setattr(breaking, "TOGETHER", 3)
    rows = lr.break_points(chain(6), loss={"V0": "$25"}).rows
    named = {row.of: row.together_with for row in rows}
    assert named["t0"] == ("t1", "t2", "t3")
    assert named["t5"] == ("t0", "t1", "t2")
