"""Random pools: the engine against an evaluation account by account that shares nothing with it."""

import pytest

from looprisk.analysis.solve import Solved, solve
from looprisk.errors import NotExactError
from tests.markets.pools import evaluated, random_pool
from tests.semantics.build import F, case, keeps_every_dollar

POINTS = (F(0), F(37, 100), F(1))
BATCHES = [range(start, 200, 10) for start in range(10)]


def claims(found: Solved, token: str) -> str:
    return next(c for c, (_, t) in found.catalogue.supplies.items() if t == token)


@pytest.mark.parametrize("seeds", BATCHES, ids=lambda seeds: f"from{seeds.start}")
@pytest.mark.parametrize("quoted", [False, True], ids=["backed", "quoted"])
def test_every_value_is_what_the_accounts_say(seeds, quoted):
    carried = acted = 0
    for seed in seeds:
        pool = random_pool(seed, quoted=quoted)
        try:
            found = solve(case(pool.system(), pool.stage()))
        except NotExactError:
            continue
        carried += 1
        for s, expected in evaluated(pool, tuple(map(float, POINTS))):
            point = found.scaled.at(F(s))
            keeps_every_dollar(point)
            close = {"rel": 1e-9, "abs": 1e-9}
            where = (seed, s)
            assert float(point.token("X")) == pytest.approx(expected.token, **close), where
            for token, value in expected.supply.items():
                assert float(point.claim(claims(found, token))) == pytest.approx(value, **close), (
                    where
                )
            for name, account in pool.accounts.items():
                owner = float(point.claim(f"{name}/equity"))
                assert owner == pytest.approx(expected.owners[name], **close), where
                assert ("liquidated" in point.state_of(name)) == expected.acted[name], where
                acted += expected.acted[name]
                for token in account.debt:
                    claim = found.catalogue.debt_claims(name)[token]
                    paid = float(point.claim(claim))
                    assert paid == pytest.approx(expected.lenders[name, token], **close), where
    assert carried >= len(seeds) // 2
    assert acted >= 5
