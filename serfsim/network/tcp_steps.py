"""The steps of a TCP stream: arrivals of segments, timers that go off, and what a process then does."""

from __future__ import annotations

from typing import Final

# Those from PROCESS on are taken by a process, the others by a kernel.
SYN: Final = 0
SYN_TIMER: Final = 1
SYN_ACK: Final = 2
SYN_ACK_TIMER: Final = 3
HANDSHAKE_ACK: Final = 4
CLIENT_RST: Final = 5  # an RST for the client
SERVER_RST: Final = 6
REQUEST_SEGMENT: Final = 7
REQUEST_ACK: Final = 8
REQUEST_TIMER: Final = 9
ANSWER_SEGMENT: Final = 10
ANSWER_ACK: Final = 11
ANSWER_TIMER: Final = 12
CLIENT_FIN: Final = 13  # the client's FIN is at the server
SERVER_FIN: Final = 14
PROCESS: Final = 15
CONNECTION: Final = 15  # the client's process learns that it is connected
REFUSAL: Final = 16
DIAL_END: Final = 17
REQUEST: Final = 18  # the server's process has read the request
ANSWER: Final = 19
IO_END: Final = 20
CLOSURE: Final = 21
HANG_UP: Final = 22  # the server's process reads that no request will come
SERVICE: Final = 23  # the turn of a push/pull at the server is over
WRITTEN: Final = 24  # the server's kernel has all of the answer
LISTENER_DEADLINE: Final = 25  # of the server's process, for one of its streams
NO_ROUTE: Final = 26  # the client's kernel refuses to dial
WRITE: Final = 27  # a process writes its request, or on a link, later than it wanted to
PACKET_WRITTEN: Final = 28  # the client's kernel has taken more of a packet
LINK_INPUT: Final = 29  # a process has something to read on a link
