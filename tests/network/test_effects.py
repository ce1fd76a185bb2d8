"""Packets that arrive twice, late, or one after the other, and long ones that do not arrive."""

from __future__ import annotations

import numpy as np
import pytest

from serfsim.network.jitter import ExponentialJitter, JitterByPair, NoJitter, UniformJitter
from serfsim.network.link import BY_SOURCE, BY_TARGET, SHARED, Link
from serfsim.network.loss import BernoulliLoss
from serfsim.network.rules import ALL, TCP, UDP, Effect, Rule
from serfsim.protocol.runtime import REPLIED
from tests.network.harness import CLIENT, MS, ONE_WAY, SERVER, Lab

SENT = 4000


def lab_with(effect: Effect, transport: int = ALL, **parts: object) -> Lab:
    lab = Lab(**parts)  # type: ignore[arg-type]
    lab.network.rules.around(effect, transport, [CLIENT])
    return lab


def send_every(lab: Lab, gap: float, count: int = SENT, size: int = 100) -> list[int]:
    """The sequence numbers as they arrive at the server."""
    for seq in range(count):
        lab.run(seq * gap)
        lab.send(CLIENT, SERVER, seq, size)
    lab.run(count * gap + 10.0)
    return [heard.seq for heard in lab.machines[SERVER].packets]


def test_a_share_of_the_datagrams_arrives_twice_and_is_sent_once() -> None:
    lab = lab_with(Effect(twice=0.05))
    arrived = send_every(lab, MS)
    assert len(set(arrived)) == SENT == len(lab.ledger.sent)
    # 200 of 4000, with a standard error of 13.8.
    assert len(arrived) - SENT == pytest.approx(200, abs=55)
    assert arrived == sorted(arrived)


def test_a_copy_has_a_jitter_of_its_own() -> None:
    lab = lab_with(Effect(twice=1.0), jitter=UniformJitter(0.0, 0.008))
    send_every(lab, 20 * MS, 200)
    heard = lab.machines[SERVER].packets
    gaps = [b.at - a.at for a, b in zip(heard[::2], heard[1::2], strict=True)]
    assert len(heard) == 400
    assert 0.001 < np.mean(gaps) < 0.008


def test_a_stream_is_not_disturbed_by_copies() -> None:
    lab = lab_with(Effect(twice=1.0))
    lab.dial()
    lab.run(1.0)
    assert lab.result().outcome == REPLIED


def test_a_share_of_the_packets_is_overtaken() -> None:
    lab = lab_with(Effect(delay=20 * MS, late=0.05))
    arrived = send_every(lab, 5 * MS)
    late = [heard for heard in lab.machines[SERVER].packets if heard.at > heard.seq * 5 * MS + ONE_WAY + MS]
    assert len(late) == pytest.approx(200, abs=55)
    assert {round(heard.at - heard.seq * 5 * MS - ONE_WAY, 6) for heard in late} == {0.02}
    assert sorted(arrived) == list(range(SENT)) != arrived


@pytest.mark.parametrize(("size", "arrives"), [(1372, True), (1373, False), (3000, False)])
def test_packets_above_a_size_are_lost(size: int, arrives: bool) -> None:
    """20 bytes of IP's header and 8 of UDP's come to 1400; a longer datagram's fragments fill the MTU."""
    lab = lab_with(Effect(BernoulliLoss(1.0), above=1400), UDP)
    assert send_every(lab, MS, 3, size) == ([0, 1, 2] if arrives else [])
    assert lab.network.rules.blocks(CLIENT, SERVER, UDP) is False


def test_the_fragments_of_a_datagram_are_no_larger_than_the_network_lets_them_be() -> None:
    lab = lab_with(Effect(BernoulliLoss(1.0), above=1400), UDP, mtu=1400)
    assert send_every(lab, MS, 3, 3000) == [0, 1, 2]


def test_a_stream_stands_still_where_only_short_segments_pass() -> None:
    lab = lab_with(Effect(BernoulliLoss(1.0), above=1000), TCP)
    lab.dial(size=200)
    lab.run(1.0)
    assert lab.result().outcome == REPLIED
    lab.dial(size=5000, io_timeout=4.0)
    lab.run(20.0)
    assert [result.outcome for result in lab.machines[CLIENT].results][1:] != [REPLIED]


def test_a_stretched_latency_is_a_multiple_of_the_paths_own() -> None:
    lab = lab_with(Effect(stretch=2.0))
    send_every(lab, 0.1, 3)
    assert [heard.at for heard in lab.machines[SERVER].packets] == pytest.approx(
        [0.1 * seq + 3 * ONE_WAY for seq in range(3)]
    )


def test_added_jitter_has_its_laws_mean() -> None:
    lab = lab_with(Effect(jitter=ExponentialJitter(0.02)))
    send_every(lab, 10 * MS)
    late = [heard.at - heard.seq * 10 * MS - ONE_WAY for heard in lab.machines[SERVER].packets]
    assert np.mean(late) == pytest.approx(0.02, rel=0.06)


def linked(by: int) -> list[list[float]]:
    """Arrivals at hosts 2 and 3 of 128-byte packets that 0 and 1 send to both at once, over 10.24 kbit/s."""
    lab = Lab(hosts=4)
    rule = Rule(Effect(link=Link(10_240.0, 4, by)), ALL, 4, [0, 1], [2, 3])
    lab.network.rules.add([rule])
    for source in (0, 1):
        for target in (2, 3):
            lab.send(source, target)
    lab.run(5.0)
    return [[round(heard.at - ONE_WAY, 6) for heard in lab.machines[host].packets] for host in (2, 3)]


def test_a_narrow_link_carries_one_packet_at_a_time() -> None:
    assert linked(SHARED) == [[0.1, 0.3], [0.2, 0.4]]
    assert linked(BY_SOURCE) == [[0.1, 0.1], [0.2, 0.2]]
    assert linked(BY_TARGET) == [[0.1, 0.2], [0.1, 0.2]]


def test_an_uplink_of_one_hosts_own_delays_what_it_sends() -> None:
    lab = Lab(hosts=3)
    lab.network.limit_uplink(0, 10_240.0)
    lab.send(0, 2, 1)
    lab.send(0, 2, 2)
    lab.send(1, 2, 3)
    lab.run(2.0)
    at = {heard.seq: heard.at for heard in lab.machines[2].packets}
    assert at == pytest.approx({1: 0.1 + ONE_WAY, 2: 0.2 + ONE_WAY, 3: ONE_WAY})


def test_jitter_by_pair_is_that_of_the_direction() -> None:
    by_pair = JitterByPair(NoJitter(), 2)
    by_pair.set([CLIENT], [SERVER], UniformJitter(0.5, 0.5))
    lab = Lab()
    lab.network.set_jitter_by_pair(by_pair)
    lab.send(CLIENT, SERVER)
    lab.send(SERVER, CLIENT)
    lab.run(1.0)
    assert [lab.machines[host].packets[0].at for host in (SERVER, CLIENT)] == pytest.approx(
        [ONE_WAY + 0.5, ONE_WAY]
    )
