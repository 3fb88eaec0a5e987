"""A result pins its question: it is solved again from itself, and its proof is put in once."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

import looprisk as lr
from looprisk.analysis.proving import evaluate
from looprisk.engine import walk
from looprisk.errors import DataError
from looprisk.model.reading import parse_scenario
from looprisk.results.result_json import dumps, result_json, result_schema

ROOT = Path(__file__).parents[2]


@pytest.fixture
def result(policy, cli):
    """The result of the policy's larger loss, alone in its folder."""
    cli("run", "policy.yaml::large", "-o", "result.json", "-q")
    policy.unlink()
    return policy.with_name("result.json")


def changed(path, *keys, to):
    document = json.loads(path.read_text())
    node = document
    for key in keys[:-1]:
        node = node[key]
    node[keys[-1]] = to
    path.write_text(json.dumps(document))


def test_a_result_is_verified_from_itself_alone(cli, result):
    done = cli("verify", "result.json")
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0].startswith("large: identical, ")
    assert "93" not in lines[0]
    assert lines[1].startswith("proof: 2 solutions put into ")
    jsonschema.Draft7Validator(result_schema()).validate(json.loads(result.read_text()))


def test_the_first_difference_is_named(cli, result):
    changed(result, "layers", 1, "economic_loss_usd", to=5.0)
    row = json.loads(result.read_text())["layers"][1]["id"]
    done = cli("verify", "result.json", "--format", "json")
    document = json.loads(done.out)
    assert (done.code, document["identical"]) == (3, False)
    assert document["differences"][0]["figure"] == f"layers/{row}/economic_loss_usd"
    assert document["differences"][0]["before"] == 5.0
    assert (
        f"First difference: layers/{row}/economic_loss_usd: 5.0, now "
        in cli("verify", "result.json", "--width", "200").out
    )


def test_room_may_be_given(cli, result):
    loss = json.loads(result.read_text())["shock"]["loss_usd"]
    changed(result, "shock", "loss_usd", to=loss + 1)
    assert cli("verify", "result.json").code == 3
    assert cli("verify", "result.json", "--within", "2").code == 0


def test_other_inputs_do_not_fit_the_digest_nor_the_proof(cli, result):
    changed(result, "inputs", "system", "issuers", "Fund", "outside", "strategies", to="$11M")
    done = cli("verify", "result.json", "--format", "json")
    document = json.loads(done.out)
    assert done.code == 3
    assert document["differences"][0]["figure"] == "inputs_digest"
    assert "1000000.0 dollars more or less than it receives" in document["proof"]["disproved"]


def test_a_proof_is_checked_without_solving(monkeypatch, policy):
    case = lr.load(policy)["large"]
    proof = lr.run(case).pinned.proof

    def refuses(*_):
        raise AssertionError("something was solved")

    monkeypatch.setattr("looprisk.engine.point.clear", refuses)
    monkeypatch.setattr(walk, "greatest", refuses)
    found = evaluate(case, proof)
    assert found.solutions == 2
    # 10M less 5M: Fund pays 5 of 6, and Lender has 2 and 5
    assert found.solved.end.claim("lUSD") == Fraction(7_000_000)


@pytest.mark.parametrize("part", ["nodes", "claims"])
@pytest.mark.parametrize("place", [0, 1])
def test_no_number_of_a_proof_can_be_another(policy, part, place):
    case = lr.load(policy)["large"]
    proof = lr.run(case).pinned.proof
    for name in getattr(proof[place], part):
        values = dict(getattr(proof[place], part))
        values[name] = str(Fraction(values[name]) + Fraction(1, 10**12))
        other = {"nodes": proof[place].nodes, "claims": proof[place].claims, part: values}
        forged = [*proof[:place], type(proof[place])(**other), *proof[place + 1 :]]
        with pytest.raises(DataError, match="the proof does not hold"):
            evaluate(case, forged)


@pytest.mark.parametrize(
    "where",
    [
        "cycle", "pyramid", "wsteth-loop", "three-firms", "stream-own-token", "unknowns",
        "hidden-loss", "pooled", "two-vaults",
    ],
)  # fmt: skip
def test_shipped_cases_verify(where, tmp_path):
    file = lr.load(ROOT / "scenarios" / f"{where}.yaml")
    case = next(one for name in file for one in lr.runs(file[name]) if name != "half-gone")
    answer = lr.run(case)
    path = tmp_path / "r.json"
    path.write_text(dumps(result_json(answer)))
    (found,) = lr.verify(path)
    assert found.identical, found
    assert found.equations or answer.certificate.exact is False or where == "pooled"


def test_break_points_and_cascades_verify_too(cli, policy, tmp_path):
    cli("break", "policy.yaml::large", "-o", "breaks.json", "-q")
    cli("run", str(ROOT / "scenarios/hedge-in-time.yaml"), "-o", "time.json", "-q")
    cli("run", "policy.yaml", "-o", "both.json", "-q")
    done = cli("verify", "breaks.json", "time.json", "both.json", "--format", "json")
    assert done.code == 0
    assert all(one["identical"] for one in json.loads(done.out))


def test_tables_lie_beside_the_result(cli, policy, tmp_path):
    cli("run", str(ROOT / "scenarios/accounts-table.yaml"), "-o", "r.json", "-q")
    done = cli("verify", "r.json")
    assert done.code == 2
    assert "tables/" in done.err
    (tmp_path / "tables").symlink_to(ROOT / "scenarios/tables")
    named = tmp_path / "tables"
    named.unlink()
    named.mkdir()
    for table in (ROOT / "scenarios/tables").iterdir():
        (named / table.name).write_bytes(table.read_bytes())
    assert cli("verify", "r.json").code == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no result"),
        ('{"schema": "x"}', "is no result"),
        ('{"schema": "looprisk/result/1"}', "pins no inputs"),
        ('{"schema": "looprisk/result/1", "inputs": {"system": {}}}', "have no scenario"),
        (
            (
                '{"schema": "looprisk/result/1", "inputs": {"system": {"assets": {"A": {"price": 1}}},'
                ' "scenario": {}}}'
            ),
            "inputs are texts",
        ),
        ("[" * 100_000, "more than 100 brackets stand in each other"),
        ('{"schema": "' + "[" * 200 + '"}', "is no result"),
    ],
)
def test_what_is_no_result_is_one_error(cli, policy, text, says):
    policy.with_name("r.json").write_text(text)
    done = cli("verify", "r.json")
    assert (done.code, done.out) == (3, "")
    assert says in done.err


SHUFFLED = """
import json, random, sys
import looprisk as lr
from looprisk.results.result_json import dumps, result_json

def shuffled(tree, seed):
    if isinstance(tree, dict):
        items = list(tree.items())
        random.Random(seed).shuffle(items)
        return {key: shuffled(item, seed) for key, item in items}
    return tree

seed, path, scenario = int(sys.argv[1]), sys.argv[2], sys.argv[3]
case = lr.load(path)[scenario]
system = lr.System.from_tree(shuffled(case.system.tree(), seed))
from dataclasses import replace
print(dumps({**result_json(lr.run(replace(case, system=system))), "inputs": {}, "made_by": {}}))
"""


def test_hash_seeds_threads_and_the_order_of_rows_change_nothing():
    texts = set()
    for seed, threads in ((0, 1), (1, 2), (2, 1)):
        kept = {name: value for name, value in os.environ.items() if "PYTHONHASH" not in name}
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                SHUFFLED,
                str(seed),
                "scenarios/stream-own-token.yaml",
                "loss-93",
            ],
            cwd=ROOT,
            env={
                **kept,
                "PYTHONHASHSEED": str(seed),
                "OMP_NUM_THREADS": str(threads),
                "OPENBLAS_NUM_THREADS": str(threads),
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            check=True,
        )
        texts.add(done.stdout)
    assert len(texts) == 1


def test_who_runs_first_is_a_part_of_the_question():
    file = lr.load(ROOT / "scenarios/two-vaults.yaml")
    case = file["one-first"]
    other = {**result_json(lr.run(case))["inputs"]["scenario"]}
    turned = [{"run": dict(reversed(other["stages"][0]["run"].items()))}]
    scenario, problems = parse_scenario({**other, "stages": turned, "expect": []}, case.system)
    assert not problems
    first, second = (
        lr.run(replace(case, scenario=one))
        for one in (case.scenario.model_copy(update={"expect": ()}), scenario)
    )
    assert first.inputs_digest != second.inputs_digest
