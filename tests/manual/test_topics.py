"""What exists is explained, and what is explained exists; every example is one that may be written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML
from typer.testing import CliRunner

from serfsim.checks.rules import CHECKERS, SOURCES
from serfsim.cli.app import COMMANDS, app
from serfsim.cli.command_list import command_topics, commands, rule_topics
from serfsim.manual.reference import MODELS, VERBS, model_reference, verb_reference
from serfsim.manual.schema import keys_in, scenario_schema
from serfsim.manual.topics import FRAMES, Topic, matching, nested, topics
from serfsim.scenario import Scenario
from serfsim.scenario.figures import FIGURES
from serfsim.scenario.settings import SETTINGS

TOPICS = [*topics(), *rule_topics(), *command_topics()]
SCHEMA = scenario_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
PARTS = [(kind, verb_reference(entry)) for kind, verbs in VERBS.items() for entry in verbs.values()]
PARTS += [(kind, model_reference(*model)) for kind, models in MODELS.items() for model in models.items()]


def read(text: str) -> Any:
    return YAML(typ="safe").load(text)


def complete(data: Any, key: str, needed: dict[str, Any]) -> None:
    """Give every part under a key what must be given beside any other key of it."""
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        complete(inner, key, needed)
    if isinstance(data, dict) and isinstance(data.get(key), dict):
        data[key] = {**needed, **data[key]}


def of_kind(*kinds: str) -> list[Topic]:
    return [topic for topic in TOPICS if topic.kind in kinds]


def test_every_topic_has_a_meaning_and_a_name_of_its_own_kind() -> None:
    assert [topic.name for topic in TOPICS if not topic.meaning] == []
    named = [(topic.kind, topic.name) for topic in TOPICS if topic.kind != "file"]
    assert len(named) == len(set(named))


def test_figures_settings_and_commands_explained_are_those_that_exist() -> None:
    assert [topic.name for topic in of_kind("figure")] == list(FIGURES)
    assert [topic.name for topic in of_kind("setting")] == [f"cluster.config.{name}" for name in SETTINGS]
    assert [topic.name for topic in of_kind("command")] == list(COMMANDS)


def test_keys_explained_are_those_that_the_schema_has() -> None:
    """The schema comes from pydantic alone, the topics from walking the classes."""
    explained = {topic.name.rsplit(".", 1)[-1].removesuffix("[]") for topic in of_kind("key", "setting")}
    explained |= {key.path.rsplit(".", 1)[-1] for _, part in PARTS for key in part.keys}
    assert {key for _, key, _ in keys_in(SCHEMA)} == explained
    for kind, verbs in VERBS.items():
        for verb, entry in verbs.items():
            (part,) = [part for of, part in PARTS if of == kind and part.name == verb]
            top = {key.path for key in part.keys if "." not in key.path}
            assert top == {key for name, key, _ in keys_in(SCHEMA) if name == entry.__name__}, verb
    for models in MODELS.values():
        for name, model in models.items():
            keys = {key.path for key in model_reference(name, model).keys if "." not in key.path}
            assert keys == {key for part, key, _ in keys_in(SCHEMA) if part == model.__name__}, name


@pytest.mark.parametrize("topic", of_kind("key", "setting", "figure"), ids=lambda topic: topic.name)
def test_the_example_of_a_key_a_setting_or_a_figure_may_be_written(topic: Topic) -> None:
    data = read(topic.example)
    for pair in data["network"]["loss"]["pairs"] if "pairs[]" in topic.name else []:
        pair.setdefault("between", ["a", "b"])  # which must be given beside any other key of it
    for node in data["cluster"]["nodes"] if "cluster.nodes[]" in topic.name else []:
        node.setdefault("name", "a")
    complete(data, "rejoin", {"every": "5m"})
    complete(data, "zones", {"names": ["zone-a"]})
    if "situation." in topic.name:
        beside = {"threads": ["a/b#1"], "answer": "Yes.", "figure": "health"}
        situation = data["situation"] = {**beside, **data["situation"]}
        if "study" in situation:
            study = {"grid": {"cluster.nodes": [1]}, "figures": ["detection.flaps"], **situation["study"]}
            study["claims"] = [{"claim": "detection.flaps == 0", **one} for one in study.get("claims", ())]
            situation["study"] = study
    assert list(VALIDATOR.iter_errors(data)) == []


@pytest.mark.parametrize(("kind", "part"), PARTS, ids=lambda value: getattr(value, "name", value))
def test_the_example_of_a_verb_or_model_and_of_each_of_its_keys_may_be_written(kind: str, part: Any) -> None:
    assert list(VALIDATOR.iter_errors(read(FRAMES[kind].format(part.example)))) == []
    if part.name not in ("matrix", "none"):  # the one names a file, the other has no mapping
        Scenario(**read(FRAMES[kind].format(part.example)))
    for key in part.keys if part.name != "none" else []:
        if (
            "[]" in key.path
        ):  # an item of a list needs others beside this key; the example of the list has them
            continue
        with_key = YAML(typ="safe").load(part.example)
        place = with_key
        *outer, last = key.path.split(".")
        for name in outer:
            place = place.setdefault(name, {})
        place[last] = read(key.example)
        with_key.setdefault("every", "5s")
        if kind not in VERBS:
            del with_key["every"]
        found = {"faults" if kind == "fault" else kind: [with_key]} if kind in VERBS else None
        data = found or read(FRAMES[kind].format("null"))
        if found is None:
            _fill(data, with_key)
        assert list(VALIDATOR.iter_errors(data)) == [], key.path


def _fill(data: dict[str, Any], value: Any) -> None:
    """Put a value where the frame has none."""
    for key, inner in data.items():
        if inner is None:
            data[key] = value
        elif isinstance(inner, dict):
            _fill(inner, value)


def test_a_path_becomes_nested_yaml() -> None:
    assert nested("cluster.start.spread", "1s") == "cluster: {start: {spread: 1s}}"
    assert nested("network.loss.pairs[].udp", "5%") == "network: {loss: {pairs: [{udp: 5%}]}}"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("cluster.start.spread", "cluster.start.spread"),
        ("spread", "cluster.start.spread"),
        ("suspicion_mult", "cluster.config.suspicion_mult"),
        ("faults[3].crash", "crash"),
        ("block.direction", "block.direction"),
        ("detection.full_s", "detection.full_s.mean"),
        ("plane", "plane"),
        ("network.loss.pairs[0].between", "network.loss.pairs[].between"),
        ("sweep", "sweep"),
        ("summary.json", "summary.json"),
    ],
)
def test_a_name_finds_its_topic(name: str, first: str) -> None:
    assert matching(name, TOPICS)[0].name == first


def test_the_command_shows_meaning_default_by_profile_and_release_and_an_example() -> None:
    shown = CliRunner().invoke(app, ["explain", "suspicion_mult"]).stdout
    defaults = ("4 (lan), 6 (wan), 3 (local)", "5 before memberlist 0.1.1")
    for part in (*defaults, "1 to 1000", "{suspicion_mult: 4}"):
        assert part in shown
    assert "node-03" in CliRunner().invoke(app, ["explain", "block"]).stdout
    assert "lower is better" in CliRunner().invoke(app, ["explain", "detection.full_s.p99"]).stdout
    assert "--grid" in CliRunner().invoke(app, ["explain", "sweep"]).stdout


def test_an_unknown_name_is_exit_code_2_with_the_nearest() -> None:
    done = CliRunner().invoke(app, ["explain", "suspicion_mul"])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean suspicion_mult?" in done.stderr


def test_commands_are_listed_with_their_options() -> None:
    by_name = {command.name: command for command in commands()}
    assert "--seed SEED" in [parameter.written for parameter in by_name["run"].parameters]
    assert [name for name, command in by_name.items() if not command.help] == []
    described = [(name, one) for name, command in by_name.items() for one in command.parameters]
    assert [(name, one.written) for name, one in described if not one.help] == []


def test_a_rule_of_the_checks_is_explained_with_its_place_in_the_specification() -> None:
    shown = CliRunner().invoke(app, ["explain", "transmit_limits"])
    assert shown.exit_code == 0
    assert CHECKERS["transmit_limits"].rule in shown.stdout
    assert "spec/memberlist.md 8.3" in shown.stdout
    listed = CliRunner().invoke(app, ["explain", "--list", "rule"])
    assert [line.split(":")[0] for line in listed.stdout.splitlines()] == list(CHECKERS)


def test_the_places_of_rules_are_headings_of_the_specification() -> None:
    assert list(SOURCES) == list(CHECKERS)
    for places in SOURCES.values():
        for place in places.split("; "):
            file, sections = place.split(" ", 1)
            text = (Path(__file__).parents[2] / "docs" / file).read_text(encoding="utf-8")
            numbers = re.findall(r"^#+ ([0-9.]+[0-9]|[0-9]+)\.? ", text, flags=re.MULTILINE)
            assert set(sections.split(", ")) <= set(numbers), place


def test_an_unknown_kind_is_one_message() -> None:
    shown = CliRunner().invoke(app, ["explain", "--list", "roule"])
    assert shown.exit_code == 2
    assert "did you mean rule?" in shown.stderr
