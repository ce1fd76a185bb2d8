"""The measuring code against figures that other code worked out of the same recordings.

A simulated run is measured by the very same functions, so what is wrong here would be wrong there.
Times agree to 3 ms: some of the published ones count from a moment before the fault took effect.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serfsim.validation.conversion import as_recording
from serfsim.validation.figures import OF_KIND, figures
from serfsim.validation.figures.measures import Figures, Measured
from serfsim.validation.golden import Golden, read

FOLDER = Path(__file__).parent
PUBLISHED: dict[str, Any] = json.loads((FOLDER / "figures.json").read_text())
SHIFT_S = 0.003


@cache
def golden(name: str) -> Golden:
    return read(FOLDER / f"{name}.json.gz")


@cache
def measured(name: str) -> Figures:
    # The clock must not matter: two seconds after the join is as good a zero as any.
    return figures(golden(name), as_recording(golden(name), 2.0))


def named(prefix: str) -> list[str]:
    return [name for name in PUBLISHED if name.startswith(prefix)]


def one(name: str, figure: str) -> float:
    (value,) = measured(name)[figure]
    return value


def test_every_kind_of_recording_is_measured() -> None:
    kinds = {golden(path.name.removesuffix(".json.gz")).kind for path in FOLDER.glob("*.json.gz")}
    assert kinds == set(OF_KIND)


def test_bytes_of_messages_are_those_in_the_recording() -> None:
    series = golden("h-events-loss20-n32-s1").raw["traffic"]["per_second"]
    for name in ("user-event", "query", "query-response", "alive", "join-intent"):
        expected = sum(series[f"msgbytes.{name}"]) / sum(series[f"msg.{name}"])
        assert one("h-events-loss20-n32-s1", f"{name.replace('-', '_')}_message_bytes") == expected


@pytest.mark.parametrize("name", named("a-"))
def test_coordinate_errors_are_those_published(name: str) -> None:
    run = Measured(golden(name), as_recording(golden(name), 2.0))
    both_ways = golden(name).one_way_s + golden(name).one_way_s.T
    # With jitter the published truth counts it twice, in the excess and by its mean.
    jitter = golden(name).jitter_fraction * float(np.exp(0.5))
    rtt = both_ways * (1.0 + jitter) + golden(name).excess_s
    np.fill_diagonal(rtt, 0.0)
    for at, row in PUBLISHED[name]["coord"].items():
        sample = run.sample_at(float(at.removeprefix("t")))
        assert sample is not None
        assert run.coordinate_errors(sample, rtt) == pytest.approx(row[:3], abs=6e-3, rel=2e-3)
        assert run.vivaldi_error(sample) == pytest.approx(row[3], abs=2e-4)


@pytest.mark.parametrize("name", named("a-"))
def test_baseline_rates_are_those_published(name: str) -> None:
    rates = PUBLISHED[name]["rates_per_node_s"]
    check_rates(name, rates)
    assert one(name, "push_pulls_per_node_min") == pytest.approx(
        PUBLISHED[name]["pushpull_per_node_min"], abs=1e-3
    )
    for figure in ("suspects", "failed_pings", "failed_events"):
        assert one(name, figure) == PUBLISHED[name][figure]
    assert one(name, "ping_bytes") == 99.0
    assert one(name, "ack_bytes") == 178.0


def check_rates(name: str, rates: dict[str, float]) -> None:
    for message in ("ping", "indirect-ping", "ack", "nack", "suspect", "alive", "dead"):
        figure = f"{message.replace('-', '_')}_per_node_s"
        assert one(name, figure) == pytest.approx(rates.get(f"msg.{message}", 0.0), abs=1e-5)
    assert one(name, "gossip_per_node_s") == pytest.approx(rates.get("pkt.gossip", 0.0), abs=1e-5)
    assert one(name, "tcp_opens_per_node_s") == pytest.approx(rates["tcp.syn"], abs=1e-5)
    for transport in ("udp", "tcp"):
        assert one(name, f"{transport}_bytes_per_node_s") == pytest.approx(
            rates[f"bytes.{transport}"], abs=1e-4
        )


def check_per_minute(name: str, counts: dict[str, float]) -> None:
    ours = {
        "failed_ping": "failed-ping",
        "suspect": "suspect",
        "timeout": "timeout",
        "tcp_saved": "tcp-fallback-ok",
        "refute_suspect": "refute-suspect",
        "push_pull": "pp-init",
        "push_pull_failed": "pp-failed",
        "reconnect": "reconnect",
        "failed": "ev-failed",
        "join": "ev-join",
    }
    for figure, theirs in ours.items():
        assert one(name, f"{figure}_per_min") == pytest.approx(counts[theirs], rel=3e-5, abs=1e-3), figure


@pytest.mark.parametrize("name", named("b-"))
def test_detection_times_are_those_published(name: str) -> None:
    victims = sorted(PUBLISHED[name]["victims"], key=lambda victim: victim["victim"])
    killed = [node for _, node in golden(name).actions_of("kill")]
    order = np.argsort(killed)
    for figure, theirs in (
        ("first_failed_ping_s", "first_failed_ping"),
        ("first_suspect_s", "first_suspect"),
        ("suspecters", "n_suspecters"),
        ("seen_50_s", "suspect_seen_50"),
        ("seen_all_s", "suspect_seen_all"),
        ("first_failed_s", "first_failed"),
        ("median_failed_s", "median_failed"),
        ("last_failed_s", "last_failed"),
        ("failed_spread_s", "failed_spread"),
    ):
        found = np.array(measured(name)[figure])[order]
        assert found == pytest.approx([victim[theirs] for victim in victims], abs=SHIFT_S), figure
    assert one(name, "false_positives") == PUBLISHED[name]["false_positives"]


@pytest.mark.parametrize("name", named("c-") + named("d-"))
def test_figures_of_blocked_nodes_are_those_published(name: str) -> None:
    published = PUBLISHED[name]
    check_per_minute(name, published["per_min_all"])
    check_rates(name, published["rates_per_node_s"])
    assert [one(name, "flaps"), one(name, "quick_flaps")] == published["flaps"]
    assert one(name, "mean_health") == pytest.approx(published["mean_health"], abs=1e-3)
    for figure, theirs in (
        ("x_failed", "failed_about_x"),
        ("others_failed_at_x", "failed_by_x"),
        ("x_rejoins", "rejoin_of_x_at_others"),
        ("others_rejoin_at_x", "rejoin_of_others_at_x"),
        ("pair_failed", "failed_all"),
        ("rejoin", "rejoin_all"),
    ):
        if published.get(theirs, {}).get("n"):
            for ours, what in (("first", "p0"), ("median", "p50"), ("mean", "mean"), ("last", "p100")):
                value = one(name, f"{figure}_{ours}_s")
                assert value == pytest.approx(published[theirs][what], abs=SHIFT_S), figure
    if "health_x" in published:
        assert one(name, "health_of_x") == pytest.approx(published["health_x"], abs=1e-3)
        assert one(name, "failed_not_involving_x") == published["failed_other"]
        for who in ("by", "about"):
            counts = published[f"{who}_x_per_min"]
            assert one(name, f"failed_ping_{who}_x_per_min") == pytest.approx(counts["failed-ping"], rel=1e-4)


@pytest.mark.parametrize("name", named("e-"))
def test_figures_under_loss_are_those_published(name: str) -> None:
    published = PUBLISHED[name]
    check_per_minute(name, published["per_min"])
    check_rates(name, published["rates_per_node_s"])
    for figure in ("failed_events", "failed_subjects", "failed_episodes"):
        assert one(name, figure) == published[figure]
    assert one(name, "udp_loss") == pytest.approx(published["measured_udp_loss"], abs=1e-4)
    assert one(name, "mean_health") == pytest.approx(published["mean_health"], abs=1e-3)


@pytest.mark.parametrize("name", named("f-"))
def test_figures_of_pauses_are_those_published(name: str) -> None:
    published = PUBLISHED[name]
    check_per_minute(name, published["per_min"])
    for figure in (
        "failed_about_healthy_at_healthy",
        "failed_about_paused_at_healthy",
        "failed_about_paused_at_paused",
        "paused_episodes",
        "suspects_about_healthy_by_paused",
        "suspects_about_paused",
        "refutes_by_paused",
    ):
        assert one(name, figure) == published[figure], figure
    times = measured(name)["pause_to_first_failed_s"]
    assert len(times) == published["pause_to_first_failed"]["n"]
    assert np.mean(times) == pytest.approx(published["pause_to_first_failed"]["mean"], abs=SHIFT_S)
    assert one(name, "health_of_healthy") == pytest.approx(published["health_healthy"], abs=2e-3)


@pytest.mark.parametrize("name", named("g-"))
def test_figures_of_partitions_are_those_published(name: str) -> None:
    published = PUBLISHED[name]
    for figure, theirs in (
        ("failed", "time_to_failed"),
        ("rejoin", "rejoin_after_heal"),
        ("subject_first_failed", "per_subject_first_failed"),
    ):
        for ours, what in (("first", "p0"), ("median", "p50"), ("mean", "mean"), ("last", "p100")):
            value = one(name, f"{figure}_{ours}_s")
            assert value == pytest.approx(published[theirs][what], abs=SHIFT_S), figure
    for figure in ("failed_pairs_before_heal", "failed_after_heal", "reconnect_attempts", "suspects"):
        assert one(name, figure) == published[figure], figure


@pytest.mark.parametrize("name", named("h-"))
@pytest.mark.parametrize("kind", ["event", "query"])
def test_events_and_queries_spread_as_published(name: str, kind: str) -> None:
    published = PUBLISHED[name]["events" if kind == "event" else "queries"]
    for figure, theirs in (
        ("t50_s", "t50"),
        ("t90_s", "t90"),
        ("t100_s", "t100"),
        ("reached", "reached"),
        ("copies", "sent"),
    ):
        told = [one[theirs] for one in published if one.get(theirs) is not None]
        assert measured(name)[f"{kind}_{figure}"] == pytest.approx(told, abs=2e-4), figure


@pytest.mark.parametrize("name", named("h-"))
def test_acks_and_answers_are_those_published(name: str) -> None:
    for figure, theirs in (
        ("acks", "acks"),
        ("answers", "responses"),
        ("last_ack_s", "last_ack"),
        ("closed_s", "done"),
    ):
        told = [query[theirs] for query in PUBLISHED[name]["queries"]]
        assert measured(name)[f"query_{figure}"] == pytest.approx(told, abs=2e-4), figure


@pytest.mark.parametrize("name", named("i-"))
def test_leaves_are_those_published(name: str) -> None:
    published = PUBLISHED[name]["leave"]
    for figure, theirs in (
        ("leave_first_s", "first"),
        ("leave_median_s", "median"),
        ("leave_last_s", "last"),
        ("leave_done_s", "rpc_done"),
    ):
        assert measured(name)[figure] == pytest.approx([leave[theirs] for leave in published], abs=SHIFT_S)
    assert measured(name)["leave_observers_missing"] == [0.0] * len(published)


@pytest.mark.parametrize("name", named("i-"))
def test_removals_are_those_published(name: str) -> None:
    published = PUBLISHED[name]["force"]
    for figure in ("first", "median", "last"):
        found = measured(name)[f"force_leave_{figure}_s"]
        assert found == pytest.approx([removal[figure] for removal in published], abs=SHIFT_S)
