"""Runs a composite GitHub Action as a runner does: expressions, conditions, outputs, and its shell steps."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "action.yml"
_NAME = re.compile(r"'(?:[^']|'')*'|\b(?:inputs|github|steps)(?:\.[\w-]+)+")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")  # `shell: bash`


def read_action() -> dict[str, Any]:
    action: dict[str, Any] = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    return action


@dataclass
class Outcome:
    """`code`: of the first step that failed, else 0. `said`: both streams of all steps."""

    code: int
    outputs: dict[str, dict[str, str]]
    ran: list[str] = field(default_factory=list)
    said: str = ""


def evaluate(expression: str, context: Mapping[str, Any]) -> Any:
    """The value of an expression of GitHub's, of the kinds that the action uses."""

    def name(match: re.Match[str]) -> str:
        return match[0] if match[0].startswith("'") else f"look({match[0]!r})"

    def look(path: str) -> Any:
        value: Any = context
        for part in path.split("."):
            value = value.get(part, "") if isinstance(value, Mapping) else ""
        return value

    python = _NAME.sub(name, expression).replace("&&", " and ").replace("||", " or ").strip()
    names: dict[str, Callable[..., Any]] = {"look": look, "format": lambda text, *of: text.format(*of)}
    return eval(python, {"__builtins__": {}}, names)


def text_of(value: object, context: Mapping[str, Any]) -> str:
    return re.sub(r"\$\{\{(.*?)\}\}", lambda match: str(evaluate(match[1], context)), str(value))


def run_action(
    inputs: Mapping[str, str],
    github: Mapping[str, Any],
    workspace: Path,
    temporary: Path,
    path: str,
    used: Mapping[str, Mapping[str, str]],
) -> Outcome:
    """Run all steps in `workspace`. `used`: the outputs of other people's actions, by their names.

    `path` is searched for commands first. A step with `uses` only leaves its outputs.
    """
    action = read_action()
    github = {"token": "secret", "run_id": "77", "run_attempt": "1", **github}
    context: dict[str, Any] = {"github": github, "steps": {}}
    defaults = {name: text_of(given.get("default", ""), context) for name, given in action["inputs"].items()}
    assert set(inputs) <= set(defaults)
    context["inputs"] = {**defaults, **inputs}
    outcome = Outcome(0, {})
    summary = temporary / "summary.md"
    for step in action["runs"]["steps"]:
        if "if" in step and not evaluate(str(step["if"]), context):
            continue
        name = step.get("name", step.get("uses"))
        outcome.ran.append(name)
        outputs = temporary / "output"
        outputs.write_text("")
        if "uses" in step:
            found = dict(used[step["uses"].split("@")[0]])
        else:
            assert step["shell"] == "bash"
            environment = {key: text_of(value, context) for key, value in step.get("env", {}).items()}
            environment |= {
                "RUNNER_TEMP": str(temporary),
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_ACTION_PATH": str(ROOT),
                "PATH": f"{path}{os.pathsep}{os.environ['PATH']}",
            }
            done = subprocess.run(
                [*BASH, step["run"]],
                cwd=workspace,
                env={**os.environ, **environment},
                capture_output=True,
                text=True,
                timeout=300,
            )
            outcome.said += done.stdout + done.stderr
            outcome.code = done.returncode
            found = dict(line.split("=", 1) for line in outputs.read_text().splitlines())
        if "id" in step:
            context["steps"][step["id"]] = {"outputs": found}
            outcome.outputs[step["id"]] = found
        if outcome.code:
            break
    return outcome
