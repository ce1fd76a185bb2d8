"""The check of versions before a merge, with the library's error."""

from __future__ import annotations

from serfsim.native import Random, i32, i64, vec
from serfsim.protocol.directory import Directory, NodeIdentity
from serfsim.protocol.memberlist.config import MemberlistConfig
from serfsim.protocol.memberlist.errors import version_error
from serfsim.protocol.memberlist.members import STATE_DEAD
from serfsim.protocol.memberlist.node import Memberlist
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.protocol.versions import ReleaseFeatures
from tests.differential.replaying import Outcome, Replay, Vector
from tests.memberlist.harness import HandDelegate, HandRuntime

NAMES = "abcde"


def identity(number: int, versions: list[int]) -> NodeIdentity:
    protocol, delegate = tuple(versions[:3]), tuple(versions[3:])
    return NodeIdentity(
        number,
        number,
        1,
        b"",
        protocol or (0, 0, 0),
        delegate or (0, 0, 0),
        has_versions=bool(versions),
    )


def play(vector: Vector, number: int) -> Outcome:
    local = {name: versions for name, _, versions in vector["l"]}
    remote = {name: versions for name, _, versions in vector["r"]}
    directory = Directory()
    for at, name in enumerate(NAMES):
        directory.add_record(name, identity(at, local[name] if name in local else remote[name]))
    node = Memberlist(
        MemberlistConfig(ReleaseFeatures("0.9.4")),
        directory.first[0],
        directory,
        HandRuntime(),
        HandDelegate(),
        Random(1),
    )
    members = node.core.members
    for name, state, _ in vector["l"]:
        at = NAMES.index(name)
        members.insert(at, directory.first[at], Random(1))
        members.set(at, state, 1)
        if state >= STATE_DEAD:
            members.changed_at[at] = 0.0
    for place, (name, _, _) in enumerate(vector["l"]):  # the ring as it was there
        members.ring[place] = i32(NAMES.index(name))
    request = PushPull(False, None)
    request.nodes = vec[i32]([i32(NAMES.index(name)) for name, _, _ in vector["r"]])
    request.keys = vec[i64]([4 + state for _, state, _ in vector["r"]])
    others = {
        NAMES.index(name): identity(NAMES.index(name), versions)
        for name, _, versions in vector["r"]
        if name in local and local[name] != versions
    }
    request.records = others or None
    refused = node.merger.verify_protocol(request)
    error = "" if refused < 0 else version_error(node.merger.refusal, NAMES[refused])
    return Outcome(1, "" if error == vector["e"] else f"real {vector['e']!r}, simulated {error!r}")


CHECK = Replay("vp", "the check of protocol versions before a merge, with its errors", "check", play)
