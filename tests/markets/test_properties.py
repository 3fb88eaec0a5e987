"""What holds for any pool: splitting, scaling, order of writing, identity with isolated loans."""

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from looprisk import System
from looprisk.analysis.solve import Solved, solve
from looprisk.errors import NotExactError
from tests.markets.pools import Account, Pool, random_pool
from tests.semantics.build import F, at, breaks, case, share, solved

POINTS = (F(0), F(1, 3), F(2, 3), F(1))
seeds = st.integers(1000, 10_000)


def carried(pool: Pool) -> Solved:
    try:
        return solve(case(pool.system(), pool.stage()))
    except NotExactError:
        assume(False)
        raise


def supplies(found: Solved, s: F) -> list[F]:
    point = found.scaled.at(s)
    return [point.claim(claim) for claim in (*found.catalogue.supplies, "X")]


def halves(account: Account) -> Account:
    return replace(
        account,
        collateral={c: n / 2 for c, n in account.collateral.items()},
        debt={t: n / 2 for t, n in account.debt.items()},
    )


@given(seeds, st.booleans())
@settings(max_examples=12)
def test_an_account_split_in_two_changes_nothing(seed, quoted):
    pool = random_pool(seed, quoted=quoted)
    first, *others = pool.accounts
    two = {f"{first}-{side}": halves(pool.accounts[first]) for side in ("left", "right")} | {
        name: pool.accounts[name] for name in others
    }
    whole, split = carried(pool), carried(replace(pool, accounts=two))
    for s in POINTS:
        assert supplies(whole, s) == supplies(split, s)
    if whole.segments:
        after = breaks(split)
        of_markets = {key: s for key, s in breaks(whole).items() if key[0].startswith("pool")}
        assert of_markets == {key: after[key] for key in of_markets}


@given(seeds, st.sampled_from([2.0, 0.5, 1000.0]))
@settings(max_examples=12)
def test_amounts_scale(seed, scale):
    pool = random_pool(seed)
    bigger = replace(
        pool,
        outside=pool.outside * scale,
        supply=pool.supply * scale,
        cash={t: n * scale for t, n in pool.cash.items()},
        insurance={t: n * scale for t, n in pool.insurance.items()},
        accounts={
            name: replace(
                a,
                collateral={c: n * scale for c, n in a.collateral.items()},
                debt={t: n * scale for t, n in a.debt.items()},
            )
            for name, a in pool.accounts.items()
        },
    )
    one, other = carried(pool), carried(bigger)
    for s in POINTS:
        small, large = supplies(one, s), supplies(other, s)
        assert [value * F(scale) for value in small] == large
    if one.segments:
        assert breaks(one) == breaks(other)


@given(seeds, st.booleans())
@settings(max_examples=12)
def test_the_order_of_writing_does_not_matter(seed, quoted):
    pool = random_pool(seed, quoted=quoted)
    turned = replace(
        pool,
        accounts={
            name: replace(
                a,
                collateral=dict(reversed(a.collateral.items())),
                debt=dict(reversed(a.debt.items())),
            )
            for name, a in reversed(pool.accounts.items())
        },
    )
    one, other = carried(pool), carried(turned)
    for s in POINTS:
        assert supplies(one, s) == supplies(other, s)
        assert (one.scaled.at(s).claim("a0/equity")) == other.scaled.at(s).claim("a0/equity")


@given(seeds, st.booleans())
@settings(max_examples=20)
def test_an_account_gives_out_what_it_has_and_no_lender_more_than_its_debt(seed, quoted):
    pool = random_pool(seed, quoted=quoted)
    found = carried(pool)
    for s in POINTS:
        point = found.scaled.at(s)
        for name in pool.accounts:
            debts = found.catalogue.debt_claims(name).values()
            lenders = sum(point.claim(claim) for claim in debts)
            owner, worth = point.claim(f"{name}/equity"), point.node(name)
            assert 0 <= owner <= worth
            assert all(0 <= point.claim(c) <= point.face(c) for c in debts)
            if pool.liquidators != "always" and not quoted:
                assert lenders + owner <= worth


@given(seeds)
@settings(max_examples=12)
def test_the_traced_response_is_that_of_its_points(seed):
    found = carried(random_pool(seed))
    assume(found.segments)
    for segment in found.segments:
        for piece in segment.pieces:
            if piece.lo < piece.hi:
                s = (piece.lo + piece.hi) / 2
                point = found.scaled.at(s)
                assert piece.y(s).tolist() == point.solution.y.tolist()


@given(seeds)
@settings(max_examples=12)
def test_supplies_only_fall_with_prices_and_the_least_is_below_the_greatest(seed):
    pool = random_pool(seed)
    assume("T" not in pool.falls and pool.liquidators == "when_paid")
    assume(all(a.owner is None for a in pool.accounts.values()))
    found = carried(pool)
    before = supplies(found, F(0))
    for s in POINTS[1:]:
        now = supplies(found, s)
        least = found.scaled.at(s, "least")
        assert [least.claim(c) for c in (*found.catalogue.supplies, "X")] <= now
        stuck = any("stuck" in found.scaled.at(s).state_of(name) for name in pool.accounts)
        if not stuck:
            assert all(a <= b for a, b in zip(now, before, strict=True))
        before = now


ORACLES = {"own": "market", "posted": "nav", "stated": "one"}


@given(
    st.sampled_from(sorted(ORACLES)),
    st.sampled_from(["A", "X"]),
    st.sampled_from(["when_paid", "always", "absent"]),
    st.integers(40, 79),
)
@settings(max_examples=20)
def test_a_pooled_account_with_one_leg_each_is_an_isolated_loan(oracle, token, liquidators, debt):
    terms = {"lltv": "80%", "incentive": "5%", "oracle": ORACLES[oracle]}
    rest = {"lends": {"U": {"cash": 20}}, "collateral": {token: terms}, "liquidators": liquidators}

    def system(rules: str) -> System:
        return System(
            assets={"U": {"price": "$1"}, "A": {"price": "$1"}},
            oracles={"one": {"kind": "fixed", "price": "$0.9"}},
            issuers={"I": {"outside": {"c": "$200"}, "issues": {"X": share(200, book_price="$1")}}},
            markets={"m": {"rules": rules, **rest}},
            positions={"a": {"market": "m", "collateral": {token: 100}, "debt": {"U": debt}}},
        )

    stage = {"price": {"A": "-60%"}, "loss": {"I": "60%"}}
    pooled, isolated = (solved(system(rules), stage) for rules in ("aave-v3", "silo-v2"))
    assert breaks(pooled) == breaks(isolated)
    for s in POINTS:
        one, other = at(pooled, s), at(isolated, s)
        assert one.solution.z.tolist() == other.solution.z.tolist()
        assert one.state_of("a") == other.state_of("a")
