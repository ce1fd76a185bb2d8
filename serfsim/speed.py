"""Choice of the form in which the hot path runs: compiled by mypyc, or the same files interpreted.

The protocol, the network and two files of the engine are plain Python that `setup.py` compiles. A
compiled module is a file such as `queue.cpython-311-x86_64-linux-gnu.so` beside `queue.py`, and
Python prefers it. Two things may change that, both settled by `settle`, which `import serfsim` calls
before any of those modules is imported:

- SERFSIM_PURE=1 asks for the interpreted form, where a debugger can step and a print shows;
- the sources changed since they were compiled. `setup.py` wrote their digest to BUILD_RECORD; where
  it differs, what runs must be what is written, so the interpreted form runs and says so.

`setup.py` loads this file by its path, so it needs nothing but the standard library.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Final

PACKAGE: Final = Path(__file__).resolve().parent
BUILD_RECORD: Final = "_build.json"
PURE: Final = "SERFSIM_PURE"
STALE: Final = "serfsim: sources changed since they were compiled: running interpreted (run make build)"

# Relative to the package: whole folders, and single files.
COMPILED: Final = (
    *("protocol/", "network/", "rivals/", "checks/online/"),
    *("engine/bearers.py", "engine/packet_log.py", "engine/queue.py", "engine/trace.py"),
)
# Names of files that hold no machine: packages, and the tables of rivals with what scores them.
PLAIN: Final = (
    *("__init__.py", "rival_protocol.py", "rival_table.py"),
    *("coordinate_system.py", "coordinate_table.py", "euclidean.py"),
)


def compiled_sources(package: Path = PACKAGE) -> list[Path]:
    """Return the files that mypyc compiles, in order; not those in PLAIN."""
    files: list[Path] = []
    for part in COMPILED:
        place = package / part
        files += place.rglob("*.py") if part.endswith("/") else [place]
    return sorted(file for file in files if file.name not in PLAIN and file.is_file())


def sources_digest(package: Path = PACKAGE) -> str:
    """Return a digest of the names and contents of all compiled sources, whatever their line endings."""
    digest = hashlib.blake2b(digest_size=16)
    for file in compiled_sources(package):
        text = file.read_bytes().replace(b"\r\n", b"\n")
        digest.update(f"{file.relative_to(package).as_posix()} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()


def extension_files(package: Path = PACKAGE) -> list[Path]:
    """Return the compiled files that this Python would load."""
    beside = [file.with_suffix(suffix) for file in compiled_sources(package) for suffix in EXTENSION_SUFFIXES]
    return [file for file in beside if file.exists()]


def is_stale(package: Path = PACKAGE) -> bool:
    """Return whether compiled files exist that were made from other sources."""
    if not extension_files(package):
        return False
    try:
        record = json.loads((package / BUILD_RECORD).read_text(encoding="utf-8"))
        return bool(record["sources"] != sources_digest(package))
    except (OSError, ValueError, KeyError, TypeError):
        return True


class PlainSources:
    """A finder for `sys.meta_path` that answers for the compiled modules only, with their .py files."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not name.startswith("serfsim."):
            return None
        relative = name.removeprefix("serfsim.").replace(".", "/") + ".py"
        file = PACKAGE / relative
        if not relative.startswith(COMPILED) or not file.is_file():
            return None
        return spec_from_file_location(name, file)


def settle() -> None:
    """Arrange for the form that shall run; before any compiled module is imported."""
    pure = os.environ.get(PURE, "0") not in ("", "0")
    if not pure and is_stale():
        print(STALE, file=sys.stderr)
        pure = True
    if pure:
        sys.meta_path.insert(0, PlainSources())


def is_compiled() -> bool:
    """Return whether this process runs the compiled form."""
    # after `settle`, which arranges for the form that is imported
    from serfsim.engine import queue

    return not str(queue.__file__).endswith(".py")
