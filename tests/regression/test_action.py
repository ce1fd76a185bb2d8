"""The GitHub Action, its shell steps run here: pull requests with and without a change, and their comment."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from typer.main import get_command

from serfsim.cli.app import app
from tests.regression.action import Outcome, read_action, run_action
from tests.regression.made import TINY

SLOWER = TINY.replace("nodes: 5", "nodes: 5, config: {probe_interval: 4s}")
USED = {
    "actions/setup-python": {"python-path": "python-of-the-runner"},
    "actions/upload-artifact": {"artifact-url": "https://example.org/artifact/1"},
}
# Takes the place of the GitHub command: the comments of one pull request, in a file.
GH = """#!{python}
import json, os, shutil, subprocess, sys
from pathlib import Path
store = Path({store!r})
kept = json.loads(store.read_text())
words = sys.argv[1:]
assert words.pop(0) == "api" and os.environ["GH_TOKEN"]
if kept["broken"]:
    sys.exit("HTTP 403: Resource not accessible by integration")
options = {{}}
for name in ("--method", "--jq", "--input"):
    if name in words:
        at = words.index(name)
        options[name] = words[at + 1]
        del words[at : at + 2]
fields = {{}}
while any(word in ("-f", "-F") for word in words):
    at = next(at for at, word in enumerate(words) if word in ("-f", "-F"))
    key, value = words[at + 1].split("=", 1)
    fields[key] = Path(value[1:]).read_text() if words[at] == "-F" and value.startswith("@") else value
    del words[at : at + 2]
words = [word for word in words if word != "--paginate"]
(path,) = words
method = options.get("--method", "GET")
if "--input" in options:
    fields = json.load(sys.stdin)
kept["calls"].append([method, path])
if path.endswith("/comments") and method == "GET":
    if shutil.which("jq"):
        text = json.dumps(kept["comments"])
        subprocess.run(["jq", "-r", options["--jq"]], input=text, text=True, check=True)
    else:
        found = [one for one in kept["comments"] if one["body"].startswith(os.environ["MARKER"])]
        for one in found:
            print(one["id"])
elif path.endswith("/comments"):
    kept["comments"].append({{"id": 100 + len(kept["comments"]), "body": fields["body"]}})
elif "/issues/comments/" in path:
    (one,) = [one for one in kept["comments"] if str(one["id"]) == path.rsplit("/", 1)[1]]
    one["body"] = fields["body"]
elif "/contents/" in path:
    kept["files"][path.split("/contents/")[1]] = fields["content"]
elif "/git/ref/" in path:
    store.write_text(json.dumps(kept))
    sys.exit(0 if kept["branches"] else "HTTP 404")
else:
    kept["branches"].append(fields["ref"])
store.write_text(json.dumps(kept))
"""


@dataclass
class Repository:
    """A repository with a base commit, a runner's folders, and the comments of pull request 7."""

    folder: Path
    temporary: Path
    store: Path
    base: str = ""

    def commit(self, text: str) -> str:
        (self.folder / "scenarios").mkdir(exist_ok=True)
        (self.folder / "scenarios" / "tiny.yaml").write_text(text)
        identity = ("-c", "user.name=someone", "-c", "user.email=someone@example.org")
        self.git("add", "scenarios")
        self.git(*identity, "commit", "--quiet", "--allow-empty", "--message", "x")
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        return subprocess.run(
            ["git", *words], cwd=self.folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def run(self, number: int | None = 7, **inputs: str) -> Outcome:
        event = {"pull_request": {"base": {"sha": self.base}, "number": number}} if number else {}
        github = {"event": event, "repository": "we/ours", "server_url": "https://github.com"}
        wanted = {"scenarios": "scenarios/*.yaml", "seeds": "1-8"}
        given = {**wanted, **{name.replace("_", "-"): value for name, value in inputs.items()}}
        path = str(self.temporary / "bin")
        return run_action(given, github, self.folder, self.temporary, path, USED)

    @property
    def kept(self) -> dict[str, Any]:
        kept: dict[str, Any] = json.loads(self.store.read_text())
        return kept

    def keep(self, **changed: object) -> None:
        self.store.write_text(json.dumps({**self.kept, **changed}))


def script(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    folder, temporary = tmp_path / "workspace", tmp_path / "runner"
    folder.mkdir()
    store = tmp_path / "github.json"
    store.write_text(json.dumps({"broken": False, "calls": [], "comments": [], "files": {}, "branches": []}))
    script(temporary / "bin" / "gh", GH.format(python=sys.executable, store=str(store)))
    # A virtual environment that finds serfsim installed: the test's own.
    own = f'#!/bin/sh\nexec {sys.executable} -m serfsim "$@"\n'
    script(
        temporary / "bin" / "python-of-the-runner",
        f'#!/bin/sh\nmkdir -p "$3/bin"\nprintf \'#!/bin/sh\\necho "$@"\\n\' > "$3/bin/python"\n'
        f'cat > "$3/bin/serfsim" <<\'end\'\n{own}end\nchmod +x "$3"/bin/*\n',
    )
    found = Repository(folder, temporary, store)
    found.git("init", "--quiet")
    found.base = found.commit(TINY)
    return found


@pytest.mark.slow
def test_a_change_fails_the_job_and_one_comment_follows_the_pull_request(repository: Repository) -> None:
    repository.keep(comments=[{"id": 5, "body": "looks good"}])
    repository.commit(SLOWER)
    done = repository.run()
    assert done.code == 1, done.said
    assert done.outputs["regress"]["exit-code"] == "1"
    stranger, ours = repository.kept["comments"]
    assert stranger["body"] == "looks good"
    assert ours["body"].startswith("<!-- serfsim regress: serfsim -->\n**serfsim regress: Changed:")
    assert "cluster.config.probe_interval: 1s then, 4s now (tiny)" in ours["body"]
    assert re.search(r"tiny, seed \d+: .*`serfsim run scenarios/tiny.yaml --seed \d+`", ours["body"])
    assert "https://example.org/artifact/1" in ours["body"]
    assert (repository.temporary / "summary.md").read_text().startswith("**serfsim regress: Changed:")
    report = ET.parse(repository.folder / done.outputs["regress"]["junit"]).getroot()
    assert int(report.get("failures", "0")) > 0

    repository.commit(TINY)
    done = repository.run()
    assert done.code == 0, done.said
    assert [one["id"] for one in repository.kept["comments"]] == [5, ours["id"]]
    assert "Identical: all 8 runs of 1 scenario" in repository.kept["comments"][1]["body"]


@pytest.mark.slow
def test_plots_are_shown_from_their_branch(repository: Repository) -> None:
    repository.commit(SLOWER)
    done = repository.run(plots_branch="plots", fail_on="nothing", name="lan")
    assert done.code == 0, done.said
    (comment,) = repository.kept["comments"]
    assert comment["body"].startswith("<!-- serfsim regress: lan -->")
    assert "(https://github.com/we/ours/raw/plots/77-1/tiny.png)" in comment["body"]
    (name, content), *_ = repository.kept["files"].items()
    assert name == "77-1/tiny.png"
    assert base64.b64decode(content).startswith(b"\x89PNG")
    assert repository.kept["branches"] == ["refs/heads/plots"]


def test_a_broken_scenario_is_exit_code_2_and_the_comment_says_where(repository: Repository) -> None:
    repository.commit(TINY.replace("nodes: 5", "nodes: five"))
    done = repository.run()
    assert done.code == 2
    (comment,) = repository.kept["comments"]
    assert "scenarios/tiny.yaml:5: cluster.nodes: found 'five'" in comment["body"]
    assert "scenarios/tiny.yaml:5" in done.said


def test_a_token_that_may_not_comment_is_a_warning(repository: Repository) -> None:
    repository.keep(broken=True)
    done = repository.run()
    assert done.code == 0, done.said
    assert "::warning::serfsim: the comment could not be written" in done.said
    assert "Identical" in (repository.temporary / "summary.md").read_text()


def test_a_new_scenario_has_nothing_to_be_compared_with(repository: Repository) -> None:
    repository.git("rm", "--quiet", "--cached", "scenarios/tiny.yaml")
    repository.git("-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "--message", "none")
    repository.base = repository.git("rev-parse", "HEAD")
    done = repository.run(comment="false")
    assert done.code == 0, done.said
    assert (
        "Nothing to compare: the base does not have tiny."
        in (repository.temporary / "summary.md").read_text()
    )
    assert repository.kept["calls"] == []


def test_without_a_base_the_job_says_what_is_missing(repository: Repository) -> None:
    done = repository.run(number=None)
    assert done.code == 2
    assert "::error::serfsim: found no base" in done.said
    done = repository.run(base="0" * 40)
    assert done.code == 2
    assert "cannot be fetched" in done.said


def test_an_accepted_baseline_takes_the_place_of_a_base(repository: Repository) -> None:
    words = [sys.executable, "-m", "serfsim", "regress", "--accept", "--scenarios", "scenarios/tiny.yaml"]
    subprocess.run(
        [*words, "--seeds", "1-3", "--because", "x", "--workers", "1", "--quiet"],
        cwd=repository.folder,
        env={**os.environ},
        check=True,
        capture_output=True,
        timeout=300,
    )
    done = repository.run(number=None, baseline="results/baseline", seeds="1-3")
    assert done.code == 0, done.said
    assert "Check out the base" not in done.ran
    assert "Identical: all 3 runs" in (repository.temporary / "summary.md").read_text()


def test_no_step_pastes_what_somebody_wrote_into_a_shell() -> None:
    for step in read_action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_the_action_names_only_options_and_inputs_that_there_are() -> None:
    action = read_action()
    text = json.dumps(action["runs"])
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(action["inputs"])
    known: Any = get_command(app)
    options = {option for parameter in known.commands["regress"].params for option in parameter.opts}
    (script_of,) = [step["run"] for step in action["runs"]["steps"] if step.get("id") == "regress"]
    named = set(re.findall(r"(--[a-z-]+)", script_of))
    assert named
    assert named <= options
