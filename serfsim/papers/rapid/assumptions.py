"""Free parameters of Rapid's experiments with memberlist: what the paper does not state."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Assumption

BOOTSTRAP: Final = (
    Assumption(
        "names",
        "10.0.17.4-9003",
        ("node-0000", "of a host in the cloud"),
        "not stated; several processes of a VM need names of their own",
        "The longer a name, the fewer alive messages fit into a datagram, and a bootstrap lasts until all"
        " of them have passed.",
    ),
    Assumption(
        "release",
        "0.1.0",
        ("0.1.3", "0.2.2"),
        "memberlist's history: the paper appeared in March 2018, 0.1.1 is from the autumn",
        "0.1.1 brought two handoff queues, another order of the broadcast queue and a limit of 128 push/pulls"
        " at a time.",
    ),
    Assumption(
        "push/pull",
        "30 s, scaled to 180 s for 1000",
        ("30 s for 1000",),
        "memberlist's code; the paper's section 7.1 says every 30 s",
        "memberlist makes the interval longer for more than 32 members.",
    ),
    Assumption(
        "spread of the starts",
        "1s",
        ("0s", "5s"),
        "not stated",
        "The processes start on 100 machines at about the same time.",
    ),
    Assumption(
        "cost of a push/pull",
        "1.2 ms",
        ("0s", "5ms"),
        "measured on agents of two cores",
        "The seed process serves all joins.",
    ),
)
FLIP_FLOP: Final = (
    Assumption(
        "suspicion_mult",
        "4",
        ("5",),
        "memberlist's default since July 2017; 5 before",
        "With 5 a member is declared dead so late that the news is still being gossiped when it hears again.",
    ),
    Assumption(
        "packets dropped",
        "all that come in",
        ("UDP",),
        "the paper's Figure 9: one-way, ingress",
        "Rules that name UDP leave push/pulls and pings over TCP to the ten.",
    ),
    Assumption(
        "phases of the ten",
        "together",
        ("each its own",),
        "not stated",
        "Ten scripts need not be in step.",
    ),
    Assumption(
        "gossip to the dead",
        "30 s",
        ("none",),
        "memberlist's code since December 2016",
        "It tells a member that it was declared dead.",
    ),
    Assumption(
        "layer",
        "memberlist alone",
        ("serf",),
        "the paper's section 7",
        "Serf reconnects to failed members.",
    ),
)
ASSUMPTIONS: Final = (
    *BOOTSTRAP,
    *FLIP_FLOP,
    Assumption(
        "clock of the bootstrap",
        "starts with the N - 1",
        (),
        "not stated",
        "If it starts with the seed process, all times are ten seconds longer.",
    ),
    Assumption(
        "bytes of Table 2",
        "IP packets, in each second",
        (),
        "not stated",
        "A state of 1000 members that is exchanged within a second exceeds the published maximum.",
    ),
)
