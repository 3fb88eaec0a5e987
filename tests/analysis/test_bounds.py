"""Intervals in, intervals out: they contain every completion, and are attained where exact."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import looprisk as lr
from looprisk import System, UnknownValueError
from looprisk.analysis import quantities
from looprisk.analysis.bounds import Cases
from looprisk.analysis.judging import check_bounds
from looprisk.errors import LoopriskError, ModelError
from looprisk.results.bounds import bounds_json
from tests.analysis.intervals import drawn, opened
from tests.semantics.build import DOLLAR, F, account, case, market, par, share
from tests.semantics.random_systems import systems

FAIL = {"loss": {"Fund/outside/pile": "$250"}}


def fund(pile="$600..$700", bank="$300", pays="[[bank, Vault], fUSD]", **more) -> System:
    """A fund that owes a bank and a vault, whose order of payment may be unknown."""
    ranks = "unknown" if pays == "unknown" else [["bank", "Vault"], "fUSD"]
    return System(
        issuers={
            "Fund": {
                "outside": {"pile": pile},
                "owes": {"bank": {"to": "outside", "amount": bank}, "Vault": "$200"},
                "issues": {"fUSD": share(170)},
                "pays": ranks,
                **more,
            },
            "Vault": {"outside": {"cash": "$100"}, "issues": {"vUSD": share(290)}},
        }
    )


def answers(cases: Cases) -> dict[tuple[str, str], object]:
    """The answers that are compared, by claim and what it is."""
    made = {
        "value": quantities.value,
        "loss": quantities.loss,
        "fraction": quantities.fraction,
        "borne": quantities.borne,
        "gap": quantities.gap,
    }
    found = {
        (claim, name): (lambda family, make=make, claim=claim: make(family, claim))
        for claim in cases.first.end.compiled.index.claim
        for name, make in made.items()
    }
    for key in cases.first.broken:
        found[":".join(key), "break"] = lambda f, key=key: quantities.first_break(f, [key])
    return found


def got(cases: Cases, make, solved):
    family = next(f for f in cases.families.values() if solved in f.solved_at.values())
    quantity = make(family)
    values = [part.read(solved) for part in quantity.parts]
    return None if None in values else quantity.combine(values)


COUNT = Counter()


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(systems(), st.integers(0, 10**6))
def test_intervals_contain_random_completions_of_random_systems(drawn_system, seed):
    random = Random(seed)
    asked = opened(case(drawn_system.system, drawn_system.stage), random, random.choice([1, 2, 3]))
    if asked is None:
        return
    try:
        cases = Cases(asked)
        every = answers(cases)
        some = random.sample(sorted(every), min(12, len(every)))
        spans = {key: (every[key], cases.span(every[key])) for key in some}
    except LoopriskError:
        return  # a corner is no system: the interval is too wide, and the error says so
    for _ in range(5):
        solved = drawn(cases, random) if cases.data else None
        if solved is None:
            continue
        COUNT["completions"] += 1
        for key, (make, span) in spans.items():
            value = got(cases, make, solved)
            if span is not None and value is not None:
                COUNT["inside"] += 1
                assert span.low <= value <= span.high, key


def test_enough_of_them_were_looked_at():
    if COUNT:
        assert COUNT["completions"] >= 12
        assert COUNT["inside"] >= 100


def test_the_ends_are_attained_where_the_response_is_monotone():
    found = lr.bounds(fund(), loss={"Fund/outside/pile": "$250"})
    ends = [
        lr.run(fund(pile=pile), loss={"Fund/outside/pile": "$250"}) for pile in ("$600", "$700")
    ]
    for row in found.layer_rows:
        losses = [clearing.layer(row.id).economic_loss_usd for clearing in ends]
        assert row.loss.exact
        assert (row.loss.low, row.loss.high) == (min(losses), max(losses))
        values = [clearing.layer(row.id).economic_usd for clearing in ends]
        assert (row.economic.low, row.economic.high) == (min(values), max(values))
    breaks = {row.of: row.fraction for row in found.break_rows if row.event == "insolvent"}
    assert (breaks["Fund"].low, breaks["Fund"].high) == (100 / 250, 200 / 250)


def test_an_open_debt_has_exact_losses_and_breaks():
    # its face and what it is paid rise together: what it lacks of its face decides
    shock = {"Fund/outside/pile": "$450"}
    found = lr.bounds(fund(pile="$700", bank="$100..$500"), loss=shock)
    ends = [lr.run(fund(pile="$700", bank=b), loss=shock) for b in ("$100", "$500")]
    for id_ in ("Fund/owes/bank", "Fund/owes/Vault", "vUSD"):
        row = found.layer(id_)
        losses = [clearing.layer(id_).economic_loss_usd for clearing in ends]
        assert row.loss.exact, id_
        assert (row.loss.low, row.loss.high) == (min(losses), max(losses)), id_
    bank = next(row for row in found.break_rows if row.of == "Fund/owes/bank")
    assert (bank.fraction.low, bank.fraction.high, bank.fraction.exact) == (0, 400 / 450, True)
    assert bank.at is not None
    assert (bank.at.low, bank.at.high) == (0, 400)


def test_a_loss_that_pulls_both_ways_is_exact_at_its_bend():
    # equity loses min(93, what it has): most at a pile that just bears it, and again beyond
    system = System(issuers={"S": {"outside": {"p": "$550..$900"}, "owes": {"outside": "$530"}}})
    row = lr.bounds(system, loss={"S/outside/p": "$93"}).layer("S/equity")
    assert (row.loss.low, row.loss.high, row.loss.exact) == (20, 93, True)
    assert row.fraction.low == pytest.approx(93 / 370)


def test_an_unknown_share_lies_between_nothing_and_all():
    system = fund(pile="$700", default_recovery={"outside": "unknown", "claims": "unknown"})
    found = lr.bounds(system, loss={"Fund/outside/pile": "$250"})
    assert [(d.low, d.high) for d in found.data] == [("0%", "100%")] * 2
    bank = found.layer("Fund/owes/bank")
    assert (bank.loss.low, bank.loss.high, bank.loss.exact) == (30, 300, True)
    assert bank.loss.decided_by == "Fund/default_recovery/outside"


def test_unknown_orders_are_all_tried():
    system = fund(pile="$600", pays="unknown")
    found = lr.bounds(system, loss={"Fund/outside/pile": "$250"})
    assert found.data[0].choices == 3
    bank, vault = found.layer("Fund/owes/bank"), found.layer("Fund/owes/Vault")
    assert (bank.loss.low, bank.loss.high) == (0, 150)
    assert (vault.loss.low, vault.loss.high) == (0, 150)
    assert found.layer("fUSD").loss.is_one
    assert bank.loss.decided_by == "Fund/pays"
    never = next(row for row in found.break_rows if row.of == "vUSD")
    assert (never.fraction.low, never.fraction.high, never.fraction.proved) == (0.4, None, True)


def test_tokens_held_are_at_most_what_nobody_else_holds():
    system = System(
        issuers={
            "S": {"outside": {"p": "$100"}, "issues": {"s": share(100)}},
            "A": {"owns": {"s": "unknown"}, "issues": {"a": share(10)}},
            "B": {"owns": {"s": 30}, "issues": {"b": share(10)}},
        }
    )
    found = lr.bounds(system, loss={"S": "50%"})
    assert (found.data[0].path, found.data[0].low, found.data[0].high) == ("A/owns/s", "0", "70")
    # what it holds moves its value before and after alike: an outer interval, and it says so
    loss = found.layer("a").loss
    assert (loss.low <= 0, loss.high >= 35, loss.high < 40, loss.exact) == (True, True, True, False)
    assert (found.layer("a").economic.low, found.layer("a").economic.high) == (0, 35)
    assert (found.layer("s").loss.low, found.layer("s").loss.high) == (50, 50)


def test_money_without_a_range_must_be_given():
    with pytest.raises(UnknownValueError) as error:
        lr.bounds(fund(pile="unknown"), loss={"Fund/outside/pile": "$250"})
    assert error.value.paths == ("Fund/outside/pile",)
    assert "--set Fund/outside/pile=$80M..$138M" in str(error.value)


def test_without_bounds_the_error_names_three_ways_out():
    with pytest.raises(UnknownValueError) as error:
        lr.run(fund(pile="unknown"), loss={"Fund/outside/pile": "$250"})
    for way in ("in a file that includes", "--set Fund/outside/pile=…", "--bounds"):
        assert way in str(error.value)


def test_set_fills_an_unknown():
    filled = fund(pile="unknown").set({"Fund/outside/pile": "$600"})
    assert lr.run(filled, loss={"Fund/outside/pile": "$250"}).layer("fUSD").economic_loss_usd == 100


def test_a_corner_that_is_no_system_is_named():
    system = System(
        assets=DOLLAR,
        issuers={"S": {"outside": {"p": "$100"}, "issues": {"s": par(100)}, "pays": ["s"]}},
        markets={"M": market("s", lltv="80%..99%", incentive="5%")},
        positions={"p": account("M", "s", 50, 20)},
    )
    with pytest.raises(ModelError, match="with M/collateral/s/lltv = 99%"):
        lr.bounds(system, loss={"S": "50%"})


EXPECT = [
    {"of": "Fund/owes/bank", "metric": "loss_usd", "at_most": "$150"},
    {"of": "Fund/owes/bank", "metric": "loss_usd", "at_most": "$60"},
    {"of": "Fund/owes/bank", "metric": "loss_usd", "at_least": "$151"},
    {"of": "Fund", "event": "insolvent", "happens": "always"},
    {"of": "Fund", "event": "insolvent", "happens": "never"},
    {"of": "Fund", "metric": "break_fraction", "event": "insolvent", "at_least": "40%"},
    {"of": "Fund", "metric": "break_at", "event": "insolvent", "at_least": "$101"},
    {"of": "fUSD", "metric": "loss_usd", "is": "$150", "within": "$51"},
    {"of": "fUSD", "metric": "loss_usd", "is": "$150", "within": "$49"},
    {"of": "fUSD", "metric": "reported_loss_usd", "at_most": "$0"},
]


def test_expectations_hold_for_all_for_none_or_stay_open():
    report = check_bounds(case(fund(pays="unknown"), FAIL, expect=EXPECT))
    outcomes = [row.outcome for row in report.rows]
    assert outcomes == [
        "ok", "open", "FAIL", "ok", "FAIL", "ok", "open", "ok", "open", "ok"
    ]  # fmt: skip
    assert report.rows[1].because.endswith(" decides")
    assert report.rows[6].because == "Fund/outside/pile decides"
    assert report.exit_code == 1
    open_only = check_bounds(case(fund(pays="unknown"), FAIL, expect=EXPECT[:2]))
    assert open_only.exit_code == 4
    assert check_bounds(case(fund(pays="unknown"), FAIL, expect=EXPECT[:1])).exit_code == 0


def test_verdicts_agree_with_those_of_completions():
    expect = EXPECT[:7]
    whole = check_bounds(case(fund(), FAIL, expect=expect)).rows
    for pile in range(600, 701, 10):
        rows = lr.check(case(fund(pile=f"${pile}"), FAIL, expect=expect)).rows
        for row, over_all in zip(rows, whole, strict=True):
            assert over_all.outcome in {row.outcome, "open"}, (pile, row.asked)


def test_the_document_says_low_high_and_what_decides():
    found = bounds_json(lr.bounds(fund(), loss={"Fund/outside/pile": "$250"}))
    assert found["schema"] == "looprisk/bounds/1"
    (unknown,) = found["unknowns"]
    assert (unknown["path"], unknown["low"], unknown["high"]) == (
        "Fund/outside/pile",
        "$600",
        "$700",
    )
    layer = next(row for row in found["layers"] if row["id"] == "Fund/owes/bank")
    assert layer["economic_loss_usd"] == {
        "low": 30.0,
        "high": 90.0,
        "bound": "exact",
        "decided_by": "Fund/outside/pile",
    }


def test_two_numbers_name_the_one_that_narrows_most():
    found = lr.bounds(
        fund(pile="$600..$700", bank="$300..$302"), loss={"Fund/outside/pile": "$250"}
    )
    assert found.layer("fUSD").loss.decided_by == "Fund/outside/pile"
    assert F(str(found.layer("fUSD").loss.low)) >= 98


def test_what_the_lenders_of_a_market_lose_together():
    """60 of each reserve against 150 at most: 0 or 20 lost of 120 + 10 of cash, in two supplies."""
    terms = {"lltv": "90%", "oracle": "nav", "incentive": "5%"}
    system = System(
        assets={**DOLLAR, "EURC": {"price": "$1"}},
        issuers={
            "X": {
                "outside": {"pile": "$150..$160"},
                "issues": {"x": share(150, book_price="$1")},
            }
        },
        markets={
            "M": {
                "rules": "aave-v3",
                "lends": {"USDC": {"cash": 5}, "EURC": {"cash": 5}},
                "collateral": {"x": terms},
            }
        },
        positions={
            "p": {"market": "M", "collateral": {"x": 150}, "debt": {"USDC": 60, "EURC": 60}}
        },
    )
    lost = {"of": "M", "metric": "lender_loss_usd"}
    for bound, outcome in (("$20", "ok"), ("$19", "open")):
        asked = case(system, {"loss": {"X": "$50"}}, expect=[{**lost, "at_most": bound}])
        (row,) = check_bounds(asked).rows
        assert row.outcome == outcome
        assert row.got_text == "$10.00 to $20.00"


LOOPED = Path(__file__).parents[2] / "scenarios" / "looped-pool.yaml"


def test_a_loop_of_open_leverage_has_an_exact_range_that_holds_every_completion():
    """9.1 % of 244M at 2 to 5 times and a haircut of 18 %: 8.0M to 20.0M, less the buffer of 3M."""
    case = lr.load(LOOPED)["haircut"]
    row = next(row for row in lr.bounds(case).layer_rows if row.id == "pool")
    assert (row.loss.low, row.loss.high) == pytest.approx((4_993_440, 16_983_600))
    rng = Random(3)
    for _ in range(20):
        leverage = F(rng.randint(2000, 5000), 1000)
        closed = max(22.204e6 * float(leverage) * 0.18 - 3e6, 0)
        system = case.system.set({"rsETH-loop/loop/leverage": f"{float(leverage)}x"})
        lost = lr.run(system, stages=case.scenario.stages).layer("pool").economic_loss_usd
        assert lost == pytest.approx(closed)
        assert row.loss.low - 1 <= lost <= row.loss.high + 1


def test_backing_that_three_sources_state_differently_is_an_interval():
    """Declared 100 %, attested 60 %, seen on chain 25 %: what holders lose, and what decides it."""
    fund = lr.System(
        issuers={
            "I": lr.Issuer(
                outside={"backing": "$25M..$100M", "cash": "$5M..$6M"},
                issues={"usd": lr.Par(par="$1", supply="100M")},
            )
        }
    )
    found = lr.bounds(fund, loss={"I/outside/cash": "10%"})
    row = next(row for row in found.layer_rows if row.id == "usd")
    assert row.loss.decided_by == "I/outside/backing"
    rng = Random(4)
    for _ in range(50):
        values = {
            "I/outside/backing": f"${rng.randint(25_000, 100_000)}k",
            "I/outside/cash": f"${rng.randint(5_000, 6_000)}k",
        }
        solved = lr.run(fund.set(values), loss={"I/outside/cash": "10%"}).layer("usd")
        assert row.loss.low - 1e-3 <= solved.economic_loss_usd <= row.loss.high + 1e-3
