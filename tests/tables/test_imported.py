"""A pool with its borrowers, as it is imported, runs and breaks as it is."""

import gzip
from fractions import Fraction

import pytest

import looprisk as lr
from looprisk.cli import run_line
from looprisk.model import Case, Scenario
from tests.tables.imported import imported

ROWS = 260
FALL = Fraction(2, 5)


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return imported(tmp_path_factory.mktemp("pool"), ROWS, several=0.5, tokens=5)


@pytest.fixture(scope="module")
def system(pool):
    return lr.load(pool).system


def rows_of(pool, system):
    """Yield (e-mode, collateral, debts) of every account, read from its table again."""
    (book,) = system.positions.values()
    text = gzip.decompress((pool.parent / book.table).read_bytes()).decode()
    header, *lines = (line.split(",") for line in text.splitlines())
    for line in lines:
        cells = dict(zip(header, line, strict=True))
        sides = [
            {
                name.removeprefix(side): Fraction(cell)
                for name, cell in cells.items()
                if name.startswith(side) and cell
            }
            for side in ("collateral/", "debt/")
        ]
        yield cells["e_mode"], *sides


def terms_of(market, mode, collateral):
    found = market.collateral[collateral]
    if mode and collateral in market.e_modes[mode].collateral:
        found = market.e_modes[mode].collateral[collateral]
    return found.lltv.number, 1 + found.incentive.number


def one_by_one(pool, system, fall):
    """Return what lenders of each token lose to accounts, and how many are liquidated.

    Claims on the pool are worth what they claim here: nobody's bad debt comes close to a premium.
    """
    (market,) = system.markets.values()
    (name,) = system.markets
    before = {token: asset.price.number for token, asset in system.assets.items()}
    after = {token: price * (1 - fall * (token == "T3")) for token, price in before.items()}
    lost, liquidated = dict.fromkeys(before, Fraction(0)), 0
    for mode, units, owed in rows_of(pool, system):
        debt = sum(n * after[token] for token, n in owed.items())
        legs = [
            (n, claim.removeprefix(f"{name}/"), *terms_of(market, mode, claim))
            for claim, n in units.items()
        ]
        weight = sum(n * before[token] for n, token, *_ in legs)
        phi = sum(n * before[token] * phi for n, token, _, phi in legs) / weight
        if sum(n * after[token] * lltv for n, token, lltv, _ in legs) >= debt:
            continue
        liquidated += 1
        brings = sum(n * after[token] for n, token, *_ in legs) / phi
        for token, n in owed.items():
            lost[token] += max(Fraction(0), debt - brings) * n * after[token] / debt
    return lost, liquidated


def test_it_runs_as_it_is(pool, system):
    answer = lr.run(system, price={"T3": "-40%"})
    lost, liquidated = one_by_one(pool, system, FALL)
    assert liquidated > 20
    assert sum(1 for loss in lost.values() if loss) > 1
    fallen = {"T3": FALL}
    for row in answer.layers:
        token = row.id.rpartition("/")[2]
        face = Fraction(row.claims_usd) / (1 - fallen.get(token, 0))
        moved = float(face * fallen.get(token, 0) + lost[token])
        assert row.economic_loss_usd == pytest.approx(moved, rel=1e-9), token
    assert answer.certificate.residual < 1e-12


def test_its_first_liquidation_is_found_exactly(pool, system):
    """By bisection over the accounts one by one, in fractions."""
    found = lr.break_points(system, price={"T3": "-40%"})
    first = next(row for row in found.rows if row.event == "liquidated")
    place = Fraction(first.exact)
    assert first.because.startswith("the collateral of account 0x")
    assert first.because.endswith("of b-abababab is worth less than its debt over the LLTV")
    assert one_by_one(pool, system, FALL * place)[1] == 0
    assert one_by_one(pool, system, FALL * (place + Fraction(1, 10**15)))[1] == 1
    bad = next(row for row in found.rows if row.event == "bad_debt")
    assert not any(one_by_one(pool, system, FALL * Fraction(bad.exact))[0].values())
    beyond = Fraction(bad.exact) + Fraction(1, 10**15)
    assert any(one_by_one(pool, system, FALL * beyond)[0].values())


def test_the_command_line_takes_it(pool, capsys):
    scenario = pool.parent / "fall.yaml"
    scenario.write_text(
        "looprisk: 1\ninclude: [pool.yaml]\n"
        "scenarios:\n"
        "  fall:\n"
        "    stages: [{price: {T3: -20%}}, {price: {T3: -40%}}]\n"
        "    expect:\n"
        "      - {of: b-abababab, metric: liquidated_usd, at_least: $1000}\n"
    )
    for words in (["run"], ["check"]):
        assert run_line([*words, str(scenario)]) == 0, capsys.readouterr()
    assert "b-abababab" in capsys.readouterr().out


def test_a_threshold_of_what_was_lent_has_a_limit(system):
    place = "m-abababab/collateral/m-abababab/T3/lltv"
    keep = {"of": "m-abababab/T1", "metric": "bad_debt_usd", "at_most": "$1000"}
    case = Case(system, Scenario(stages=[{"price": {"T3": "-40%"}}]), "fall")
    found = lr.limit(case, place, keep)
    assert "T3" in str(found)
