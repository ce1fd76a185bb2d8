"""User events, queries, tags and removals in whole clusters, held against recordings of real agents.

The recordings: 32 members in a plane of 90 ms; 20 events took 0.314 s (sd 0.055), 0.445 s (0.067) and
0.549 s (0.088) to half, nine tenths and all of the other 31; with a fifth of all datagrams lost 0.351 s,
0.495 s, 0.628 s (0.081, 0.095, 0.135). 10 queries had 32 acks and answers each, under loss 24.5 (2.4).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import serfsim
from serfsim.native import Random
from serfsim.protocol.log_lines import REJOINED
from tests.simulation.cluster import NEAR, Run, run

PLANE = {"topology": {"model": "plane", "size": "90ms", "height": "2ms..10ms", "rtt": "5ms..150ms"}}
CONVERGED = {"converged": True}


def events_of(count: int, nodes: int, seed: int) -> list[dict[str, Any]]:
    """Events from random members, about 3.5 s apart so that they meet every phase of the gossip."""
    rng = Random(seed)
    return [
        {
            "event": f"ev-{i:02}",
            "payload": "16B",
            "coalesce": False,
            "from": f"node-{rng.randrange(nodes):02}",
            "at": f"{round(1000 * (3.5 * i + rng.random()))}ms",
        }
        for i in range(count)
    ]


def queries_of(count: int, **options: Any) -> list[dict[str, Any]]:
    return [
        {"query": "up", "request_ack": True, "from": f"node-{i:02}", "at": f"{7.53 * i:.3f}s", **options}
        for i in range(count)
    ]


def sent(result: Run, column: str) -> int:
    """Messages of a type in the whole run."""
    counts = result.recording.traffic_counts
    return int(counts.values[:, counts.columns.index(column)].sum())


@pytest.fixture(scope="module")
def spreading() -> Run:
    return run(32, "75s", network=PLANE, workload=events_of(20, 32, 4), warm_up="15s")


def test_an_event_reaches_all_others_as_fast_as_among_real_agents(spreading: Run) -> None:
    figures = spreading.summary["dissemination"]["events"]
    assert (figures["sent"], figures["delivered_share"]) == (20, 1.0)
    # Means of 20 on both sides: three standard errors of their difference.
    assert figures["p50_s"] == pytest.approx(0.314, abs=3 * 0.055 * (2 / 20) ** 0.5)
    assert figures["full_s"] == pytest.approx(0.549, abs=3 * 0.088 * (2 / 20) ** 0.5)


def test_an_event_costs_exactly_eight_sends_a_member() -> None:
    # Apart from push/pulls: who learns an event by one of these does not pass it on.
    quiet = run(32, "40s", network=PLANE, workload=events_of(10, 32, 4), config={"push_pull_interval": "10m"})
    takers = 10 + sum(len(one) for one in spreads(quiet))
    assert takers >= 10 * 32 - 2, "a rumour may die"
    assert sent(quiet, "udp/user_event") == 8 * takers
    assert sent(quiet, "udp/query") == 0


def spreads(result: Run) -> list[list[float]]:
    """For each event how long it took to the other members, ascending.

    What came by a push/pull, tens of seconds later, was no spreading and is left out.
    """
    frame = result.result.deliveries
    took = frame["t_received_s"] - frame["t_sent_s"]
    frame = frame.assign(took=took)[(frame["kind"] == "event") & (frame["source"] != frame["node"])]
    return [sorted(one[one < 5.0]) for _, one in frame.groupby("name")["took"]]


def mean_until(runs: list[list[float]], rank: int) -> float:
    """Mean seconds until `rank` others had an event, over those that came so far."""
    return float(np.mean([one[rank - 1] for one in runs if len(one) >= rank]))


@pytest.mark.slow
def test_spreading_is_as_fast_as_among_real_agents_over_many_seeds() -> None:
    """400 events over ten places and phases: within 8 % of the recorded means, as those are uncertain."""
    found: list[list[float]] = []
    for seed in range(10):
        result = run(32, "145s", seed, network=PLANE, workload=events_of(40, 32, seed), warm_up="15s")
        assert result.summary["dissemination"]["events"]["delivered_share"] == 1.0
        found += spreads(result)
    assert mean_until(found, 16) == pytest.approx(0.314, rel=0.08)
    assert mean_until(found, 28) == pytest.approx(0.445, rel=0.08)
    assert mean_until(found, 31) == pytest.approx(0.549, rel=0.08)
    assert sum(len(one) < 31 for one in found) <= 4, "a rumour may die: one event in a hundred at most"


@pytest.mark.slow
def test_under_loss_spreading_is_as_slow_as_among_real_agents() -> None:
    """The same with a fifth of all datagrams lost: within 10 %, and hardly an event is not delivered."""
    found: list[list[float]] = []
    shares, acks, answers = [], [], []
    for seed in range(10):
        work = [*events_of(20, 32, seed), *queries_of(10)]
        network = {**PLANE, "loss": {"udp": "20%"}}
        result = run(32, "100s", seed, network=network, workload=work, warm_up="60s")
        found += spreads(result)
        figures = result.summary["dissemination"]
        shares.append((figures["events"]["delivered_share"], figures["queries"]["delivered_share"]))
        kinds = result.result.deliveries["kind"]
        acks.append(int((kinds == "ack").sum()) / 10)
        answers.append(int((kinds == "response").sum()) / 10)
    assert mean_until(found, 16) == pytest.approx(0.351, rel=0.10)
    assert mean_until(found, 28) == pytest.approx(0.495, rel=0.10)
    assert mean_until(found, 31) == pytest.approx(0.628, rel=0.10)
    events_share, queries_share = np.mean(shares, axis=0)
    assert events_share > 0.999
    assert 0.98 < queries_share < 1.0, "queries are in no push/pull: who misses one misses it for good"
    # An ack gets through in 4 of 5 cases, the asker's own always: 31 * 0.8 + 1 = 25.8 of those reached.
    # Recorded in ten queries: 24.5 acks (sd 2.4) and 26.4 answers.
    assert np.mean(acks) == pytest.approx(25.6, abs=0.8)
    assert np.mean(answers) == pytest.approx(25.6, abs=0.8)


def test_a_query_is_acked_and_answered_by_everybody_and_closes_at_its_time() -> None:
    result = run(32, "40s", network=PLANE, workload=queries_of(4), config={"push_pull_interval": "10m"})
    figures = result.summary["dissemination"]["queries"]
    assert (figures["sent"], figures["delivered_share"]) == (4, 1.0)
    assert (figures["acked_share"], figures["answered_share"]) == (1.0, 1.0)
    frame = result.result.deliveries
    assert frame.groupby("kind", observed=True).size().to_dict() == {
        "query": 4 * 32,
        "ack": 4 * 32,
        "response": 4 * 32,
    }
    own = frame[(frame["kind"] == "ack") & (frame["source"] == frame["node"])]
    assert len(own) == 4
    assert sent(result, "udp/query") == 4 * 256
    # The asker's own ack and answer never leave its host.
    assert sent(result, "udp/query_response") == 4 * 62
    table = result.recording.deliveries
    asked, closed = table.t[table.action == 0], table.t[table.action == 5]
    assert closed - asked == pytest.approx([6.4] * 4)


def test_detours_save_answers_that_loss_would_take() -> None:
    def answered(relay_factor: int) -> float:
        work = queries_of(8, relay_factor=relay_factor, timeout="6s")
        network = {"topology": NEAR, "loss": {"udp": "20%"}}
        share = run(16, "60s", network=network, workload=work).summary["dissemination"]["queries"]
        return float(share["answered_share"])

    # 0.8 straight; with two detours 1 - 0.2 * (1 - 0.64) ** 2 = 0.974. About 120 answers each.
    assert answered(0) == pytest.approx(0.8, abs=0.11)
    assert answered(2) == pytest.approx(0.974, abs=0.045)


def test_a_query_for_some_is_answered_by_these_alone() -> None:
    work = [
        {"query": "web", "filter_tags": {"role": "^w"}, "at": "1s"},
        {"query": "named", "nodes": ["node-02", "node-05"], "at": "2s", "request_ack": True},
        {"query": "nobody", "filter_tags": {"role": "^x"}, "at": "3s"},
    ]
    groups = {"web": {"nodes": ["node-03", "node-06"], "tags": {"role": "web"}}}
    result = run(8, "12s", workload=work, groups=groups)
    frame = result.result.deliveries
    answers = frame[frame["kind"] == "response"]
    assert sorted(answers[answers["name"] == "web"]["source"]) == ["node-03", "node-06"]
    assert sorted(answers[answers["name"] == "named"]["source"]) == ["node-02", "node-05"]
    assert "nobody" not in set(answers["name"])
    got = frame[frame["kind"] == "query"].groupby("name", observed=True).size()
    assert dict(got) == {"named": 8, "nobody": 8, "web": 8}, "all pass it on"
    assert result.summary["dissemination"]["queries"]["answered_share"] == 1.0


def test_changed_tags_reach_everybody_and_change_whom_a_query_is_for() -> None:
    work = [
        {"tags": {"role": "db"}, "nodes": ["node-01"], "at": "1s"},
        {"query": "role", "filter_tags": {"role": "db", "dc": "a"}, "at": "5s"},
        {"tags": {"x": "y"}, "nodes": ["node-01"], "delete": ["role"], "at": "12s"},
        {"query": "role", "filter_tags": {"role": "db"}, "at": "16s"},
    ]
    result = run(8, "25s", workload=work, groups={"all8": {"nodes": 8, "tags": {"dc": "a"}}})
    assert len(result.times("update", subject=1)) == 2 * 8
    answers = result.result.deliveries.query("kind == 'response'")
    assert list(answers["source"]) == ["node-01"]
    assert answers["t_sent_s"].max() < 6.0


def test_a_failed_member_that_is_forced_to_leave_is_left_everywhere() -> None:
    work = [{"force_leave": ["node-07"], "from": "node-02", "at": "30s"}]
    result = run(8, "60s", faults=[{"crash": ["node-07"], "at": "1s"}], workload=work, start=CONVERGED)
    forced = result.times("left_forced", subject=7)
    assert len(forced) == 7
    assert min(forced) == pytest.approx(30.0)
    assert max(forced) < 31.5
    assert result.times("reap") == []


def test_a_pruned_member_is_forgotten_at_once() -> None:
    work = [{"force_leave": ["node-07"], "prune": True, "at": "30s"}]
    result = run(8, "60s", faults=[{"crash": ["node-07"], "at": "1s"}], workload=work, start=CONVERGED)
    assert len(result.times("reap", subject=7)) == 7
    assert result.details("reap", subject=7) == [1] * 7
    assert max(result.times("reap", subject=7)) < 31.5


def test_a_live_member_refuses_to_leave_by_force() -> None:
    result = run(8, "40s", workload=[{"force_leave": ["node-07"], "at": "10s"}], start=CONVERGED)
    assert result.times("left_forced") == []
    assert result.times("failed") == []
    assert {int(node.members.status(7)) for node in result.sim.nodes} == {1}, "alive again everywhere"


# Who does what, and when ---------------------------------------------------------------------------


def test_a_member_that_is_down_sends_nothing_and_one_that_is_paused_sends_later() -> None:
    work = [{"event": "x", "coalesce": False, "from": "node-01", "at": "5s", "every": "5s", "times": 4}]
    faults = [
        {"pause": ["node-01"], "at": "9s", "for": "3s"},
        {"crash": ["node-01"], "at": "14s", "restart": "3s"},
    ]
    result = run(6, "40s", workload=work, faults=faults)
    table = result.recording.deliveries
    assert list(table.t[table.action == 0]) == pytest.approx([5.0, 12.0, 20.0])


def test_events_that_may_be_coalesced_are_delivered_a_second_later_and_only_the_newest() -> None:
    work = [{"event": "deploy", "at": "5s", "every": "200ms", "times": 3}]
    frame = run(6, "20s", workload=work).result.deliveries
    delivered = frame.dropna(subset=["t_delivered_s"])
    assert set(delivered["ltime"]) == {3}
    assert len(delivered) == 6
    wait = delivered["t_delivered_s"] - delivered["t_received_s"]
    assert wait.to_numpy() == pytest.approx([1.0] * 6, abs=0.01)


def test_a_newcomer_does_not_live_through_old_events_unless_it_is_set_to() -> None:
    def heard_by_newcomer(replay: bool) -> int:
        result = run(
            6,
            "30s",
            workload=[{"event": "x", "at": "1s", "coalesce": False}],
            config={"replay_on_join": replay},
            start={"at": ["0s"] * 5 + ["15s"], "join": "node-00"},
        )
        frame = result.result.deliveries
        return int((frame["node"] == "node-05").sum())

    assert heard_by_newcomer(False) == 0
    assert heard_by_newcomer(True) == 1


def test_a_member_with_a_snapshot_finds_the_others_again_and_does_not_repeat_itself() -> None:
    result = run(
        8,
        "60s",
        config={"snapshot": True, "replay_on_join": True},
        workload=[{"event": "x", "at": "2s", "coalesce": False}, {"event": "y", "at": "20s"}],
        faults=[{"crash": ["node-03"], "at": "10s", "restart": "5s"}],
    )
    joins = result.times("joined", observer=3, since=10.0)
    assert joins == pytest.approx([15.0], abs=0.1), "it joins as it was told to beside"
    assert len(result.times("join", observer=3, since=15.0)) == 8
    frame = result.result.deliveries
    assert list(frame[frame["node"] == "node-03"]["name"]) == ["x", "y"]
    assert b"alive: node-00 10.0.0.1:7946\n" in result.sim.agents.files[3].content
    assert result.summary["convergence"]["views_disagreeing"] == 0


@pytest.mark.parametrize("rejoins", [True, False])
def test_who_has_left_comes_back_by_its_snapshot_only_if_it_is_set_to(rejoins: bool) -> None:
    result = run(
        8,
        "60s",
        config={"snapshot": True, "rejoin_after_leave": rejoins},
        faults=[{"leave": ["node-03"], "at": "5s", "restart": "10s"}],
    )
    assert len(result.times("joined", observer=3, since=10.0)) == 1
    log = result.recording.log
    assert int(((log.line == REJOINED) & (log.node == 3)).sum()) == (1 if rejoins else 0)
    assert result.summary["convergence"]["views_disagreeing"] == 0


# What is written down ------------------------------------------------------------------------------


def test_the_log_tells_of_events_and_queries_in_serfs_words(tmp_path: Any) -> None:
    work = [
        {"event": "deploy", "at": "1s", "coalesce": False},
        {"query": "uptime", "from": "node-02", "at": "2s", "request_ack": True},
    ]
    run(4, "12s", workload=work).result.save(tmp_path / "r", figures=False)
    lines = (tmp_path / "r" / "log.txt").read_text().splitlines()
    told = [line for line in lines if "deploy" in line or "uptime" in line or "ResponseType" in line]
    assert "       1.000 node-00 [INFO] agent: Received event: user-event: deploy" in told
    # Each of the four sends an event as often as the retransmit limit says.
    assert sum("[DEBUG] serf: messageUserEventType: deploy" in line for line in told) == 16
    assert sum("[INFO] agent: Received event: user-event: deploy" in line for line in told) == 4
    assert sum("[DEBUG] serf: messageQueryType: uptime" in line for line in told) == 16
    assert sum("[INFO] agent: Received event: query: uptime" in line for line in told) == 4
    assert sum("node-02 [DEBUG] serf: messageQueryResponseType: node-0" in line for line in told) == 8
    times = [float(line[:12]) for line in lines if not line.startswith("#")]
    assert times == sorted(times)


def test_the_digest_takes_in_what_was_delivered_and_nothing_where_nothing_was() -> None:
    from serfsim.results.scoring.digest import digest
    from serfsim.results.scoring.recording import no_deliveries

    result = run(6, "10s", workload=[{"event": "x", "at": "1s"}])
    whole = digest(result.recording)
    assert whole == result.summary["digest"]
    result.recording.deliveries.t[3] += 1e-9
    assert digest(result.recording) != whole
    result.recording.deliveries = no_deliveries()
    bare = digest(result.recording)
    assert bare != whole


def test_a_run_with_a_workload_repeats_itself() -> None:
    work = [{"query": "q", "at": "1s", "relay_factor": 2}, {"event": "x", "at": "2s"}]
    digests = {run(8, "12s", workload=work).summary["digest"] for _ in range(2)}
    assert len(digests) == 1


def test_an_experiment_may_send_and_ask_by_itself() -> None:
    sim = serfsim.Simulation(serfsim.Scenario(cluster={"nodes": 5}, duration="10s", warm_up="5s"))

    def experiment() -> Any:
        yield sim.timeout(6.0)
        assert sim.nodes[1].user_event("mine", b"v1", False, sim.env.engine_now) is not None

    sim.process(experiment())
    frame = sim.run().deliveries
    assert list(frame["name"]) == ["mine"] * 5
