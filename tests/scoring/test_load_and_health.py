"""Traffic per node and second, Lifeguard's health score, and the digest."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from serfsim.protocol.events import FAILED, HEALTH
from serfsim.results.scoring.digest import digest
from serfsim.results.scoring.scored_run import ratio, spread
from tests.scoring.recorded import AFTER, counters, figures, recorded, samples

# Four nodes, ten seconds, of which the first two are before the scored time.
COUNTS = counters(
    {
        "udp/ping": [100] * 10,
        "udp/alive": [50] * 10,
        "udp/gossip": [20] * 10,
        "udp/datagrams": [120] * 10,
        "udp/lost": [12] * 10,
        "udp/overflowed": [6] * 10,
        "tcp/push_pull": [2] * 10,
        "tcp/packets": [20] * 10,
        "tcp/connections": [1] * 10,
    },
    start=-2.0,
)
SIZES = counters(
    {
        "udp/ping": [6000] * 10,
        "udp/gossip": [2000] * 10,
        "udp/datagrams": [8000] * 10,
        "udp/lost": [800] * 10,
        "udp/overflowed": [400] * 10,
        "tcp/push_pull": [3000] * 10,
        "tcp/packets": [4000] * 10,
        "tcp/connections": [0] * 10,
    },
    start=-2.0,
)


def traffic(**options: object) -> dict[str, object]:
    found: dict[str, object] = figures(duration=8.0, counts=COUNTS, sizes=SIZES, **options)["traffic"]
    return found


def test_payload_is_datagrams_and_messages_on_streams_without_headers() -> None:
    found = traffic()
    assert found["payload_messages"] == 8 * (120 + 2)
    assert found["payload_bytes"] == 8 * (8000 - 28 * 120 + 3000)


def test_rates_are_per_node_and_second_of_the_scored_time() -> None:
    found = traffic()
    assert found["messages_per_node_s"] == pytest.approx(152 / 4)
    assert found["bytes_per_node_s"] == pytest.approx(12000 / 4)
    assert found["packets_per_node_s"] == pytest.approx(140 / 4)
    assert found["tcp_connections_per_node_s"] == pytest.approx(1 / 4)
    assert found["by_type"]["udp_ping"] == pytest.approx(
        {"messages_per_node_s": 25.0, "bytes_per_node_s": 1500.0}
    )
    assert set(found["by_type"]) == {"udp_ping", "udp_alive", "udp_gossip", "tcp_push_pull"}
    assert (found["datagrams_lost_share"], found["datagrams_overflowed_share"]) == (0.1, 0.05)


def test_a_node_that_is_down_does_not_dilute_the_rates() -> None:
    assert traffic(down={3: [(0.0, AFTER)]}, crashes=[(0.0, 3)])["bytes_per_node_s"] == pytest.approx(4000.0)
    assert traffic(down={3: [(4.0, AFTER)]}, crashes=[(4.0, 3)])["bytes_per_node_s"] == pytest.approx(
        12000 * 8 / 28
    )


def test_only_the_seconds_of_an_interrupted_run_count() -> None:
    found = traffic(interrupted_at=4.0)
    assert found["bytes_per_node_s"] == pytest.approx(3000.0)


def test_without_totals_of_its_own_a_transport_is_the_sum_of_its_types() -> None:
    sizes = counters({"udp/ping": [10, 10], "udp/alive": [5, 5]})
    found = figures(duration=2.0, counts=sizes, sizes=sizes)["traffic"]
    assert found["bytes_per_node_s"] == pytest.approx(30 / 8)
    assert found["packets_per_node_s"] is None
    assert found["tcp_connections_per_node_s"] is None
    assert found["datagrams_lost_share"] is None


def test_the_health_score_is_weighted_by_how_long_it_lasted() -> None:
    rows = [(10, 0, HEALTH, 0, 2), (20, 0, HEALTH, 0, 8), (25, 0, HEALTH, 0, 0)]
    found = figures(rows)["health"]["score"]
    assert found == {"mean": pytest.approx((2 * 10 + 8 * 5) / 400), "max": 8}


def test_a_score_from_before_the_scored_time_holds_on_into_it() -> None:
    rows = [(-5, 0, HEALTH, 0, 3), (-4, 1, HEALTH, 1, 7), (-3, 1, HEALTH, 1, 0), (10, 0, HEALTH, 0, 0)]
    assert figures(rows)["health"]["score"] == {"mean": pytest.approx(30 / 400), "max": 3}


def test_a_score_ends_with_a_crash_and_a_restarted_agent_is_healthy() -> None:
    rows = [(10, 0, HEALTH, 0, 4)]
    found = figures(rows, down={0: [(20, 50)]}, crashes=[(20, 0)])["health"]["score"]
    assert found == {"mean": pytest.approx(40 / 370), "max": 4}


def test_a_spread_tells_mean_quantiles_and_number() -> None:
    assert spread([1, 2, 3, 4]) == pytest.approx(
        {"mean": 2.5, "p50": 2.5, "p90": 3.7, "p99": 3.97, "max": 4.0, "n": 4}
    )
    assert spread([])["p50"] is None
    assert ratio(1, 0) is None


def test_the_digest_is_that_of_what_happened_and_of_nothing_else() -> None:
    def made(**changes: object) -> str:
        recording = recorded(
            [(10, 0, FAILED, 3)], counts=COUNTS, sizes=SIZES, coordinates=samples([1.0], np.zeros((4, 2)))
        )
        return digest(dataclasses.replace(recording, **changes))  # type: ignore[arg-type]

    assert made() == made(wall_s=9.0, cpu_s=9.0)
    assert len(made()) == 64
    others = [
        made(names=["a", "b", "c", "d"]),
        made(events_processed=2),
        made(events=recorded([(10.000001, 0, FAILED, 3)]).events),
        made(events=recorded([(10, 0, FAILED, 2)]).events),
        made(events=recorded([(10, 0, FAILED, 3, 1)]).events),
        made(traffic_counts=SIZES),
        made(coordinates=samples([1.0], np.full((4, 2), 1e-9))),
        made(coordinates=samples([1.0], np.zeros((4, 2)), live=[[True, True, True, False]])),
    ]
    assert len({made(), *others}) == len(others) + 1
