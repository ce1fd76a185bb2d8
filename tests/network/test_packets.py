"""What becomes of a datagram between two hosts."""

from __future__ import annotations

import pytest

from serfsim.native import Random, vec
from serfsim.network.jitter import ExponentialJitter, Jitter, UniformJitter
from serfsim.network.latency import MatrixLatency
from serfsim.network.loss import BernoulliLoss
from serfsim.network.network import IP_HEADER
from serfsim.network.rules import ALL, UDP, Effect
from tests.network.harness import CLIENT, MS, ONE_WAY, SERVER, Lab


def arrivals(lab: Lab, host: int = SERVER) -> list[float]:
    return [heard.at for heard in lab.machines[host].packets]


def test_a_datagram_arrives_after_its_latency_from_its_source() -> None:
    lab = Lab(latency=MatrixLatency(2, vec[float]([0.0, 0.01, 0.03, 0.0])))
    lab.send(CLIENT, SERVER, seq=5)
    lab.send(SERVER, CLIENT, seq=6)
    lab.run(1.0)
    (there,), (back,) = lab.machines[SERVER].packets, lab.machines[CLIENT].packets
    assert (there.seq, there.source, there.at, there.received_at) == (5, CLIENT, 0.01, 0.01)
    assert (back.seq, back.source, back.at) == (6, SERVER, 0.03)


def test_a_datagram_counts_with_its_ip_and_udp_headers() -> None:
    lab = Lab()
    lab.send(CLIENT, SERVER, size=71)
    assert lab.ledger.sent == [(0.0, CLIENT, 99)]


def test_a_datagram_to_oneself_takes_no_time() -> None:
    lab = Lab(udp_loss=BernoulliLoss(1.0))
    lab.send(CLIENT, CLIENT)
    lab.run(1.0)
    assert arrivals(lab, CLIENT) == [0.0]
    assert lab.ledger.sent == [], "and is no traffic"


@pytest.mark.parametrize("address", [-1, 2])
def test_what_is_sent_to_nobody_vanishes_but_was_sent(address: int) -> None:
    lab = Lab()
    lab.send(CLIENT, address)
    lab.run(1.0)
    assert len(lab.ledger.sent) == 1
    assert lab.ledger.lost == []


def test_a_lost_datagram_was_sent_and_is_reported() -> None:
    lab = Lab(udp_loss=BernoulliLoss(1.0))
    lab.send(CLIENT, SERVER)
    lab.run(1.0)
    assert lab.ledger.lost == [(0.0, CLIENT)]
    assert arrivals(lab) == []


def test_jitter_is_added_to_the_latency() -> None:
    lab = Lab(jitter=UniformJitter(2 * MS, 4 * MS))
    for _ in range(200):
        lab.send(CLIENT, SERVER)
    lab.run(1.0)
    late = [at - ONE_WAY for at in arrivals(lab)]
    assert 2 * MS <= min(late) < 2.1 * MS
    assert 3.9 * MS < max(late) < 4 * MS


def test_jitter_knows_the_latency_of_the_path() -> None:
    class Double(Jitter):
        def sample(self, base: float, rng: Random) -> float:
            return base

    lab = Lab(jitter=Double())
    lab.send(CLIENT, SERVER)
    lab.run(1.0)
    assert arrivals(lab) == [2 * ONE_WAY]


def test_jitter_may_let_datagrams_overtake_each_other() -> None:
    lab = Lab(jitter=ExponentialJitter(5 * MS))
    for seq in range(50):
        lab.send(CLIENT, SERVER, seq=seq)
    lab.run(1.0)
    order = [heard.seq for heard in lab.machines[SERVER].packets]
    assert sorted(order) == list(range(50)) != order


def test_what_is_under_way_when_a_block_begins_still_arrives() -> None:
    lab = Lab()
    lab.send(CLIENT, SERVER, seq=1)
    lab.run(5 * MS)
    handle = lab.network.rules.around(Effect(), UDP, [SERVER])
    lab.send(CLIENT, SERVER, seq=2)
    lab.run(6 * MS)
    lab.network.rules.remove(handle)
    lab.send(CLIENT, SERVER, seq=3)
    lab.run(1.0)
    assert [(heard.seq, heard.at) for heard in lab.machines[SERVER].packets] == [
        (1, ONE_WAY),
        (3, 6 * MS + ONE_WAY),
    ]


def test_added_latency_is_added() -> None:
    lab = Lab()
    lab.network.rules.around(Effect(None, 0.125), ALL, [CLIENT])
    lab.send(CLIENT, SERVER)
    lab.send(SERVER, CLIENT)
    lab.run(1.0)
    assert arrivals(lab) == arrivals(lab, CLIENT) == [pytest.approx(0.135)]


# Bandwidth and fragments ----------------------------------------------------------------------------


def test_packets_leave_one_after_the_other_as_fast_as_the_uplink_is() -> None:
    lab = Lab(bandwidth=1e6)
    for _ in range(3):
        lab.send(CLIENT, SERVER, size=97)
    lab.run(1.0)
    # 125 bytes with headers are 1000 bits: a millisecond each.
    assert arrivals(lab) == [pytest.approx(ONE_WAY + k * MS) for k in (1, 2, 3)]


def test_an_uplink_is_free_again_after_a_pause_in_sending() -> None:
    lab = Lab(bandwidth=1e6)
    lab.send(CLIENT, SERVER, size=97)
    lab.run(0.5)
    lab.send(CLIENT, SERVER, size=97)
    lab.run(1.0)
    assert arrivals(lab) == [pytest.approx(0.011), pytest.approx(0.511)]


def test_every_host_has_an_uplink_of_its_own() -> None:
    lab = Lab(hosts=3, bandwidth=1e6)
    lab.send(0, 2, size=97)
    lab.send(1, 2, size=97)
    lab.run(1.0)
    assert arrivals(lab, 2) == [pytest.approx(0.011)] * 2


def test_a_packet_lost_on_the_way_has_used_the_uplink() -> None:
    lab = Lab(hosts=3, bandwidth=1e6)
    lab.network.rules.between(Effect(), UDP, [0], [1])
    lab.send(0, 1, size=97)
    lab.send(0, 2, size=97)
    lab.run(1.0)
    assert arrivals(lab, 2) == [pytest.approx(0.012)]


def test_segments_share_the_uplink_with_datagrams() -> None:
    lab = Lab(bandwidth=1e6)
    lab.dial()
    lab.send(CLIENT, SERVER, size=97)
    lab.run(0.1)
    # The SYN of 60 bytes goes first: 0.48 ms.
    assert arrivals(lab) == [pytest.approx(ONE_WAY + 1.48 * MS)]


@pytest.mark.parametrize(
    ("payload", "fragments"), [(1472, 1), (1473, 2), (2952, 2), (2953, 3), (4432, 3), (4433, 4)]
)
def test_a_datagram_above_the_mtu_goes_in_fragments_with_a_header_each(payload: int, fragments: int) -> None:
    lab = Lab()
    lab.send(CLIENT, SERVER, size=payload)
    lab.run(1.0)
    assert lab.ledger.sent == [(0.0, CLIENT, payload + 28 + (fragments - 1) * IP_HEADER)]
    assert arrivals(lab) == [ONE_WAY]


def test_fragments_hold_multiples_of_eight_bytes() -> None:
    # An MTU of 103 leaves room for 83 bytes, of which 80 are used.
    lab = Lab(mtu=103)
    lab.send(CLIENT, SERVER, size=72 + 80)
    lab.send(CLIENT, SERVER, size=72 + 80 + 1)
    assert [size for _, _, size in lab.ledger.sent] == [72 + 80 + 28 + 20, 72 + 80 + 1 + 28 + 40]


def test_a_datagram_is_lost_with_any_of_its_fragments() -> None:
    lab = Lab(udp_loss=BernoulliLoss(0.2))
    for _ in range(2000):
        lab.send(CLIENT, SERVER, size=4000)
    lab.run(1.0)
    # Three fragments: 1 - 0.8^3 = 0.488, with a standard error of 0.011.
    assert len(lab.ledger.lost) / 2000 == pytest.approx(0.488, abs=0.045)


def test_what_one_host_draws_shifts_nothing_of_another() -> None:
    def lost(noisy: bool) -> list[float]:
        lab = Lab(hosts=3, udp_loss=BernoulliLoss(0.5), jitter=ExponentialJitter(MS))
        for k in range(100):
            lab.run(k * MS)
            if noisy:
                lab.send(0, 2)
            lab.send(1, 2, seq=k)
        lab.run(1.0)
        return [heard.at for heard in lab.machines[2].packets if heard.source == 1]

    assert lost(noisy=True) == lost(noisy=False)
