"""Why figures differ from their recordings, as far as it is known: found by looking, written by hand.

Each is true for any number of simulated runs; the runs that it counts are those that were looked at.

The page puts a cause beside every figure that does not agree. One without a cause says so.
"""

from __future__ import annotations

import re

# Group pattern, figure pattern, cause. The first that fits counts.
CAUSES: tuple[tuple[str, str, str], ...] = (
    (
        "a-baseline-n32",
        r"coordinate_error_.*",
        "one recording, s1, converged unusually slowly at all times: of the 22 others looked at, only"
        " h-events-loss00 did. The same latencies were recorded twice, and the other run, set aside for"
        " another reason, had 0.069 at 60 s and 0.030 at 120 s, as simulated",
    ),
    (
        "a-baseline-n16",
        r"coordinate_error_p50_at_178s",
        "one recording, s1, is as low as 8 of 150 simulated runs are: of few runs the range ends above it",
    ),
    (
        "h-events-loss00-n32",
        r"event_copies_per_member",
        "a member that has an event first by push/pull does not pass it on: one of the 32 at 1 event in 10,"
        " and under loss at 1 in 6. So it was among real agents, at 5 of the 20 events under loss and none of"
        " the 20 here",
    ),
    (
        "h-events-loss20-n32",
        r"event_t100_s",
        "gossip misses a member at 1 event in 15, which it then has by push/pull up to 30 s later. Of the 40"
        " recorded at this loss, 20 of them in a run set aside, one took 23 s; none of those compared did",
    ),
    (
        "i-leave-n32",
        r"leave_intent_copies",
        "now and then a member first hears of a leave by push/pull: it takes it and, like the library's, does"
        " not pass it on",
    ),
    (
        "(a-baseline|b-crash)-.*",
        r"(indirect_ping|nack)_per_node_s|ack_message_bytes",
        "what the recording machine's other jobs added to a packet is simulated as lognormal, fitted to its"
        " median and mean, and that has no end: at a sigma of 1.8 one packet in 300,000 is 0.4 s late, its"
        " probe is saved by three indirect ones, and their acks have no payload. No recorded packet was",
    ),
    (
        "a-baseline-.*",
        r"push_pulls_per_node_min",
        "rounds come every 30 s (60 s) and the length of one exchange, so now and then one falls out of the"
        " window; the recordings' own intervals are 30.05 to 30.21 s",
    ),
    (
        "b-crash-n16-wan",
        r".*",
        "one recording with two victims, whom nobody happened to probe for two rounds of 5 s and for one: a"
        " chance of 5 %. From the first suspicion to failed it takes the recorded 36.12 s",
    ),
    (
        "b-crash-n32",
        r"first_suspect_s",
        "12 recorded victims; the wait for somebody to probe a victim is geometric, with a long tail",
    ),
    (
        "d-allblock-node-n32",
        r"x_failed_mean_s",
        "one recorded victim; the wait for the first probe is geometric",
    ),
    (
        "e-ge10-udp-n32",
        r".*",
        "bursts of loss: a chain of each pair steps once a packet, a dozen times in the run, so one recording"
        " says little",
    ),
    (
        "e-loss(05|10)-.*",
        r".*",
        "rare: a handful of events in the one recording of 170 s",
    ),
    (
        "e-loss20-both-n32",
        r"failed_(events|episodes)",
        "one recording with two episodes that reached all 31 observers. Each began with a refutation that its"
        " node queued and never sent, as the library's broadcast queue loses some; simulated nodes lose"
        " them by the same rule, 5 of 4229 looked at, against 9 of 2425 in all recordings of loss",
    ),
)

UNKNOWN = "not explained yet"


def cause_of(group: str, figure: str) -> str:
    for group_pattern, figure_pattern, cause in CAUSES:
        if re.fullmatch(group_pattern, group) and re.fullmatch(figure_pattern, figure):
            return cause
    return UNKNOWN
