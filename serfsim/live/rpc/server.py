"""The RPC server: a listening socket, and the clock of the simulation.

    start up      listen; run the simulation to its time 0 as fast as possible
    serve         alternate slices of simulated time and clients; the pace limits each slice
    end           Ctrl-C, or a requested leave of the agent

A slice takes about SLICE_S of real time, which bounds the wait of a client.
While the node's process is down, new connections are closed at once.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from typing import Final

from serfsim.base.errors import SerfsimError
from serfsim.live.addresses import format_endpoint
from serfsim.live.rpc import info, keys, membership, queries, subscriptions
from serfsim.live.rpc.pacing import Pace
from serfsim.live.rpc.session import OPEN, Command, Session
from serfsim.live.rpc.simulated_agent import SimulatedAgent
from serfsim.logs import live_words

COMMANDS: Final[dict[str, Command]] = {
    **info.COMMANDS,
    **queries.COMMANDS,
    **membership.COMMANDS,
    **keys.COMMANDS,
    **subscriptions.COMMANDS,
}
SLICE_S: Final = 0.03  # seconds of real time
REST_S: Final = 0.005  # seconds of real time to wait while the simulation may not advance
MOST_CLIENTS: Final = 64
SEND_BUFFER: Final = 65536  # bytes


class Server:
    """Serves `agent` to clients.

    `key`: the key they must present, "" for none. With `stays` it outlives the agent.
    """

    def __init__(self, agent: SimulatedAgent, pace: Pace, key: str = "", *, stays: bool = False) -> None:
        self.agent = agent
        self.pace = pace
        self.key = key
        self.stays = stays
        self.slice_s = 0.001  # seconds of simulated time, adapted while running
        self._sessions: dict[asyncio.Task[None], Session] = {}
        agent.on_down = self._process_ended

    async def run(self, host: str, port: int, ready: Callable[[str, int], None]) -> None:
        """Serve until the agent has left, or until cancelled; call `ready` with the bound address.

        Raises SerfsimError if the address cannot be bound.
        """
        try:
            listening = await asyncio.start_server(self._accept, host, port, start_serving=False)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            where = format_endpoint((host, port))
            raise SerfsimError(f"--rpc-addr: cannot listen on {where}: {reason}") from None
        try:
            await self._go_to(0.0)
            await listening.start_serving()
            ready(*listening.sockets[0].getsockname()[:2])
            while self.stays or not self.agent.has_left:
                if not self._go_on():
                    await asyncio.sleep(REST_S)
                await asyncio.sleep(0)
            # Let the last response go out.
            await asyncio.sleep(REST_S)
        finally:
            listening.close()
            self._hang_up()
            for task in list(self._sessions):
                task.cancel()
            await asyncio.gather(*self._sessions, return_exceptions=True)

    @property
    def sessions(self) -> list[Session]:
        """The open connections, oldest first."""
        return list(self._sessions.values())

    # The clock -----------------------------------------------------------------------------------

    async def _go_to(self, t: float) -> None:
        while self.agent.sim.now < t:
            self._slice(t)
            await asyncio.sleep(0)

    def _go_on(self) -> bool:
        """Advance by a slice if the pace allows one; return True if more may follow at once."""
        now = self.agent.sim.now
        limit = self.pace.limit(now, self.agent.is_busy)
        if limit <= now:
            return False
        self._slice(limit)
        return self.agent.sim.now < limit

    def _slice(self, limit: float) -> None:
        now = self.agent.sim.now
        began = time.perf_counter()
        self.agent.advance(min(limit, now + self.slice_s))
        spent = time.perf_counter() - began
        if spent > SLICE_S:
            self.slice_s = max(self.slice_s / 2.0, 1e-4)
        elif spent < SLICE_S / 4.0 and limit - now >= self.slice_s:
            self.slice_s = min(self.slice_s * 2.0, 10.0)

    # Clients -------------------------------------------------------------------------------------

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.agent.is_up or (len(self._sessions) >= MOST_CLIENTS and not self._make_room()):
            writer.close()
            return
        # Limits the system's buffer for a client that does not read.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        session = Session(self.agent, COMMANDS, self.key, reader, writer)
        self.agent.say(live_words.CLIENT_ACCEPTED.format(peer=session.peer))
        task = asyncio.get_running_loop().create_task(session.serve())
        self._sessions[task] = session
        task.add_done_callback(lambda done: self._sessions.pop(done, None))

    def _make_room(self) -> bool:
        """Close the oldest connection that is not open yet; return False if all are open."""
        for task, session in self._sessions.items():
            if session.state != OPEN:
                session.hang_up()
                task.cancel()
                del self._sessions[task]
                return True
        return False

    def _hang_up(self) -> None:
        for session in self.sessions:
            session.close()

    def _process_ended(self) -> None:
        for session in self.sessions:
            session.process_ended()
