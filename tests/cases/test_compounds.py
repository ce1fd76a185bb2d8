"""More messages in a datagram than its count can tell: a byte's 255, or half as many at old receivers."""

from __future__ import annotations

import pytest

from serfsim.protocol.directory import Directory
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.envelope import Parts, compound, whole_messages
from serfsim.protocol.wire.reader import WireError
from tests.cases.running import case
from tests.simulation.cluster import Run


def had_by_gossip(run: Run) -> list[int]:
    """How many of the events each of the others had, before any push/pull."""
    deliveries = run.result.deliveries
    return [int((deliveries["node"] == f"node-0{n}").sum()) for n in (1, 2, 3)]


@pytest.mark.parametrize("compression", [True, False])
def test_from_memberlist_0_3_2_on_gossip_is_split_and_all_events_arrive(compression: bool) -> None:
    run = case(
        "compound_300_events", {"cluster.version": "latest", "cluster.config.enable_compression": compression}
    )
    assert had_by_gossip(run) == [300, 300, 300]


@pytest.mark.parametrize("compression", [True, False])
def test_before_the_count_wraps_and_no_event_arrives_by_gossip(compression: bool) -> None:
    run = case("compound_300_events", {"cluster.config.enable_compression": compression})
    assert had_by_gossip(run) == [0, 0, 0]


def test_what_was_lost_so_comes_by_push_pull() -> None:
    run = case("compound_300_events", {"duration": "90s"})
    assert had_by_gossip(run) == [300, 300, 300]


@pytest.mark.parametrize(
    ("sizes", "narrow"),
    [
        ([20] * 127, True),
        ([20] * 255, False),
        ([20] * 128, True),
        ([32] * 128, True),
        ([32, 20, 12] * 60, True),
        ([7, 9, 16, 32, 64] * 50, True),
        ([20] * 256, False),
        ([16] * 300, False),
        ([16] * 300, True),
        ([1000, 24] * 200, False),
        ([64, 8] * 250, True),
    ],
)
def test_the_simulation_finds_the_messages_that_the_bytes_hold(sizes: list[int], narrow: bool) -> None:
    # Each message tells its place, its length and its end; a receiver that cuts elsewhere finds no head.
    messages = [b"\x01" + place.to_bytes(2, "big") + b"\x00" * (size - 3) for place, size in enumerate(sizes)]
    found = []
    for part in Parts(compound(messages), 1, narrow).parts:
        place = int.from_bytes(part[1:3], "big")
        if part[:1] == b"\x01" and place < len(sizes) and part[: sizes[place]] == messages[place]:
            found.append(place)
    assert whole_messages(sizes, narrow) == found


def test_up_to_the_limits_nothing_is_lost() -> None:
    assert whole_messages([20] * 127, True) == list(range(127))
    assert whole_messages([20] * 255, False) == list(range(255))
    assert whole_messages([20] * 256, False) == []
    assert whole_messages([20] * 128, True) == []


def test_a_count_that_wraps_is_written_as_the_library_writes_it() -> None:
    assert compound([b"\x08a"] * 300)[:2] == b"\x07\x2c"


def test_a_narrow_reader_makes_nothing_of_128_messages() -> None:
    nack = b"\x0b\x81\xa5SeqNo\x05"
    data = compound([nack] * 128)
    assert len(DatagramReader(Directory()).read(data).packets) == 128
    narrow = DatagramReader(Directory(), narrow=True)
    with pytest.raises(WireError, match=r"not supported|Failed|EOF|msgpack"):
        narrow.read(data)
