"""The ladder of notebooks: complete, well-behaved, and what each stores is what it gives."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nbformat import v4

from tests.notebooks.running import (
    DATA,
    IMAGE,
    MEASURED,
    NOTEBOOKS,
    OPTIMISED,
    differences,
    executed,
    missing_data,
    notebooks,
    outputs_of,
    read,
    store,
    tags_of,
    tidy,
    with_kept_outputs,
)

LARGEST_KB = 600
LONGEST_CELL = 42  # lines
WIDEST_LINE = 88
# What to do about a difference.
STALE = "not what is stored; where the change is wanted: `make notebooks`, then read the text beside it again"
PATHS = notebooks()
NAMES = [path.stem for path in PATHS]
NETWORKS = next(path for path in PATHS if "measured" in path.stem)

# A picture of one pixel, and one of two.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
PIXELS = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAABCAAAAADRSSBWAAAAC0lEQVR4nGNgYAAAAAMAAbitOmMAAAAASUVORK5CYII="


def code_cells(path: Path) -> Iterator[Any]:
    yield from (cell for cell in read(path).cells if cell.cell_type == "code")


def test_the_ladder_has_no_gap_and_the_readme_tells_each_step() -> None:
    assert [int(name.split("_")[0]) for name in NAMES] == list(range(1, len(NAMES) + 1))
    page = (NOTEBOOKS / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"\]\((\d+_\w+)\.ipynb\)", page) == NAMES


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_notebook_is_small_and_stored_with_its_outputs(path: Path) -> None:
    assert path.stat().st_size < 1024 * LARGEST_KB
    cells = list(code_cells(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    shown = [output for cell in cells for output in outputs_of(cell)]
    assert any(IMAGE in output for output in shown)
    for output in shown:
        assert "error" not in output
        assert "stderr" not in output
        assert not re.search(r"\b0x[0-9a-f]{6,}", " ".join(output.values()))


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_notebook_can_be_read_and_holds_itself_to_what_it_says(path: Path) -> None:
    first, *_ = read(path).cells
    assert first.source.startswith(f"# {path.stem.split('_')[0]}. ")
    cells = list(code_cells(path))
    for cell in cells:
        lines = cell.source.splitlines()
        assert len(lines) <= LONGEST_CELL
        assert max(map(len, lines)) <= WIDEST_LINE
    claims = cells[-1].source
    assert claims.startswith("# What this notebook claims.\n")
    assert claims.count("assert ") >= 5


@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_every_notebook_that_another_names_exists(path: Path) -> None:
    text = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (NOTEBOOKS / link).exists(), link


fresh = functools.cache(executed)


def test_measured_networks_are_shown() -> None:
    (cell,) = (cell for cell in read(NETWORKS).cells if MEASURED in tags_of(cell))
    (output,) = outputs_of(cell)
    assert all(name in output["text/html"] for name in DATA)


@pytest.mark.slow
@pytest.mark.parametrize("path", PATHS, ids=NAMES)
def test_a_notebook_gives_what_it_stores(path: Path) -> None:
    assert differences(read(path), fresh(path)) == [], STALE


@pytest.mark.slow
def test_what_is_shown_of_measured_networks_is_what_they_give() -> None:
    if missing_data():
        pytest.skip(f"SERFSIM_DATA has no {', '.join(missing_data())}")
    path = NETWORKS
    assert differences(read(path), fresh(path), measured=True) == [], STALE


# The comparison itself ---------------------------------------------------------------------------------


def small(*outputs: Any) -> Any:
    return v4.new_notebook(cells=[v4.new_markdown_cell("text"), v4.new_code_cell("x", outputs=list(outputs))])


def stream(text: str) -> Any:
    return v4.new_output("stream", text=text)


def image(png: str) -> Any:
    return v4.new_output("display_data", data={IMAGE: png, "text/plain": "<Figure>"})


def test_a_changed_number_is_a_difference() -> None:
    (found,) = differences(small(stream("3.2 s")), small(stream("3.3 s")))
    assert "cell 2, output 1" in found
    assert "3.2 s" in found
    assert "3.3 s" in found


def test_an_output_more_or_less_is_a_difference() -> None:
    one, two = small(stream("a")), small(stream("a"), image(PIXEL))
    assert len(differences(one, two)) == len(differences(two, one)) == 1
    assert differences(one, one) == differences(two, two) == []


def test_a_difference_is_told_by_the_line_that_differs() -> None:
    old, new = (
        v4.new_output("display_data", data={"text/html": f"<style></style>{x}", "text/plain": f"head\n{x}"})
        for x in ("121.1", "122.1")
    )
    (found,) = differences(small(old), small(new))
    assert found == "cell 2, output 1: text/plain: stored '121.1', now '122.1'"
    (found,) = differences(small(old), small())
    assert found.endswith("now nothing")


def test_images_are_compared_by_their_size() -> None:
    other = PIXEL[:60] + "B" + PIXEL[61:]
    assert differences(small(image(PIXEL)), small(image(other))) == []
    assert len(differences(small(image(PIXEL)), small(image(PIXELS)))) == 1


def tagged(notebook: Any, tag: str) -> Any:
    notebook.cells[1].metadata["tags"] = [tag]
    return notebook


def test_cells_that_need_data_are_compared_apart() -> None:
    old, new = (tagged(small(stream(text)), MEASURED) for text in "ab")
    assert differences(old, new) == []
    assert len(differences(old, new, measured=True)) == 1
    assert differences(small(stream("a")), small(stream("b")), measured=True) == []


def test_what_needs_data_is_kept_where_there_are_none() -> None:
    stored, fresh = (tagged(small(stream(text)), MEASURED) for text in ("measured", "nothing here"))
    assert with_kept_outputs(fresh, stored).cells[1].outputs[0].text == "measured"
    stored, fresh = small(stream("then")), small(stream("now"))
    assert with_kept_outputs(fresh, stored).cells[1].outputs[0].text == "now"


@pytest.mark.parametrize(
    ("then", "now", "alike"),
    [
        ("floor 2.00 %, 50 nodes", "floor 2.10 %, 50 nodes", True),
        ("floor 2.00 %, 50 nodes", "floor 2.30 %, 50 nodes", False),
        ("floor 0.00 %", "floor 0.01 %", True),
        ("floor 2.00 %", "ceiling 2.00 %", False),
        ("floor 2.00 %", "floor 2.00 % 3", False),
    ],
)
def test_what_an_optimiser_found_may_differ_a_little(then: str, now: str, alike: bool) -> None:
    old, new = (tagged(small(stream(text)), OPTIMISED) for text in (then, now))
    assert (differences(old, new) == []) is alike
    assert differences(small(stream(then)), small(stream(now))) != []


def test_what_changes_with_every_run_is_not_stored(tmp_path: Path) -> None:
    notebook = small(stream("a"), v4.new_output("display_data", data={"text/plain": "", "text/html": ""}))
    notebook.cells[1].metadata["execution"] = {"iopub.status.busy": "2026-01-01T00:00:00"}
    again = copy.deepcopy(notebook)
    again.cells[1].metadata["execution"] = {"iopub.status.busy": "2026-01-02T00:00:00"}
    again.cells[1].id = "other"
    for place, one in (("one", notebook), ("other", again)):
        store(tidy(one), tmp_path / f"{place}.ipynb")
    text = (tmp_path / "one.ipynb").read_text()
    assert text == (tmp_path / "other.ipynb").read_text()
    assert "2026" not in text
    assert "text/html" not in text
