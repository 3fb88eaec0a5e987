"""What a load returns: the system, the scenarios bound to it, places, a digest."""

import gc
import os
from datetime import UTC, datetime

import pytest

import looprisk.files.events
import looprisk.files.include
from looprisk.errors import FileError, LoopriskError
from looprisk.files import NoScenarioError, load
from looprisk.model.case import Case
from tests.files.corpus import VALID, VALID_FILES, inside

HEAD = "looprisk: 1\nsources: {here: {class: assumed, title: made up}}\n"


@pytest.fixture
def folder(tmp_path):
    with inside(tmp_path):
        yield tmp_path


def write(folder, name, text):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return name


def said(path):
    with pytest.raises(FileError) as raised:
        load(path)
    return str(raised.value)


@pytest.mark.parametrize("path", VALID_FILES, ids=lambda path: path.name)
def test_valid_files_load_with_all_their_scenarios(path):
    file = load(path)
    assert list(file) == list(file.scenarios) == [file[name].name for name in file]
    assert len(file) == len(file.scenarios)


def test_a_scenario_is_bound_to_its_system():
    case = load(VALID / "loop.yaml")["ratio-slips"]
    assert isinstance(case, Case)
    assert case.system.positions["trader"].loop.equity.number == 40
    assert case.scenario.expect[0].of == "trader"
    assert case.line == 23
    assert case.expect_lines == (27,)
    assert case.file.endswith("valid/loop.yaml")


def test_set_changes_the_system_of_its_scenario_only():
    file = load(VALID / "policy.yaml")
    terms = file["threshold"].system.markets["fusd-usdc"].collateral["fUSD"]
    before = file.system.markets["fusd-usdc"].collateral["fUSD"]
    assert (terms.lltv.text, before.lltv.text) == ("77%", "86%")
    assert file["today"].system is file.system
    assert "bank" not in file["nothing-owed"].system.issuers["fund"].owes


def test_an_overlay_fills_what_is_unknown_and_replaces_what_it_names():
    base, over = load(VALID / "base.yaml").system, load(VALID / "overlay.yaml").system
    assert base.issuers["fund"].pays == "unknown"
    assert over.issuers["fund"].pays == (("debts",), ("fUSD",))
    assert over.issuers["fund"].outside["book"].text == "$6M"
    assert over.markets["fusd-usdc"].collateral["fUSD"].oracle == "market"
    assert over.issuers["vault"] == base.issuers["vault"].model_copy(update={"source": "chain"})


def test_absent_liquidators_are_a_value_and_not_a_removal(folder):
    lines = [
        HEAD.rstrip(),
        "assets: {A: {price: $2}, B: {price: $1}}",
        "markets:",
        "  m: {rules: morpho-blue, lends: {B: {cash: 9}}, collateral: {A: {lltv: 86%, oracle: nav}}}",
        "set: {m/liquidators: absent, B/price: $2}",
    ]
    system = load(write(folder, "a.yaml", "\n".join(lines))).system
    assert system.markets["m"].liquidators == "absent"


def test_what_a_set_took_away_is_missing_where_it_was_taken(folder):
    lines = [HEAD.rstrip(), "assets: {A: {price: $2}}", "set:", "  A/price: absent"]
    text = said(write(folder, "a.yaml", "\n".join(lines)))
    assert text.startswith("a.yaml:5:3: error: assets/A: `price` is missing")


def test_name_and_about_are_those_of_the_file_asked_for():
    base, over = load(VALID / "base.yaml").system, load(VALID / "policy.yaml").system
    assert (base.name, over.name) == ("base", None)
    assert over.about == "What has to hold before a change is merged."
    assert over.as_of == base.as_of
    assert base.as_of.low == int(datetime(2025, 9, 30, 12, tzinfo=UTC).timestamp())


def test_the_source_of_a_file_covers_that_file_only():
    found = load(VALID / "overlay.yaml").system.provenance
    fund = ("issuers", "fund")
    assert found[*fund, "outside", "book"] == "letter"
    assert found[*fund, "owes", "bank"] == "chain"
    assert found[*fund, "issues", "fUSD", "supply"] == "chain"
    assert found[*fund, "issues", "fUSD", "kind"] == "unread"
    assert found["issuers", "bank", "outside", "loans"] == "chain"
    terms = ("markets", "fusd-usdc", "collateral", "fUSD")
    assert found[*terms, "oracle"] == "letter"
    assert found[*terms, "lltv"] == "chain"


def test_a_file_without_a_source_does_not_borrow_one(folder):
    write(folder, "base.yaml", HEAD + "source: here\nassets: {ETH: {price: $3_000}}\n")
    top = write(folder, "top.yaml", "looprisk: 1\ninclude: base.yaml\nassets: {BTC: {price: $1}}\n")
    found = load(top).system.provenance
    assert found["assets", "ETH", "price"] == "here"
    assert found["assets", "BTC", "price"] is None


def test_the_digest_names_the_content_and_not_the_layout(folder):
    text = HEAD + "assets: {ETH: {price: $3_000}, USDC: {price: $1}}\n"
    block = HEAD + "assets:\n  USDC: {price: '$1'}   # a dollar\n  ETH:\n    price: $3_000\n"
    same = {load(write(folder, f"{n}.yaml", t)).digest for n, t in enumerate([text, block])}
    other = load(write(folder, "c.yaml", text.replace("3_000", "3_001"))).digest
    assert len(same) == 1
    assert other not in same
    assert other.startswith("sha256:")
    assert len(other) == len("sha256:") + 64


def test_the_digest_covers_what_is_included(folder):
    write(folder, "base.yaml", HEAD + "assets: {ETH: {price: $3_000}}\n")
    top = write(folder, "top.yaml", "looprisk: 1\ninclude: base.yaml\n")
    before = load(top).digest
    write(folder, "base.yaml", HEAD + "assets: {ETH: {price: $3_001}}\n")
    assert load(top).digest != before


def test_places_are_told_by_file_and_line():
    file = load(VALID / "policy.yaml")
    name, line = file.locate(("scenarios", "today", "expect", "0"))
    assert (name.endswith("valid/policy.yaml"), line) == (True, 20)
    name, line = file.locate(("issuers", "bank", "outside", "loans"))
    assert (name.endswith("valid/base.yaml"), line) == (True, 26)
    assert file.locate(("issuers", "bank", "nowhere"))[1] == 25
    assert file.locate(())[1] == 1


def test_a_scenario_that_is_not_there_is_named():
    file = load(VALID / "policy.yaml")
    with pytest.raises(NoScenarioError, match="did you mean threshold") as raised:
        file["treshold"]
    assert isinstance(raised.value, KeyError)
    assert isinstance(raised.value, LoopriskError)


def test_each_file_is_included_once(folder):
    write(folder, "base.yaml", HEAD + "assets: {ETH: {price: $3_000}}\n")
    write(folder, "a.yaml", "looprisk: 1\ninclude: base.yaml\n")
    write(folder, "sub/b.yaml", "looprisk: 1\n")
    top = write(folder, "top.yaml", "looprisk: 1\ninclude: [a.yaml, base.yaml, sub/b.yaml]\n")
    assert list(load(top).system.assets) == ["ETH"]
    top = write(folder, "twice.yaml", "looprisk: 1\ninclude: [a.yaml, a.yaml]\n")
    assert "`a.yaml` is included twice" in said(top)


def test_a_file_above_is_refused_from_below(folder):
    write(folder, "base.yaml", "looprisk: 1\n")
    write(folder, "sub/b.yaml", "looprisk: 1\ninclude: ../base.yaml\n")
    top = write(folder, "top.yaml", "looprisk: 1\ninclude: sub/b.yaml\n")
    assert "sub/b.yaml:2:10: error: `../base.yaml` leads out of the folder" in said(top)


def test_a_link_that_leads_out_is_refused(folder):
    write(folder, "secret/base.yaml", "looprisk: 1\n")
    top = write(folder, "in/top.yaml", "looprisk: 1\ninclude: link.yaml\n")
    (folder / "in" / "link.yaml").symlink_to(folder / "secret" / "base.yaml")
    assert "leads out of the folder by a link" in said(top)
    (folder / "in" / "dir").symlink_to(folder / "secret")
    write(folder, "in/top.yaml", "looprisk: 1\ninclude: dir/base.yaml\n")
    assert "leads out of the folder by a link" in said(top)


def test_a_file_that_includes_itself_is_a_circle(folder):
    top = write(folder, "top.yaml", "looprisk: 1\ninclude: top.yaml\n")
    assert "in a circle: top.yaml → top.yaml" in said(top)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(folder):
    os.mkfifo(folder / "pipe.yaml")
    assert "no regular file" in said("pipe.yaml")
    top = write(folder, "top.yaml", "looprisk: 1\ninclude: pipe.yaml\n")
    assert "no regular file" in said(top)


def test_the_size_of_a_load_is_bounded_over_all_its_files(folder, monkeypatch):
    monkeypatch.setattr(looprisk.files.include, "MAX_BYTES", 200)
    write(folder, "base.yaml", "looprisk: 1\n" + "# filled\n" * 15)
    assert load("base.yaml").system.name is None
    top = write(folder, "top.yaml", "looprisk: 1\ninclude: base.yaml\n" + "# filled\n" * 15)
    assert "`base.yaml`: too large" in said(top)


def test_the_number_of_values_is_bounded_over_all_files(folder, monkeypatch):
    monkeypatch.setattr(looprisk.files.events.Budget, "__init__", _small)
    write(folder, "base.yaml", HEAD)
    assert load("base.yaml").system.name is None
    top = write(folder, "top.yaml", "looprisk: 1\ninclude: base.yaml\nname: [" + "a, " * 30 + "]\n")
    assert "too many values" in said(top)


def _small(budget):
    budget.nodes = 30


def test_the_words_of_a_file_are_kept_exactly(folder):
    text = HEAD + (
        "assets:\n"
        "  A: {price: $012.50, label: NO, note: 1:30, address: 0x00aB, tags: [on, 1e18, ~]}\n"
    )
    text += "  B:\n    price: $1\n    label: 'it''s'\n    note: |\n      two\n      lines\n"
    assets = load(write(folder, "a.yaml", text)).system.assets
    assert (assets["A"].label, assets["A"].note, assets["A"].address) == ("NO", "1:30", "0x00aB")
    assert assets["A"].tags == ("on", "1e18", "~")
    assert assets["A"].price.number * 2 == 25
    assert (assets["B"].label, assets["B"].note) == ("it's", "two\nlines")


def test_line_ends_of_windows_are_read_as_such(folder):
    text = HEAD + "assets:\n  ETH: {price: 3000}\n"
    (folder / "a.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    (folder / "b.yaml").write_bytes(text.encode())
    assert said("a.yaml").replace("a.yaml", "b.yaml") == said("b.yaml")


def test_reading_leaves_the_garbage_collector_as_it_was(folder):
    assert gc.isenabled()
    said("missing.yaml")
    assert gc.isenabled()
