"""The receive buffer of a socket."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serfsim.network.socket_buffer import LARGE_CHARGE, SMALL_CHARGE, SocketBuffer, charge
from serfsim.protocol.memberlist.messages import PING, Packet


def packet(seq: int, size: int = 100) -> Packet:
    return Packet(PING, seq, size)


@pytest.mark.parametrize(
    ("payload", "charged"),
    [(1, SMALL_CHARGE), (500, SMALL_CHARGE), (501, LARGE_CHARGE), (1400, LARGE_CHARGE)],
)
def test_a_datagram_is_charged_by_what_the_kernel_sets_aside(payload: int, charged: int) -> None:
    assert charge(payload) == charged


def test_the_newest_is_dropped_when_the_buffer_is_full() -> None:
    buffer = SocketBuffer(2 * SMALL_CHARGE)
    taken = [buffer.push(packet(seq), seq) for seq in range(5)]
    # The bound is compared before the charge is added, so the third still gets in.
    assert taken == [True, True, True, False, False]
    assert [int(buffer.pop().seq) for _ in range(3)] == [0, 1, 2]
    assert buffer.push(packet(9), 9)


def test_the_default_holds_as_many_small_datagrams_as_linux_does() -> None:
    buffer = SocketBuffer()
    taken = 0
    while buffer.push(packet(taken), 0):
        taken += 1
    assert taken == 425984 // SMALL_CHARGE + 1


def test_an_emptied_buffer_charges_nothing() -> None:
    buffer = SocketBuffer(1)
    assert buffer.push(packet(1, 1400), 3)
    assert not buffer.push(packet(2), 3)
    buffer.clear()
    assert (buffer.count, buffer.charged) == (0, 0)
    assert buffer.push(packet(3), 4)


@given(st.lists(st.one_of(st.none(), st.integers(1, 1400)), max_size=400))
def test_first_in_is_first_out_and_the_charge_is_that_of_what_is_inside(steps: list[int | None]) -> None:
    buffer = SocketBuffer(100 * SMALL_CHARGE)
    inside: deque[tuple[int, int]] = deque()
    for seq, step in enumerate(steps):
        if step is None:
            if inside:
                expected = inside.popleft()
                assert (int(buffer.pop().seq), int(buffer.source)) == (expected[0], expected[0] % 5)
        elif buffer.push(packet(seq, step), seq % 5):
            inside.append((seq, step))
        assert buffer.count == len(inside)
        assert buffer.charged == sum(charge(size) for _, size in inside)
