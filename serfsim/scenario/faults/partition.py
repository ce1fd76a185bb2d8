"""`partition`: the network falls into parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import Field, model_validator

from serfsim.native import Random
from serfsim.scenario.controls import Controls
from serfsim.scenario.faults.fault import Fault, Transport, Undo, Ways, other_numbers
from serfsim.scenario.phrases import describe_selector
from serfsim.scenario.problems import Path, Problem, found_expected, invalid, path_text
from serfsim.scenario.roster import Roster
from serfsim.scenario.selection import Sides, name_problems, sides
from serfsim.scenario.units import Switch


class Partition(Fault):
    """Drop every packet from side to side; nodes on no side reach everybody."""

    on_packets: ClassVar[bool] = True
    verb: ClassVar = "partition"
    example: ClassVar = "{partition: [50%, rest], at: 30s, for: 30s}"

    partition: Sides = Field(description="the sides, two or more; `rest` is everybody else")
    one_way: Switch = Field(default=False, description="only from the first to the second of two sides")

    @model_validator(mode="after")
    def _two_namesfor_one_way(self) -> Partition:
        if self.one_way and len(self.partition) != 2:
            found = f"{len(self.partition)} sides"
            raise invalid("two sides with `one_way`", found=found, inside=("one_way",))
        return self

    def problems(self, roster: Roster, path: Path) -> Iterator[Problem]:
        """Unknown names, and nodes that would be on two sides or twice on one."""
        path = (*path, "partition")
        counted = 0
        seen: dict[int, str] = {}
        for position, side in enumerate(self.partition):
            if isinstance(side, int):
                counted += side
            if not isinstance(side, tuple):
                continue
            for place, name in enumerate(side):
                unknown = list(name_problems(name, roster, (*path, position, place)))
                yield from unknown
                for number in () if unknown else roster.named([name]):
                    if number in seen:
                        found = f"'{roster.members[number].name}' twice (in {seen[number]} already)"
                        yield Problem(
                            (*path, position, place), found_expected(found, "each node at most once")
                        )
                        break
                    seen[number] = path_text((*path, position, place))
        if counted + len(seen) > len(roster.members):
            expected = f"at most the {len(roster.members)} nodes of the cluster"
            yield Problem(path, found_expected(f"{counted + len(seen)} nodes on its sides", expected))

    def describe(self) -> str:
        names = [describe_selector(side) for side in self.partition]
        if self.one_way:
            return f"no packet from {names[0]} reaches {names[1]}"
        return f"the network is cut: {' | '.join(names)}"

    def prepare(self, roster: Roster, random: Random) -> list[list[int]]:
        return sides(self.partition, roster, random)

    def renumbered(self, prepared: list[list[int]], numbers: Mapping[int, int]) -> list[list[int]]:
        return [other_numbers(side, numbers) for side in prepared]

    def begin(self, controls: Controls, prepared: list[list[int]]) -> Undo:
        handle = controls.rules.partition(prepared, self.one_way)
        return lambda: controls.rules.remove(handle)

    def unhealthy(self, prepared: list[list[int]]) -> list[int]:
        return sorted(node for side in prepared for node in side)

    def cuts(self, prepared: list[list[int]]) -> tuple[Ways, Transport]:
        if self.one_way:
            return [(prepared[0], prepared[1])], "all"
        return [(a, b) for a in prepared for b in prepared if a is not b], "all"
