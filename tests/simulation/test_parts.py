"""Parts of the protocol that a user's class replaces."""

from __future__ import annotations

import ast
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import serfsim
from serfsim.base.errors import SerfsimError
from serfsim.protocol.memberlist.awareness import Awareness
from serfsim.protocol.memberlist.gossip import GossipChoice
from serfsim.protocol.memberlist.suspicion import SuspicionRule
from serfsim.report.releases import nodes_text
from serfsim.scenario.protocol_parts import PARTS, read_parts
from serfsim.speed import is_compiled
from tests.engine.test_two_speeds import environment_of

ROOT = Path(serfsim.__file__).parent.parent
PAGE = (ROOT / "docs" / "parts.md").read_text(encoding="utf-8")
NAMES = re.findall(r"^## (\w+)$", PAGE, flags=re.MULTILINE)
EXAMPLES = dict(zip(NAMES, PAGE.split("\n## ")[1:], strict=True))


def scenario() -> serfsim.Scenario:
    """Members that suspect, refute, die, come back and learn of it by gossip, on a lossy network."""
    return serfsim.Scenario(
        name="eventful",
        duration="40s",
        cluster={"nodes": 8},
        network={"loss": {"udp": "30%", "tcp": "30%"}},
        faults=[{"at": "5s", "crash": "node-03", "restart": "25s"}],
    )


def unchanged(base: type) -> type:
    """A subclass of Python's that overrides nothing but calls everything through itself."""
    return type("Unchanged", (base,), {})


@pytest.fixture(scope="module")
def plain() -> serfsim.Result:
    return serfsim.run(scenario())


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_subclass_that_changes_nothing_gives_the_same_digest(name: str, plain: serfsim.Result) -> None:
    found = serfsim.run(scenario(), parts={name: unchanged(PARTS[name].base)})
    assert found.summary["digest"] == plain.summary["digest"]


def test_all_parts_are_replaced_at_once(plain: serfsim.Result) -> None:
    found = serfsim.run(scenario(), parts={name: unchanged(part.base) for name, part in PARTS.items()})
    assert found.summary["digest"] == plain.summary["digest"]
    assert set(found.summary["versions"]["parts"]) == set(PARTS)


def example_of(name: str) -> dict[str, type]:
    (source,) = re.findall(r"```python\n(.*?)```", EXAMPLES[name], flags=re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    exec(source, names)
    parts: dict[str, type] = names["parts"]
    return parts


@pytest.mark.parametrize("name", sorted(PARTS))
def test_the_example_of_each_part_runs_and_makes_a_difference(name: str, plain: serfsim.Result) -> None:
    parts = example_of(name)
    assert set(parts) == {name}
    found = serfsim.run(scenario(), parts=parts)
    assert found.summary["digest"] != plain.summary["digest"]
    assert found.summary["versions"]["parts"][name] == f"example.{parts[name].__name__}"


ALL_EXAMPLES = """
import serfsim
from tests.simulation.test_parts import EXAMPLES, example_of, scenario

parts = {}
for name in EXAMPLES:
    parts |= example_of(name)
print(serfsim.run(scenario(), parts=parts).summary["digest"])
"""


@pytest.mark.slow
@pytest.mark.skipif(not is_compiled(), reason="serfsim is not compiled here")
def test_the_same_classes_give_one_digest_beside_both_forms() -> None:
    digests = []
    for pure in (False, True):
        command = [sys.executable, "-c", ALL_EXAMPLES]
        environment = environment_of(pure)
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
        digests.append(done.stdout.strip())
    assert len(digests[0]) == 64
    assert digests[0] == digests[1]


def test_the_page_has_every_part_with_its_class_and_methods() -> None:
    assert set(EXAMPLES) == set(PARTS)
    for name, part in PARTS.items():
        listed = [f"`{method}({', '.join(names)})`" for method, names in part.methods.items()]
        assert f"`{part.base.__module__}.{part.base.__qualname__}`" in EXAMPLES[name]
        assert f"`({', '.join(part.made_of)})`" in EXAMPLES[name].replace("\n", " ")
        assert re.findall(r"^\| (`.*?`) \|", EXAMPLES[name], flags=re.MULTILINE) == listed


@pytest.mark.parametrize("name", sorted(PARTS))
def test_methods_are_those_of_the_source(name: str) -> None:
    part = PARTS[name]
    source = (ROOT / (part.base.__module__.replace(".", "/") + ".py")).read_text(encoding="utf-8")
    (found,) = [
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == part.base.__name__
    ]
    methods = {
        node.name: tuple(one.arg for one in node.args.args[1:])
        for node in found.body
        if isinstance(node, ast.FunctionDef)
    }
    assert {method: methods[method] for method in part.methods} == part.methods
    assert methods["__init__"] == part.made_of


def test_a_fixed_suspicion_ends_when_it_says() -> None:
    seen: list[float] = []

    class Fixed(SuspicionRule):
        def remaining(self, suspicion: Any, now: float) -> float:
            seen.append(now - suspicion.started_at)
            return 3.0 - seen[-1]

    sim = serfsim.Simulation(scenario(), parts={"suspicion": Fixed})
    sim.run()
    rules = {type(node.memberlist.states.rule) for node in sim.nodes if node is not None}
    assert rules == {Fixed}
    assert seen
    assert max(seen) <= 3.0


def test_a_part_is_held_in_one_place() -> None:
    """Whoever puts another object there after the node is made replaces the part as well."""

    class Blind(PARTS["coordinates"].base):  # type: ignore[misc]
        def forget_node(self, peer: int) -> None:
            forgotten.append(peer)

    forgotten: list[int] = []
    faults = [{"at": "1s", "crash": "node-03"}]
    sim = serfsim.Simulation(serfsim.Scenario(cluster={"nodes": 6}, duration="60s", faults=faults))
    sim.env.run(until=0.0)
    node = sim.nodes[0]
    node.vivaldi = Blind(node.vivaldi.config, node.vivaldi.uniforms.rng)
    sim.env.run(until=50.0)
    node.force_leave(3, True, sim.env.engine_now)
    assert forgotten == [3]


def test_a_suspicion_that_never_ends_declares_nobody_dead(plain: serfsim.Result) -> None:
    class Endless(SuspicionRule):
        def remaining(self, suspicion: Any, now: float) -> float:
            return math.inf

    def failures(found: serfsim.Result) -> int:
        return int((found.member_events.kind == "failed").sum())

    found = serfsim.run(scenario(), parts={"suspicion": Endless})
    assert failures(plain) > 0
    assert failures(found) == 0
    assert found.summary["detection"]["suspicions"] > 0


def test_a_gossip_choice_may_give_one_list_again_and_again() -> None:
    fixed = [5, 6, 7]

    class Fixed(GossipChoice):
        def choose(self, now: float) -> list[int]:
            return fixed

    serfsim.run(scenario(), parts={"gossip_choice": Fixed})
    assert fixed == [5, 6, 7]


class Mine(SuspicionRule):
    pass


class Foreign:
    def begin(self, node: int, from_node: int, now: float) -> None:
        pass


class Narrow(SuspicionRule):
    def remaining(self, suspicion: Any) -> float:  # type: ignore[override]
        return 1.0


class Demanding(SuspicionRule):
    def __init__(self, core: Any, patience: float) -> None:
        super().__init__(core)


def test_a_part_can_be_given_by_its_import_path() -> None:
    assert read_parts({"suspicion": "tests.simulation.test_parts:Mine"}) == {"suspicion": Mine}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"suspicon": Mine}, ["'suspicon'", "awareness, broadcasts", "did you mean suspicion?"]),
        ([Mine], ["found a list of 1", "a mapping of names of parts to classes"]),
        ({3: Mine}, ["found '3'", "the name of a part"]),
        ({"suspicion": Foreign}, ["Foreign without remaining(suspicion, now)", "suspicion.SuspicionRule"]),
        ({"suspicion": Awareness}, ["begin(node, from_node, now) and remaining(suspicion, now)"]),
        ({"suspicion": Mine.__init__}, ["expected a subclass of"]),
        ({"suspicion": None}, ["found nothing", "expected a subclass of"]),
        ({"suspicion": 3}, ["found 3", "expected a subclass of"]),
        ({"suspicion": Narrow}, ["Narrow.remaining(self, suspicion", "remaining(self, suspicion, now)"]),
        ({"suspicion": Demanding}, ["Demanding.__init__(self, core", "expected __init__(self, core)"]),
        ({"suspicion": "Mine"}, ["'Mine'", "module:Class"]),
        ({"suspicion": "no_such_module:Mine"}, ["no module 'no_such_module'"]),
        ({"suspicion": "tests.simulation.test_parts:Mime"}, ["no 'Mime'", "did you mean Mine?"]),
    ],
)
def test_what_replaces_no_part_is_refused(parts: Any, words: list[str]) -> None:
    with pytest.raises(SerfsimError) as refused:
        serfsim.Simulation(scenario(), parts=parts)
    for word in words:
        assert word in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_result_says_which_parts_were_replaced(plain: serfsim.Result, tmp_path: Path) -> None:
    found = serfsim.run(scenario(), parts={"suspicion": Mine})
    assert found.summary["versions"]["parts"] == {"suspicion": "tests.simulation.test_parts.Mine"}
    assert nodes_text(found.summary) == "8 nodes (suspicion: Mine) of Serf 0.9"
    assert "parts" not in plain.summary["versions"]
    found.save(tmp_path / "saved")
    assert "suspicion: Mine" in (tmp_path / "saved" / "report.html").read_text(encoding="utf-8")


def test_a_settled_warm_up_is_that_of_the_parts() -> None:
    def late(base: type) -> type:
        return type("Late", (base,), {"choose": lambda self, now: base.choose(self, now)[:1]})  # type: ignore[attr-defined]

    made = scenario().with_settings({"warm_up": "settled", "cluster.nodes": 40, "faults": [], "network": {}})
    slow = serfsim.Simulation(made, parts={"gossip_choice": late(PARTS["gossip_choice"].base)})
    assert slow.warm_up > serfsim.Simulation(made).warm_up


def test_examples_are_short() -> None:
    for name, text in EXAMPLES.items():
        (source,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
        lines = [line for line in source.splitlines() if line.strip()]
        assert len(lines) <= 10, name
