"""The choice between the compiled and the interpreted form."""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest
from setuptools import Distribution, Extension
from setuptools.command.build_ext import build_ext

from serfsim.speed import (
    BUILD_RECORD,
    PACKAGE,
    PlainSources,
    compiled_sources,
    extension_files,
    is_stale,
    sources_digest,
)

WHICH = """
from serfsim.engine import queue
from serfsim.protocol import events
print(queue.__file__, events.__file__)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package whose only compiled source is the event queue, compiled as it is."""
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "queue.py").write_text("x = 1\n")
    (tmp_path / "engine" / f"queue{EXTENSION_SUFFIXES[0]}").write_text("")
    (tmp_path / BUILD_RECORD).write_text(json.dumps({"sources": sources_digest(tmp_path)}))
    return tmp_path


def test_a_fresh_build_is_not_stale(package: Path) -> None:
    assert not is_stale(package)


def test_an_edit_makes_the_build_stale(package: Path) -> None:
    (package / "engine" / "queue.py").write_text("x = 2\n")
    assert is_stale(package)


def test_an_edit_while_it_compiles_makes_the_build_stale(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (package / BUILD_RECORD).unlink()
    monkeypatch.setattr("setuptools.setup", lambda **words: None)
    (build,) = [runpy.run_path(str(PACKAGE.parent / "setup.py"))["BuildExtensions"]]

    def compile_for_a_while() -> list[Extension]:
        (package / "engine" / "queue.py").write_text("x = 2\n")
        return []

    replaced = {"PACKAGE": package, "mypyc_extensions": compile_for_a_while, "WANTED": True}
    for name, value in replaced.items():
        monkeypatch.setitem(build.compile.__globals__, name, value)
    monkeypatch.setattr(build, "compiler_trouble", lambda self: "")
    monkeypatch.setattr(build_ext, "run", lambda self: None)
    command = build(Distribution())
    command.build_lib, command.inplace, command.parallel = str(package / "lib"), False, 1
    monkeypatch.setattr(build_ext, "finalize_options", lambda self: None)
    assert command.compile() is None
    (package / "lib" / "serfsim" / BUILD_RECORD).replace(package / BUILD_RECORD)
    assert is_stale(package)


def test_a_new_source_makes_the_build_stale(package: Path) -> None:
    (package / "network").mkdir()
    (package / "network" / "loss.py").write_text("")
    assert is_stale(package)


def test_compiled_files_of_unknown_origin_are_stale(package: Path) -> None:
    (package / BUILD_RECORD).unlink()
    assert is_stale(package)


def test_a_damaged_record_is_stale(package: Path) -> None:
    (package / BUILD_RECORD).write_text("[]")
    assert is_stale(package)


def test_without_compiled_files_nothing_is_stale(package: Path) -> None:
    extension_files(package)[0].unlink()
    (package / "engine" / "queue.py").write_text("x = 2\n")
    assert not is_stale(package)


def test_the_digest_does_not_depend_on_line_endings(package: Path) -> None:
    before = sources_digest(package)
    (package / "engine" / "queue.py").write_bytes(b"x = 1\r\n")
    assert sources_digest(package) == before


def test_the_compiled_sources_are_the_protocols_the_network_the_checks_and_part_of_the_engine() -> None:
    names = {file.relative_to(PACKAGE).as_posix() for file in compiled_sources()}
    assert {"engine/queue.py", "engine/trace.py", "protocol/runtime.py", "network/host.py"} <= names
    assert not any(name.endswith("__init__.py") for name in names)
    assert {name.split("/")[0] for name in names} == {"checks", "engine", "network", "protocol", "rivals"}


@pytest.mark.parametrize(
    "name",
    [
        "serfsim.engine.streams",
        "serfsim.protocol",
        "serfsim.protocol.nothing",
        "json",
        "serfsim.results.run_result",
    ],
)
def test_the_finder_leaves_other_modules_alone(name: str) -> None:
    assert PlainSources().find_spec(name) is None


def test_the_finder_finds_the_source_of_a_compiled_module() -> None:
    spec = PlainSources().find_spec("serfsim.engine.queue")
    assert spec is not None
    assert spec.origin == str(PACKAGE / "engine" / "queue.py")


def test_serfsim_pure_runs_the_sources_whatever_lies_beside() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", WHICH],
        env={**os.environ, "SERFSIM_PURE": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [Path(path).suffix for path in shown.stdout.split()] == [".py", ".py"]
    assert shown.stderr == ""
