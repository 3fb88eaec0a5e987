"""Every notebook runs from top to bottom: no warning, no network, no output kept in the file."""

import asyncio
import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SECONDS = 60
AT_ONCE = 2
RULES = """
import socket, warnings
def _refuse(*_):
    raise AssertionError("a notebook opened a network connection")
socket.socket.connect = _refuse
socket.socket.connect_ex = _refuse
warnings.simplefilter("error")
"""


@pytest.fixture(scope="module")
def done():
    """Every notebook after it ran, each in a kernel of its own, two at a time."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONWARNINGS"}
    kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), kept.get("PYTHONPATH"))))

    async def run(path, turn):
        book = nbformat.read(path, as_version=4)
        book.cells.insert(0, nbformat.v4.new_code_cell(RULES))
        client = NotebookClient(
            book,
            timeout=SECONDS,
            kernel_name="python3",
            allow_errors=True,
            resources={"metadata": {"path": str(ROOT)}},
        )
        async with turn:
            await client.async_execute(env=kept)
        return book

    async def every():
        turn = asyncio.Semaphore(AT_ONCE)
        return await asyncio.gather(*(run(path, turn) for path in BOOKS))

    return dict(zip(BOOKS, asyncio.run(every()), strict=True))


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(done, path):
    for cell in done[path].cells:
        for output in cell.get("outputs", ()):
            assert output.output_type != "error", "\n".join(output.traceback)
            assert output.get("name") != "stderr", output.text


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_one_question_with_prose_before_every_cell(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    first, *cells = book.cells
    assert first.source.startswith("# ")
    assert first.source.endswith("?")
    assert [cell.cell_type for cell in cells] == ["markdown", "code"] * (len(cells) // 2)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
            assert "sys.path" not in cell.source


def test_there_is_a_notebook_for_each_kind_of_work():
    assert len(BOOKS) == 7
    text = "".join(path.read_text("utf-8") for path in BOOKS)
    assert "ipywidgets" in text
    assert "lr.picture" in text


def test_answers_show_themselves_as_tables_and_pictures(done):
    shown = [
        output.data.keys()
        for book in done.values()
        for cell in book.cells
        for output in cell.get("outputs", ())
        if output.output_type == "execute_result"
    ]
    assert sum("text/html" in kinds for kinds in shown) >= 12
    assert sum("image/svg+xml" in kinds for kinds in shown) >= 4
