"""The README's table of the Stream case says what the independent model says."""

from pathlib import Path

from tests.stream.figures import figures

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
ROWS = {
    cells[1]: tuple(cells[2:5])
    for line in README.splitlines()
    if line.startswith("|") and len(cells := line.split("|")) == 6
}


def test_every_figure_of_the_table_is_the_models():
    by_name = {figure.metric: figure for figure in figures()}
    shown = [name for name in ROWS if name in by_name]
    assert len(shown) >= 15
    for name in shown:
        figure = by_name[name]
        public = f"{figure.public.text}, {figure.verdict}" if figure.public else "–"
        assert ROWS[name] == (figure.shown, public, figure.evidence)


def test_misses_are_shown():
    assert sum("**miss**" in public for _, public, _ in ROWS.values()) >= 4
