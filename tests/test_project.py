"""What the project says of itself is so: its commands, its entry point, its version."""

from __future__ import annotations

import importlib
import json
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from typer.main import get_command

import serfsim
from serfsim.cli.app import app
from serfsim.scenario.library import shipped

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def make_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", ".ci/run"])
def test_every_make_command_of_a_page_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = set(re.findall(r"^\s*(?:- )?`*make ([a-z-]+)", text, flags=re.MULTILINE))
    named |= set(re.findall(r"`make ([a-z-]+)`", text))
    assert named
    assert named <= make_targets()


def test_the_readme_leads_with_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", readme, flags=re.DOTALL)
    assert [line.split("#")[0].strip() for line in blocks[0].splitlines()] == ["make run", "make test"]


def test_every_file_that_a_page_links_to_exists() -> None:
    missing = []
    for page in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        for link in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in link and not (ROOT / link).exists():
                missing.append(f"{page}: {link}")
    assert missing == []


def test_the_scenario_in_the_readme_is_valid() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", readme, flags=re.DOTALL)
    assert blocks
    loads = importlib.import_module("serfsim.scenario.loading").loads
    for block in blocks:
        assert loads(block, "README.md").cluster.nodes


def test_every_python_that_is_declared_is_one_of_the_matrix() -> None:
    matrix = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    (tested,) = re.findall(r"^PYTHONS = \((.*)\)$", matrix, flags=re.MULTILINE)
    declared = [
        line.rpartition(" ")[2]
        for line in PROJECT["project"]["classifiers"]
        if line.startswith("Programming Language :: Python :: ")
    ]
    assert f">={declared[0]}" == PROJECT["project"]["requires-python"]
    assert set(declared) <= set(re.findall(r'"([\d.]+)"', tested))


def test_the_entry_point_can_be_called() -> None:
    module, _, name = PROJECT["project"]["scripts"]["serfsim"].partition(":")
    assert callable(getattr(importlib.import_module(module), name))


def test_the_installed_version_is_that_of_the_package_and_in_the_changelog() -> None:
    assert metadata.version("serfsim") == serfsim.__version__
    assert f"## {serfsim.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_importing_serfsim_imports_nothing_heavy() -> None:
    code = "import sys, serfsim; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = {name.split(".")[0] for name in shown.stdout.split()}
    heavy = {"matplotlib", "networkx", "numpy", "pandas", "pyarrow", "pydantic", "simpy", "typer"}
    assert loaded & heavy == set()


@pytest.mark.parametrize("name", serfsim.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(serfsim, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'simulate'"):
        serfsim.simulate  # noqa: B018


def test_version_changelog_and_citation_agree() -> None:
    check = [sys.executable, str(ROOT / "tools" / "check_release.py")]
    assert subprocess.run(check, capture_output=True).returncode == 0
    other = subprocess.run([*check, "v99.0"], capture_output=True, text=True)
    assert other.returncode == 1
    assert "v99.0" in other.stdout


def test_the_lock_names_everything_that_is_needed_in_a_version_that_is_allowed() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([A-Za-z0-9_.-]+)==([0-9a-z.+]+)", lock, flags=re.MULTILINE))
    for wanted in [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["dev"]]:
        requirement = Requirement(wanted)
        assert canonicalize_name(requirement.name) in pinned
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)])


def test_the_image_runs_a_command_that_exists_and_its_build_sees_all_that_it_copies() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (entry,) = re.findall(r"^ENTRYPOINT (\[.*\])$", text, re.MULTILINE)
    (command,) = re.findall(r"^CMD (\[.*\])$", text, re.MULTILINE)
    (script,) = json.loads(entry)
    assert script in PROJECT["project"]["scripts"]
    name, scenario, *options = json.loads(command)
    known = get_command(app).commands[name]  # type: ignore[attr-defined]
    allowed = {option for one in known.params for option in (*one.opts, *one.secondary_opts)}
    assert set(options) <= allowed
    assert scenario in shipped()
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8")
    let_in = set(re.findall(r"^!(.*)$", ignored, re.MULTILINE))
    assert all((ROOT / name).exists() for name in let_in)
    copied = " ".join(re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)).split()
    assert set(copied) - {"."} <= let_in
    assert {"serfsim", "scenarios", "setup.py", "README.md", "LICENSE"} <= let_in


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    done = subprocess.run(["hadolint", "Dockerfile"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
