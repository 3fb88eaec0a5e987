"""Books of accounts and large systems in floats, beside every position alone and exact fractions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from looprisk.analysis.solve import solve
from looprisk.engine.large import cleared, large
from looprisk.engine.shelves import shelves
from looprisk.engine.standing import standing
from looprisk.errors import ModelError, NoSolutionError
from looprisk.model import Case, Scenario, System
from tests.engine.funds import funds
from tests.tables.twins import Row, table_of

AMOUNTS = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0, 7.5])
ACCOUNTS = st.lists(st.tuples(st.integers(0, 3), AMOUNTS, AMOUNTS), max_size=30)
PRICES = st.lists(st.sampled_from([0.0, 0.1, 0.7, 1.0, 1.3, 40.0]), min_size=4, max_size=4)
LLTV, PHI = np.array([0.8, 0.5, 0.9, 0.0]), np.array([1.05, 1.5, 1.08, 1.0])


def one_account(x, lltv, phi, units, debt):
    """Return what is repaid, sold and bad of one account."""
    if units * x * lltv >= debt:
        return 0.0, 0.0, 0.0
    if units * x >= phi * debt:
        return debt, phi * debt / x, 0.0
    return units * x / phi, units, debt - units * x / phi


@given(ACCOUNTS, PRICES)
def test_books_are_the_sums_of_their_accounts(accounts, prices):
    book, units, debts = zip(*accounts, strict=True) if accounts else ((), (), ())
    found = shelves(book, units, debts, LLTV, PHI).at(np.array(prices))
    wanted = np.zeros((3, 4))
    for c, q, d in accounts:
        wanted[:, c] += one_account(prices[c], LLTV[c], PHI[c], q, d)
    assert found.repaid == pytest.approx(wanted[0], abs=1e-9)
    assert found.sold == pytest.approx(wanted[1], abs=1e-9)
    assert found.bad_debt == pytest.approx(wanted[2], abs=1e-9)


@pytest.fixture(scope="module")
def hundreds():
    made = funds(200, 300, 20_000)
    return made, made.system(made.books()), made.losses(12)


def test_books_of_many_sizes_as_position_by_position(hundreds):
    made, system, _ = hundreds
    prices = np.random.default_rng(3).uniform(0.01, 1.2, (20, 200))
    found = system.books.at(prices[:, made.collateral])
    for row, x in enumerate(prices):
        repaid, sold, bad = made.fates(x)
        assert found.repaid[row] == pytest.approx(repaid, rel=1e-9, abs=1e-6)
        assert found.sold[row] == pytest.approx(sold, rel=1e-9, abs=1e-6)
        assert found.bad_debt[row] == pytest.approx(bad, rel=1e-9, abs=1e-6)


def test_prices_as_position_by_position(hundreds):
    made, system, losses = hundreds
    found = cleared(system, losses)
    assert found.residual.max() < 1e-12
    assert found.gap.max() < 1e-12
    for row, outside in enumerate(losses):
        prices = made.one_by_one(outside)
        assert found.prices[row] == pytest.approx(prices, rel=1e-9)
        assert found.outcome.bad_debt[row] == pytest.approx(made.fates(prices)[2], rel=1e-9)
    assert (found.outcome.bad_debt.sum(axis=1) > 0).all()
    assert (found.prices < 1).any()


def test_without_a_loss_every_price_is_one(hundreds):
    made, system, _ = hundreds
    assert cleared(system, made.outside[None]).prices == pytest.approx(1)


def test_a_scenario_alone_is_the_same_as_among_others(hundreds):
    _, system, losses = hundreds
    many = cleared(system, losses).prices
    for row in range(3):
        assert cleared(system, losses[row : row + 1]).prices[0] == pytest.approx(
            many[row], rel=1e-12
        )


def written(made, left):
    """Return made-up funds as a file would state them, and the losses that leave ``left`` of each."""
    tokens, count = range(len(made.supply)), len(made.supply)
    owned, lent = made.owned.toarray(), made.lent.toarray()
    assets = count // 4
    system = System(
        assets={"USDC": {"price": "$1"}, **{f"T{t}": {"price": "$1"} for t in tokens[:assets]}},
        issuers={
            f"F{t}": {
                "outside": {"x": f"${float(made.outside[t])!r}"},
                "owns": {
                    **{f"T{j}": repr(float(owned[t, j])) for j in tokens if owned[t, j]},
                    **{f"m{c}": f"{lent[t, c] * 100:.7f}%" for c in np.flatnonzero(lent[t])},
                },
                "issues": {f"T{t}": {"kind": "share", "supply": repr(float(made.supply[t]))}},
            }
            for t in tokens[assets:]
        },
        markets={
            f"m{c}": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": repr(float(made.cash[c]))}},
                "collateral": {
                    f"T{made.collateral[c]}": {
                        "lltv": repr(float(made.lltv[c])),
                        "incentive": "5%",
                        "oracle": "market",
                    }
                },
            }
            for c in range(len(made.cash))
        },
        positions={
            f"book{c}": table_of(
                [
                    Row({f"T{made.collateral[c]}": f"{q:.3f}"}, {"USDC": f"{d:.3f}"})
                    for q, d in zip(
                        made.units[made.market == c], made.debts[made.market == c], strict=True
                    )
                ],
                f"m{c}",
            )
            for c in range(len(made.cash))
        },
    )
    stage = {
        "price": {f"T{t}": f"{(left[t] - 1) * 100:.6f}%" for t in tokens[:assets]},
        "loss": {f"F{t}": f"${made.outside[t] * (1 - left[t]):.6f}" for t in tokens[assets:]},
    }
    return Case(system, Scenario(stages=[stage]), "large")


@pytest.mark.parametrize("seed", range(4))
def test_prices_as_the_exact_engine_finds_them(seed):
    made = funds(6, 5, 60, seed)
    made = replace(made, incentive=np.full(5, 1.05))
    left = np.round(np.random.default_rng(seed).uniform(0.3, 0.9, 6), 4)
    point = solve(written(made, left)).end
    found = cleared(made.system(made.books()), (made.outside * left)[None])
    for t in range(1, 6):
        assert found.prices[0, t] == pytest.approx(float(point.token(f"T{t}")), rel=1e-9)
    for c in range(5):
        exact = standing(point, f"book{c}").outcome
        assert found.outcome.bad_debt[0, c] == pytest.approx(float(exact.bad_debt), rel=1e-9)
        assert found.outcome.repaid[0, c] == pytest.approx(float(exact.repaid), rel=1e-9)
    assert found.outcome.bad_debt.sum() > 0


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1))
def test_more_outside_is_never_worse(seed, less, more):
    made = funds(8, 6, 40, seed)
    system = made.system(made.books())
    low, high = sorted((less, more))
    found = cleared(system, np.stack([made.outside * low, made.outside * high]))
    assert (found.prices[0] <= found.prices[1] * (1 + 1e-12)).all()
    assert (found.residual < 1e-12).all()
    assert (found.gap < 1e-12).all()


def test_a_fund_that_lends_all_against_its_own_token():
    """The book turns bad below ``p = 1.05 * 0.5``, and then nearly all of a loss comes back."""
    books = shelves([0], [99.0], [49.5], [0.8], [1.05])
    system = large(
        supply=np.array([100.0]),
        owned=csr_array((1, 1)),
        lent=csr_array([[1.0]]),
        cash=np.array([0.5]),
        collateral=np.array([0]),
        books=books,
    )
    # p = (o + 50 - max(0, 49.5 - 99 p / 1.05)) / 100
    found = cleared(system, np.array([[10.0], [1.0], [0.0]]))
    covered = (10 + 50) / 100
    assert found.prices[0, 0] == pytest.approx(covered)
    bad = [(o + 0.5) / (100 - 99 / 1.05) for o in (1.0, 0.0)]
    assert found.prices[1:, 0] == pytest.approx(bad, rel=1e-9)


def base(**changes):
    said = {
        "supply": np.array([10.0, 10.0]),
        "owned": csr_array(np.array([[0.0, 2.0], [2.0, 0.0]])),
        "lent": csr_array([[0.5], [0.5]]),
        "cash": np.array([1.0]),
        "collateral": np.array([0]),
        "books": shelves([0], [1.0], [0.5], [0.8], [1.05]),
    }
    return large(**{**said, **changes})


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            {"owned": csr_array(np.array([[0, 10.0], [10.0, 0]]))},
            ModelError,
            "more than its supply",
        ),
        ({"supply": np.array([10.0, 0.0])}, ModelError, "token 1"),
        ({"lent": csr_array([[0.7], [0.5]])}, ModelError, "more than all"),
        ({"cash": np.array([np.nan])}, ModelError, "cash"),
        ({"cash": np.array([1.0, 2.0])}, ModelError, "do not fit"),
        ({"collateral": np.array([2])}, ModelError, "of 2 tokens"),
        (
            {
                "owned": csr_array(np.array([[0, 10.0], [10.0, 0]])),
                "books": shelves([], [], [], [0.8], [1.05]),
            },
            NoSolutionError,
            "held by nobody outside",
        ),
    ],
)
def test_what_cannot_be_is_refused(changes, error, message):
    with pytest.raises(error, match=message):
        base(**changes)


def test_negative_outside_assets_are_refused():
    with pytest.raises(ModelError, match="outside"):
        cleared(base(), np.array([[1.0, -1.0]]))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (([0], [-1.0], [1.0], [0.8], [1.05]), "units: -1.0"),
        (([0], [1.0], [np.inf], [0.8], [1.05]), "debts: inf"),
        (([1], [1.0], [1.0], [0.8], [1.05]), "from 1 to 1, of 1"),
        (([0, 0], [1.0], [1.0], [0.8], [1.05]), "2 books, 1 units"),
        (([0], [1.0], [1.0], [0.8], [1.25]), "times the lltv below 1"),
    ],
)
def test_books_that_cannot_be_are_refused(said, message):
    with pytest.raises(ModelError, match=message):
        shelves(*said)
