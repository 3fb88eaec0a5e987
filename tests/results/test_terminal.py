import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from looprisk.errors import ModelError
from looprisk.results import (
    AxisMark,
    BreakPoints,
    CheckReport,
    Event,
    LayerLoss,
    Screen,
    break_text,
    check_text,
    explain_text,
    run_text,
)
from looprisk.results.cells import cells
from tests.results.examples import BREAKS, CHECK, CLEARING, LAYERS, LOOP_BREAKS, SHOCK
from tests.results.golden_texts import FOLDER, GOLDEN, NEXT

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
names = st.one_of(
    st.text(max_size=70),
    st.sampled_from(
        [
            "漢字" * 30,
            "e\u0301" * 50,
            "::error::boo",
            "\x1b[31mred",
            "a\nb",
            "\u202eUSDC",
            "UЅDC",
            "x" * 200,
            "",
        ]
    ),
)
amounts = st.floats(min_value=-1e300, max_value=1e300, allow_subnormal=True)
widths = st.integers(min_value=24, max_value=160)


@pytest.mark.parametrize("name", GOLDEN)
def test_the_text_is_the_golden_file(name):
    text, screen = GOLDEN[name]
    assert text(screen) == (FOLDER / name).read_text(encoding="utf-8"), (
        "run `python -m tests.results.golden_texts`, then look at the difference"
    )


def test_every_golden_file_is_a_text():
    assert {path.name for path in FOLDER.glob("*.txt")} == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_lines_fit_and_end_without_blanks(name):
    _, screen = GOLDEN[name]
    for line in (FOLDER / name).read_text(encoding="utf-8").splitlines():
        plain = ESCAPES.sub("", line)
        assert cells(plain) <= screen.width
        assert screen.color or plain == plain.rstrip()


@pytest.mark.parametrize("name", [name for name in GOLDEN if "color" in name])
def test_colour_only_repeats_the_plain_text(name):
    plain = (FOLDER / name.replace("-color", "")).read_text(encoding="utf-8")
    colored = ESCAPES.sub("", (FOLDER / name).read_text(encoding="utf-8"))
    assert [line.rstrip() for line in colored.splitlines()] == plain.splitlines()


def test_colours_are_the_named_ones():
    colored = "".join(
        (FOLDER / name).read_text(encoding="utf-8") for name in GOLDEN if "color" in name
    )
    assert set(re.findall(r"\x1b\[([0-9;]*)m", colored)) == {"0", "1", "2", "31", "32", "33"}


@pytest.mark.parametrize("name", [name for name in GOLDEN if "ascii" in name])
def test_a_terminal_without_utf8_gets_ascii(name):
    assert (FOLDER / name).read_text(encoding="utf-8").isascii()


def test_the_answer_is_the_first_line_and_its_unit_the_second():
    first, second, *_ = run_text(CLEARING, Screen(width=120)).splitlines()
    assert first == (
        "A loss of $250.0M at Stream: xUSD holders lose $170.0M, everybody else $80.0M."
    )
    assert second == (
        "stream-2025::loss-250 · economic basis · US dollars, million · greatest solution"
    )


def test_reported_loss_and_break_point_never_leave_while_there_is_a_table():
    for width in range(62, 121):
        header = run_text(CLEARING, Screen(width=width)).splitlines()[2:7]
        text = "\n".join(header)
        assert "reported" in text
        assert "breaks" in text
        assert ("kind" in text) == (width >= 87)


def test_a_layer_that_never_breaks_says_so_only_if_break_points_were_traced():
    traced = run_text(CLEARING, Screen())
    untraced = run_text(
        replace(CLEARING, shock=replace(CLEARING.shock, searched_to=None)), Screen()
    )
    assert re.search(r"Spark USDC.* never$", traced, re.MULTILINE)
    assert re.search(r"Spark USDC.* –$", untraced, re.MULTILINE)


def test_what_is_already_broken_is_told():
    start = Event(of="plume-xusd", event="impaired", round=0, because="")
    text = run_text(replace(CLEARING, at_start=(start,)), Screen(width=120))
    assert "at the start: Plume xUSD/USDC already broken before the shock." in text


def test_long_next_commands_get_a_line_each():
    long = ("looprisk break " + "a" * 40, "looprisk run " + "b" * 40)
    lines = run_text(CLEARING, Screen(), long).splitlines()
    assert lines[-2:] == ["next: " + long[0], "      " + long[1]]


def test_explain_adds_up_and_names_the_nearest_layer():
    lines = explain_text(CLEARING, "plume-xusd", Screen()).splitlines()
    assert lines[0] == "Plume xUSD/USDC loses $11.36M: 7 causes add up to it."
    figures = [float(line.split()[0]) for line in lines[5:-1]]
    assert len(figures) == 7
    assert sum(figures) == pytest.approx(float(lines[-1].split()[0]))
    with pytest.raises(ModelError, match="did you mean plume-xusd"):
        explain_text(CLEARING, "plume-xusdc", Screen())


def test_explain_without_causes_says_which_kind_of_nothing():
    assert explain_text(CLEARING, "Spark USDC", Screen()).startswith("Spark USDC loses nothing.")
    assert "no causes were kept." in explain_text(CLEARING, "xUSD", Screen())


def test_breaks_at_the_very_beginning_get_an_axis_of_their_own():
    early = tuple(
        replace(row, fraction=row.fraction / 1000, at=replace(row.at, value=row.at.value / 1000))
        for row in BREAKS.rows
        if row.at is not None
    )
    text = break_text(replace(BREAKS, rows=early), Screen())
    assert len(re.findall(r"^loss, \$", text, re.MULTILINE)) == 2
    assert "loss, $k" in text


def test_a_ladder_shows_at_most_eight_steps():
    rows = tuple(
        replace(
            BREAKS.rows[0],
            of=f"V{number}",
            fraction=number / 20,
            at=replace(BREAKS.rows[0].at, value=number * 12.5e6),
        )
        for number in range(1, 13)
    )
    text = break_text(replace(BREAKS, rows=rows), Screen())
    assert text.count("x━") == 8
    assert "4 later breaks stand in the table" in text


def test_a_mark_near_the_right_edge_writes_to_its_left():
    far = replace(BREAKS, marks=(AxisMark(label="everything the fund ever held", value=624e6),))
    text = break_text(far, Screen())
    assert re.search(r" everything the fund ever held 624\.0 \^$", text, re.MULTILINE)


def test_nothing_breaks_and_nothing_to_judge():
    none = tuple(row for row in BREAKS.rows if row.fraction is None)
    text = break_text(replace(BREAKS, rows=none), Screen())
    assert text.startswith("Nothing breaks, up to $625.0M.\n")
    empty = check_text(CheckReport(rows=(), scenario_count=0), Screen())
    assert empty == "nothing to judge · 0 scenarios · exit 0\n"


def test_hedges_show_every_stretch():
    text = break_text(LOOP_BREAKS, Screen())
    assert "broken in stretches: me liquidated: 4.76% to 20.00%, 50.00% to 100.00%" in text
    assert re.search(r"^me +─+x━+─+x━+ 4\.8$", text, re.MULTILINE)


def test_a_failure_that_rounding_hides_is_shown_in_full():
    verdict = replace(CHECK.rows[3], got=0.50000000001, expected="at most 50%")
    text = check_text(CheckReport(rows=(verdict,), scenario_count=1), Screen(width=120))
    assert "at most 50%, got 50.0000000010%" in text


def test_no_line_is_a_command_of_a_ci_runner():
    evil = "x ::error::boo ##[command] " * 4
    rows = (replace(LAYERS[0], label=evil),)
    told = replace(
        CLEARING,
        layer_rows=rows,
        causes={},
        event_rows=(Event(of="xUSD", event="impaired", round=1, because=evil),),
    )
    verdict = replace(CHECK.rows[2], name=evil, because=evil, flow=evil)
    for width in range(24, 90, 3):
        screen = Screen(width=width)
        text = run_text(told, screen, ("::error::boo",)) + check_text(
            CheckReport(rows=(verdict,), scenario_count=1), screen
        )
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())
        assert "##[" not in text


@given(
    rows=st.lists(st.tuples(names, amounts, amounts), max_size=4), width=widths, plain=st.booleans()
)
def test_no_line_of_a_run_is_wider_than_the_screen(rows, width, plain):
    layers = tuple(
        replace(
            LAYERS[0],
            id=f"{number}",
            label=name,
            claims_usd=face,
            economic_loss_usd=loss,
            loss_fraction=None,
        )
        for number, (name, face, loss) in enumerate(rows)
    )
    told = replace(
        CLEARING,
        layer_rows=layers,
        causes={},
        scenario="".join(name for name, _, _ in rows),
        event_rows=(Event(of="0", event="impaired", round=1, because=""),),
    )
    text = run_text(told, Screen(width=width, unicode=not plain), NEXT)
    _fits(text, width)
    assert text.isascii() or not plain


@given(name=names, because=names, width=widths, place=st.floats(0.0, 2.5), value=amounts)
def test_no_line_of_a_sweep_or_a_check_is_wider_than_the_screen(name, because, width, place, value):
    point = replace(
        BREAKS.rows[0],
        of=name,
        because=because,
        fraction=place,
        intervals=((place, 2.5),),
        at=replace(BREAKS.rows[0].at, value=place * SHOCK.as_written),
    )
    points = BreakPoints(
        scenario=name,
        inputs_digest=BREAKS.inputs_digest,
        shock=SHOCK,
        certificate=BREAKS.certificate,
        layer_count=1,
        rows=(point,),
        marks=(AxisMark(label=because, value=place * SHOCK.as_written),),
    )
    _fits(break_text(points, Screen(width=width)), width)
    verdict = replace(CHECK.rows[2], name=name, because=because, got=value, flow=because)
    _fits(check_text(CheckReport(rows=(verdict,), scenario_count=1), Screen(width=width)), width)


def _fits(text, width):
    for line in text.split("\n"):
        assert cells(line) <= width
        assert line.isprintable()


@given(st.lists(st.tuples(names, st.floats(0, 1e12), st.floats(0, 1)), min_size=1, max_size=6))
def test_the_columns_of_a_run_are_aligned(rows):
    layers = tuple(
        LayerLoss(
            layer=number,
            id=str(number),
            label=name,
            kind="share",
            claims_usd=face,
            book_usd=face,
            economic_usd=face * (1 - part),
            economic_loss_usd=face * part,
            reported_loss_usd=0.0,
            loss_fraction=part,
        )
        for number, (name, face, part) in enumerate(rows)
    )
    told = replace(CLEARING, layer_rows=layers, causes={}, event_rows=())
    lines = run_text(told, Screen(width=120)).splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("─"))
    starts = [match.start() for match in re.finditer("─+", lines[at])]
    ends = [match.end() for match in re.finditer("─+", lines[at])]
    for line in lines[at + 1 : at + 1 + len(rows)]:
        cut = _by_cells(line, max(ends))
        for start, end in zip(starts[1:], ends[:-1], strict=True):
            assert cut[end:start] == "  "
        # face, economic loss, % of claim and reported loss end where their rule ends
        assert all(cut[end - 1] != " " for end in ends[3:7])


def _by_cells(line, width):
    """Return one character a cell, so that columns can be cut by position."""
    letters = []
    for letter in line:
        size = cells(letter)
        letters += [letter] * size
    return "".join(letters).ljust(width)
