"""Whatever a file holds: it loads, or an error says why; what both parsers read is the same."""

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from looprisk.errors import FileError
from looprisk.files import load
from looprisk.files.events import Budget, compose
from looprisk.files.source import Source, UnreadableError, read_source
from looprisk.files.tree import plain
from tests.files.corpus import BROKEN, VALID

TEXTS = [path.read_text("utf-8") for path in sorted(VALID.glob("*.yaml"))]
TEXTS = [text for text in TEXTS if "\ninclude:" not in text]
BITS = [
    "", " ", "\n", "  ", ":", ": ", ",", ", ", "#", " #x", "- ", "{", "}", "[", "]", "&a ", "*a",
    "!t ", "'", '"', ">", "|", "@", "`", "%", "? ", "---\n", "...\n", "\t", "<<: ", "\\", "$", "~",
    "unknown", "1e9", "0", "looprisk: 1\n", "é", "\x00", "\x85", "\ufeff", "\r", "\r\n",
]  # fmt: skip
UNHURRIED = settings(
    max_examples=400,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def damaged(draw):
    """Return a valid text with up to four pieces cut out or put in."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        gone = draw(st.integers(0, 5))
        text = text[:at] + draw(st.sampled_from(BITS)) + text[at + gone :]
    return text


def outcome(path):
    try:
        load(path)
    except FileError as error:
        return str(error)
    return "loaded"


@UNHURRIED
@given(text=damaged())
def test_a_damaged_file_loads_or_says_why(text, tmp_path):
    path = tmp_path / "damaged.yaml"
    path.write_bytes(text.encode("utf-8"))
    found = outcome(path)
    assert found == "loaded" or "error: " in found


@UNHURRIED
@given(raw=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw, tmp_path):
    path = tmp_path / "bytes.yaml"
    path.write_bytes(b"looprisk: 1\n" + raw)
    assert outcome(path)


@UNHURRIED
@given(text=damaged())
def test_what_both_parsers_read_is_the_same(text, tmp_path):
    if not yaml.__with_libyaml__:
        pytest.skip("there is no libyaml to compare with")
    path = tmp_path / "damaged.yaml"
    path.write_bytes(text.encode("utf-8"))
    try:
        source = read_source(path, "damaged.yaml")
    except UnreadableError:
        return
    with pytest.MonkeyPatch.context() as patch:
        first, wrong = compose(source, Budget())
        patch.setattr(yaml, "__with_libyaml__", False)
        second, also_wrong = compose(source, Budget())
    if first is not None and second is not None:
        assert plain(first) == plain(second)
        assert wrong == also_wrong


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "a: &a [x]\nb: &b [" + "*a," * 1000 + "]\nc: &c [" + "*b," * 1000 + "]\n",
        "'" * 99_999,
        "a" * 1_000_000,
        "# " * 500_000,
        "a: b\n" * 100_000,
    ],
    ids=lambda text: text[:6],
)
@pytest.mark.timeout(20)
def test_a_bomb_is_refused_at_once(text):
    found, faults = compose(Source("bomb.yaml", BROKEN, text), Budget())
    assert faults
    assert found is None or len(found.values) < 10
