"""Free parameters of Rapid's experiments with itself: what the paper does not state."""

from __future__ import annotations

from typing import Final

from serfsim.study.reproduction import Assumption

ASSUMPTIONS: Final = (
    Assumption(
        "spreading",
        "gossip",
        ("to all by unicast",),
        "section 4; the authors' implementation sends each message to all",
        "What a view change costs and who pays for it.",
    ),
    Assumption(
        "failures",
        "4 of 10",
        ("10 of 10",),
        "section 6: 40 % of the last ten probes; the authors' implementation waits for ten failed ones",
        "The time until an edge is faulty.",
    ),
    Assumption(
        "reinforcement",
        "10s",
        ("5s", "30s"),
        "not stated",
        "Observers of a member that stays unstable raise alerts, so that it cannot hold a view change up.",
    ),
    Assumption(
        "copies",
        "3",
        ("1", "6"),
        "not stated",
        "Times that a member sends an alert or a vote, beside ln(n), two a round.",
    ),
    Assumption(
        "H and L",
        "9 and 3",
        ("9 and 4", "7 and 3"),
        "section 7; the authors' implementation has 9 and 4",
        "How many of the ten observers must agree.",
    ),
    Assumption(
        "transport",
        "UDP, TCP for a configuration",
        (),
        "not stated; the authors' implementation has gRPC for all",
        "Sizes are those of the protocol buffers, without the framing of HTTP/2.",
    ),
    Assumption(
        "removed members",
        "stay out",
        (),
        "Figures 9 and 10: views stay at 990",
        "Elsewhere serfsim has them join again after 10 s, setting `rejoin`.",
    ),
)
