"""The table of packets of a run, against the counters that every run has and against the events."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from serfsim import Result, Scenario, SerfsimError, run, sweep
from serfsim.scenario.checks import warnings
from tests.replays.conftest import SECTIONS, recorded


@pytest.fixture(scope="module")
def packets(stored: Result) -> pd.DataFrame:
    return stored.table("packets")


def test_recording_changes_no_digest(played: Result) -> None:
    plain = run(Scenario(**SECTIONS), progress=lambda fraction: None)
    assert plain.summary["digest"] == played.summary["digest"]
    assert plain.packets is None


def test_the_table_has_every_datagram_that_the_counters_count(stored: Result, packets: pd.DataFrame) -> None:
    udp = packets[packets.segment.isna() & (packets.kind != "tcp_fallback")]
    sent = stored.traffic[stored.traffic.transport == "udp"]
    counted = sent.groupby("message_type", observed=True)["count"].sum()
    for kind in ("ping", "indirect_ping", "ack", "nack", "gossip"):
        assert (udp.kind == kind).sum() == counted[kind], kind
    assert udp.bytes.sum() == sent.bytes.sum()
    # A capture and the counters of carried broadcasts agree on what gossip holds.
    assert (udp.carries.str.contains("suspect", na=False)).sum() <= counted["suspect"]
    assert counted["suspect"] > 0


def test_a_lost_packet_never_arrives_and_others_arrive_later(packets: pd.DataFrame) -> None:
    lost = packets.arrives_s.isna()
    assert 0.1 < lost[packets.segment.isna()].mean() < 0.35
    assert (packets.arrives_s[~lost] > packets.t_s[~lost]).all()
    blocked = (packets.t_s > 8.0) & (packets.t_s < 20.0) & packets.segment.isna()
    about = blocked & ((packets.source == "node-03") | (packets.target == "node-03"))
    assert lost[about].all()
    assert about.sum() > 80


def test_packets_are_in_the_order_of_sending(packets: pd.DataFrame) -> None:
    assert packets.t_s.is_monotonic_increasing


def test_everything_that_a_probe_sends_bears_its_number(packets: pd.DataFrame) -> None:
    of_probes = packets[packets.kind.isin(["ping", "indirect_ping", "ack", "nack", "tcp_fallback"])]
    assert of_probes.probe.notna().all()
    rest = packets[packets.kind.isin(["gossip", "push_pull", "user"])]
    assert rest.probe.isna().all()
    probes: dict[int, list[Any]] = {}
    for packet in of_probes.itertuples():
        probes.setdefault(packet.probe, []).append(packet)
    indirect = 0
    for probe in probes.values():
        prober, target = probe[0].source, probe[0].about
        assert probe[0].kind == "ping"
        kinds = {kind: [one for one in probe if one.kind == kind] for kind in of_probes.kind.cat.categories}
        asked = kinds["indirect_ping"]
        helpers = {one.target for one in asked}
        indirect += len(asked)
        assert all((one.source, one.about) == (prober, target) for one in asked)
        assert all(one.about == target for one in kinds["ping"])
        assert [one.source for one in kinds["ping"]].count(prober) == 1
        assert {one.source for one in kinds["ping"]} <= {prober, *helpers}
        assert {one.source for one in kinds["ack"]} <= {target, *helpers}
        assert {one.source for one in kinds["nack"]} <= helpers
        assert {end for one in kinds["tcp_fallback"] for end in (one.source, one.target)} <= {prober, target}
    assert indirect > 50


def test_the_pings_of_a_prober_are_the_probes_of_the_events(stored: Result, packets: pd.DataFrame) -> None:
    own = packets[packets.kind == "ping"].drop_duplicates("probe")
    failed = stored.member_events[stored.member_events.kind == "failed_ping"]
    known = {(one.source, one.about): [] for one in own.itertuples()}
    for one in own.itertuples():
        known[one.source, one.about].append(one.t_s)
    timeout = 0.5
    for event in failed.itertuples():
        begun = [t for t in known[event.observer, event.subject] if t <= event.t_s]
        assert any(abs(event.t_s - t - timeout) < 1e-3 for t in begun)


def test_each_member_has_its_own_queues(stored: Result) -> None:
    own, all_members = stored.table("member_queues"), stored.queues
    most = own.groupby("t_s").broadcasts.max()
    written = all_members[all_members.queue == "broadcasts"].set_index("t_s")["max"]
    assert (most == written[most.index]).all()
    assert set(own.node) == set(stored.truth.names)


def test_a_result_in_memory_and_one_in_a_folder_are_played_alike(played: Result, stored: Result) -> None:
    pd.testing.assert_frame_equal(played.table("packets"), stored.table("packets"))
    pd.testing.assert_frame_equal(played.table("member_queues"), stored.table("member_queues"))


def test_packets_are_recorded_beside_a_capture(tmp_path: Path) -> None:
    result = recorded(record={"replay": True, "packets": "pcap"}, duration="5s", faults=[])
    place = result.save(tmp_path / "r", figures=False)
    assert (place / "capture.pcap").stat().st_size > 10_000
    assert len(result.table("packets")) > 500
    assert result.summary["digest"] == recorded(duration="5s", faults=[]).summary["digest"]


def test_an_unsaved_recording_leaves_no_file_behind() -> None:
    result = recorded(duration="2s", faults=[])
    assert result.packets is not None
    path = result.packets.path
    assert path.is_file()
    del result
    gc.collect()
    assert not path.exists()


def test_a_sweep_records_no_packets(tmp_path: Path) -> None:
    scenario = Scenario(**{**SECTIONS, "duration": "2s", "faults": [], "record": {"replay": True}})
    found = sweep(scenario, {}, seeds=[1], out=tmp_path / "s", workers=1, progress=False)
    assert len(found) == 1
    assert not list(tmp_path.rglob("packets.parquet"))


def test_pools_are_not_replayed() -> None:
    cluster = {"nodes": 4, "pools": {"wan": {"members": ["node-00", "node-01"]}}}
    with pytest.raises(SerfsimError, match=r"record\.replay: found true beside cluster\.pools"):
        Scenario(cluster=cluster, record={"replay": True})
    with pytest.raises(SerfsimError, match=r"record\.replay"):
        Scenario(record={"replay": "perhaps"})
    assert list(warnings(Scenario(record={"replay": True}))) == []
