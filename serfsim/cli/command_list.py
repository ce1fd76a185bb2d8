"""The commands with their arguments and options, as typer knows them: for `explain` and the manual."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from serfsim.checks.rules import CHECKERS, SOURCES
from serfsim.cli.app import LazyCommands
from serfsim.manual.topics import Topic


class Parameter(NamedTuple):
    """An argument or option: as it is written, its help, and its default or ""."""

    written: str
    help: str
    default: str


class CommandReference(NamedTuple):
    """A command. `usage` is a line, `help` the whole text."""

    name: str
    usage: str
    help: str
    parameters: list[Parameter]


def commands() -> Iterator[CommandReference]:
    """Yield every command in the order of `serfsim --help`."""
    for name, command in LazyCommands().items():
        parameters = [_parameter(one) for one in command.params if not getattr(one, "hidden", False)]
        arguments = [one.written for one in parameters if not one.written.startswith("-")]
        usage = " ".join(["serfsim", name, "[OPTIONS]", *arguments])
        yield CommandReference(name, usage, " ".join((command.help or "").split()), parameters)


def _parameter(one: Any) -> Parameter:
    if one.param_type_name == "argument":
        return Parameter(one.metavar or one.name.upper(), one.help or "", "")
    metavar = "" if one.is_flag else f" {one.metavar or one.name.upper()}"
    names = ", ".join([*one.opts, *one.secondary_opts])
    default = one.default if isinstance(one.default, (str, int, float)) and not one.is_flag else ""
    return Parameter(names + metavar, one.help or "", str(default))


def rule_topics() -> Iterator[Topic]:
    """Yield the rules of `serfsim run --check` as topics."""
    for name, checker in CHECKERS.items():
        yield Topic(name, "rule", checker.rule, (("from", SOURCES[name]),), "serfsim run FILE --check")


def command_topics() -> Iterator[Topic]:
    """Yield the commands as topics."""
    for command in commands():
        facts = tuple((one.written, one.help) for one in command.parameters)
        yield Topic(command.name, "command", command.help, facts, command.usage)
