"""A tree becomes a system and the system the same tree: examples of the suite, and drawn ones."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from looprisk.model import Scenario, System, parse_scenario, parse_system
from looprisk.model.tree import dump, texts
from tests.model.examples import tree

ROOT = Path(__file__).parents[2]
FILES = sorted([*ROOT.glob("scenarios/*.yaml"), *ROOT.glob("tests/files/valid/*.yaml")])


def merged(base, over):
    for key, content in over.items():
        if isinstance(content, dict) and isinstance(base.get(key), dict):
            merged(base[key], content)
        else:
            base[key] = content
    return base


def whole(path):
    raw = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)
    included = raw.pop("include", [])
    base = {}
    for name in [included] if isinstance(included, str) else included:
        merged(base, whole(path.parent / name))
    base.pop("scenarios", None)
    return merged(base, raw)


def same(system):
    assert System.from_tree(system.tree()) == system
    assert System.from_tree(dump(system)) == system
    assert system.tree() == System.from_tree(system.tree()).tree()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_of_the_suite_is_read_and_written_back(path):
    raw = whole(path)
    raw.pop("set", None)
    system, found = parse_system(raw)
    assert found == ()
    same(system)
    for name, scenario in raw.get("scenarios", {}).items():
        read, wrong = parse_scenario(scenario, system, ("scenarios", name))
        assert wrong == ()
        assert Scenario(**texts(dump(read))) == read


def test_the_tree_keeps_texts_sources_and_short_loans():
    system = System.from_tree(tree(("issuers.Stream.pays", [["Fund", "outside @seen"], "xUSD"])))
    found = system.tree()
    assert found["assets"]["USDC"] == {"price": "$1 @seen"}
    assert found["issuers"]["Stream"]["owes"] == {"Fund": "$20M", "outside": "$500M"}
    assert found["issuers"]["Stream"]["pays"] == [["Fund", "outside @seen"], "xUSD"]
    assert found["source"] == "guess"
    assert found["positions"]["leg"]["short"] == "10 ETH"
    assert System.from_tree(tree()).tree() == tree()


IDS = st.text("abcXYZ019_.-", min_size=1, max_size=6).filter(
    lambda name: name not in {"all", "absent", "equity", "debts", "outside", "market", "nav"}
)
SOURCES = st.sampled_from(["", " @seen", " @guess"])
DIGITS = st.integers(1, 10**9)


def written(pattern):
    return st.builds(lambda number, source: pattern.format(number) + source, DIGITS, SOURCES)


MONEY = st.one_of(written("${}"), written("${}M"), written("${}.5"))
TOKENS = st.one_of(written("{}"), written("{}k"), st.just("unknown"), written("{}..9_999_999_999"))
RATIO = st.builds(lambda number, source: f"{number / 100}%{source}", st.integers(0, 8000), SOURCES)


@st.composite
def trees(draw):
    assets = draw(st.lists(IDS, min_size=2, max_size=4, unique=True))
    names = draw(st.lists(IDS, min_size=2, max_size=4, unique=True))
    issuers = [f"i-{name}" for name in names]
    tokens = [f"t-{name}" for name in names]
    parts = {}
    for place, issuer in enumerate(issuers):
        owed = draw(st.lists(st.sampled_from([*issuers, "outside"]), unique=True, max_size=3))
        owed = [name for name in owed if name != issuer]
        token = tokens[place]
        kind = draw(st.sampled_from(["share", "par"]))
        receipt = {"kind": kind, "supply": f"{draw(DIGITS)}"}
        if kind == "par":
            receipt["par"] = draw(st.sampled_from(["$1", f"1.5 {assets[0]}"]))
        elif draw(st.booleans()):
            receipt["book_price"] = draw(MONEY)
        part = {"outside": {"pile": draw(MONEY)}, "issues": {token: receipt}}
        if owed:
            part["owes"] = {name: draw(MONEY) for name in owed}
            part["pays"] = ["debts", token] if len(owed) == 1 else [owed, token]
        if draw(st.booleans()):
            part["owns"] = {asset: draw(TOKENS) for asset in assets[:2]}
        parts[issuer] = part
    market = {
        "rules": "morpho-blue",
        "lends": {assets[0]: {"cash": draw(TOKENS)}},
        "collateral": {tokens[0]: {"lltv": draw(RATIO), "oracle": "market"}},
    }
    return {
        "sources": {"seen": {"class": "observed"}, "guess": {"class": "assumed"}},
        "assets": {asset: {"price": draw(MONEY)} for asset in assets},
        "issuers": parts,
        "markets": {"the-market": market},
    }


@given(trees())
def test_drawn_trees_come_back(raw):
    system, found = parse_system(raw)
    assert found == ()
    same(system)
    assert system.tree() == raw


@given(st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["assets", "issuers", "price", "owes", "kind", "pays"]), inner),
    ),
))  # fmt: skip
def test_no_tree_makes_it_raise(junk):
    raw = junk if isinstance(junk, dict) else {"assets": junk, "issuers": junk, "sources": junk}
    system, found = parse_system(raw)
    assert (system is None) == bool(found)
    parse_scenario(junk, None, ("scenarios", "s"))
