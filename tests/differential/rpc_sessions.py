"""RPC sessions: replies to random requests, good and bad, with a key and without."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest.mock import patch

from serfsim import Simulation
from serfsim.live.rpc import session as machine
from serfsim.live.rpc.server import COMMANDS
from serfsim.live.rpc.session import Session
from serfsim.live.rpc.simulated_agent import SimulatedAgent
from serfsim.scenario import Scenario
from tests.differential.record_rpc import headers_of
from tests.differential.replaying import Outcome, Replay, Vector
from tests.rpc.test_session_transitions import MemoryWriter

ALONE: dict[str, Any] = {
    "cluster": {"nodes": 1, "version": "0.9.4"},
    "duration": "10m",
    "warm_up": "1s",
    "record": {"coordinates": "none"},
}
LIMIT_S = 20.0


async def replies(vector: Vector) -> list[list[Any]]:
    agent = SimulatedAgent(Simulation(Scenario(**ALONE)), 0, epoch=0.0)
    agent.advance(1.0)
    reader, writer = asyncio.StreamReader(), MemoryWriter()
    session = Session(agent, COMMANDS, vector["key"], reader, writer)  # type: ignore[arg-type]
    reader.feed_data(bytes.fromhex(vector["sent"]))
    reader.feed_eof()
    task = asyncio.ensure_future(session.serve())
    until = asyncio.get_running_loop().time() + LIMIT_S
    while not task.done() and asyncio.get_running_loop().time() < until:
        agent.advance(agent.sim.now + 0.05)
        await asyncio.sleep(0)
    await task
    return headers_of(writer.data)


def play(vector: Vector, number: int) -> Outcome:
    with patch.object(machine, "WRONG_KEY_S", 0.0):
        simulated = asyncio.run(replies(vector))
    real = vector["replies"]
    same = simulated == real
    return Outcome(len(real), "" if same else f"seed {vector['seed']}: real {real}, simulated {simulated}")


SESSIONS = Replay(
    "rpc", "RPC sessions of an agent on good and bad requests, with a key and without", "reply", play
)
