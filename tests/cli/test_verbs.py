import csv
import io
import json

import jsonschema
import pytest

from looprisk.results.result_json import result_schema


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_run_answers_in_the_first_line(cli, fund):
    done = cli("run", "fund.yaml::small")
    assert done.code == 0
    assert done.err == ""
    first, second = done.out.splitlines()[:2]
    assert first.startswith("A loss of $3.0M at Fund: fUSD holders lose $3.0M")
    assert second.startswith("fund::small")
    assert "certified:" in done.out
    assert "next: looprisk break fund.yaml::small" in done.out


def test_run_takes_all_scenarios_in_their_order(cli, fund):
    done = cli("run", fund)
    assert done.out.index("fund::small") < done.out.index("fund::large")


def test_run_judges_nothing(cli, failing):
    assert cli("run", failing).code == 0


def test_json_of_one_scenario_is_the_result_document(cli, fund):
    done = cli("run", "fund.yaml::large", "--format", "json")
    document = json.loads(done.out)
    jsonschema.validate(document, result_schema())
    losses = {row["id"]: row["economic_loss_usd"] for row in document["layers"]}
    assert losses["fUSD"] == 4e6
    assert losses["lUSD"] == 1e6


def test_json_of_several_scenarios_is_a_list(cli, fund):
    documents = json.loads(cli("run", fund, "--format", "json").out)
    assert [document["scenario"] for document in documents] == ["fund::small", "fund::large"]
    for document in documents:
        jsonschema.validate(document, result_schema())


def test_csv_names_the_scenario_of_each_row(cli, fund):
    found = rows(cli("run", fund, "--format", "csv").out)
    lost = {(row["scenario"], row["id"]): float(row["economic_loss_usd"]) for row in found}
    assert lost["fund::small", "fUSD"] == 3e6
    assert lost["fund::large", "lUSD"] == 1e6
    assert rows(cli("run", "fund.yaml::small", "--format", "csv").out)[0]["scenario"]


def test_markdown_is_a_table(cli, fund):
    text = cli("run", "fund.yaml::small", "--format", "md").out
    assert text.startswith("**A loss of")
    assert "| ---: |" in text


def test_explain_adds_up(cli, fund):
    found = rows(cli("run", "fund.yaml::large", "--explain", "lUSD", "--format", "csv").out)
    assert sum(float(row["amount_usd"]) for row in found) == pytest.approx(1e6, rel=1e-9)
    assert len(found) <= 7
    assert "lUSD" in cli("run", "fund.yaml::large", "--explain", "lUSD").out.splitlines()[0]


def test_explain_of_no_layer_is_told_with_the_nearest(cli, fund):
    done = cli("run", "fund.yaml::large", "--explain", "lUSDC")
    assert done.code == 2
    assert done.out == ""
    assert "did you mean lUSD?" in done.err


def test_set_starts_from_another_value(cli, fund):
    done = cli("run", "fund.yaml::small", "--set", "Fund/outside/strategies=$9M", "--format", "csv")
    lost = {row["id"]: float(row["economic_loss_usd"]) for row in rows(done.out)}
    assert lost["fUSD"] == 3e6
    done = cli("run", "fund.yaml::large", "--set", "Fund/outside/strategies=$9M", "--format", "csv")
    lost = {row["id"]: float(row["economic_loss_usd"]) for row in rows(done.out)}
    assert (lost["fUSD"], lost["lUSD"]) == (3e6, 2e6)


def test_set_has_the_last_word_over_the_scenario(cli, fund):
    text = fund.read_text().replace("small:\n", "small:\n    set: {Fund/owes/Lender: $1M}\n")
    fund.write_text(text)
    done = cli("run", "fund.yaml::small", "--set", "Fund/owes/Lender=$8M", "--format", "csv")
    lost = {row["id"]: float(row["economic_loss_usd"]) for row in rows(done.out)}
    assert lost["lUSD"] == 1e6


def test_set_takes_a_list(cli, fund):
    fund.write_text(fund.read_text().replace("[debts, fUSD]", "unknown"))
    flag = "Fund/pays=[debts, fUSD]"
    assert cli("run", fund).code == 4
    assert cli("run", fund, "--set", flag).code == 0


def test_several_sets_are_taken(cli, fund):
    flags = ("--set", "Fund/outside/strategies=$20M", "--set", "Lender/outside/cash=$3M")
    document = json.loads(cli("run", "fund.yaml::small", *flags, "--format", "json").out)
    claims = {row["id"]: row["claims_usd"] for row in document["layers"]}
    assert (claims["fUSD"], claims["lUSD"]) == (14e6, 9e6)


def test_a_shock_stands_alone(cli, fund):
    done = cli("run", fund, "--shock", "loss: {Fund: $4.5M}", "--format", "json")
    (layer,) = [row for row in json.loads(done.out)["layers"] if row["id"] == "lUSD"]
    assert layer["economic_loss_usd"] == 0.5e6


def test_shocks_strike_together(cli, fund):
    flags = ("--shock", "loss: {Fund: $4.5M}", "--shock", "loss: {Lender: $1M}")
    done = cli("run", fund, *flags, "--format", "json")
    (layer,) = [row for row in json.loads(done.out)["layers"] if row["id"] == "lUSD"]
    assert layer["economic_loss_usd"] == 1.5e6


def test_a_shock_takes_the_place_of_the_stages_and_keeps_the_start(cli, fund):
    text = fund.read_text().replace("small:\n", "small:\n    set: {Fund/owes/Lender: $8M}\n")
    fund.write_text(text)
    done = cli("run", "fund.yaml::small", "--shock", "loss: {Fund: $2.5M}", "--format", "json")
    (layer,) = [row for row in json.loads(done.out)["layers"] if row["id"] == "lUSD"]
    assert layer["economic_loss_usd"] == 0.5e6


def test_the_next_command_repeats_the_flags(cli, fund):
    done = cli(
        "run", fund, "--shock", "loss: {Fund: $1M}", "--set", "Fund/owes/Lender=$5M", "--width", 200
    )
    assert (
        "next: looprisk break fund.yaml --set 'Fund/owes/Lender=$5M' --shock 'loss: {Fund: $1M}'"
    ) in done.out.replace(str(fund.parent) + "/", "")


def test_break_names_the_first_break(cli, fund):
    done = cli("break", "fund.yaml::large")
    assert done.code == 0
    assert done.out.startswith("The first break is at $4.0M")


def test_break_in_json_and_csv(cli, fund):
    document = json.loads(cli("break", "fund.yaml::large", "--format", "json").out)
    found = {(row["of"], row["event"]): row for row in document["break_points"]}
    assert found["Fund", "insolvent"]["exact"] == "4/5"
    assert found["Fund", "insolvent"]["at"]["value"] == 4e6
    table = rows(cli("break", fund, "--format", "csv").out)
    assert {row["scenario"] for row in table} == {"fund::small", "fund::large"}


def test_check_counts(cli, fund):
    done = cli("check", fund)
    assert done.code == 0
    assert done.out.splitlines()[-1] == "3 passed · 2 scenarios · exit 0"


def test_check_tells_a_failure_with_its_place(cli, failing):
    done = cli("check", "fund.yaml")
    assert done.code == 1
    assert "fund.yaml:21: FAIL the lender bears the rest: expected $2M, got $1.00M" in done.out
    assert done.out.splitlines()[-1] == "1 failed, 2 passed · 2 scenarios · exit 1"


def test_check_of_one_scenario(cli, failing):
    assert cli("check", "fund.yaml::small").code == 0
    assert cli("check", "fund.yaml::large").code == 1


def test_check_of_several_files(cli, fund):
    (fund.parent / "two.yaml").write_text(fund.read_text().replace("is: $0", "is: $1"))
    done = cli("check", "fund.yaml", "two.yaml", "--format", "json")
    document = json.loads(done.out)
    assert done.code == 1
    assert document["scenarios"] == 4
    assert [verdict["outcome"] for verdict in document["verdicts"]].count("FAIL") == 1


def test_check_with_another_start(cli, fund):
    assert cli("check", fund, "--set", "Fund/owes/Lender=$5M").code == 1


def test_check_of_a_system_alone_reads_it(cli, fund):
    fund.write_text(fund.read_text().partition("scenarios:")[0])
    done = cli("check", fund)
    assert (done.code, done.out) == (0, "nothing to judge · 0 scenarios · exit 0\n")


def test_the_answer_goes_to_a_file_by_its_ending(cli, fund):
    done = cli("run", "fund.yaml::small", "-o", "answer.json")
    assert (done.code, done.out, done.err) == (0, "", "wrote answer.json\n")
    document = json.loads((fund.parent / "answer.json").read_text())
    assert document["scenario"] == "fund::small"


def test_check_writes_its_file_although_it_fails(cli, failing):
    assert cli("check", failing, "-o", "verdicts.json", "--quiet").code == 1
    assert json.loads((failing.parent / "verdicts.json").read_text())["exit_code"] == 1


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("verb", ["run", "break", "check"])
def test_no_line_is_longer_than_the_width(cli, failing, verb, width):
    text = cli(verb, "fund.yaml", "--width", width).out
    assert max(len(line) for line in text.splitlines()) <= width


def test_colour_on_request(cli, fund):
    assert "\x1b[1m" in cli("run", "fund.yaml::small", "--color", "always").out
    assert "\x1b" not in cli("run", "fund.yaml::small").out


def test_the_same_twice_gives_the_same_bytes(cli, fund):
    for form in ("table", "json", "csv", "md"):
        assert cli("run", fund, "--format", form) == cli("run", fund, "--format", form)


@pytest.mark.parametrize("verb", ["run", "break", "check"])
@pytest.mark.parametrize("form", ["table", "json", "csv", "md"])
def test_a_hostile_name_stays_text(cli, fund, verb, form):
    name = "'::error::gotcha @team <b>x</b>'"
    fund.write_text(fund.read_text().replace("name: fund", f"name: {name}"))
    done = cli(verb, fund, "--format", form)
    assert done.code == 0
    assert not any(line.lstrip().startswith("::") for line in done.out.splitlines())
    assert "\x1b" not in done.out
    if form == "md":
        assert "@team" not in done.out
        assert "<b>" not in done.out
