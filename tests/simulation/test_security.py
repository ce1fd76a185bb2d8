"""Keys and labels of simulated members: who can read whom, how long it is, and what is answered."""

from __future__ import annotations

from base64 import b64encode
from itertools import product
from typing import Any

import pytest

import serfsim
from serfsim.protocol import events
from serfsim.protocol.directory import Directory
from serfsim.protocol.log_lines import KEY_ERROR, KEY_WARNING, NOT_ADMITTED
from serfsim.protocol.memberlist import messages as m
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.core import Core
from serfsim.protocol.memberlist.datagram import encode_ping
from serfsim.protocol.memberlist.keyring import KeyRing
from serfsim.protocol.versions import ReleaseFeatures
from serfsim.protocol.wire.decode_memberlist import DatagramReader
from serfsim.protocol.wire.envelope import with_label
from serfsim.protocol.wire.memberlist_fields import ERROR_FIELDS
from serfsim.protocol.wire.reader import WireError
from serfsim.protocol.wire.streams import unwrap_stream, wrap_stream
from serfsim.wire_crypto import Keyring
from tests.memberlist.harness import Hand
from tests.simulation.cluster import NEAR, Run

ONE, TWO = bytes([1]) * 16, bytes([2]) * 32
OLD, NEW = b64encode(ONE).decode(), b64encode(TWO).decode()
NONCE = bytes([5]) * 12  # a number, as which memberlist's codec reads the first of it


def run(duration: str = "30s", seed: int = 1, **parts: Any) -> Run:
    cluster = {"nodes": 4} | parts.pop("cluster", {})
    parts = {"warm_up": "5s", "network": {"topology": NEAR}} | parts
    return Run(serfsim.Scenario(cluster=cluster, duration=duration, **parts), seed)


def keys(*commands: tuple[Any, str], by: str = "node-00") -> list[dict[str, Any]]:
    return [{"keys": what, "from": by, "at": t} for what, t in commands]


def texts(run: Run, line: int, node: int | None = None) -> list[str]:
    log = run.recording.log
    rows = log.line == line
    if node is not None:
        rows &= log.node == node
    return [log.texts[text] for text in log.text[rows]]


# Verdicts, beside those of what really encrypts ---------------------------------------------------

Side = tuple[tuple[bytes, ...], bytes, bool]  # keys, label, verify_outgoing or verify_incoming
SENDERS: list[Side] = list(product([(), (ONE,), (TWO, ONE)], [b"", b"east"], [True, False]))
RECEIVERS: list[Side] = list(product([(), (ONE,), (TWO,)], [b"", b"east", b'w"\n'], [True, False]))


def guarded(keys: tuple[bytes, ...], label: bytes, **config: Any) -> Hand:
    settings = MemberlistConfig(ReleaseFeatures("latest"))
    settings.enable_compression = False
    for name, value in config.items():
        setattr(settings, name, value)
    hand = Hand(config=settings).start()
    hand.node.protect(KeyRing(list(keys)) if keys else None, label)
    return hand


def ping(core: Core) -> m.Packet:
    packet = m.Packet(m.PING, 7, m.ping_size(core.record, 7, core.record))
    packet.node = packet.source = 0
    return packet


@pytest.mark.parametrize("receiver", RECEIVERS)
@pytest.mark.parametrize("sender", SENDERS)
def test_datagrams_and_streams_are_judged_as_by_those_who_decrypt(sender: Side, receiver: Side) -> None:
    ours, theirs = (
        guarded(*sender[:2], gossip_verify_outgoing=sender[2]),
        guarded(*receiver[:2], gossip_verify_incoming=receiver[2]),
    )
    core = ours.node.core
    packet = ping(core)
    core.send(0, packet, 0.0)
    plain = encode_ping(0, 7, core.record, core.directory)
    sealer = Keyring(sender[0], nonces=lambda: NONCE) if sender[0] and sender[2] else None
    opener = Keyring(receiver[0]) if receiver[0] else None
    data = with_label(sender[1], plain if sealer is None else sealer.seal(plain, sender[1]))
    assert packet.size == len(data)
    reader = DatagramReader(Directory(), opener, receiver[1], receiver[2])
    try:
        reader.read(data)
        expected = ""
    except WireError as error:
        expected = f"{error} from=10.0.0.2:7946"
    gate = theirs.node.own_gate()
    assert gate.admits(packet, 1, 0.0) == (expected == "")
    logged = [text for _, line, text in theirs.runtime.lines if line == NOT_ADMITTED]
    shown = expected.partition("request: ")[0]  # the codec's own words come after
    assert [text.partition("request: ")[0] for text in logged] == ([shown] if expected else [])

    request = m.StreamPing(0, 7, 0)
    core.put_on_stream(request, len(plain), True)
    whole = wrap_stream(plain, False, sealer, sender[1])
    assert request.size == len(whole)
    try:
        unwrap_stream(whole, opener, receiver[1], receiver[2])
        expected = ""
    except WireError as error:
        expected = str(error)
    assert theirs.node.can_read(request) == (expected == "")
    if expected:
        answer = gate.refusal(request, 1, 0.0)
        text = [text for _, line, text in theirs.runtime.lines if line == NOT_ADMITTED][-1]
        if "label" in expected:
            assert answer is None
            assert text == f"{expected.replace('packet', 'stream')} from=10.0.0.2:0"
        else:
            assert answer is not None
            assert (answer.text, text) == (expected, f"failed to receive: {expected} from=10.0.0.2:0")
            framed = wrap_stream(ERROR_FIELDS.encode([expected]), False)
            sealed = bool(receiver[0])
            assert answer.size == len(framed) + (34 if sealed else 0)


def test_a_plain_datagram_is_refused_for_its_first_byte() -> None:
    core = guarded((), b"").node.core
    theirs = guarded((ONE,), b"")
    bare, gossip = ping(core), m.Packet(m.GOSSIP, 0, 100)
    short = m.Packet(m.PING, 1, 15)
    checked = ping(core)
    checked.has_crc = True
    compressed = m.Packet(m.GOSSIP, 0, 100)
    compressed.size = 60
    gate = theirs.node.own_gate()
    for packet in (bare, gossip, short, checked, compressed):
        assert not gate.admits(packet, 1, 0.0)
    assert [text for _, _, text in theirs.runtime.lines] == [
        f"Decrypt packet failed: {error} from=10.0.0.2:7946"
        for error in (
            "No installed keys could decrypt the message",
            "Unsupported encryption version 7",
            "Payload is too small to decrypt: 15",
            "Unsupported encryption version 12",
            "Unsupported encryption version 9",
        )
    ]


@pytest.mark.parametrize(
    ("keys", "label", "outgoing", "version", "room", "lead"),
    [
        ((), b"", True, 2, 1398, 1398),
        ((ONE,), b"", True, 2, 1369, 1369),
        ((ONE,), b"", False, 2, 1369, 1398),
        ((ONE,), b"east", True, 2, 1363, 1363),
        ((), b"east", True, 2, 1392, 1392),
        ((ONE,), b"", True, 1, 1353, 1353),
    ],
)
def test_encryption_and_label_are_taken_off_what_fits(
    keys: tuple[bytes, ...], label: bytes, outgoing: bool, version: int, room: int, lead: int
) -> None:
    """Gossip leaves room for encryption wherever there are keys, piggybacking only where it is sent so."""
    core = guarded(keys, label, gossip_verify_outgoing=outgoing, protocol_version=version).node.core
    assert (core.gossip_room, core.send_room) == (room, lead)


# Rotation -----------------------------------------------------------------------------------------


def test_a_rotation_in_the_right_order_is_not_noticed() -> None:
    commands = keys(
        ({"install": NEW}, "5s"), ({"use": NEW}, "10s"), ({"remove": OLD}, "15s"), ("list", "20s")
    )
    rotated = run(cluster={"keyring": [OLD]}, workload=commands)
    security = rotated.summary["security"]
    assert security["undecryptable"] == security["unencrypted"] == security["keys_refused"] == 0
    assert security["keys_answered_share"] == 1.0
    assert rotated.times("suspect") == []
    for node in rotated.sim.nodes:
        assert node.memberlist.gate.keys.keys == [TWO]
        assert node.memberlist.core.seal.key == TWO


def test_a_key_used_before_all_have_it_splits_the_cluster() -> None:
    """Without one member: it is cut off by the others, who all go on with a key that it does not have."""
    late = {"nodes": 4, "keyring": [OLD]}
    fault = {"partition": [["node-03"], "rest"], "at": "4s", "for": "5s"}
    commands = keys(({"install": NEW}, "5s"), ({"use": NEW}, "10s"))
    split = run("60s", cluster=late, workload=commands, faults=[fault])
    assert {node for node in range(4) if split.times("failed", observer=node, subject=3)} == {0, 1, 2}
    assert split.summary["security"]["undecryptable"] > 10
    assert split.summary["security"]["keys_answered_share"] == pytest.approx(6 / 8)
    errors = set(texts(split, NOT_ADMITTED, 3))
    assert {error.partition(" from=")[0] for error in errors} == {
        "Decrypt packet failed: No installed keys could decrypt the message",
        "failed to receive: No installed keys could decrypt the message",
    }


def test_the_primary_key_stays_and_an_unknown_one_cannot_be_used() -> None:
    refused = run(cluster={"keyring": [OLD]}, workload=keys(({"remove": OLD}, "5s"), ({"use": NEW}, "10s")))
    assert refused.summary["security"]["keys_refused"] == 8
    assert set(texts(refused, KEY_ERROR)) == {
        "Failed to remove key: Removing the primary key is not allowed",
        "Failed to change primary key: Requested key is not in the keyring",
    }
    assert sorted(refused.details("key_refused", observer=0)) == [1] * 4 + [2] * 4


def test_members_without_keys_answer_that_they_have_none() -> None:
    plain = run(
        cluster={"label": "", "keyring": []}, workload=keys(({"install": NEW}, "5s"), ("list", "10s"))
    )
    assert texts(plain, KEY_ERROR).count("No keyring to modify (encryption not enabled)") == 4
    assert texts(plain, KEY_ERROR).count("Keyring is empty (encryption not enabled)") == 4
    assert plain.summary["security"]["keys_refused"] is None


@pytest.mark.parametrize(("word", "kept"), [("keyring", [TWO, ONE]), ("encrypt_key", [ONE])])
def test_installed_keys_outlive_a_process_only_in_a_keyring(word: str, kept: list[bytes]) -> None:
    cluster = {"keyring": [OLD]} if word == "keyring" else {"config": {"encrypt_key": OLD}}
    commands = keys(({"install": NEW}, "2s"), ({"use": NEW}, "4s"))
    fault = {"crash": ["node-02"], "at": "10s", "restart": "2s"}
    back = run(cluster=cluster, workload=commands, faults=[fault])
    assert back.sim.nodes[2].memberlist.gate.keys.keys == kept


# The list of keys, by release (real agents of 0.9.4 with these keyrings did the same) ----------------


def listed(count: int, size: int, version: str) -> Run:
    ring = [b64encode(bytes([number + 1]) * size).decode() for number in range(count)]
    node = {"nodes": ["z"], "keyring": ring, "version": version}
    return run("5s", cluster=node, workload=[{"keys": "list", "at": "1s"}])


@pytest.mark.parametrize("version", ["0.9", "latest"])
def test_a_list_of_keys_that_is_too_long_is_cut(version: str) -> None:
    assert texts(listed(36, 16, version), KEY_WARNING) == []
    short = listed(37, 16, version)
    # Who asked warns of what it is told.
    assert texts(short, KEY_WARNING) == ["truncated key list response, showing first 34 of 37 keys"] * 2
    assert short.summary["security"]["keys_answered_share"] == 1.0


def test_before_serf_0_9_8_twenty_long_keys_end_the_process() -> None:
    assert listed(19, 32, "0.9").sim.nodes[0] is not None
    assert listed(20, 32, "0.9").sim.nodes[0] is None
    cut = listed(24, 32, "latest")
    assert cut.sim.nodes[0] is not None
    assert len(texts(cut, KEY_WARNING)) == 2


def test_before_serf_0_8_2_a_list_that_is_too_long_is_not_answered() -> None:
    silent = listed(37, 16, "0.8.1")
    (error,) = texts(silent, KEY_ERROR)
    assert error == "Failed to respond to key query: response exceeds limit of 1024 bytes"


# Without encryption, and towards it ----------------------------------------------------------------


def test_plain_messages_are_accepted_where_they_need_not_be_encrypted() -> None:
    """Two with keys that neither ask for encryption nor encrypt, and two without."""
    lenient = {"gossip_verify_incoming": False, "gossip_verify_outgoing": False}
    nodes = [{"name": n, "keyring": [OLD], "config": lenient} for n in ("a", "b")] + ["c", "d"]
    mixed = run(cluster={"nodes": nodes})
    assert mixed.summary["security"]["unencrypted"] == mixed.summary["security"]["undecryptable"] == 0
    assert mixed.summary["convergence"]["views_disagreeing"] == 0


def test_members_with_keys_and_without_do_not_find_each_other() -> None:
    nodes = [{"name": n, "keyring": [OLD]} for n in ("a", "b")] + ["c", "d"]
    joins = [{"join": [to], "from": by, "at": "5s"} for by, to in (("a", "c"), ("c", "a"))]
    apart = run(cluster={"nodes": nodes, "start": {"join": "all"}}, workload=joins)
    assert apart.summary["security"]["unencrypted"] > 0
    assert apart.summary["security"]["undecryptable"] > 0
    assert [len(node.members.known()) for node in apart.sim.nodes] == [2, 2, 2, 2]


def test_a_configuration_that_changes_reaches_the_next_process() -> None:
    fault = {"reconfigure": "all", "keyring": [NEW], "label": "x", "at": "5s", "apart": "2s"}
    changed = run("20s", cluster={"keyring": [OLD], "version": "latest"}, faults=[fault])
    assert {node.memberlist.gate.keys.primary for node in changed.sim.nodes} == {TWO}
    assert {node.memberlist.gate.label for node in changed.sim.nodes} == {b"x"}
    fault = {"reconfigure": "all", "config": {"probe_timeout": "700ms"}, "at": "5s"}
    slower = run("20s", cluster={"keyring": [OLD]}, faults=[fault])
    assert {node.memberlist.core.config.probe_timeout for node in slower.sim.nodes} == {0.7}
    assert {node.memberlist.gate.keys.primary for node in slower.sim.nodes} == {ONE}


# Labels -------------------------------------------------------------------------------------------


def labelled(version: str = "latest", **node_c: Any) -> Run:
    nodes = ["a", "b", {"name": "c", "label": "west"} | node_c]
    cluster = {"nodes": nodes, "label": "east", "version": version}
    return run("20s", cluster=cluster, workload=[{"join": ["a"], "from": "c", "at": "5s"}])


@pytest.mark.parametrize("label", ["west", ""])
def test_another_label_and_none_keep_two_clusters_apart(label: str) -> None:
    apart = labelled(label=label)
    assert [len(node.members.known()) for node in apart.sim.nodes] == [2, 2, 1]
    assert apart.summary["security"]["mislabelled"] == len(apart.times("mislabelled", observer=0, since=0.0))
    assert (
        f'discarding stream with unacceptable label "{label}": from=10.0.0.3:'
        in texts(apart, NOT_ADMITTED)[-1]
    )


def test_one_label_is_one_cluster() -> None:
    together = labelled(label="east")
    assert [len(node.members.known()) for node in together.sim.nodes] == [3, 3, 3]
    assert together.summary["security"]["mislabelled"] == 0


def test_a_member_that_skips_the_check_accepts_no_label_and_refuses_one() -> None:
    skipping = guarded((), b"east", skip_inbound_label_check=True)
    gate, core = skipping.node.own_gate(), guarded((), b"").node.core
    bare = ping(core)
    assert gate.admits(bare, 1, 0.0)
    assert gate.can_read(m.StreamPing(0, 7, 50))
    own = ping(skipping.node.core)
    skipping.node.core.send(0, own, 0.0)
    assert not gate.admits(own, 1, 0.0)
    assert skipping.runtime.lines[-1][2] == "unexpected double packet label header: from=10.0.0.2:7946"


def test_a_release_without_labels_takes_one_for_an_unknown_message() -> None:
    old = Hand().start()
    labelled_ping = ping(old.node.core)
    guarded((), b"east").node.core.send(0, labelled_ping, 0.0)
    gate = old.node.own_gate()
    assert not gate.admits(labelled_ping, 1, 0.0)
    assert old.runtime.lines[-1][2] == "msg type (244) not supported from=10.0.0.2:7946"


# Bare runs ------------------------------------------------------------------------------------------


def test_a_run_without_keys_and_labels_has_none_of_these_figures() -> None:
    bare = run("5s")
    assert set(bare.summary["security"].values()) == {None}
    assert not {events.UNDECRYPTABLE, events.MISLABELLED} & set(bare.events.kind.tolist())
