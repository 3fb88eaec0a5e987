import json
from pathlib import Path

import jsonschema
import yaml

from looprisk.cli.shipped import DEMO
from looprisk.files.examples import shipped

ROOT = Path(__file__).parents[2]


def test_init_writes_a_file_that_passes_its_own_check(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = cli("init")
    assert done == (0, "", "wrote looprisk.yaml\nnext: looprisk check looprisk.yaml\n")
    checked = cli("check", "looprisk.yaml")
    assert checked.code == 0
    assert checked.out.splitlines()[-1] == "4 passed · 2 scenarios · exit 0"


def test_the_first_file_explains_itself(cli, tmp_path):
    path = tmp_path / "start.yaml"
    assert cli("init", path, "--quiet") == (0, "", "")
    text = path.read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=looprisk.schema.json\n")
    assert text.count("#") >= 15
    assert max(len(line) for line in text.splitlines()) <= 100


def test_the_first_file_passes_the_schema_in_an_editor(cli, tmp_path):
    schema = json.loads(cli("schema").out)
    jsonschema.Draft7Validator.check_schema(schema)
    cli("init", tmp_path / "start.yaml")
    as_an_editor_reads = yaml.safe_load((tmp_path / "start.yaml").read_text("utf-8"))
    jsonschema.validate(as_an_editor_reads, schema, cls=jsonschema.Draft7Validator)


def test_schema_goes_to_a_file(cli, tmp_path):
    path = tmp_path / "looprisk.schema.json"
    assert cli("schema", "-o", path) == (0, "", f"wrote {path}\n")
    assert path.read_text("utf-8") == cli("schema").out


def test_demo_shows_both_answers_to_who_is_paid_first(cli):
    done = cli("demo")
    assert (done.code, done.err) == (0, "")
    assert "stream-recourse::loss-93" in done.out
    assert "stream-own-token::loss-93" in done.out
    assert done.out.count("The first break is at") == 2
    assert max(len(line) for line in done.out.splitlines()) <= 80
    assert done.out.rstrip().endswith("next: looprisk init")
    assert str(ROOT) not in done.out


def test_demo_in_the_other_formats(cli):
    documents = json.loads(cli("demo", "--format", "json").out)
    lost = [
        {row["claimant"]: row["loss_usd"] for row in document["waterfall"]}
        for document in documents
    ]
    assert [round(sum(one.values())) for one in lost] == [93_000_000, 93_000_000]
    assert cli("demo", "--format", "csv").out.startswith("scenario,")
    assert cli("demo", "--format", "md").out.startswith("**")


def test_a_checkout_reads_the_cases_where_they_are_kept():
    for part in DEMO:
        assert shipped(part.file) == ROOT / "scenarios" / part.file


def test_an_installation_reads_them_from_its_own_folder(tmp_path, monkeypatch):
    from looprisk.files import examples

    package = tmp_path / "site-packages" / "looprisk"
    (package / "data").mkdir(parents=True)
    (package / "data" / "one.yaml").write_text("looprisk: 1\n")
    monkeypatch.setattr(examples, "__file__", str(package / "files" / "examples.py"))
    assert shipped("one.yaml") == package / "data" / "one.yaml"
