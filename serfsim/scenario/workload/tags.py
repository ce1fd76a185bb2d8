"""`tags`: members change their tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from serfsim.native import Random
from serfsim.protocol.serf.tags import LONGEST_META, encode_meta
from serfsim.scenario.cluster import Tags
from serfsim.scenario.controls import Controls
from serfsim.scenario.entry import CheckContext
from serfsim.scenario.phrases import with_verb
from serfsim.scenario.problems import Path, Problem, found_expected
from serfsim.scenario.roster import Member, Roster
from serfsim.scenario.selection import Nodes, Selector, select, selector_problems
from serfsim.scenario.workload.work import Work, check_accepted

if TYPE_CHECKING:
    from serfsim.protocol.serf.node import SerfNode

MOST_CHECKED = 20  # changes of tags of one entry: the later ones find what the earlier ones left


class SetTags(Work):
    """Change members' tags, as `serf tags` does: without those of `delete`, and with `tags`."""

    verb: ClassVar = "tags"
    example: ClassVar = "{tags: {role: web}, nodes: [node-03], at: 30s}"

    tags: Tags = Field(description="tags that they take on beside those that they have")
    nodes: Nodes = Field(description="members that change theirs, each by itself")
    delete: tuple[str, ...] = Field(default=(), description="tags that they drop first")

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        yield from selector_problems(self.nodes, roster, (*path, "nodes"))

    @classmethod
    def joint_problems(cls, entries: Sequence[tuple[Path, Any]], context: CheckContext) -> Iterator[Problem]:
        """Yield changes of tags that an agent would refuse, each entry once.

        A change counts with the tags from the start, and with what earlier entries changed at the same
        members where that is certain: they are named, and no process ends and starts anew.
        """
        roster = context.roster
        changes = [
            (start, position)
            for position, (_, work) in enumerate(entries)
            for start, _ in work.occurrences(context.duration)[:MOST_CHECKED]
        ]
        known = {member.index: member.tags for member in roster.members}
        refused: set[int] = set()
        for _, position in sorted(changes):
            path, work = entries[position]
            named = _named_members(work.nodes, roster)
            for member in roster.members if named is None else [roster.members[number] for number in named]:
                kept = {key: value for key, value in known[member.index].items() if key not in work.delete}
                tags = {**kept, **work.tags}
                found = tags_too_long(member, tags)
                if found and position not in refused:
                    refused.add(position)
                    yield Problem((*path, "tags"), found)
                if not found and named is not None and not context.processes_end:
                    known[member.index] = tags

    def describe(self) -> str:
        given = ", ".join(f"{tag}={value}" for tag, value in self.tags.items())
        parts = [f"{with_verb(self.nodes, 'takes', 'take')} the tags {given}"] if given else []
        if self.delete:
            gone = ", ".join(self.delete)
            drops = with_verb(self.nodes, "drops", "drop")
            parts.append(f"drops {gone}" if parts else f"{drops} the tags {gone}")
        return " and ".join(parts) or with_verb(self.nodes, "keeps its tags", "keep their tags")

    def doers(self, roster: Roster, random: Random) -> list[int]:
        return select(self.nodes, roster, random)

    def act(self, controls: Controls, machine: SerfNode, prepared: None) -> None:
        number = controls.number_of(machine)
        refused = controls.set_tags(number, self.tags, self.delete)
        check_accepted(refused, f"tags of {controls.roster.members[number].name}", controls)


def tags_too_long(member: Member, tags: dict[str, str]) -> str:
    """Return the error of an agent about a member's tags, or ""."""
    size = len(encode_meta(tags, member.config.protocol_version))
    found = f"tags of {size} bytes for {member.name}"
    return (
        found_expected(found, f"at most {LONGEST_META} bytes, names included") if size > LONGEST_META else ""
    )


def _named_members(selector: Selector, roster: Roster) -> list[int] | None:
    """Return the members that a selector certainly means; None where it draws."""
    if selector == "all":
        return list(range(len(roster.members)))
    if isinstance(selector, tuple):
        return roster.named(roster.known(selector))
    return None
