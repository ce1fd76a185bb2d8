"""The transmit-limited queue: tiers, named and unnamed broadcasts, pruning, numbers that come again."""

from __future__ import annotations

from serfsim.protocol.memberlist.broadcast import UNNAMED, TransmitLimitedQueue
from serfsim.protocol.memberlist.messages import Message
from tests.differential.replaying import Outcome, Replay, Vector, compare
from tests.memberlist.harness import in_order


def play(vector: Vector, number: int) -> Outcome:
    queue = TransmitLimitedQueue(vector[0]["mult"])
    numbers: dict[int, str] = {}  # of messages, which `kept` keeps alive
    kept: list[Message] = []
    for at, step in enumerate(vector[1:]):
        queue.finished = []
        sent: list[Message] = []
        if step["op"] == "q":
            message = Message(0, 0, 0, step["len"])
            kept.append(message)
            numbers[id(message)] = f"{step['id']:06d}"
            queue.queue(message, UNNAMED if step["name"] < 0 else step["name"], step["id"])
        elif step["op"] == "g":
            queue.get_broadcasts(step["n"], 2, step["lim"], sent)
        elif step["op"] == "p":
            queue.prune(step["k"])
        simulated = {
            "v": [f"{numbers[id(it.message)]}:{it.transmits}" for it in in_order(queue)],
            "d": queue.depth,
            "fin": sorted(f"{token:06d}" for token in queue.finished),
            "out": [numbers[id(message)] for message in sent],
        }
        real = {"v": step["v"], "d": step["d"], "fin": sorted(step["fin"]), "out": step.get("out", [])}
        if difference := compare(real, simulated):
            return Outcome(at + 1, difference)
    return Outcome(len(vector) - 1)


QUEUE = Replay("q", "the broadcast queue: tiers, named and unnamed, prune, ids that come again", "step", play)
