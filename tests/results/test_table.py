import csv
import io
import json
import sys
from dataclasses import dataclass
from html.parser import HTMLParser

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from looprisk.results import Column, Kind, Table
from tests.results.examples import BREAKS, CHECK, CLEARING

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "=HYPERLINK(1)",
    "@team |#12| `code` $x$",
    "[/] [link=evil]",
    "\x1b[31mred\n::error::boo",
    "USDС",
    "",
]


@dataclass(frozen=True)
class Row:
    name: str
    loss: float


def _table(names, sums=("loss_usd",)):
    rows = tuple(Row(name, 1e6 * place) for place, name in enumerate(names, start=1))
    return Table(
        title="<b>Who</b> loses",
        columns=(
            Column(
                name="claimant",
                header=("claimant",),
                kind=Kind.NAME,
                values=tuple(row.name for row in rows),
            ),
            Column(
                name="loss_usd",
                header=("loss",),
                kind=Kind.MONEY,
                values=tuple(row.loss for row in rows),
            ),
        ),
        rows=rows,
        sums=sums,
        note="It adds up.",
    )


def test_a_table_is_its_records_and_its_columns():
    table = CLEARING.layers
    assert len(table) == 11
    assert [row.id for row in table] == [row.id for row in CLEARING.layer_rows]
    assert table["economic_loss_usd"][0] == 170e6
    assert table["layer"][0] == 1
    with pytest.raises(KeyError, match="no column 'loss'; the columns are layer, claim"):
        table["loss"]


def test_columns_must_match_the_rows_and_have_names_of_their_own():
    column = Column(name="a", header=("a",), kind=Kind.TEXT, values=("x",))
    with pytest.raises(ValueError, match="column a has 1 values for 2 rows"):
        Table(title="t", columns=(column,), rows=(1, 2))
    with pytest.raises(ValueError, match="a column name stands twice: a, a"):
        Table(title="t", columns=(column, column), rows=(1,))


def test_money_has_one_unit_that_the_header_names():
    text = _table(["a", "b"]).text()
    assert text.splitlines() == [
        "<b>Who</b> loses",
        "claimant  loss, $M",
        "────────  ────────",
        "a             1.00",
        "b             2.00",
        "sum           3.00",
        "",
        "It adds up.",
    ]
    assert repr(_table(["a", "b"])) == text


def test_a_table_without_rows_says_so():
    assert CLEARING.break_points.text() == (
        "How far the shock goes before each layer breaks\n(no rows)"
    )


def test_layers_overlap_and_are_never_summed_but_the_waterfall_is():
    assert CLEARING.layers.sums == ()
    assert "sum" not in CLEARING.layers.text(120)
    assert CLEARING.waterfall.text().splitlines()[-3].split() == ["sum", "250.00"]


class Reader(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.attributes, self.texts = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data):
        self.texts.append(data)


def test_html_has_no_element_or_attribute_of_a_name():
    reader = Reader()
    reader.feed(_table(HOSTILE)._repr_html_())
    assert set(reader.tags) == {"table", "caption", "thead", "tbody", "tr", "th", "td", "p"}
    assert reader.attributes == {"class", "scope", "align"}
    assert reader.tags.count("tr") == len(HOSTILE) + 2
    assert "<img src=x onerror=alert(1)>" in reader.texts
    assert "USDС [mixed script]" in reader.texts
    assert "(no name)" in reader.texts


def test_markdown_rows_keep_their_cells():
    lines = _table(HOSTILE).to_markdown().splitlines()
    assert lines[:2] == ["| claimant | loss, &#36;M |", "| :--- | ---: |"]
    rows = lines[2 : 2 + len(HOSTILE)]
    assert all(row.replace("\\|", "").count("|") == 3 for row in rows)
    assert not any(letter in "".join(rows) for letter in "<>@$")
    assert _table(["a"])._repr_markdown_().startswith("**&lt;b&gt;Who&lt;/b&gt; loses**\n\n| ")


def test_csv_has_figures_in_full_and_no_formula():
    rows = list(csv.reader(io.StringIO(_table(HOSTILE).to_csv())))
    assert rows[0] == ["claimant", "loss_usd"]
    assert rows[3] == ["'=HYPERLINK(1)", "3000000.0"]
    assert rows[6] == ["[31mred ::error::boo", "6000000.0"]
    assert len(rows) == len(HOSTILE) + 1


def test_csv_writes_nothing_and_truth_plainly():
    rows = list(csv.DictReader(io.StringIO(CLEARING.layers.to_csv())))
    assert rows[0]["market_usd"] == ""
    assert rows[0]["broken"] == "true"
    assert rows[-1]["first_break"] == ""


def test_json_is_a_list_of_rows():
    rows = json.loads(CLEARING.layers.to_json())
    assert rows[0]["economic_loss_usd"] == 170e6
    assert rows[-1]["first_break"] is None
    assert list(rows[0]) == [column.name for column in CLEARING.layers.columns]


@pytest.mark.parametrize(
    "table",
    [
        CLEARING.layers,
        CLEARING.waterfall,
        CLEARING.events,
        CLEARING.break_points,
        CLEARING.assumptions,
        CLEARING.explain("plume-xusd"),
        BREAKS.table,
        CHECK.table,
    ],
)
def test_every_table_goes_everywhere(table):
    frame, polar = table.to_pandas(), table.to_polars()
    names = [column.name for column in table.columns]
    assert list(frame.columns) == list(polar.columns) == names
    assert frame.shape == polar.shape == (len(table), len(names))
    assert pl.DataFrame(table).equals(polar)
    assert list(pd.DataFrame.from_arrow(table).columns) == names
    for column in table.columns:
        assert tuple(polar[column.name].to_list()) == column.plain
    assert len(json.loads(table.to_json())) == len(table)
    assert len(table.to_csv().splitlines()) == len(table) + 1
    assert table._repr_html_().count("<tr>") == len(table) + 1 + bool(table.sums)


def test_frames_and_arrow_carry_the_units():
    frame = CLEARING.layers.to_pandas()
    assert frame.attrs["units"]["economic_loss_usd"] == "usd"
    assert frame.attrs["units"]["loss_fraction"] == "fraction"
    assert str(frame["layer"].dtype) == "Int64"
    assert str(frame["broken"].dtype) == "bool"
    assert frame["market_usd"].isna().all()
    schema = pa.table(CLEARING.layers).schema
    assert schema.field("economic_price").metadata == {b"unit": b"usd per token"}
    assert schema.field("claim").metadata is None


@pytest.mark.parametrize(
    ("library", "call", "line"),
    [
        ("pandas", Table.to_pandas, r"pip install 'looprisk\[tables\]'"),
        ("polars", Table.to_polars, r"pip install 'looprisk\[tables\]'"),
        ("pyarrow", Table.__arrow_c_stream__, "pip install 'pyarrow'"),
    ],
)
def test_a_missing_library_says_what_to_type(monkeypatch, library, call, line):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ImportError, match=f"this needs {library}.*{line}"):
        call(CLEARING.layers)


def test_the_first_rows_say_how_many_more_there_are():
    table = CLEARING.waterfall
    part = table.head(2)
    assert part["loss_usd"] == table["loss_usd"][:2]
    assert part.sums == ()
    assert part.note.endswith(f"{len(table) - 2} more rows are not shown here")
    assert table.head(len(table)) is table
