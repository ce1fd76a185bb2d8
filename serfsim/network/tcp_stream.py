"""State of one TCP stream in both kernels. `tcp` changes it; this file only holds it."""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i64
from serfsim.network.addresses import AddressTable
from serfsim.network.rules import TCP
from serfsim.network.tcp_transfer import Transfer
from serfsim.protocol.memberlist.messages import StreamMessage

# The client's side.
DIALLING: Final = 0
CONNECTED: Final = 1
ENDED: Final = 2
CLIENT_STATES: Final = ("dialling", "connected", "ended")

# The server's side.
SILENT: Final = 0
ACCEPTED: Final = 1
ESTABLISHED: Final = 2
ANSWERING: Final = 3
GONE: Final = 4
SERVER_STATES: Final = ("silent", "accepted", "established", "answering", "gone")


class Stream:
    """`client` and `server` are numbers of hosts; epochs are those of the processes at either end."""

    def __init__(
        self, number: int, client: i64, server: i64, client_epoch: i64, request: StreamMessage, token: i64
    ) -> None:
        self.number = number
        self.client: i64 = client
        self.server: i64 = server
        # Addresses: which was dialled, the client's own, that as the server sees it, and the server's own.
        self.address: i64 = server
        self.client_address: i64 = client
        self.client_seen: i64 = client
        self.server_address: i64 = server
        self.client_epoch: i64 = client_epoch
        self.client_port: i64 = 0
        self.server_epoch: i64 = -1
        self.request = request
        self.token: i64 = token
        self.reply: StreamMessage | None = None
        self.outcome: i64 = -1  # once the client's side has ended
        self.client_state: i64 = DIALLING
        self.server_state: i64 = SILENT
        self.server_deadline = 0.0  # of the server's process, for the request and then for its answer
        self.is_link = False  # without request and answer: `tcp_link`
        self.is_counted = False  # among the push/pulls of the server's process
        self.rng: Random | None = None
        self.io_deadline = 0.0
        self.io_timeout = 0.0
        self.syns: i64 = 0  # sent so far
        self.syn_sent_at = 0.0
        self.syn_echoed = 0.0  # when the SYN was sent that the server's time stamps echo: the first to arrive
        self.is_connected = False  # for the client's kernel, and not reset
        self.is_blocked = False  # the thread of a stalled client
        self.is_cut_short = False  # the server closed before all of its answer was written
        self.syn_answered = False  # the client's kernel has had a SYN-ACK or an RST
        self.syn_acks: i64 = 0
        self.syn_ack_sent_at = 0.0
        self.syn_ack_echoed = 0.0
        self.client_rtt = 0.0  # each side's one sample
        self.server_rtt = 0.0
        self.upward: Transfer | None = None  # the request
        self.downward: Transfer | None = None  # the reply, or a FIN alone
        self.captured: object | None = None  # what a capture remembers of it

    def find_server(self, table: AddressTable, now: float) -> None:
        """Find the host to which a SYN comes now, which may be another than that of the last."""
        server = table.resolve(self.client, self.address, TCP, now)
        if server != self.server:
            self.server_state = SILENT
        self.server = server
        self.client_seen = table.seen
        if server >= 0:
            self.server_address = table.address(server)

    def is_client_there(self, table: AddressTable) -> bool:
        """Return whether the client's host still has the address from which it dialled."""
        own = self.client_address
        return table.address(self.client) == own and table.has(self.client, own)

    def is_server_there(self, table: AddressTable) -> bool:
        """Return whether the dialled address still belongs to a host, and to the same one."""
        own = self.server_address
        return self.server >= 0 and table.address(self.server) == own and table.has(self.server, own)
