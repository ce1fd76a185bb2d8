"""The papers there are: the folders of `serfsim.papers` with published figures."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Final

from serfsim.base.errors import SerfsimError
from serfsim.scenario.problems import unknown_name
from serfsim.study.reproduction.paper import Paper

PACKAGE: Final = "serfsim.papers"
FILE: Final = "published.csv"


def paper_folders() -> dict[str, Path]:
    """Return {name: folder} of all papers, by name."""
    package = import_module(PACKAGE)
    places = [Path(place) for place in package.__path__]
    files = (file for place in places if place.is_dir() for file in place.glob(f"*/{FILE}"))
    return {file.parent.name: file.parent for file in sorted(files, key=lambda file: file.parent.name)}


def paper_folder(name: str) -> Path:
    """Return the folder of a paper.

    Raises SerfsimError for an unknown name.
    """
    folders = paper_folders()
    if name not in folders:
        raise SerfsimError(f"paper: {unknown_name(name, 'a paper', list(folders))}")
    return folders[name]


def find_paper(name: str) -> Paper:
    """Return a paper.

    Raises SerfsimError for an unknown name.
    """
    paper_folder(name)
    paper: Paper = import_module(f"{PACKAGE}.{name}").PAPER
    return paper


# Files of a paper that read its rows: a change of one leaves the rows as they are.
READERS: Final = ("verdicts.py", "tables.py", "figures.py", "assumptions.py")


@lru_cache(maxsize=64)
def paper_digest(name: str) -> str:
    """Return a digest of the sources that a paper's rows depend on: its modules except READERS."""
    digest = hashlib.blake2b(digest_size=8)
    folder = paper_folder(name)
    for file in sorted(folder.rglob("*.py")):
        if file.name not in READERS:
            text = file.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{file.relative_to(folder).as_posix()} {len(text)}\n".encode())
            digest.update(text)
    return digest.hexdigest()
