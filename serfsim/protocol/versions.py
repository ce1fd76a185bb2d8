"""Mechanisms by release of Serf: one table, which the machines read.

A column is a release: "0.9" stands for 0.9.1 to 0.9.5 with memberlist 0.2.2, "0.8.2" for 0.8.2 to 0.8.5,
"0.6" for 0.6.4. Spec versions.md explains each row and names the change that brought it.

A node follows its own release. What it expects of a peer depends on the highest protocol version that the
peer announces: 3 answers TCP pings, 4 sends nacks, 5 understands a CRC and relays responses.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64

RELEASES: Final = ("0.6", "0.7", "0.8", "0.8.1", "0.8.2", "0.9", "latest")
BASELINE: Final = "0.9"

# Serf's lowest protocol version, and memberlist's, in all releases.
DELEGATE_MIN: Final = 2
PROTOCOL_MIN: Final = 1

# What a peer understands from which of its highest protocol versions on (spec memberlist.md section 11).
TCP_PING_VERSION: Final = 3
NACK_VERSION: Final = 4
CRC_VERSION: Final = 5
RELAY_VERSION: Final = 5

# How memberlist's least suspicion grows with the cluster.
STEP: Final = 0  # by ceil(log10(n + 1)): 1 below ten members, 2 below a hundred
SMOOTH: Final = 1  # by log10(n)

NO: Final = False
YES: Final = True


class ReleaseFeatures:
    """Features of one release, never changed once made; raise ValueError for a release not in RELEASES."""

    def __init__(self, release: str = BASELINE) -> None:
        if release not in RELEASES:
            raise ValueError(f"release: found '{release}'; expected one of {', '.join(RELEASES)}")
        self.release = release
        at = RELEASES.index(release)
        # fmt: off
        #                                    0.6  0.7  0.8 0.8.1 0.8.2 0.9 latest

        # Versions announced and spoken.
        self.protocol_max: i64 =            (2,   3,   4,   5,   5,   5,   5)[at]
        self.delegate_max: i64 =            (4,   4,   4,   5,   5,   5,   5)[at]

        # Probing.
        self.tcp_pings: bool =              (NO,  YES, YES, YES, YES, YES, YES)[at]  # sent and answered
        self.nacks: bool =                  (NO,  NO,  YES, YES, YES, YES, YES)[at]  # asked for and sent
        self.nack_penalty: i64 =            (0,   0,   2,   2,   1,   1,   1)[at]  # of each that is missing
        self.ping_source: bool =            (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]  # address, name in pings
        self.exhaustive_choice: bool =      (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]  # random members, n < 3k
        self.counts_refused_pings: bool =   (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]  # as unanswered

        # Suspicion.
        self.suspicion_growth: i64 =        (STEP, STEP, STEP, SMOOTH, SMOOTH, SMOOTH, SMOOTH)[at]
        self.refutes_by_address: bool =     (NO,  NO,  YES, YES, YES, YES, YES)[at]  # queued by address

        # Gossip.
        self.crc: bool =                    (NO,  NO,  NO,  YES, YES, YES, YES)[at]
        self.gossip_to_suspects: bool =     (NO,  NO,  NO,  YES, YES, YES, YES)[at]
        self.gossip_to_the_dead: bool =     (NO,  NO,  NO,  YES, YES, YES, YES)[at]
        self.bare_message: bool =           (NO,  NO,  NO,  NO,  YES, YES, YES)[at]  # no compound around one
        self.longest_first: bool =          (NO,  NO,  NO,  NO,  YES, YES, YES)[at]  # in broadcast queues
        self.two_handoff_queues: bool =     (NO,  NO,  NO,  NO,  YES, YES, YES)[at]  # newest first; else one
        self.splits_compounds: bool =       (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]  # of gossip, at 255 parts
        self.names_ports: bool =            (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]  # in errors of joins
        self.signed_integers: bool =        (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]  # counts, durations

        # Members.
        self.purge_waits: bool =            (NO,  NO,  NO,  NO,  YES, YES, YES)[at]  # gossip_to_the_dead_time
        self.checks_versions: bool =        (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]  # of alive messages
        self.reclaims_names: bool =         (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]  # dead_node_reclaim_time
        self.left_state: bool =             (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]
        self.allow_list: bool =             (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]  # cidrs_allowed
        self.purges_left: bool =            (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]
        self.labels: bool =                 (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]  # of packets, streams

        # Serf.
        self.coordinates: bool =            (NO,  YES, YES, YES, YES, YES, YES)[at]
        self.checks_coordinates: bool =     (NO,  NO,  NO,  NO,  YES, YES, YES)[at]  # and round-trip times
        self.tells_forced_leave: bool =     (NO,  YES, YES, YES, YES, YES, YES)[at]  # of a failed member
        self.intents_by_name: bool =        (NO,  NO,  YES, YES, YES, YES, YES)[at]  # else two rings of 128
        self.relay: bool =                  (NO,  NO,  NO,  YES, YES, YES, YES)[at]
        self.left_are_newer: bool =         (NO,  NO,  NO,  NO,  YES, YES, YES)[at]  # push/pull: time + 1
        self.checks_encoded_size: bool =    (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]  # of user events
        self.truncates_key_lists: bool =    (NO,  NO,  NO,  NO,  YES, YES, YES)[at]  # that are too long
        self.bounds_key_lists: bool =       (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]  # when truncated
        self.prune: bool =                  (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]
        self.passes_on_second_leave: bool = (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]  # and takes its time
        self.names_in_queries: bool =       (NO,  NO,  NO,  NO,  NO,  YES, YES)[at]  # SourceNode, DestName
        self.name_validation: bool =        (NO,  NO,  NO,  NO,  NO,  NO,  YES)[at]  # and of members merged
        # fmt: on
