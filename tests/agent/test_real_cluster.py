"""The machine among real Serf agents: they take it for one of theirs, and it sees what they see."""

from __future__ import annotations

import asyncio
import base64
import re
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from serfsim.live.views import stats_of
from serfsim.protocol import events
from serfsim.protocol.memberlist.messages import ACK, GOSSIP, INDIRECT_PING, PING, PUSH_PULL
from serfsim.protocol.serf.outgoing_queries import QueryParams
from tests.agent.real import LIMIT_S, NEEDS_SERF, OurProcess, Ours, RealAgent, Watch, ended, repeated, until

pytestmark = NEEDS_SERF

Cluster = tuple[RealAgent, RealAgent]
REFUSED = "connect: connection refused"
CLOCKS = ("member_time", "event_time", "query_time")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two real agents; the first answers a query."""
    folder = tmp_path_factory.mktemp("real")
    first = RealAgent(folder, "n1", 11, "-event-handler=query:uptime=echo 42 days")
    with ended(first):
        first.wait()
        second = RealAgent(folder, "n2", 12, join=(first.address,))
        with ended(second):
            second.wait()
            yield first, second


def among(
    cluster: Cluster, scene: Callable[[Ours, Watch], Awaitable[None]], name: str, number: int, **rest: object
) -> None:
    """Play a scene with an agent of ours that has joined; it leaves in the end."""

    async def play() -> None:
        ours = Ours(name, number, **rest)  # type: ignore[arg-type]
        try:
            watch = await ours.begin(cluster[0].address, cluster[1].address)
            await scene(ours, watch)
        finally:
            if not ours.ended.done():
                await ours.leave()
        # Those who are killed may be called while nobody knows.
        assert [line for line in ours.lines if "[ERR]" in line and REFUSED not in line] == []
        # All that real agents said would have been said by ours to the byte.
        assert ours.mirror.others == []
        assert ours.mirror.same > 5

    asyncio.run(play())


def test_real_agents_and_ours_find_each_other_alive_and_gossip_tags_events_and_queries(
    cluster: Cluster,
) -> None:
    n1, n2 = cluster

    async def scene(ours: Ours, watch: Watch) -> None:
        await n2.until_status("talker", "alive")
        assert "role=web" in await n2.serf("members")
        await until(lambda: ours.status("n1") == ours.status("n2") == "alive")

        # Events, both ways.
        ours.user_event("fired", b"by us")
        await until(lambda: all("Received event: user-event: fired" in real.log for real in cluster))
        await n1.serf("event", "-coalesce=false", "deploy", "41")
        await until(lambda: ours.has_heard("user:deploy"))

        # Queries, both ways, with relays.
        async def theirs_is_answered() -> bool:
            out = await n2.serf("query", "-timeout=500ms", "-relay-factor=1", "hello", "you")
            return "Response from 'talker': here I am" in out and "Ack from 'talker'" in out

        async def ours_is_answered() -> bool:
            acks, responses = await ours.query("uptime", b"", QueryParams([], True, 1, 0.7))
            return set(acks) == {"n1", "n2", "talker"} and responses == {"n1": b"42 days\n"}

        await repeated(theirs_is_answered)
        await repeated(ours_is_answered)

        # Tags.
        ours.set_tags({"role": "db", "rack": "7"})
        await until(lambda: all("EventMemberUpdate: talker" in real.log for real in cluster))
        found = await n1.serf("members")
        assert "role=db" in found
        assert "rack=7" in found
        await n2.serf("tags", "-set", "dc=east")
        await until(lambda: any(member.tags == {"dc": "east"} for member in ours.members()))
        assert GOSSIP in watch.packets

        # All clocks agree in the end.
        async def agree() -> None:
            while True:
                told = [await real.serf("info") for real in cluster]
                own = stats_of(ours.node)["serf"]
                if all(f"{name} = {own[name]}\n" in one for one in told for name in CLOCKS):
                    return
                await asyncio.sleep(0.2)

        await asyncio.wait_for(agree(), LIMIT_S)
        assert min(int(stats_of(ours.node)["serf"][name]) for name in CLOCKS) > 1

    among(cluster, scene, "talker", 21, tags={"role": "web"}, answers={"hello": b"here I am"})


def test_monitor_shows_what_ours_does(cluster: Cluster) -> None:
    """`serf monitor` of a real agent tells of an event that ours has fired."""
    n1, _ = cluster

    async def scene(ours: Ours, watch: Watch) -> None:
        monitor = await asyncio.create_subprocess_exec(
            "serf", "monitor", f"-rpc-addr={n1.rpc}", stdout=asyncio.subprocess.PIPE
        )
        assert monitor.stdout is not None
        try:
            ours.user_event("seen", b"at once")
            async with asyncio.timeout(10.0):
                while b"user-event: seen" not in await monitor.stdout.readline():
                    pass
        finally:
            monitor.kill()
            await monitor.wait()

    among(cluster, scene, "watched", 22)


def test_they_probe_each_other_and_place_each_other_in_the_coordinate_space(cluster: Cluster) -> None:
    n1, n2 = cluster

    async def scene(ours: Ours, watch: Watch) -> None:
        await until(lambda: watch.packets.count(PING) >= 3 and ours.events.count(events.DIRECT_ACK) >= 3)
        assert ACK in watch.packets
        for a, b in (("n1", "placed"), ("placed", "n2")):
            out = await n1.serf("rtt", a, b)
            found = re.fullmatch(rf"Estimated {a} <-> {b} rtt: ([\d.]+) ms\s*", out)
            assert found is not None, out
            assert 0.0 < float(found[1]) < 100.0
        known = {ours.directory.names[node] for node in ours.node.coordinates}
        assert known == {"n1", "n2"}
        assert events.COORDINATE_REJECTED not in ours.events
        assert events.SUSPECT not in ours.events
        assert "Suspect placed" not in n1.log + n2.log
        assert "Failed ping: placed" not in n1.log + n2.log

    among(cluster, scene, "placed", 23)


def test_state_is_exchanged_both_ways_outside_of_joins_too(cluster: Cluster) -> None:
    n1, n2 = cluster

    async def scene(ours: Ours, watch: Watch) -> None:
        # Theirs with ours.
        await n2.serf("join", ours.address)
        await until(lambda: PUSH_PULL in watch.requests)
        assert "Push/Pull" not in n2.log
        # Ours with theirs.
        served = n1.log.count("Stream connection") + n2.log.count("Stream connection")
        ours.node.memberlist.push_pull(ours.runtime.now)
        await until(lambda: n1.log.count("Stream connection") + n2.log.count("Stream connection") > served)
        await asyncio.sleep(0.2)
        assert events.PUSH_PULL_FAILED not in ours.events
        assert "failed to receive" not in n1.log + n2.log

    among(cluster, scene, "exchanger", 24)


def test_tcp_saves_a_udp_deaf_agent_on_both_sides_and_ours_helps_to_probe(cluster: Cluster) -> None:
    n1, n2 = cluster

    async def scene(ours: Ours, watch: Watch) -> None:
        helper = Ours("helper", 26)
        try:
            seen = await helper.begin(n1.address, n2.address)
            watch.is_deaf = True
            warning = "Was able to connect to deaf but other probes failed"
            await until(lambda: warning in n1.log + n2.log)
            await until(lambda: INDIRECT_PING in seen.packets)
            await until(lambda: events.TCP_FALLBACK_OK in ours.events)
            assert PING in watch.requests
            assert await n1.status("deaf") == "alive"
            assert "Suspect deaf" not in n1.log + n2.log
            watch.is_deaf = False
        finally:
            await helper.leave()

    among(cluster, scene, "deaf", 25)


def test_the_killed_are_found_by_both_and_the_leaving_believed(cluster: Cluster, tmp_path: Path) -> None:
    n1, n2 = cluster
    third = RealAgent(tmp_path, "n3", 13, join=(n1.address, n2.address))
    mortal = OurProcess(tmp_path, "mortal", 27, (n1.address, n2.address))

    async def scene(ours: Ours, watch: Watch) -> None:
        await n2.until_status("mortal", "alive")
        await until(lambda: ours.status("n3") == ours.status("mortal") == "alive")
        # Ours suspects soon, so that theirs are confirmed, and waits long, so that they are first to be sure.
        ours.config.probe_interval, ours.config.probe_timeout, ours.config.suspicion_mult = 0.25, 0.1, 40
        third.kill()
        mortal.kill()
        await until(lambda: ours.status("n3") == ours.status("mortal") == "failed", 30.0)
        for real in cluster:
            await real.until_status("mortal", "failed")
            await real.until_status("n3", "failed")
        assert events.SUSPECT in ours.events
        assert "Suspect mortal has failed, no acks received" in n1.log + n2.log
        assert "Marking mortal as failed" in n1.log + n2.log
        await until(lambda: ours.has_heard("member-failed", "n3"))

        # Who was held for failed comes back, and leaves for good.
        again = OurProcess(tmp_path, "mortal", 27, (n1.address, n2.address), "--tag", "life=2")
        with ended(again):
            await n1.until_status("mortal", "alive")
            assert "life=2" in await n1.serf("members")
            again.signal(signal.SIGINT)
            await until(lambda: again.process.poll() is not None)
            assert again.process.returncode == 0, again.log
            await n1.until_status("mortal", "left")
            await n2.until_status("mortal", "left")
        await until(lambda: ours.status("mortal") == "left")
        await n1.serf("force-leave", "n3")
        await until(lambda: ours.status("n3") == "left")

    with ended(third, mortal):
        third.wait()
        among(cluster, scene, "watcher", 28)


def test_a_real_agent_that_leaves_is_left(cluster: Cluster, tmp_path: Path) -> None:
    third = RealAgent(tmp_path, "leaver", 14, join=(cluster[0].address, cluster[1].address))

    async def scene(ours: Ours, watch: Watch) -> None:
        await until(lambda: ours.status("leaver") == "alive")
        assert "complete" in await third.serf("leave")
        await until(lambda: ours.status("leaver") == "left" and ours.has_heard("member-leave", "leaver"))

    with ended(third):
        third.wait()
        among(cluster, scene, "stayer", 29)


def test_ours_gives_up_a_name_that_another_bears(cluster: Cluster, tmp_path: Path) -> None:
    n1, n2 = cluster
    thief = OurProcess(tmp_path, "n1", 30, (n2.address,))
    with ended(thief):
        asyncio.run(until(lambda: thief.process.poll() is not None))
        assert thief.process.returncode == 2
        assert "minority in name conflict resolution, quitting [0 / " in thief.log
        assert "n1 is already the name of another member" in thief.log
        assert n1.process.poll() is None


def test_ours_keeps_its_name_where_a_real_agent_takes_it(cluster: Cluster, tmp_path: Path) -> None:
    n1, n2 = cluster

    async def play() -> None:
        ours = Ours("mine", 31)
        try:
            await ours.begin(n1.address, n2.address)
            await n2.until_status("mine", "alive")
            thief = RealAgent(tmp_path, "mine", 15, join=(ours.address,))
            with ended(thief):
                await until(lambda: thief.process.poll() is not None)
                assert "minority in name conflict resolution" in thief.log
            await until(lambda: "majority in name conflict resolution [2 / 2]" in ours.logged)
            assert await n1.status("mine") == "alive"
        finally:
            await ours.leave()

    asyncio.run(play())


def test_ours_and_real_agents_share_an_encrypted_cluster_and_its_keys(tmp_path: Path) -> None:
    first, second = b"k" * 16, b"o" * 32
    real = RealAgent(tmp_path, "sealed", 16, f"-encrypt={base64.b64encode(first).decode()}")

    async def play() -> None:
        ours = Ours("ours", 32, key=first)
        stranger = Ours("stranger", 33)
        try:
            await stranger.start()
            assert await stranger.join([real.address]) == 0
            assert "Encryption is configured but remote state is not encrypted" in real.log
            watch = await ours.begin(real.address)
            await real.until_status("ours", "alive")
            await until(lambda: PING in watch.packets and events.DIRECT_ACK in ours.events)
            ours.user_event("sealed", b"")
            await until(lambda: "Received event: user-event: sealed" in real.log)
            key = base64.b64encode(second).decode()
            assert "Successfully installed" in await real.serf("keys", f"-install={key}")
            assert "Successfully changed" in await real.serf("keys", f"-use={key}")
            out = await real.serf("keys", "-list")
            assert re.search(rf"^{key} +\[2/2\]$", out, re.MULTILINE)
            assert ours.keyring is not None
            assert ours.keyring.keys == [second, first]
            assert "Successfully removed" in await real.serf(
                "keys", f"-remove={base64.b64encode(first).decode()}"
            )
            seen = watch.packets.count(PING)
            await until(lambda: watch.packets.count(PING) >= seen + 2)
            assert events.SUSPECT not in ours.events
            assert await ours.leave()
            await real.until_status("ours", "left")
        finally:
            for one in (stranger, ours):
                if not one.ended.done():
                    one.close()

    with ended(real):
        real.wait()
        asyncio.run(play())
