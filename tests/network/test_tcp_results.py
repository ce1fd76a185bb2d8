"""Whatever the network and the processes do: every stream of a living process ends exactly once."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from serfsim.network.jitter import ExponentialJitter
from serfsim.network.loss import BernoulliLoss, NoLoss
from serfsim.network.rules import TCP, Effect
from serfsim.protocol.runtime import REPLIED
from tests.network.harness import Lab, Puppet

HOSTS = 3
DIAL_TIMEOUT = 3.0
IO_TIMEOUT = 4.0

Act = tuple[float, str, int, int]

ACTS = st.tuples(
    st.floats(0.0, 8.0),
    st.sampled_from(
        ["dial", "dial", "dial", "block", "unblock", "pause", "resume", "crash", "start", "unplug"]
    ),
    st.integers(0, HOSTS - 1),
    st.integers(0, HOSTS - 1),
)


@dataclass
class Dial:
    machine: Puppet
    token: int
    at: float
    epoch: int


class Chaos:
    """Carries out acts on three hosts, and remembers who dialled."""

    def __init__(self, loss: float, jittery: bool, seed: int) -> None:
        self.lab = Lab(
            hosts=HOSTS,
            tcp_loss=BernoulliLoss(loss) if loss else NoLoss(),
            jitter=ExponentialJitter(0.1) if jittery else None,
            processing_delay=0.002 if jittery else 0.0,
            seed=seed,
        )
        for number, machine in enumerate(self.lab.machines):
            machine.reply_size = (None, 100, 20_000)[number]
        self.dials: list[Dial] = []
        self.handles: list[int] = []

    def act(self, what: str, one: int, other: int) -> None:
        lab, host = self.lab, self.lab.host(one)
        if what == "dial" and host.running and not host.paused:
            token = lab.dial(one, other, (200, 20_000)[other % 2], DIAL_TIMEOUT, IO_TIMEOUT)
            self.dials.append(Dial(lab.machines[one], token, lab.now, int(host.epoch)))
        elif what == "block":
            self.handles.append(lab.network.rules.between(Effect(), TCP, [one], [other], one_way=True))
        elif what == "unblock" and self.handles:
            lab.network.rules.remove(self.handles.pop())
        elif what == "pause":
            host.pause()
        elif what == "resume":
            host.resume(lab.now)
        elif what in ("crash", "unplug") and host.running:
            host.crash(lab.now) if what == "crash" else host.unplug()
        elif what == "start" and not host.running:
            lab.restart(one)


@given(
    st.lists(ACTS, min_size=1, max_size=40),
    st.sampled_from([0.0, 0.2, 0.6]),
    st.booleans(),
    st.integers(0, 1000),
)
@settings(max_examples=100, deadline=None)
def test_every_stream_ends_once_and_in_time(acts: list[Act], loss: float, jittery: bool, seed: int) -> None:
    chaos = Chaos(loss, jittery, seed)
    lab = chaos.lab
    for t, what, one, other in sorted(acts):
        lab.run(t)
        chaos.act(what, one, other)
    lab.run(10.0)
    for number in range(HOSTS):
        lab.host(number).resume(lab.now)
    lab.run(10000.0)  # at 60 % loss a kernel may go on repeating for long after its process gave up
    assert lab.queue.pending == 0
    for dial in chaos.dials:
        found = [result for result in dial.machine.results if result.token == dial.token]
        alive = dial.machine in lab.machines and lab.host(lab.machines.index(dial.machine)).running
        same_life = alive and lab.host(lab.machines.index(dial.machine)).epoch == dial.epoch
        assert len(found) == 1 if same_life else len(found) <= 1
        for result in found:
            assert result.at <= max(dial.at, 10.0) + DIAL_TIMEOUT + IO_TIMEOUT + 1.0
            assert (result.reply is not None) == (result.outcome == REPLIED)


@given(st.integers(0, 10_000), st.sampled_from([0.05, 0.1]))
@settings(max_examples=40, deadline=None)
def test_with_time_enough_every_stream_is_answered_under_loss(seed: int, loss: float) -> None:
    lab = Lab(tcp_loss=BernoulliLoss(loss), seed=seed)
    for _ in range(5):
        lab.dial(size=5000, dial_timeout=200.0, io_timeout=400.0)
    lab.run(1000.0)
    for token in range(1, 6):
        # Nine transmissions in a row are lost, or their acknowledgements, once in three millions.
        assert lab.result(token).outcome == REPLIED
    assert len(lab.machines[1].requests) == 5
