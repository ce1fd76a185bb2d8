"""Free parameters of Lifeguard's experiments: the paper is silent, or differs from memberlist's code."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Assumption

ASSUMPTIONS: Final = (
    Assumption(
        "read cost",
        "100us + 10us",
        ("50us + 5us", "200us + 20us"),
        "not stated; fits SWIM at C = 1",
        "Windows of 1 to 64 ms are as long as a process takes to read some dozens of packets, so that reading"
        " must take time: a packet, and each message in it.",
    ),
    Assumption(
        "cores",
        "eight agents share one, and sending takes none of it",
        ("one for each agent", "20us to send a datagram"),
        "the paper's section V-E; the cost of sending is not stated",
        "What an agent reads takes time from the seven others on its core.",
    ),
    Assumption(
        "120 s count from",
        "the start of the agents",
        ("the first block",),
        "inferred",
        "The Threshold text counts from the start of the experiment, which includes 15 s of quiet.",
    ),
    Assumption(
        "tags",
        "Consul's",
        ("none",),
        "Consul's source",
        "They make alive messages larger, so that fewer fit into a packet.",
    ),
    Assumption(
        "thread that resumes first",
        "the prober",
        ("the one that blocked first",),
        "inferred from Figure 3",
        "A suspicion that misses the window leaves with the verdict, too late to be refuted, and all healthy"
        " members take it over at once: some 110 events, where Figure 3 has 90 in all 480 runs at C = 16.",
    ),
    Assumption(
        "release",
        "0.8.1",
        ("0.8.2", "0.9"),
        "inferred from the dates of the build",
        "Ubuntu's build is of 28 January 2017; 0.8.2 has another penalty for a missing nack.",
    ),
    Assumption(
        "nack",
        "at the probe timeout",
        ("80 % of the probe timeout",),
        "memberlist's code; the paper's footnote 5 says 80 %",
        "At the whole timeout a nack comes too late to count on a LAN.",
    ),
    Assumption(
        "health score",
        "as the code has it",
        ("as the paper has it",),
        "memberlist's code; the paper's section IV-A",
        "In the code a failed probe costs as many points as nacks are missing, and the score ends at 7.",
    ),
    Assumption(
        "confirmations K",
        "3",
        ("alpha - 2",),
        "the paper's section V-C",
        "The code has alpha - 2: 3 at alpha 5, and 0 at alpha 2, where Table VII has an effect of beta.",
    ),
)
