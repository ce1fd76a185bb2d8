"""Which addresses may join: `cidrs_allowed`."""

from __future__ import annotations

import pytest

from tests.simulation.cluster import run


@pytest.mark.parametrize(
    ("networks", "known"),
    [
        (None, [5] * 5),
        ([], [5] * 5),
        (["10.0.0.0/8"], [5] * 5),
        (["10.0.0.77/8"], [5] * 5),
        (["10.0.0.0/30"], [3] * 5),
        (["10.0.0.0/31", "10.0.0.2/32"], [2] * 5),
        (["192.168.0.0/16"], [0] * 5),
    ],
)
def test_only_members_of_the_allowed_networks_are_known(networks: list[str] | None, known: list[int]) -> None:
    made = run(5, "10s", start={"spread": "1s"}, config={"cidrs_allowed": networks})
    nodes = [node for node in made.sim.agents.nodes if node is not None]
    assert [int(node.memberlist.core.members.count) for node in nodes] == known
