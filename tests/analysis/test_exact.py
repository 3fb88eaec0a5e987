"""Fractions asked for: large systems too, and how far floats are from them."""

import json
from fractions import Fraction
from random import Random

import pytest

import looprisk as lr
from looprisk.analysis.api import case_of, exactly
from looprisk.analysis.solve import solve
from looprisk.engine.stage import EXACT_NODES, MOST_EXACT_NODES


def chain(n):
    """Each issuer holds a share of the next; the last has the money. Losses are powers of a third."""
    issuers = {
        f"I{k}": lr.Issuer(
            owns={f"s{k + 1}": 30}, outside={"p": 1}, issues={f"s{k}": lr.Share(supply=90)}
        )
        for k in range(n - 1)
    }
    last = lr.Issuer(outside={"p": 900}, issues={f"s{n - 1}": lr.Share(supply=90)})
    return lr.System(issuers={**issuers, f"I{n - 1}": last})


def ring(n, seed):
    """Issuers with debts and shares of others, loops included."""
    rng = Random(seed)
    issuers = {
        f"I{k}": lr.Issuer(
            outside={"p": rng.randint(40, 90)},
            owns={f"s{(k + 1) % n}": rng.randint(5, 30)},
            owes={f"I{(k + 2) % n}": rng.randint(5, 40), "outside": rng.randint(10, 40)},
            issues={f"s{k}": lr.Share(supply=100)},
            pays=["debts", f"s{k}"],
        )
        for k in range(n)
    }
    return lr.System(issuers=issuers), {f"I{k}": "60%" for k in range(0, n, 3)}


def test_a_large_system_is_solved_in_fractions_when_asked():
    n = EXACT_NODES + 5
    system = chain(n)
    loss = {f"I{n - 1}": "50%"}
    rounded, exact = (solve(case_of(system, {"loss": loss, "exact": x})) for x in (False, True))
    assert not rounded.end.compiled.form.exact
    assert exact.end.compiled.form.exact
    lost = exact.baseline["s0"] - exact.end.claim("s0")
    # 450 of loss, a third of it passed on at every step; all shares of the first are outside
    assert lost == 450 * Fraction(1, 3) ** (n - 1)


def test_the_certificate_says_how_far_floats_are():
    system, loss = ring(8, 1)
    plain, asked = lr.run(system, loss=loss), lr.run(system, loss=loss, exact=True)
    assert plain.certificate.float_distance is None
    assert asked.certificate.exact
    assert 0 <= asked.certificate.float_distance < 1e-12
    assert plain.layers["economic_loss_usd"] == asked.layers["economic_loss_usd"]


def test_a_scenario_of_a_file_takes_it_too(tmp_path):
    system, loss = ring(5, 2)
    lr.save(system, tmp_path / "ring.yaml")
    text = (tmp_path / "ring.yaml").read_text(encoding="utf-8")
    losses = ", ".join(f"{name}: {size}" for name, size in loss.items())
    scenario = f"scenarios:\n  a: {{exact: true, stages: [{{loss: {{{losses}}}}}]}}\n"
    (tmp_path / "ring.yaml").write_text(text + scenario, encoding="utf-8")
    case = lr.load(tmp_path / "ring.yaml")["a"]
    assert lr.run(case).certificate.float_distance is not None
    assert lr.run(case, exact=False).certificate.float_distance is None


def test_a_system_beyond_fractions_is_refused():
    system = chain(MOST_EXACT_NODES + 1)
    with pytest.raises(lr.NotCarriedError, match="401 issuers, markets and accounts are more than"):
        solve(exactly(case_of(system, {"loss": {"I3": "1%"}})))


def test_time_steps_in_floats():
    with pytest.raises(lr.ModelError, match="`exact` is of clearings"):
        lr.Scenario(
            time={"step": "1m", "horizon": "2m"},
            stages=[lr.Stage(at="1m", loss={"V": "1%"})],
            exact=True,
        )


@pytest.fixture
def cli(capsys):
    from looprisk.cli import run_line

    def run(*words):
        code = run_line(list(words))
        return code, capsys.readouterr()

    return run


def test_the_command_line_asks_for_it(cli, tmp_path):
    system, loss = ring(4, 3)
    lr.save(system, tmp_path / "ring.yaml")
    shock = "loss: {" + ", ".join(f"{name}: {size}" for name, size in loss.items()) + "}"
    place = str(tmp_path / "ring.yaml")
    code, told = cli("run", place, "--shock", shock, "--exact", "--format", "json")
    assert code == 0
    assert json.loads(told.out)["certificate"]["float_distance"] < 1e-12
    code, told = cli("break", place, "--shock", shock, "--exact")
    assert code == 0
    assert "floats" in " ".join(told.out.split())
