"""However a process is paused, slowed and resumed: every datagram is handled once, and timers fire once."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.network.harness import CLIENT, MS, ONE_WAY, SERVER, Lab

Act = tuple[float, str]

DELAYS = {"at once": 0.0, "quick": 0.4 * MS, "slow": 5 * MS, "very slow": 60 * MS}
WORDS = ["send", "send", "send", "timer", "pause", "resume", *DELAYS]
ACTS = st.lists(st.tuples(st.floats(0.0, 1.0), st.sampled_from(WORDS)), min_size=1, max_size=60)


def carried_out(acts: list[Act], lab: Lab) -> tuple[int, int]:
    """Datagrams sent to the server, and timers that it set."""
    host, sent, timers = lab.host(SERVER), 0, 0
    for t, what in sorted(acts):
        lab.run(t)
        if what == "send":
            lab.send(CLIENT, SERVER, seq=sent)
            sent += 1
        elif what == "timer":
            host.call_at(lab.now + 20 * MS, timers, 0, 0)
            timers += 1
        elif what == "pause":
            host.pause()
        elif what == "resume":
            host.resume(lab.now)
        else:
            host.set_processing_delay(DELAYS[what])
    lab.run(2.0)
    host.resume(2.0)
    lab.run(20.0)
    return sent, timers


@given(ACTS, st.sampled_from(sorted(DELAYS)))
@settings(max_examples=100, deadline=None)
def test_every_datagram_is_handled_once_and_every_timer_fires_once(acts: list[Act], delay: str) -> None:
    lab = Lab(processing_delay=DELAYS[delay])
    sent, timers = carried_out(acts, lab)
    machine = lab.machines[SERVER]
    assert sorted(packet.seq for packet in machine.packets) == list(range(sent))
    assert sorted(timer for _, timer in machine.timers) == list(range(timers))
    assert lab.host(SERVER).buffer.count == 0
    assert all(packet.received_at <= packet.at for packet in machine.packets)


@given(ACTS, st.sampled_from(sorted(DELAYS)))
@settings(max_examples=60, deadline=None)
def test_with_one_processing_delay_the_order_is_that_of_arrival_and_none_is_early(
    acts: list[Act], delay: str
) -> None:
    lab = Lab(processing_delay=DELAYS[delay])
    sent, _ = carried_out([act for act in acts if act[1] not in DELAYS], lab)
    packets = lab.machines[SERVER].packets
    assert [packet.seq for packet in packets] == list(range(sent))
    at = [t for t, what in sorted(acts) if what == "send"]
    for packet in packets:
        assert packet.received_at >= at[packet.seq] + ONE_WAY - 1e-9
    if delay in ("slow", "very slow"):
        ends = [packet.at for packet in packets]
        assert all(after - before >= DELAYS[delay] - 1e-9 for before, after in pairwise(ends))


@given(ACTS)
@settings(max_examples=60, deadline=None)
def test_what_is_not_handled_is_reported_as_overflowed(acts: list[Act]) -> None:
    lab = Lab(socket_buffer=2000)
    sent, _ = carried_out(acts, lab)
    handled = [packet.seq for packet in lab.machines[SERVER].packets]
    assert len(set(handled)) == len(handled)
    assert len(handled) + len(lab.ledger.overflowed) == sent
