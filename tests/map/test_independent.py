"""The map against plain programs: a dense solve in fractions, and every way down one by one."""

from fractions import Fraction
from random import Random

import pytest

import looprisk as lr

COUNT = 6


def shares(seed: int, *, loops: bool) -> tuple[lr.System, list[int], dict[tuple[int, int], int]]:
    """Return vaults with cash that own percents of each other: system, cash, (owner, of) percent."""
    random = Random(seed)
    cash = [random.randint(1, 900) for _ in range(COUNT)]
    owned: dict[tuple[int, int], int] = {}
    for of in range(COUNT):
        others = [i for i in range(COUNT) if i != of and (loops or i > of)]
        for owner in random.sample(others, min(len(others), random.randint(1, 3))):
            owned[owner, of] = random.choice([5, 10, 20, 30])
    issuers = {}
    for i in range(COUNT):
        held = {f"t{of}": f"{part}%" for (owner, of), part in owned.items() if owner == i}
        issuers[f"V{i}"] = {
            "outside": {"cash": f"${cash[i]}"},
            "owns": held,
            "issues": {f"t{i}": {"kind": "share", "supply": 100}},
            "depends_on": {"custodian": "acme"} if i in {1, 3} else {},
        }
    return lr.System(issuers=issuers), cash, owned


def solved(rows: list[list[Fraction]], right: list[list[Fraction]]) -> list[list[Fraction]]:
    """Solve by Gauss and Jordan, with fractions."""
    n = len(rows)
    table = [[*row, *more] for row, more in zip(rows, right, strict=True)]
    for k in range(n):
        pivot = next(i for i in range(k, n) if table[i][k])
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [x / table[k][k] for x in table[k]]
        for i in range(n):
            if i != k:
                table[i] = [x - table[i][k] * y for x, y in zip(table[i], table[k], strict=True)]
    return [row[n:] for row in table]


def unit(n: int) -> list[list[Fraction]]:
    return [[Fraction(i == j) for j in range(n)] for i in range(n)]


def inverse_of_shares(owned: dict[tuple[int, int], int]) -> list[list[Fraction]]:
    """Return ``(I - A)^-1`` where ``A[owner][of]`` is the part of ``of`` that the owner has."""
    rows = unit(COUNT)
    for (owner, of), part in owned.items():
        rows[owner][of] -= Fraction(part, 100)
    return solved(rows, unit(COUNT))


@pytest.mark.parametrize("loops", [False, True], ids=["no loops", "loops"])
@pytest.mark.parametrize("seed", range(12))
def test_look_through_is_the_inverse_of_what_is_held(seed, loops):
    """``v = c + A v``: of the value of a vault, so much is the cash of each."""
    system, cash, owned = shares(seed, loops=loops)
    back = inverse_of_shares(owned)
    for k in range(COUNT):
        found = lr.exposure(system, of=f"t{k}")
        usd = {row.id: row.usd for row in found.source_rows}
        wanted = {f"V{j}/outside/cash": back[k][j] * cash[j] for j in range(COUNT) if back[k][j]}
        assert usd == pytest.approx({id_: float(x) for id_, x in wanted.items()}, rel=1e-9)
        whole = sum(wanted.values())
        assert found.ratios.book_usd == pytest.approx(float(whole))
        assert sum(row.share for row in found.source_rows) == pytest.approx(1, abs=1e-12)
        squares = sum((x / whole) ** 2 for x in wanted.values())
        assert found.ratios.hhi_by_issuer == pytest.approx(float(squares))


@pytest.mark.parametrize("seed", range(12))
def test_ratios_of_a_system_by_their_definitions(seed):
    system, cash, owned = shares(seed, loops=True)
    back = inverse_of_shares(owned)
    value = [sum(back[k][j] * cash[j] for j in range(COUNT)) for k in range(COUNT)]
    found = lr.exposure(system)
    assert found.claims_usd == pytest.approx(float(sum(value)))
    assert found.outside_assets_usd == pytest.approx(sum(cash))
    assert found.ratios.rehypothecation_ratio == pytest.approx(float(sum(value) / sum(cash)))
    outside = sum(
        value[k] * (1 - Fraction(sum(p for (_, of), p in owned.items() if of == k), 100))
        for k in range(COUNT)
    )
    assert outside == sum(cash)
    assert found.ratios.book_to_real == pytest.approx(1)
    for row in found.backing_rows:
        assert row.backing_ratio == pytest.approx(1)
    held = {(row.holder, row.claim): row.usd for row in found.held_rows}
    for (owner, of), part in owned.items():
        assert held[f"V{owner}", f"t{of}"] == pytest.approx(float(value[of] * part / 100))


def ways_down(k: int, cash: list[int], owned: dict, value: list[Fraction]) -> dict:
    """Return every way from a vault down to cash, with the share of its value that takes it."""
    found = {(f"t{k}", f"V{k}/outside/cash"): Fraction(cash[k]) / value[k]}
    for (owner, of), part in owned.items():
        if owner == k:
            share = value[of] * Fraction(part, 100) / value[k]
            for way, rest in ways_down(of, cash, owned, value).items():
                found[f"t{k}", *way] = share * rest
    return found


@pytest.mark.parametrize("seed", range(12))
def test_every_way_down_is_listed(seed):
    system, cash, owned = shares(seed, loops=False)
    back = inverse_of_shares(owned)
    value = [sum(back[k][j] * cash[j] for j in range(COUNT)) for k in range(COUNT)]
    for k in range(COUNT):
        wanted = ways_down(k, cash, owned, value)
        found = lr.exposure(system, of=f"t{k}")
        rows = {row.names: row.share for row in found.way_rows}
        assert set(rows) <= set(wanted)
        assert set(rows) == set(wanted) or found.other_ways > 0
        for names, share in rows.items():
            assert share == pytest.approx(float(wanted[names]))
        assert sum(rows.values()) + found.other_ways == pytest.approx(1)


@pytest.mark.parametrize("seed", range(12))
def test_a_shared_custodian_counts_each_dollar_once(seed):
    """Every way that meets V1 or V3, whichever comes first, and no other."""
    system, cash, owned = shares(seed, loops=False)
    back = inverse_of_shares(owned)
    value = [sum(back[k][j] * cash[j] for j in range(COUNT)) for k in range(COUNT)]
    for k in range(COUNT):
        ways = ways_down(k, cash, owned, value)
        meets = sum(share for way, share in ways.items() if {"t1", "t3"} & set(way))
        rows = {(row.kind, row.value): row for row in lr.common(system, of=f"t{k}").rows}
        met = {f"V{i}" for i in (1, 3) if any(f"t{i}" in way for way in ways)}
        row = rows.get(("custodian", "acme"))
        assert (row is not None) == bool(met)
        if row is not None:
            assert row.share == pytest.approx(float(meets))
            assert set(row.parts) == met


@pytest.mark.parametrize("seed", range(12))
def test_promises_pass_on_what_their_issuer_has(seed):
    """Par tokens and equity of one issuer stand on the same things, pro rata."""
    random = Random(seed)
    cash = [random.randint(500, 900) for _ in range(COUNT)]
    units: dict[tuple[int, int], int] = {}
    for of in range(COUNT):
        for owner in random.sample([i for i in range(COUNT) if i != of], random.randint(1, 2)):
            units[owner, of] = random.randint(1, 90)
    issuers = {
        f"V{i}": {
            "outside": {"cash": f"${cash[i]}"},
            "owns": {f"t{of}": n for (owner, of), n in units.items() if owner == i},
            "issues": {f"t{i}": {"kind": "par", "par": "$1", "supply": 300}},
        }
        for i in range(COUNT)
    }
    system = lr.System(issuers=issuers)
    assets = [
        cash[i] + sum(n for (owner, _), n in units.items() if owner == i) for i in range(COUNT)
    ]
    rows = unit(COUNT)
    for (owner, of), n in units.items():
        rows[owner][of] -= Fraction(n, assets[owner])
    own = [[Fraction(cash[i] * (i == j), assets[i]) for j in range(COUNT)] for i in range(COUNT)]
    stands_on = solved(rows, own)
    for k in range(COUNT):
        found = lr.exposure(system, of=f"t{k}")
        shares_ = {row.id: row.share for row in found.source_rows}
        wanted = {f"V{j}/outside/cash": float(x) for j, x in enumerate(stands_on[k]) if x}
        assert shares_ == pytest.approx(wanted)
        assert found.ratios.book_usd == pytest.approx(300)
    whole = lr.exposure(system)
    assert whole.outside_assets_usd == pytest.approx(sum(cash))
    for i, row in enumerate(whole.backing_rows):
        assert row.own_usd == pytest.approx(assets[i])
        assert row.backing_ratio == pytest.approx(assets[i] / 300)
        assert row.equity_usd == pytest.approx(assets[i] - 300)
        assert row.assets_to_equity == pytest.approx(assets[i] / (assets[i] - 300))
