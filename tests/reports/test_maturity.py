"""The LLTV that a discount oracle allows on each day, against the engine that liquidates."""

import pytest

import looprisk as lr
from looprisk.analysis.lending_looks import bad_debts_of
from looprisk.analysis.maturity import maturity_of
from looprisk.analysis.solve import solve
from looprisk.errors import ModelError
from looprisk.model import Case, Scenario
from tests.reports.systems import SCENARIOS

POOLED = lr.load(SCENARIOS / "pooled.yaml").system


def bad(lltv, debt, price):
    """The bad debt of 1,000,000 principal tokens when a seller gets ``price`` for one."""
    system = lr.System(
        assets={"USDC": {"price": "$1"}},
        issuers={
            "V": {
                "outside": {"a": "$2M"},
                "issues": {"PT": {"kind": "par", "par": "$1", "supply": "1M"}},
                "pays": ["PT", "equity"],
            }
        },
        markets={
            "lend": {
                "rules": "isolated",
                "close_factor": "100%",
                "realises": True,
                "lends": {"USDC": {"cash": "1M"}},
                "collateral": {"PT": {"lltv": lltv, "incentive": "3.1%", "oracle": "market"}},
            }
        },
        positions={"me": {"market": "lend", "collateral": {"PT": "1M"}, "debt": {"USDC": debt}}},
    )
    stage = {"depeg": {"PT": f"${price:.12f}"}}
    case = Case(system=system, scenario=Scenario(stages=[stage]), name="x")
    (row,) = bad_debts_of([solve(case)]).rows
    return row.bad_usd


def test_a_loan_at_the_safe_lltv_is_just_repaid_at_that_yield():
    path = maturity_of(POOLED)
    assert path.written == pytest.approx(0.913)
    assert path.rows[0].lltv == pytest.approx(path.written)
    for row in (path.rows[0], path.rows[8], path.rows[-2]):
        debt = round(1e6 * row.lltv * row.oracle, 6)
        assert bad("92%", f"{debt:.6f}", row.market) == pytest.approx(0, abs=0.01)
        assert bad("92%", f"{debt:.6f}", row.market - 0.001) == pytest.approx(
            1000 / 1.031, rel=1e-3
        )


def test_the_path_rises_to_what_the_incentive_leaves():
    path = maturity_of(POOLED, "pt-feb-discount")
    values = [row.lltv for row in path.rows]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(1 / (1 + path.incentive))
    # the oracle as the engine reads it: par less 5.5266 % of the years left
    assert path.rows[0].oracle == pytest.approx(1 - 0.055266 * 118 / 365)
    assert [row.days for row in path.rows][-2:] == [6.0, 0.0]


def test_a_path_needs_an_oracle_and_a_day():
    with pytest.raises(ModelError, match="no discount oracle"):
        maturity_of(POOLED, "pt-feb")
    with pytest.raises(ModelError, match="there is no discount oracle"):
        maturity_of(lr.load(SCENARIOS / "cycle.yaml").system)
