"""Rules of memberlist and Serf that changed between releases, one row each.

A layer is memberlist or Serf; both have their own releases. Spec releases.md (M1 to M14, S1 to S10) and
versions.md name the change that brought each rule. `versions.ReleaseFeatures` has an attribute for every
rule that the machines follow; a rule without one says what follows it instead, or why nothing does.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MEMBERLIST: Final = "memberlist"
SERF: Final = "Serf"

# memberlist had no tags before 0.1.0: Serf pinned commits, of 2015-01, 2015-12, 2016-06 and 2016-12.
MEMBERLIST_RELEASES: Final = (
    *("9a1e242", "9888dc5", "b2053e3", "9800c50"),
    *("0.1.0", "0.1.1", "0.1.3", "0.1.4", "0.1.5", "0.1.6"),
    *("0.2.0", "0.2.1", "0.2.2", "0.2.3", "0.2.4"),
    *("0.3.0", "0.3.1", "0.3.2", "0.4.0"),
    *("0.5.0", "0.5.1", "0.5.2", "0.5.3", "0.5.3-grafana", "0.5.4", "0.6.0"),
)
# Grafana's fork (6f9f62a 2025-11-26) of what came after 0.5.3, which Mimir, Loki and Tempo run.
GRAFANA: Final = "0.5.3-grafana"
AFTER_GRAFANA: Final = "0.5.4"  # the next of the original, which has none of the fork's rules
SERF_RELEASES: Final = (
    *("0.6.4", "0.7.0", "0.8.0", "0.8.1", "0.8.2", "0.8.3", "0.8.4", "0.8.5", "0.8.6"),
    *("0.9.0", "0.9.1", "0.9.2", "0.9.3", "0.9.4", "0.9.5", "0.9.6", "0.9.7", "0.9.8"),
    *("0.10.0", "0.10.1", "0.10.2"),
)

# How memberlist's least suspicion grows with the cluster.
STEP: Final = 0  # by ceil(log10(n + 1)): 1 below ten members, 2 below a hundred
SMOOTH: Final = 1  # by log10(n)

# What becomes of the second leave intent about a member that leaves or has left.
DROPPED: Final = 0
REPEATED: Final = 1  # passed on without taking its time, so for ever
PASSED_ON: Final = 2

MACHINES: Final = ""  # `follower` of a rule that is an attribute of `versions.ReleaseFeatures`


class Rule(NamedTuple):
    """A rule of a layer. `number` is that of releases.md, "" for what is older than the baseline.

    `steps`: (release, value from it on), ascending; the value before the first is 0, which is "no" for a
    switch. `source`: commit, date and pull request. `follower`: MACHINES, or what follows the rule; a rule
    that nothing follows is a `departure`, with its reason in `follower`.
    """

    name: str
    layer: str
    steps: tuple[tuple[str, int], ...]
    meaning: str
    source: str
    number: str = ""
    follower: str = MACHINES
    departure: bool = False

    @property
    def first(self) -> str:
        """The first release that has the rule."""
        return self.steps[0][0]


def _memberlist(name: str, first: str, meaning: str, source: str, number: str = "") -> Rule:
    return Rule(name, MEMBERLIST, ((first, 1),), meaning, source, number)


def _serf(name: str, first: str, meaning: str, source: str, number: str = "") -> Rule:
    return Rule(name, SERF, ((first, 1),), meaning, source, number)


def _elsewhere(
    number: str, layer: str, name: str, first: str, meaning: str, source: str, follower: str
) -> Rule:
    return Rule(name, layer, ((first, 1),), meaning, source, number, follower)


def _departure(
    number: str, layer: str, name: str, first: str, meaning: str, source: str, reason: str
) -> Rule:
    return Rule(name, layer, ((first, 1),), meaning, source, number, reason, True)


_VERSIONS: Final = (("9a1e242", 2), ("9888dc5", 3), ("b2053e3", 4), ("9800c50", 5))
_PENALTIES: Final = (("b2053e3", 2), ("0.1.0", 1))
_SECOND_LEAVES: Final = (("0.8.5", REPEATED), ("0.8.6", PASSED_ON), ("0.9.0", REPEATED), ("0.9.3", PASSED_ON))

_OLDER_MEMBERLIST: Final = (
    Rule(
        "protocol_max",
        MEMBERLIST,
        _VERSIONS,
        "highest protocol version that a member announces",
        "spec versions.md 1",
    ),
    _memberlist("tcp_pings", "9888dc5", "TCP pings, sent and answered", "3e161d2 2015-06-01"),
    _memberlist("nacks", "b2053e3", "nacks, asked for and sent", "7003fd4 2016-06-02"),
    Rule(
        "nack_penalty",
        MEMBERLIST,
        _PENALTIES,
        "health score of each nack that is missing",
        "7003fd4 2016-06-02, c367465 2017-03-17",
    ),
    _memberlist("refutes_by_address", "b2053e3", "refutations are queued by address", "7003fd4 2016-06-02"),
    Rule(
        "suspicion_growth",
        MEMBERLIST,
        (("9800c50", SMOOTH),),
        "the least suspicion grows by log10(n), not by its next whole number",
        "b339ecf 2016-12-13",
    ),
    _memberlist("crc", "9800c50", "CRC on datagrams", "aa7653a 2016-11-30"),
    _memberlist("gossip_to_suspects", "9800c50", "gossip to suspected members", "9714d97 2016-12-13"),
    _memberlist("gossip_to_the_dead", "9800c50", "gossip to the recently dead", "9714d97 2016-12-13"),
    _memberlist("purge_waits", "0.1.0", "the dead are kept gossip_to_the_dead_time", "073be6d 2017-01-28"),
    _memberlist("bare_message", "0.1.0", "no compound around a single message", "22ad0a4 2017-01-28"),
    _memberlist(
        "longest_first",
        "0.1.1",
        "broadcast queues number their messages, and send the longest first",
        "f416c6d 2018-10-11",
    ),
    _memberlist(
        "two_handoff_queues", "0.1.1", "alive messages are handled first, newest first", "bc4f353 2018-08-08"
    ),
    _memberlist(
        "caps_push_pulls", "0.1.1", "max_push_pull_requests; any number before", "c2b890f 2018-08-08 PR#158"
    ),
    _memberlist(
        "checks_versions", "0.1.4", "alive messages with bad versions are lost", "b38abf6 2019-02-04"
    ),
    _memberlist("reclaims_names", "0.1.4", "dead_node_reclaim_time", "e1138a6 2019-05-15"),
    _memberlist("left_state", "0.1.6", "the state left", "237d410 2020-01-31"),
    _memberlist("ping_source", "0.2.0", "address and name of the sender in pings", "842cc17 2020-03-09"),
    _memberlist("allow_list", "0.2.1", "cidrs_allowed", "f72d204 2020-04-08"),
)

_NEWER_MEMBERLIST: Final = (
    _memberlist(
        "counts_refused_pings",
        "0.3.0",
        "a ping that the own kernel refuses counts as unanswered",
        "7e2219b 2021-09-21 PR#242",
        "M1",
    ),
    _memberlist("labels", "0.3.0", "labels of packets and streams", "923f1b2 2021-11-12 PR#246", "M2"),
    _memberlist(
        "purges_left", "0.3.1", "members that left are forgotten too", "0bff309 2022-01-12 PR#254", "M3"
    ),
    _memberlist(
        "warns_of_large_states",
        "0.3.1",
        "a warning about an encrypted state above 60 % of the limit",
        "c25dd11 2021-12-23 PR#252",
        "M5",
    ),
    _memberlist(
        "splits_compounds", "0.3.2", "gossip of more than 255 messages is split", "8d2a27a 2021-07-08", "M4"
    ),
    _elsewhere(
        *(
            "M6",
            MEMBERLIST,
            "log_words",
            "0.3.2",
            "probes name UDP and TCP in logs",
            "696ff46, 3c0cdff 2022",
        ),
        "the words of the log (`serfsim/logs/words.py`)",
    ),
    _departure(
        *("M7", MEMBERLIST, "metrics", "0.4.0", "metric labels; gauges of queues, sizes and members"),
        "e6ff9b2, ab43428, f12238b, eaed0c4 2022, PR#270, PR#275, PR#276",
        "no metrics of go-metrics are written",
    ),
    _memberlist(
        "signed_integers",
        "0.5.1",
        "integers of signed types are written as signed: lengths in the header of a push/pull",
        "2c1a1a6 2023-10-19 PR#292",
        "M8",
    ),
    _memberlist("names_ports", "0.5.1", "errors of joins name the port", "2c1a1a6, first seen", "M6"),
    _departure(
        *("M9", MEMBERLIST, "closes_labelled_streams", "0.5.4", "a stream that ends in its label is closed"),
        "b72e704 2025-12-11 PR#336",
        "before, such a stream ended the process; no simulated stream ends inside its label",
    ),
    _memberlist(
        "exhaustive_choice",
        "0.6.0",
        "random members are a shuffle where there are fewer than three times as many as wanted",
        "8c0d992 2026-06-25 PR#350",
        "M10",
    ),
    _elsewhere(
        *("M11", MEMBERLIST, "limits_push_pulls", "0.6.0", "impossible headers of push/pulls are refused"),
        "371698b 2026-07-07 PR#357",
        "the codec, in every release: an older agent runs out of memory",
    ),
    _memberlist(
        "lower_case_errors",
        "0.6.0",
        "errors of joins begin in lower case",
        "seen in recordings",
        "M6",
    ),
    _departure(
        *("M12", MEMBERLIST, "locked_keyring", "0.6.0", "the keyring and Leave take their locks"),
        "313d20c, e15ee5d 2026",
        "a simulated member does one thing at a time, so there is no race",
    ),
    _departure(
        *(
            "M13",
            MEMBERLIST,
            "limits_messages",
            "main",
            "limits of user messages and decompressed ones",
        ),
        "bc32294 PR#361, 7de15ac PR#363, defd4ba PR#369, 1b4c746 PR#368, 2026-07",
        "no release that was read has it: it came after 0.6.0",
    ),
    _departure(
        *(
            "M14",
            MEMBERLIST,
            "security_policy",
            "main",
            "SECURITY.md: members are trusted",
        ),
        "af58892 2026 PR#367",
        "a document, not behaviour",
    ),
)

_FORK: Final = ((GRAFANA, 1), (AFTER_GRAFANA, 0))
_OF_GRAFANA: Final = (
    Rule(
        *("continues_queue_ids", MEMBERLIST, _FORK, "broadcast queues never number anew"),
        *("45e3991 2022-07-14, as PR#263 offers it to the original", "G1", "the setting `queue_ids`"),
    ),
    Rule(
        *("selects_nodes", MEMBERLIST, _FORK, "NodeSelectionDelegate, asked for gossip and push/pulls"),
        *(
            "33ccfdb 2025-10-23, 58416ce 2025-11-26",
            "G2",
            "the settings `zone_aware_routing` and `zone_failover`",
        ),
    ),
    Rule(
        *("push_pull_nodes", MEMBERLIST, _FORK, "PushPullNodes: several partners in each interval"),
        *("01d0b02 2025-11-25", "G3", "the setting `push_pull_nodes`"),
    ),
    Rule(
        *("splits_all", MEMBERLIST, _FORK, "pings and acks with more than 254 messages are split too"),
        *("437e35e, f5009c6, 764e6a5 2021", "G4"),
    ),
    Rule(
        *("ignores_labels", MEMBERLIST, _FORK, "skip_inbound_label_check lets any label in"),
        *("60c9a49, 3768c05 2022", "G5"),
    ),
)

_OLDER_SERF: Final = (
    Rule(
        "delegate_max",
        SERF,
        (("0.6.4", 4), ("0.8.1", 5)),
        "highest protocol version of Serf that a member announces",
        "spec versions.md 1",
    ),
    _serf("coordinates", "0.7.0", "coordinates", "spec versions.md 2"),
    _serf("tells_forced_leave", "0.7.0", "the event of a failed member's forced leave", "spec versions.md 2"),
    _serf(
        "intents_by_name", "0.8.0", "early intents are kept by name, not in two rings", "e3d9be6 2016-08-08"
    ),
    _serf("relay", "0.8.1", "relayed answers to queries", "0135b21 2017-01-26"),
    _serf("checks_coordinates", "0.8.2", "coordinates and round-trip times are checked", "d36a949 2017"),
    _serf("left_are_newer", "0.8.2", "a push/pull tells of a leave one tick later", "1350eab 2018-05-02"),
    _serf("checks_encoded_size", "0.8.3", "the encoded size of user events is checked", "e516ab3 2019-03-21"),
    _serf("truncates_key_lists", "0.8.2", "lists of keys that are too long are cut", "spec serf.md"),
    _serf("prune", "0.8.4", "force-leave -prune", "397d9fd 2019-09-18"),
    Rule(
        "second_leaves",
        SERF,
        _SECOND_LEAVES,
        "a second leave intent is passed on (1: for ever; 2: once)",
        "1d3fdf9 2019-10-02; e303941, 959cea6 2020-07-20",
    ),
    _serf("names_in_queries", "0.9.0", "SourceNode, DestName", "cd08d5c 2020-03-09"),
)

_NEWER_SERF: Final = (
    _serf(
        "name_validation",
        "0.9.5",
        "validate_node_names, and checks of the merge delegate",
        "d32913b 2020-08-24 PR#612, a030342",
        "S1",
    ),
    _serf(
        "overrides_reconnect_timeout",
        "0.9.5",
        "ReconnectTimeoutOverride, asked at every reap",
        "943cc43 2020-10-07",
        "S2",
    ),
    _departure(
        *("S3", SERF, "query_source", "0.9.6", "the getter Query.SourceNode", "3b27797 2021-09-21 PR#635"),
        "a function of the library, without effect on a cluster",
    ),
    _elsewhere(
        *("S4", SERF, "leave_goes_on", "0.9.7", "a leave that was not told in time goes on"),
        "daf7d4f 2022-01-12 PR#640",
        "the setting `leave_continues`",
    ),
    _serf("bounds_key_lists", "0.9.8", "cut lists of few keys", "a2bba56 2022-05-12 PR#649", "S5"),
    _departure(
        *(
            "S6",
            SERF,
            "locked_acks",
            "0.10.0",
            "acks of closing queries",
            "7c00845 PR#651, 3805ead PR#658",
        ),
        "a simulated member does one thing at a time, so there is no race",
    ),
    _serf(
        "serf_signed_integers",
        "0.10.2",
        "timeouts of queries, ports of relayed answers and RPC are written as signed",
        "5d32001 2024-03-20 PR#705",
        "S7",
    ),
    _departure(
        *("S8", SERF, "mdns_flags", "0.10.2", "-mdns-iface, -mdns-disable-ipv4", "7a57b61, 9ef33a9 2024"),
        "there is no multicast: members join those that the scenario names",
    ),
    _departure(
        *(
            "S9",
            SERF,
            "coordinate_bounds",
            "main",
            "bounds of coordinate tests",
            "a806bc0 2026-06-10 PR#816",
        ),
        "bounds of tests, not behaviour; ours are the new ones",
    ),
    _departure(
        *(
            "S10",
            SERF,
            "agent_races",
            "main",
            "races of agent and clients",
            "4e97ab1, 0e526ca 2026-06",
        ),
        "a simulated agent does one thing at a time, so there is no race",
    ),
)

RULES: Final = (*_OLDER_MEMBERLIST, *_NEWER_MEMBERLIST, *_OF_GRAFANA, *_OLDER_SERF, *_NEWER_SERF)
