"""`serfsim explain NAME`: the manual's word on a key, setting, fault, figure, rule, file or command."""

from __future__ import annotations

from typing import Annotated

import typer

from serfsim.base.errors import ScenarioError
from serfsim.cli.command_list import command_topics, rule_topics
from serfsim.manual.reference import Key
from serfsim.manual.topics import Topic, matching, topics
from serfsim.scenario.problems import unknown_name

MOST_IN_FULL = 8  # of more topics only the names and meanings are printed


def explain(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            help="Key (cluster.start.spread), setting, fault, workload, figure, topology, rule, file or"
            " command.",
        ),
    ] = "",
    listed: Annotated[
        str, typer.Option("--list", metavar="KIND", help="Print all names of a kind: rule, fault, figure ...")
    ] = "",
) -> None:
    """Say what a name means: its values, unit, default and an example."""
    known = [*topics(), *rule_topics(), *command_topics()]
    if listed:
        _list(listed, known)
        return
    if not name:
        raise ScenarioError("explain: found no name; expected a name in the manual, or --list KIND")
    found = matching(name, known)
    if not found:
        names = dict.fromkeys(part for topic in known for part in (topic.name, topic.name.rsplit(".", 1)[-1]))
        raise ScenarioError(f"explain: {unknown_name(name, 'a name in the manual', list(names))}")
    if len(found) > MOST_IN_FULL:
        typer.echo("\n".join(f"{topic.name}: {topic.meaning}" for topic in found))
        return
    typer.echo("\n\n".join(_shown(topic) for topic in found))


def _list(kind: str, known: list[Topic]) -> None:
    found = [topic for topic in known if topic.kind == kind]
    if not found:
        kinds = [name for name in dict.fromkeys(topic.kind for topic in known) if " " not in name]
        raise ScenarioError(f"explain: {unknown_name(kind, 'a kind of name', kinds)}")
    typer.echo("\n".join(f"{topic.name}: {topic.meaning}" for topic in found))


def _shown(topic: Topic) -> str:
    lines = [f"{topic.name} ({topic.kind})", f"  {topic.meaning}"]
    facts = [*topic.facts, *((key.path, _key_line(key)) for key in topic.keys)]
    width = max((len(label) for label, _ in facts), default=0)
    lines += [f"  {label:{width}}  {text}" for label, text in facts]
    if topic.example:
        example = topic.example.replace("\n", "\n    ")
        lines += [f"  example:\n    {example}"]
    return "\n".join(lines)


def _key_line(key: Key) -> str:
    return f"{key.meaning}: {key.expects}" + (f" [{key.default}]" if key.default else "")
