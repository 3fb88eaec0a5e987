"""The examples of DYNAMICS 13 by the plain program, to twelve digits."""

from fractions import Fraction

import pytest

from tests.cascade import examples
from tests.cascade.plain.run import run as simulate


def run(case):
    """Run an example; the identity holds after every step."""
    world = simulate(*case)
    for record in world.records:
        assert abs(record.gap) <= 1e-9 * (world.records[0].outside + abs(record.gains))
    return world


def near(value):
    return pytest.approx(float(Fraction(value)) if isinstance(value, str) else value, rel=1e-11)


def series(world, read):
    """Return what ``read`` makes of each record, from k = 0 on."""
    return [read(record) for record in world.records[1:]]


def events(world, *kinds):
    return [(k, event) for k, _, _, _, event, _ in world.events if event in kinds]


@pytest.mark.parametrize(
    ("path", "prices"),
    [
        ((100, 110, 118, 100, 60), ("1", "1", "59/60", "5/6", "1/2")),
        ((100, 110, 117, 100, 60), ("1", "1", "1", "103/120", "21/40")),
        ((100, 60, 110, 100, 60), ("1",) * 5),
    ],
)
def test_a_rally_closes_the_short_before_the_crash(path, prices):
    world = run(examples.hedged(*path))
    assert series(world, lambda r: r.economic["T"]) == [near(p) for p in prices]


@pytest.mark.parametrize(
    ("policy", "taken", "equity", "token", "lender"),
    [
        ("queue", ("5", "10", "0", "0"), "1110", "91/110", "9100/11"),
        ("pro_rata", ("15/4",) * 4, "1135", "53/55", "900"),
        ("water_filling", ("5", "55/8", "0", "25/8"), "2245/2", "197/220", "9850/11"),
    ],
)
def test_who_is_deleveraged_decides_who_loses(policy, taken, equity, token, lender):
    world = run(examples.deleveraged(policy))
    crash, end = world.records[2:]
    assert [10 + crash.legs[f"s{i}"][0] for i in (1, 2, 3, 4)] == [near(x) for x in taken]
    assert crash.values["I"] == near(equity)
    assert end.economic["T"] == near(token)
    assert end.claims["m"] == near(lender)
    names = [f"s{i}" for i in (1, 2, 3, 4)]
    equity = [crash.wallets[n][0] + crash.legs[n][0] * (90 - crash.legs[n][1]) for n in names]
    home = crash.issuers["I"][0]
    assert sum(equity) + home == near(2200 - 60)


def test_at_the_previous_mark_the_long_keeps_what_it_had():
    world = run(examples.deleveraged("queue", at="previous_mark"))
    assert world.records[2].values["I"] == near("1050")
    assert world.last.economic["T"] == near("17/22")
    assert world.last.leaks["traders:v"] == near("90")


def test_a_fund_covers_a_share_of_every_bankrupt_account():
    world = run(examples.deleveraged("pro_rata", fund="$20"))
    assert [10 + world.records[2].legs[f"s{i}"][0] for i in (1, 2, 3, 4)] == [near("5/2")] * 4


DEBTS = (5939.29272964, 3881.47628168, 1940.73814084, 970.369070419, 485.18453521)
UNITS = (7560.49179153, 5120.98358306, 2705.23413113, 1437.56817535, 787.459984149)
PRICES = (0.93 / 1.05, 0.93 / 1.05**2, 0.803750798299, 0.783629200288, 0.77350627761)


def test_a_book_thins_until_the_account_is_healthy():
    world = run(examples.thinning())
    after = world.records[2:]
    assert [r.accounts["b"][1]["USD"] for r in after] == [
        near(x) for x in (*DEBTS, *DEBTS[-1:] * 3)
    ]
    assert [r.accounts["b"][0]["X"] for r in after] == [near(x) for x in (*UNITS, *UNITS[-1:] * 3)]
    assert [r.prices["X"] for r in after] == [near(x) for x in (*PRICES, *PRICES[-1:] * 3)]
    assert world.last.leaks["liquidators"] == near(209.870654707)
    assert world.last.leaks["slippage:pool"] == near(170.870118532)


def test_gas_infinite_depth_and_a_late_oracle():
    world = run(examples.thinning(gas="$110"))
    assert world.last.accounts["b"][1]["USD"] == near(DEBTS[1])
    assert events(world, "not_paid") == [(k, "not_paid") for k in range(3, 9)]
    world = run(examples.thinning(depth=None))
    assert series(world, lambda r: r.accounts["b"][1]["USD"]) == [8100, *[near(4050)] * 8]
    world = run(examples.thinning(lag="1s", steps=10))
    wanted = [8100, 8100, *(x for debt in DEBTS for x in (debt, debt))][:11]
    assert series(world, lambda r: r.accounts["b"][1]["USD"]) == [near(x) for x in wanted]


@pytest.mark.parametrize(
    ("eta", "cliff", "fall"), [(0, 0.937886193810, 0.683319094150), (2, 0.963792508790, 1e-9)]
)
def test_a_cliff_stands_where_the_envelope_says(eta, cliff, fall):
    above, below = (run(examples.ladder(cliff + d, eta=eta)).last for d in (1e-10, -1e-10))
    assert sum(n == 0 for n, _ in above.legs.values()) == 12
    assert above.prices["X"] == pytest.approx(0.836, abs=1e-9)
    assert sum(n == 0 for n, _ in below.legs.values()) == (40 if eta else 25)
    assert below.prices["X"] == pytest.approx(fall, abs=1e-9)


def test_the_first_to_leave_are_paid_at_book():
    world = run(examples.run(together=False))
    assert world.last.leaks == {"leavers:A": near(300), "leavers:B": near(100)}
    assert (world.last.economic["V"], world.last.book["V"]) == (near("2/3"), near(1))
    assert world.records[3].gated == {"V": near(300)}
    for order in ("first_come", "pro_rata"):
        world = run(examples.run(together=True, order=order))
        assert world.last.leaks == {"leavers:A": near("1200/7"), "leavers:B": near("1600/7")}
        assert world.records[2].first_mover["V"] == near(80)


def test_a_late_oracle_makes_bad_debt():
    world = run(examples.late(0))
    assert events(world, "liquidated", "bad_debt") == [(1, "liquidated")]
    assert world.last.leaks == {"liquidators": near(40)}
    for lag, k in ((1, 5), (2, 6)):
        world = run(examples.late(lag))
        assert events(world, "liquidated", "bad_debt") == [(k, "liquidated"), (k, "bad_debt")]
        assert world.last.claims["m"] == near("4000/7")
    assert events(world, "not_paid") == [(k, "not_paid") for k in (3, 4, 5)]
    world = run(examples.late(2, "always"))
    assert events(world, "liquidated", "bad_debt") == [(3, "liquidated")]
    assert world.last.claims["m"] == 800
    assert world.last.leaks == {"liquidators": near("-440/3")}


@pytest.mark.parametrize(
    ("options", "debt", "bad", "supply", "value", "vault"),
    [
        (
            ("morpho-blue", None, False),
            806.092036887,
            140.107873024,
            None,
            766.666666667,
            0.851851851852,
        ),
        (
            ("aave-v3.3", None, False),
            806.092036887,
            140.107873024,
            906.77453969,
            766.666666667,
            1.00752726632,
        ),
        (
            ("aave-v3", None, False),
            806.092036887,
            140.107873024,
            906.804200558,
            766.666666667,
            1.00756022284,
        ),
        (("morpho-blue", "$50", False), 806.092036887, 140.107873024, None, 816.666666667, None),
        (("morpho-blue", None, True), 800.776234354, 134.19514283, None, 766.666666667, None),
    ],
)
def test_each_protocol_books_bad_debt_its_own_way(options, debt, bad, supply, value, vault):
    rules, insurance, adaptive = options
    world = run(examples.unpaid(rules, insurance=insurance, adaptive=adaptive))
    assert world.records[10].accounts["b"][1]["USD"] == near(debt)
    assert [e[5] for e in world.events if e[4] == "bad_debt"] == [near(bad)]
    assert world.last.reserves["m"]["supply"] == near(supply or value)
    assert world.last.claims["m"] == near(value)
    assert vault is None or world.last.book["V"] == near(vault)


def test_a_system_without_static_equilibrium_runs_to_its_end():
    world = run(examples.circular("100%"))
    assert world.records[0].economic["Bt"] == near("20/21")
    assert series(world, lambda r: r.economic["Bt"]) == [near("199/210")] * 21
    world = run(examples.circular("50%"))
    half = series(world, lambda r: r.economic["Bt"])
    assert half[:3] == [near(x) for x in (0.95, 0.950059523810, 0.950058035714)]
    assert half[-1] == near(0.950058072009)
    assert world.last.lagged


def test_a_quote_shows_the_loss_that_a_book_hides():
    world = run(examples.quoted("market"))
    assert series(world, lambda r: r.economic["X"]) == [1, *[near(0.7)] * 5]
    assert events(world, "liquidated", "bad_debt") == [(4, "liquidated"), (4, "bad_debt")]
    assert series(world, lambda r: r.book["V"]) == [*[near(1)] * 4, *[near("249/350")] * 2]
    assert world.last.economic["V"] == near("249/350")
    world = run(examples.quoted("nav"))
    assert events(world, "liquidated", "bad_debt") == []
    assert series(world, lambda r: 1000 * (r.book["V"] - r.economic["V"])) == [0, *[near(160)] * 5]


@pytest.mark.parametrize(("step", "k"), [("1d", 11), ("1h", 241)])
def test_funding_eats_the_margin_of_a_short(step, k):
    world = run(examples.funded(step, k + 2))
    assert events(world, "hedge_closed") == [(k, "hedge_closed")]
    if step == "1d":
        assert world.last.economic["T"] == near("1029/1040")


def test_three_markets_sell_into_one_pool():
    world = run(examples.shared_pool())
    prices = (0.818181818182, 0.811393114364, 0.828593782112)
    assert [r.prices["X"] for r in world.records[2:]] == [near(x) for x in prices]
    debts = (72.96865974, 36.48432987, 745.1490074, 439.7827189)
    found = [world.records[2].accounts[name][1]["USD"] for name in "abcd"]
    assert found == [pytest.approx(x, rel=1e-9) for x in debts]
    assert world.last.leaks["slippage:pool"] == near(84.1698330848)


def test_what_an_oracle_reads():
    def read(*stages, **oracle):
        return series(run(examples.readings(*stages, **oracle)), lambda r: r.readings["o", "X"])

    assert read(heartbeat="6s", deviation="1%") == [1, 1, 0.99, 0.99, 0.97, *[0.96] * 5]
    assert read(lag="2s") == [1, 1, 1, 0.998, 0.99, 0.985, 0.97, 0.96, 0.96, 0.96]
    assert read(window="3s")[5] == near(0.981666666667)
    assert read({"at": "3s", "freeze": ["o"]})[3:] == [0.99] * 7
