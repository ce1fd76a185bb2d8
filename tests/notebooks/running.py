"""Executing the notebooks, and telling whether what they store is what they give.

    python -m tests.notebooks.running [NAME...]      # or `make notebooks`: execute, and store the outputs

Outputs of measured networks are kept as they are where their data are missing.

The kernel is this very interpreter, whatever kernels are installed, in the folder of the notebooks. What
differs from run to run (times, identifiers) is not stored. An image is compared by its size alone, for
its bytes change with fonts and with the release of matplotlib; what an optimiser found, in cells with the
tag OPTIMISED, may differ a little from machine to machine; all other outputs are compared exactly.
"""

from __future__ import annotations

import base64
import os
import re
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from serfsim.topology.datasets import DATA_SETS, local_path

NOTEBOOKS = Path(__file__).resolve().parent.parent.parent / "notebooks"
MOST_SECONDS = 120  # a cell; on an idle machine a whole notebook takes less than 30
IMAGE = "image/png"
MEASURED, OPTIMISED = "measured", "optimised"  # tags of cells
DATA = ("planetlab", "aws", "azure", "seattle")  # what the former show
SIMILAR = 0.1  # by which sides of images, and numbers of optimisers, may differ
LAST_DIGITS = 0.02  # by which small numbers of optimisers may differ at least
NUMBER = r"(\d+(?:\.\d+)?)"

Notebook = Any  # nbformat's nodes are untyped


def read(path: Path) -> Notebook:
    """What a file holds."""
    return nbformat.read(path, as_version=4)


def notebooks() -> list[Path]:
    """All of them, in the order of the ladder."""
    return sorted(NOTEBOOKS.glob("[0-9]*_*.ipynb"))


def executed(path: Path) -> Notebook:
    """The notebook with the outputs of its cells as they are now. CellExecutionError where one fails."""
    notebook = read(path)
    manager = AsyncKernelManager(kernel_name="python3", kernel_spec_manager=KernelSpecManager(kernel_dirs=[]))
    client = NotebookClient(
        notebook,
        km=manager,
        timeout=MOST_SECONDS,
        startup_timeout=MOST_SECONDS,
        # The kernel is spoken to on loopback with a key; that this is not encrypted need not be told.
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    with tempfile.TemporaryDirectory() as folder:
        # The user's own settings of IPython are not the notebooks' concern.
        environment = {**os.environ, "IPYTHONDIR": folder, "JUPYTER_CONFIG_DIR": folder}
        environment.pop("MPLBACKEND", None)
        client.execute(cleanup_kc=True, env=environment)
    return tidy(notebook)


def tidy(notebook: Notebook) -> Notebook:
    """The same without what differs from run to run."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number:02}"
        cell.metadata = nbformat.from_dict({"tags": cell.metadata.tags} if "tags" in cell.metadata else {})
        if cell.cell_type == "code":
            # A progress bar that is over leaves an output that shows nothing.
            cell.outputs = [output for output in cell.outputs if any(shown(output).values())]
            for output in cell.outputs:
                if "metadata" in output:
                    output.metadata = nbformat.from_dict({})
    return notebook


def missing_data() -> list[str]:
    """The data sets that cells with the tag MEASURED show and that are not here."""
    return [name for name in DATA if not local_path(DATA_SETS[name])]


def with_kept_outputs(fresh: Notebook, stored: Notebook) -> Notebook:
    """The fresh notebook, but with the stored outputs of cells with the tag MEASURED."""
    for new, old in zip(fresh.cells, stored.cells, strict=False):
        if MEASURED in tags_of(new) and old.source == new.source:
            new.outputs = old.outputs
    return fresh


def store(notebook: Notebook, path: Path) -> None:
    """Write it whole or not at all."""
    nbformat.validate(notebook)
    partial = path.with_suffix(".partial")
    partial.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    partial.replace(path)


# Fresh or not ----------------------------------------------------------------------------------------


def shown(output: Any) -> dict[str, str]:
    """What an output shows, by its kind; of an image only its size."""
    if output.output_type == "stream":
        return {output.name: output.text}
    if output.output_type == "error":
        return {"error": f"{output.ename}: {output.evalue}"}
    kinds = {kind: value if isinstance(value, str) else "".join(value) for kind, value in output.data.items()}
    return {kind: str(image_size(value)) if kind == IMAGE else value for kind, value in kinds.items()}


def image_size(text: str) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    width, height = struct.unpack(">II", base64.b64decode(text)[16:24])
    return int(width), int(height)


def differences(stored: Notebook, fresh: Notebook, measured: bool = False) -> list[str]:
    """What the stored notebook shows otherwise than the fresh one, a line each; [] if nothing.

    Cells with the tag MEASURED show what depends on data that need not be there: they alone are compared
    where `measured`, else all others.
    """
    found = []
    for number, (old, new) in enumerate(zip_longest(stored.cells, fresh.cells), 1):
        tags = [*tags_of(old), *tags_of(new)]
        if (MEASURED in tags) is not measured:
            continue
        olds, news = list(outputs_of(old)), list(outputs_of(new))
        for place, (before, after) in enumerate(zip_longest(olds, news), 1):
            if not is_alike(before, after, OPTIMISED in tags):
                found.append(f"cell {number}, output {place}: {told(before, after)}")
    return found


def told(before: dict[str, str] | None, after: dict[str, str] | None) -> str:
    """Where the two part, in one line: the plainest kind that differs, its first line that does."""
    if before is None or after is None:
        return f"stored {before or 'nothing'}, now {after or 'nothing'}"
    kind = min((kind for kind in {*before, *after} if before.get(kind) != after.get(kind)), key=plainest)
    lines = zip_longest(before.get(kind, "").splitlines(), after.get(kind, "").splitlines())
    old, new = next((pair for pair in lines if pair[0] != pair[1]), ("", ""))
    return f"{kind}: stored {old!r}, now {new!r}"


def plainest(kind: str) -> tuple[bool, str]:
    """Text first, for a table in HTML begins with its style."""
    return kind == "text/html", kind


def tags_of(cell: Any) -> list[str]:
    return [] if cell is None else list(cell.metadata.get("tags", []))


def outputs_of(cell: Any) -> Iterator[dict[str, str]]:
    if cell is not None and cell.cell_type == "code":
        yield from map(shown, cell.outputs)


def is_alike(before: dict[str, str] | None, after: dict[str, str] | None, optimised: bool) -> bool:
    if before is None or after is None or before.keys() != after.keys():
        return False
    for kind, old in before.items():
        new = after[kind]
        if kind == IMAGE:
            alike = is_near(old, new, least=0.0)
        elif optimised:
            alike = is_near(old, new, least=LAST_DIGITS)
        else:
            alike = old == new
        if not alike:
            return False
    return True


def is_near(before: str, after: str, least: float) -> bool:
    """The same words, and numbers that differ by no more than a share of SIMILAR, or by `least`."""
    old, new = re.split(NUMBER, before), re.split(NUMBER, after)
    if [part.split() for part in old[::2]] != [part.split() for part in new[::2]]:
        return False
    numbers = zip(map(float, old[1::2]), map(float, new[1::2]), strict=True)
    return all(abs(a - b) <= max(least, SIMILAR * max(abs(a), abs(b))) for a, b in numbers)


def main(names: list[str]) -> int:
    """Execute and store those whose names begin so, all without names; 1 where one failed."""
    failed = 0
    for path in notebooks():
        if names and not path.name.startswith(tuple(names)):
            continue
        began = time.perf_counter()
        try:
            fresh = executed(path)
            store(with_kept_outputs(fresh, read(path)) if missing_data() else fresh, path)
        except Exception as error:
            failed = 1
            print(f"{path.name}: {error}", file=sys.stderr)
        else:
            print(f"{path.name}: {time.perf_counter() - began:.1f} s, {path.stat().st_size // 1024} KB")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
