"""Keys of runs: digests of scenario, seed and code.

A finished run is found again whenever the same run is requested, however the sweep around it has changed, but
not after a change of the code that its figures depend on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from serfsim._version import __version__
from serfsim.scenario.model import Scenario
from serfsim.scenario.own_sources import Source, Sources, digest_of

_PACKAGE: Final = Path(__file__).resolve().parents[2]

# Sources that do not affect figures: starting, storing, comparing and presenting runs.
NOT_AFFECTING_RESULTS: Final = (
    "base/atomic_files.py",
    "base/atomic_folders.py",
    "base/english.py",
    "base/jupyter.py",
    "base/locking.py",
    "base/manifest.py",
    "base/pace.py",
    "base/progress.py",
    "cli/",
    "live/",
    "logs/",
    "manual/",
    "papers/",
    "report/",
    "scenario/library.py",
    "scenario/shelf.py",
    "scenario/situation.py",
    "study/",
    "topology/embedding.py",
    "topology/report.py",
    "validation/",
    "__init__.py",
    "__main__.py",
    "api.py",
    "speed.py",
)


@cache
def code_version() -> str:
    """Return 'VERSION+DIGEST' of this package: versions are equal where every run gives the same figures."""
    return f"{__version__}+{package_digest(NOT_AFFECTING_RESULTS)}"


def package_digest(aside: tuple[str, ...], within: str = "") -> str:
    """Return a digest of this package's sources, except names starting with `aside`; ignores line endings.

    `within`: only names that start with this.
    """
    digest = hashlib.blake2b(digest_size=8)
    for file in sorted(_PACKAGE.rglob("*.py")):
        name = file.relative_to(_PACKAGE).as_posix()
        if name.startswith(within) and not name.startswith(aside):
            text = file.read_bytes().replace(b"\r\n", b"\n")
            digest.update(f"{name} {len(text)}\n".encode())
            digest.update(text)
    return digest.hexdigest()


SOURCES: Final = "sources"


def scenario_text(scenario: Scenario) -> str:
    """Return the scenario without seed and situation as JSON, which reads faster than YAML and is as exact.

    Keys keep their order, since members are numbered in the order of their groups. The text of the modules
    that `code` names is beside the sections, so that a worker needs no file of them.
    """
    data = scenario.complete()
    del data["seed"]
    data.pop("situation", None)
    if scenario.code is not None:
        data["code"].pop("folder", None)
        data[SOURCES] = scenario.code.objects.sources
    return json.dumps(data)


def read_scenario(text: str) -> tuple[dict[str, Any], dict[str, Sources]]:
    """Return the sections and the user's own modules from the text of `scenario_text`."""
    data = json.loads(text)
    sources: dict[str, Sources] = {
        module: {name: Source(*source) for name, source in inner.items()}
        for module, inner in data.pop(SOURCES, {}).items()
    }
    return data, sources


def run_key(text: str, seed: int, parameters: Mapping[str, Any]) -> str:
    """Return the key of a run, 32 hexadecimal digits.

    `text` comes from `scenario_text`.
    """
    named = [_with_content(text), dict(parameters), seed, code_version()]
    return hashlib.blake2b(json.dumps(named).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=64)
def _with_content(text: str) -> str:
    """Return the scenario with the paths of files replaced by digests of their content."""
    if not text.startswith("{"):  # of a computation, which has no files
        return text
    data, sources = read_scenario(text)
    topology = data["network"]["topology"]
    file = topology.get("file")
    if isinstance(file, str) and Path(file).is_file():
        topology["file"] = f"{content_digest(Path(file))}{Path(file).suffix}"
    if sources:
        data[SOURCES] = {module: digest_of(inner) for module, inner in sources.items()}
    return json.dumps(data)


def own_code_of(scenarios: Iterable[Scenario]) -> dict[str, str]:
    """Return {import path: digest of its module} of the user's own code in scenarios."""
    found: dict[str, set[str]] = {}
    for scenario in scenarios:
        for path, digest in scenario.code.objects.versions.items() if scenario.code else ():
            found.setdefault(path, set()).add(digest)
    return {path: " ".join(sorted(digests)) for path, digests in found.items()}


def content_digest(file: Path) -> str:
    """Return a digest of a file's content, 32 hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
