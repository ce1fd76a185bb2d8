"""Events that a machine reports through `Runtime.notify`: a number for each kind, with its name.

Kinds below COUNTED_ONLY become rows of the trace (time, observer, subject, kind, detail). Those from
COUNTED_ONLY on are too frequent for rows and are counted, per second and kind.
"""

from typing import Final

# Serf's view of a member (spec serf.md section 3).
JOIN: Final = 0  # detail: 0, or where the member has another address than its name's first, that plus 1
FAILED: Final = 1
LEFT: Final = 2
LEFT_FORCED: Final = 3
UPDATE: Final = 4
REAP: Final = 5  # detail: 1 if it was pruned, 0 if its time was over
LEAVING: Final = 6
FLAP: Final = 7
STATUS: Final = 8  # the status changed and no agent tells of it; detail: the new one (`serf.members`)

# memberlist's suspicion (spec memberlist.md sections 4 to 6).
SUSPECT: Final = 10  # the observer's own probe failed; detail: 1 if it changed its view
SUSPECT_HEARD: Final = 11  # the view became suspect by a message; detail: the accuser
SUSPECT_CLEARED: Final = 12  # suspect became alive again; detail: incarnation
REFUTE_SUSPECT: Final = 13  # the observer refuted; subject: the accuser; detail: incarnation
REFUTE_DEAD: Final = 14
REFUTE_ALIVE: Final = 15
SUSPICION_TIMEOUT: Final = 16  # detail: confirmations
CONFIRMED: Final = 17  # a confirmation was accepted; detail: the accuser

# Probes and streams.
FAILED_PING: Final = 20  # no direct ack within probe_timeout
TCP_FALLBACK_OK: Final = 21  # only TCP answered: the warning
TCP_FALLBACK_ERROR: Final = 22  # connected, but no valid ack
PUSH_PULL: Final = 23  # connected; detail: 0, or for a join without a name the address plus 1
PUSH_PULL_FAILED: Final = 24  # a periodic one; detail: how its stream ended
RECONNECT: Final = 25
RECONNECT_FORGONE: Final = 26
JOINED: Final = 27  # a join call returned; detail: how many addresses answered
CONFLICT: Final = 28
COORDINATE_REJECTED: Final = 29
PROTOCOL_REFUSED: Final = 30  # verifyProtocol refused a push/pull; detail: `VersionRange.refusal`
QUEUE_FULL: Final = 31  # a handoff queue dropped a message
HEALTH: Final = 32  # the awareness score changed; detail: the new score
COORDINATE_RESET: Final = 33
MEMBER_DEAD: Final = 34  # memberlist: state dead; detail: incarnation
MEMBER_LEFT: Final = 35  # memberlist: state left
FORGOTTEN: Final = 36  # memberlist purged the entry
LEAVE_DONE: Final = 37  # the leave call returned; detail: 1, or 0 or 2 where it gave up (`serf.departure`)

# Serf's warnings, which most runs are without.
RARE: Final = 40
QUEUE_DEEP: Final = 40  # detail: depth * 4 + queue (0 intents, 1 queries, 2 user events)
QUEUE_PRUNED: Final = 41  # detail: (limit * 2**28 + depth before) * 4 + queue
OLD_EVENT: Final = 42  # a user event older than the ring; detail: its Lamport time
OLD_QUERY: Final = 43
STRAY_RESPONSE: Final = 44  # an answer to no running query; subject: from; detail: Lamport time
MISMATCHED_RESPONSE: Final = 45  # the query of that time has another id; detail: the response's
UNKNOWN_QUERY: Final = 46  # an internal query of no known name; detail: Lamport time
CONFLICT_WON: Final = 47  # detail: matching answers * 65536 + answers
CONFLICT_LOST: Final = 48
REJOIN_FAILED: Final = 49  # nobody of the snapshot answered
MERGE_REFUSED: Final = 58  # the merge delegate refused a join's push/pull; detail: its entries
ALIVE_REFUSED: Final = 59  # the alive delegate refused a member; detail: its address
ZONE_FAILOVER: Final = 60  # detail: 1 where zone-aware routing is off from now on, 0 where it is on again
PACKET_FAILED: Final = 61  # a packet over TCP could not be written; detail: how its stream ended
PACKET_DROPPED: Final = 62  # a packet over TCP found no writer in time

# Encryption and labels: what a member could not read. Subject: whose address it came from, or -1; detail: 0
# a datagram, 1 a request on a stream, 2 the answer to its own.
UNDECRYPTABLE: Final = 50  # encrypted, but under none of its keys
UNENCRYPTED: Final = 51  # not encrypted, though it must be
MISLABELLED: Final = 52  # with another label, or without one
KEY_REFUSED: Final = 53  # an answer of the subject's to a key query is an error

COUNTED_ONLY: Final = 64
DIRECT_ACK: Final = 64
INDIRECT_ACK: Final = 65  # relayed, or direct but late
NACK: Final = 66  # a nack that counted
PROBE: Final = 67  # a probe began
RELAYED_ACK: Final = 68  # this node relayed an ack
KINDS: Final = 72

NAMES: Final = {
    JOIN: "join",
    FAILED: "failed",
    LEFT: "left",
    LEFT_FORCED: "left_forced",
    UPDATE: "update",
    REAP: "reap",
    LEAVING: "leaving",
    FLAP: "flap",
    STATUS: "status",
    SUSPECT: "suspect",
    SUSPECT_HEARD: "suspect_heard",
    SUSPECT_CLEARED: "suspect_cleared",
    REFUTE_SUSPECT: "refute_suspect",
    REFUTE_DEAD: "refute_dead",
    REFUTE_ALIVE: "refute_alive",
    SUSPICION_TIMEOUT: "suspicion_timeout",
    CONFIRMED: "confirmed",
    FAILED_PING: "failed_ping",
    TCP_FALLBACK_OK: "tcp_fallback",
    TCP_FALLBACK_ERROR: "tcp_fallback_error",
    PUSH_PULL: "push_pull",
    PUSH_PULL_FAILED: "push_pull_failed",
    RECONNECT: "reconnect",
    RECONNECT_FORGONE: "reconnect_forgone",
    JOINED: "joined",
    CONFLICT: "conflict",
    COORDINATE_REJECTED: "coordinate_rejected",
    PROTOCOL_REFUSED: "protocol_refused",
    QUEUE_FULL: "queue_full",
    HEALTH: "health",
    COORDINATE_RESET: "coordinate_reset",
    MEMBER_DEAD: "member_dead",
    MEMBER_LEFT: "member_left",
    FORGOTTEN: "forgotten",
    LEAVE_DONE: "leave_done",
    QUEUE_DEEP: "queue_deep",
    QUEUE_PRUNED: "queue_pruned",
    OLD_EVENT: "old_event",
    OLD_QUERY: "old_query",
    STRAY_RESPONSE: "stray_response",
    MISMATCHED_RESPONSE: "mismatched_response",
    UNKNOWN_QUERY: "unknown_query",
    CONFLICT_WON: "conflict_won",
    CONFLICT_LOST: "conflict_lost",
    REJOIN_FAILED: "rejoin_failed",
    UNDECRYPTABLE: "undecryptable",
    UNENCRYPTED: "unencrypted",
    MISLABELLED: "mislabelled",
    KEY_REFUSED: "key_refused",
    MERGE_REFUSED: "merge_refused",
    ALIVE_REFUSED: "alive_refused",
    ZONE_FAILOVER: "zone_failover",
    PACKET_FAILED: "packet_failed",
    PACKET_DROPPED: "packet_dropped",
    DIRECT_ACK: "direct_ack",
    INDIRECT_ACK: "indirect_ack",
    NACK: "nack",
    PROBE: "probe",
    RELAYED_ACK: "relayed_ack",
}
