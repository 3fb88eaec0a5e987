"""Many accounts at once: against numpy account by account, the bounds of a ladder, what is refused."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import looprisk as lr
from looprisk.analysis.clearing import clearing_of
from looprisk.analysis.metrics import Ask, measure
from looprisk.analysis.solve import solve
from looprisk.engine import tables
from looprisk.engine.clear import prove
from looprisk.engine.ladder import Change, Ladder, Line, rungs
from looprisk.engine.steps import sorted_steps
from looprisk.errors import ModelError, NotCarriedError, NotExactError
from looprisk.model import Case, Scenario, System
from looprisk.model.tables import TableName
from tests.tables.make import POOL, WSTETH, accounts, digest
from tests.tables.twins import Row, read, table_of, twins

MANY = 100_000
TERMS = {"lltv": "86%", "oracle": "market"}
SYSTEM = {
    "assets": {"USDC": {"price": "$1"}, "wstETH": {"price": "$4_310"}},
    "markets": {
        "m": {
            "rules": "morpho-blue",
            "lends": {"USDC": {"cash": "10M"}},
            "collateral": {"wstETH": TERMS},
        }
    },
}
# what lenders lose comes back to the collateral
LOOP = {
    "assets": {"USDC": {"price": "$1"}},
    "issuers": {
        "F": {
            "outside": {"x": "$8B"},
            "owns": {"m": "60%"},
            "issues": {"wstETH": {"kind": "share", "supply": "2M", "book_price": "$4_310"}},
        }
    },
    "markets": SYSTEM["markets"],
}


def case(system, text, *stages, market="m"):
    book = {
        "market": market,
        "table": TableName("t.csv", None, read(text)),
        "rows": len(text.splitlines()) - 1,
        "sha256": digest(text),
    }
    return Case(System(**{**system, "positions": {"book": book}}), Scenario(stages=stages), "x")


def columns(text):
    """Return the amounts of a table as float columns."""
    header, *rows = (line.split(",") for line in text.splitlines())
    return {
        name: np.array([float(row[at] or 0) for row in rows])
        for at, name in enumerate(header)
        if "/" in name
    }


def by_hand(units, debts, price, lltv, phi):
    """Return (repaid, bad debt) of accounts at a price, one by one."""
    liquidated = units * price * lltv < debts
    paid = np.minimum(debts, units * price / phi)
    return paid[liquidated].sum(), (debts - paid)[liquidated].sum()


def metric(solved, name, of="m"):
    return float(measure(name, Ask(solved=solved, point=solved.end, of=of)))


@pytest.fixture(scope="module")
def text():
    return accounts(MANY, [WSTETH])


@pytest.mark.parametrize("fall", [0.1, 0.25, 0.4, 0.7])
def test_100_000_accounts_against_numpy(text, fall):
    solved = solve(case(SYSTEM, text, {"price": {"wstETH": -fall}}))
    found = columns(text)
    phi = 1 / (0.3 * 0.86 + 0.7)
    repaid, bad = by_hand(
        found["collateral/wstETH"], found["debt/USDC"], 4310 * (1 - fall), 0.86, phi
    )
    assert metric(solved, "liquidated_usd") == pytest.approx(repaid, rel=1e-9)
    assert metric(solved, "bad_debt_usd") == pytest.approx(bad, rel=1e-9)
    assert metric(solved, "lender_loss_usd") == pytest.approx(bad, rel=1e-9)
    assert solved.end.compiled.form.exact


def test_100_000_accounts_in_a_pool_against_numpy():
    text = accounts(MANY, POOL)
    terms = {"sUSDe": ("75%", "8.5%"), "wstETH": ("81%", "6%")}
    system = {
        "assets": {
            token: {"price": price}
            for token, price in {"USDC": 1, "USDT": 1, "sUSDe": 1.2, "wstETH": 4310}.items()
        },
        "markets": {
            "m": {
                "rules": "aave-v3.3",
                "lends": {"USDC": {"cash": "9M"}, "USDT": {"cash": "4M"}},
                "collateral": {
                    token: {"lltv": lltv, "incentive": incentive, "oracle": "market"}
                    for token, (lltv, incentive) in terms.items()
                },
            }
        },
    }
    solved = solve(case(system, text, {"price": {"wstETH": -0.5, "sUSDe": -0.3}}))
    found = columns(text)
    total = 0.0
    for token, price, lltv, phi in (("sUSDe", 0.84, 0.75, 1.085), ("wstETH", 2155, 0.81, 1.06)):
        for debt in ("USDC", "USDT"):
            mine = (found[f"collateral/{token}"] > 0) & (found[f"debt/{debt}"] > 0)
            units, debts = found[f"collateral/{token}"][mine], found[f"debt/{debt}"][mine]
            repaid, bad = by_hand(units, debts, price, lltv, phi)
            assert metric(solved, "liquidated_usd", f"book/{token}/{debt}") == pytest.approx(repaid)
            total += bad
    assert metric(solved, "bad_debt_usd") == pytest.approx(total, rel=1e-9)
    assert metric(solved, "bad_debt_usd", "book") == pytest.approx(total, rel=1e-9)


def test_a_loss_that_comes_back_through_100_000_accounts(text):
    """The price that numpy finds by iterating from above is the one that clears."""
    solved = solve(case(LOOP, text, {"loss": {"F": "$3B"}}))
    found = columns(text)
    units, debts = found["collateral/wstETH"], found["debt/USDC"]
    price, phi = 4310.0, 1 / (0.3 * 0.86 + 0.7)
    for _ in range(400):
        _, bad = by_hand(units, debts, price, 0.86, phi)
        price = (5e9 + 0.6 * (10e6 + debts.sum() - bad)) / 2e6
    assert float(solved.end.token("wstETH")) == pytest.approx(price, rel=1e-9)
    proof = prove(solved.end.compiled.form, solved.end.solution)
    assert (proof.residual, proof.conservation_gap, proof.same_cells) == (0, 0, True)
    assert solved.least.claim("wstETH") == solved.end.claim("wstETH")
    assert len(solved.end.compiled.form.cell_node) < 500


def test_every_stage_starts_from_what_the_one_before_left(text):
    solved = solve(case(SYSTEM, text, {"price": {"wstETH": -0.2}}, {"price": {"wstETH": -0.5}}))
    found = columns(text)
    units, debts = found["collateral/wstETH"].copy(), found["debt/USDC"].copy()
    phi = 1 / (0.3 * 0.86 + 0.7)
    gone = 0.0
    for price in (4310 * 0.8, 4310 * 0.5):
        repaid, bad = by_hand(units, debts, price, 0.86, phi)
        gone += repaid
        acted = units * price * 0.86 < debts
        paid = np.where(acted, np.minimum(debts, units * price / phi), 0)
        units = np.where(acted, np.maximum(units - phi * paid / price, 0), units)
        units[units < 1e-9] = 0
        debts -= paid
    assert metric(solved, "liquidated_usd") == pytest.approx(gone, rel=1e-9)
    assert metric(solved, "bad_debt_usd") == pytest.approx(bad, rel=1e-9)


def test_a_whole_answer_is_labelled(text):
    clearing = clearing_of(solve(case(SYSTEM, text, {"price": {"wstETH": -0.4}})))
    assert {(e.of, e.event) for e in clearing.event_rows} >= {
        ("m", "bad_debt"),
        ("book", "liquidated"),
    }
    assert "account 0x" in next(e.because for e in clearing.event_rows if e.event == "liquidated")
    lost = sum(row.loss_usd for row in clearing.waterfall_rows)
    assert lost == pytest.approx(clearing.shock.loss_usd, rel=1e-12)


PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)
PRICE = st.fractions(0, 12, max_denominator=7)


@given(PAIRS, PRICE)
def test_steps_count_accounts_exactly(pairs, ratio):
    steps = sorted_steps([q for q, _ in pairs], [d for _, d in pairs])
    more = sum((q or d) and d > ratio * q for q, d in pairs)
    as_much = sum(bool(q or d) and (d > ratio * q or (q > 0 and d == ratio * q)) for q, d in pairs)
    assert steps.accounts_before(steps.above(ratio)) == more
    assert steps.accounts_before(steps.above(ratio, or_equal=True)) == as_much
    assert steps.all_debt == sum(d for _, d in pairs)


def test_ratios_that_floats_cannot_tell_apart_are_sorted_exactly():
    units = [10**30 + i for i in (5, 1, 4, 1, 3)]
    steps = sorted_steps(units, [10**30] * 5)
    assert [steps.ratio_at(i) for i in range(4)] == [
        Fraction(10**30, 10**30 + i) for i in (1, 3, 4, 5)
    ]
    assert steps.accounts_before(1) == 2


def ladder(pairs):
    steps = sorted_steps([q for q, _ in pairs], [d for _, d in pairs])
    half, phi = Fraction(1, 2), Fraction(11, 10)
    return Ladder(
        steps=steps,
        lender=Line(steps.all_debt),
        owner=Line(-steps.all_debt, steps.all_units),
        changes=(
            Change(multiple=1 / half, word="liquidated", lender=(0, 0), owner=(1 - phi, 0)),
            Change(multiple=phi, word="unpaid", lender=(-1, 1 / phi), owner=(phi, -1)),
        ),
    )


@given(PAIRS, st.sets(st.integers(0, 30), max_size=4), PRICE)
def test_what_a_ladder_does_not_show_it_bounds(pairs, chosen, x):
    whole = ladder(pairs)
    every = sorted(whole.spread(100))
    shown = {every[i] for i in chosen if i < len(every)}
    exact = sum(min(Fraction(d), q * x * 10 / 11) for q, d in pairs)
    assert whole.lender_at(x) == exact

    def at(found):
        rung = next(r for r in found if r.low is None or x >= r.low)
        return rung, rung.lender.at(x)

    rung, above = at(rungs(whole, shown, from_below=False))
    _, below = at(rungs(whole, shown, from_below=True))
    assert below <= exact <= above
    if rung.sharp:
        assert below == exact == above
    sharp, paid = at(rungs(whole, set(every), from_below=False))
    assert (sharp.sharp, paid) == (True, exact)


ROWS = [Row({"wstETH": "1"}, {"USDC": "2000"}), Row({"wstETH": "2"}, {"USDC": "6000"})]
FALL = Scenario(stages=[{"price": {"wstETH": "-30%"}}])


def refused(system, book, error, scenario=FALL):
    with pytest.raises(error) as raised:
        solve(Case(System(**{**system, "positions": {"book": book}}), scenario, "x"))
    return str(raised.value)


def test_a_table_that_nobody_has_read_is_refused():
    book = {**table_of(ROWS), "table": "t.csv"}
    assert "`t.csv` was not read" in refused(SYSTEM, book, ModelError)


def test_accounts_of_an_owner_inside_are_refused():
    system = {**SYSTEM, "issuers": {"V": {"outside": {"x": "$1"}}}}
    text = refused(system, {**table_of(ROWS), "owner": "V"}, NotCarriedError)
    assert text.startswith("book/owner: the accounts of a table belong to somebody outside")


def test_where_each_account_settles_by_its_own_health(monkeypatch):
    """Euler's are looked at together where they are many; Compound III takes only few."""
    lends = {"lends": {"USDC": {"cash": 0}}}
    absorbed = {**TERMS, "liquidation_factor": "93%", "storefront": "60%"}
    euler = {"rules": "euler-v2", "max_discount": "15%", "collateral": {"wstETH": TERMS}}
    comet = {"rules": "compound-v3", "collateral": {"wstETH": absorbed}}
    for market in (euler, comet):
        system = {**SYSTEM, "markets": {"m": {**lends, **market}}}
        table, listed = (solve(case) for case in twins(system, ROWS, FALL.stages))
        assert set(table.catalogue.loans) == {"book/a0", "book/a1"}
        assert metric(table, "bad_debt_usd") == metric(listed, "bad_debt_usd") > 0
        monkeypatch.setattr(tables, "MOST_APART", 1)
        monkeypatch.setattr(tables, "MOST_ABSORBED", 1)
        tables._grouped.cache_clear()
        if market is comet:
            text = refused(system, table_of(ROWS), NotCarriedError)
            assert "compound-v3 absorbs each by its own health" in text
        else:
            whole = solve(twins(system, ROWS, FALL.stages)[0])
            assert set(whole.catalogue.loans) == {"book"}
            lost = metric(whole, "bad_debt_usd") - metric(listed, "bad_debt_usd")
            assert abs(lost) < 1e-9
        monkeypatch.undo()
        tables._grouped.cache_clear()


def test_a_default_of_a_table_is_refused():
    defaults = Scenario(stages=[{"default": {"book": "50%"}}])
    text = refused(SYSTEM, table_of(ROWS), NotCarriedError, defaults)
    assert text.startswith("default/book: a table of accounts pays as its collateral allows")
    system = System(**{**SYSTEM, "positions": {"book": table_of(ROWS)}})
    for one in ("book/wstETH/USDC", "book/a0"):
        with pytest.raises(ModelError, match="list those that default as positions"):
            lr.run(system, default={one: "50%"})


def test_an_e_mode_takes_and_lends_what_it_says():
    market = {
        "rules": "pooled",
        "lends": {"USDC": {"cash": 0}, "DAI": {"cash": 0}},
        "collateral": {"wstETH": {**TERMS, "incentive": "5%"}},
        "e_modes": {"usd": {"borrows": ["DAI"], "collateral": {}}},
    }
    assets = {**SYSTEM["assets"], "DAI": {"price": "$1"}}
    system = {**SYSTEM, "assets": assets, "markets": {"m": market}}
    rows = [replace(ROWS[0], e_mode="usd")]
    text = refused(system, table_of(rows), ModelError)
    assert "a0 owes USDC, which e-mode usd of m does not lend" in text


def test_a_reading_apart_from_the_sale_is_refused_by_name():
    """The oracle reads the price of one token and another is sold: no exact solution."""
    issuers = {
        name: {"outside": {"x": "$100"}, "issues": {name.lower(): {"kind": "share", "supply": 10}}}
        for name in ("A", "B")
    }
    oracles = {"other": {"kind": "market", "of": "b"}}
    market = {**SYSTEM["markets"]["m"], "collateral": {"a": {**TERMS, "oracle": "other"}}}
    system = {"assets": SYSTEM["assets"], "issuers": issuers, "oracles": oracles}
    book = table_of([Row({"a": "1"}, {"USDC": "5"})])
    fall = Scenario(stages=[{"loss": {"A": "$50"}}])
    assert "no exact solution" in refused(
        {**system, "markets": {"m": market}}, book, NotExactError, fall
    )


def short_of_itself(rows):
    """A fund owes 10 of the tokens it owns itself through; accounts in a table pledge ``rows``."""
    pledge = {"collateral": {"PLEDGE": 25}, "debt": {"T": 10}}
    return {
        "assets": {"PLEDGE": {"price": "$1"}, **SYSTEM["assets"]},
        "issuers": {
            "I": {"outside": {"book": "$90"}, "owns": {"h": 1, "m": "10%"}, "issues": {"T": T}},
            "H": {"issues": {"h": {"kind": "share", "supply": 2}}},
        },
        "markets": {
            "M": {
                "rules": "isolated",
                "lends": {"T": {"cash": 0}},
                "collateral": {"PLEDGE": {"lltv": "47.5%", "incentive": "10%", "oracle": "market"}},
            },
            "m": {
                "rules": "isolated",
                "lends": {"USDC": {"cash": 0}},
                "collateral": {rows: {"lltv": "86%", "incentive": "5%", "oracle": "market"}},
            },
        },
        "positions": {"p": {"market": "M", "owner": "H", **pledge}},
    }


T = {"kind": "share", "supply": 100}


def solved_in_a_loop_with_a_minus(collateral, many):
    system = short_of_itself(collateral)
    rows = [Row({collateral: "0.01"}, {"USDC": f"0.00{i + 100}"}) for i in range(many)]
    book = table_of(rows)
    positions = {**system["positions"], "book": book}
    return solve(Case(System(**{**system, "positions": positions}), Scenario(), "x"))


def test_bounds_of_a_long_table_certify_nothing_in_a_loop_with_a_minus():
    """What a long ladder does not show is bounded on one side, and a minus sign turns the side."""
    assert solved_in_a_loop_with_a_minus("T", 100).start.compiled.minus_cycle
    with pytest.raises(NotExactError, match=r"book is a table of 200 accounts.*add `time`"):
        solved_in_a_loop_with_a_minus("T", 200)


def test_a_long_table_at_a_known_price_does_no_harm_there():
    """Its lenders get what numpy counts, and the price beside it is the one in closed form."""
    solved = solved_in_a_loop_with_a_minus("wstETH", 500)
    owed = sum(Fraction(i + 100, 10**5) for i in range(500))
    # 100 p = 90 + (25 - 10 p) / 2 + owed / 10
    assert solved.start.token("T") == (Fraction(205, 2) + owed / 10) / 105
    assert solved.start.claim("m") == owed
