"""Bytes of members in single seconds, in buckets."""

from __future__ import annotations

import numpy as np
import pytest

from serfsim.engine.trace import Trace
from serfsim.network.rates import BUCKETS, EXACT, Rates, bucket_of, middle_of
from serfsim.protocol.memberlist.messages import PING, Packet
from serfsim.results.scoring.recording import MemberRates
from serfsim.results.scoring.scored_run import ScoredRun
from serfsim.results.scoring.traffic import member_rates
from tests.network.harness import CLIENT, SERVER, Lab
from tests.scoring.recorded import recorded


def test_small_values_are_exact_and_large_ones_right_to_two_percent() -> None:
    assert [middle_of(bucket_of(value)) for value in range(EXACT)] == list(range(EXACT))
    for value in [*range(EXACT, 5000), 10**6, 2**31, 2**40 + 12345]:
        bucket = bucket_of(value)
        assert bucket < BUCKETS
        assert middle_of(bucket) == pytest.approx(value, rel=0.016)
        assert bucket_of(int(middle_of(bucket))) == bucket


def test_each_scored_second_of_each_host_counts_once() -> None:
    trace = Trace(2.0, 3)
    for t, source, size in ((1.5, 0, 900), (2.1, 0, 100), (2.9, 0, 50), (3.0, 1, 70), (4.5, 0, 300)):
        trace.packet_sent(t, source, Packet(PING, 0, 10), size)
        trace.bytes_under_way(t, 2, size)
    trace.segment_sent(4.6, 1, 52)
    trace.close(5.0)
    sent, received = trace.sent_rates, trace.received_rates
    assert (sent.n, sent.total, sent.most) == (4, 572, 300)
    assert (received.n, received.total, received.most) == (3, 520, 300)


def scored(counts: dict[float, int], nodes: int, duration: float) -> dict[str, float | None]:
    values = np.array(list(counts), dtype=float)
    numbers = np.array(list(counts.values()))
    recording = recorded(nodes=nodes, duration=duration)
    recording.rates["sent"] = MemberRates(values, numbers, int((values * numbers).sum()), int(values.max()))
    return member_rates(ScoredRun(recording), "sent")


def test_seconds_without_a_byte_count_as_zero() -> None:
    assert scored({100.0: 3, 500.0: 1}, nodes=4, duration=100.0) == {"mean": 2.0, "p99": 0.0, "max": 500.0}
    assert scored({100.0: 30, 500.0: 1}, nodes=4, duration=100.0) == {
        "mean": 8.75,
        "p99": 100.0,
        "max": 500.0,
    }
    assert scored({100.0: 30, 500.0: 5}, nodes=4, duration=100.0)["p99"] == 500.0


def test_a_member_that_does_not_run_receives_nothing_and_a_lost_packet_reaches_nobody() -> None:
    lab = Lab()
    reached: list[tuple[int, int]] = []
    lab.ledger.bytes_under_way = lambda now, target, ip_bytes: reached.append((target, ip_bytes))  # type: ignore[method-assign]
    lab.send(CLIENT, SERVER, 0, 100)
    lab.run(1.0)
    lab.host(SERVER).crash(1.0)
    lab.send(CLIENT, SERVER, 1, 100)
    assert reached == [(SERVER, 128)]


def test_an_empty_table_has_no_rates() -> None:
    rates = Rates()
    assert (rates.n, rates.total, rates.most) == (0, 0, 0)
    assert member_rates(ScoredRun(recorded()), "sent") == {"mean": None, "p99": None, "max": None}
