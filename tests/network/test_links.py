"""Links: messages both ways on one connection, its end from either side, and what breaks it."""

from __future__ import annotations

import pytest

from serfsim.network.journal import TCP_HEADERS
from serfsim.network.rules import TCP, Effect
from serfsim.network.stall import begin_stall, end_stall
from serfsim.network.tcp_link import LENGTH
from serfsim.protocol.memberlist.messages import UserMessage
from serfsim.protocol.runtime import CLOSED, DIAL_NO_ROUTE, DIAL_REFUSED, DIAL_TIMEOUT, IO_TIMEOUT
from tests.network.harness import CLIENT, ONE_WAY, RTT, SERVER, Lab, Puppet
from tests.network.test_tcp_handshake import Lost

DIAL_TIMEOUT_S = 10.0
MSS = 1448


class Talker(Puppet):
    """Notes what comes by links: (time, link, size of the message)."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[tuple[float, int]] = []
        self.heard: list[tuple[float, int, int]] = []
        self.closed: list[tuple[float, int, int]] = []

    def on_link_opened(self, link: int, now: float) -> None:
        self.opened.append((now, link))

    def on_link_message(self, link: int, message: UserMessage, now: float) -> None:
        self.heard.append((now, link, int(message.size)))

    def on_link_closed(self, link: int, outcome: int, now: float) -> None:
        self.closed.append((now, link, outcome))


class Line:
    """Two talkers, and one link that the client dials at once."""

    def __init__(self, *lost: int, until: float = 1.0) -> None:
        self.lab = Lab(tcp_loss=Lost(*lost) if lost else None)
        self.client, self.server = Talker(), Talker()
        for number, talker in enumerate((self.client, self.server)):
            self.lab.host(number).start(talker)
        self.link = self.lab.host(CLIENT).open_link(SERVER, DIAL_TIMEOUT_S, 0.0)
        self.lab.run(until)

    def write(self, host: int, *sizes: int) -> None:
        for size in sizes:
            self.lab.host(host).write_link(self.link, UserMessage(1, host, size), self.lab.now)

    def run(self, seconds: float) -> None:
        self.lab.run(self.lab.now + seconds)

    def greet(self) -> None:
        """Write once each way, so that both processes know the link."""
        self.write(CLIENT, 10)
        self.run(1.0)
        self.write(SERVER, 20)
        self.run(1.0)


def sizes_of(talker: Talker) -> list[int]:
    return [size for _, _, size in talker.heard]


def test_a_link_opens_in_a_round_trip_and_messages_take_half_of_one() -> None:
    line = Line(until=0.5)
    assert line.client.opened == [(pytest.approx(RTT), line.link)]
    line.write(CLIENT, 100)
    line.run(0.5)
    line.write(SERVER, 200)
    line.run(0.5)
    assert line.server.heard == [(pytest.approx(0.5 + ONE_WAY), line.link, 100)]
    assert line.client.heard == [(pytest.approx(1.0 + ONE_WAY), line.link, 200)]


def test_a_message_costs_its_bytes_a_length_and_one_acknowledgement() -> None:
    line = Line()
    before = line.lab.ledger.bytes_of(CLIENT), line.lab.ledger.bytes_of(SERVER)
    line.write(CLIENT, 100)
    line.run(1.0)
    after = line.lab.ledger.bytes_of(CLIENT), line.lab.ledger.bytes_of(SERVER)
    assert after[0] - before[0] == TCP_HEADERS + LENGTH + 100
    assert after[1] - before[1] == TCP_HEADERS
    assert line.lab.ledger.written[-1][1:] == (CLIENT, LENGTH + 100)


def test_what_is_written_before_the_link_is_open_waits() -> None:
    line = Line(until=0.0)
    line.write(CLIENT, 1, 2)
    line.run(1.0)
    assert sizes_of(line.server) == [1, 2]


def test_messages_come_whole_and_in_order_though_segments_are_lost() -> None:
    line = Line(3, 5, 9)  # 0 to 2 are the handshake
    sizes = [3000, 10, 20000, 20, 30]
    line.write(CLIENT, *sizes)
    line.run(5.0)
    assert sizes_of(line.server) == sizes
    times = [at for at, _, _ in line.server.heard]
    assert times == sorted(times)


def test_a_slow_handshake_does_not_slow_repetitions_for_good() -> None:
    line = Line(1, 8, 11, until=5.0)  # the SYN-ACK is lost, and then data
    for _ in range(30):
        line.write(CLIENT, 10)
        line.run(0.5)
    line.write(CLIENT, 20)
    line.run(2.0)
    assert len(line.server.heard) == 31
    transfer = line.lab.host(CLIENT).dialled[line.link].upward
    assert transfer is not None
    assert transfer.rtt < 2 * RTT
    assert transfer.rto < 0.5


def test_one_link_carries_a_thousand_messages() -> None:
    line = Line()
    for _ in range(1000):
        line.write(CLIENT, 50)
        line.run(0.01)
    line.run(1.0)
    assert len(line.server.heard) == 1000


@pytest.mark.parametrize("closer", [CLIENT, SERVER])
def test_a_close_comes_behind_what_was_written_and_only_the_other_side_hears_of_it(closer: int) -> None:
    line = Line()
    line.greet()
    line.write(closer, 7000)
    line.lab.host(closer).close_link(line.link, line.lab.now)
    line.run(5.0)
    one, other = (line.client, line.server) if closer == CLIENT else (line.server, line.client)
    assert sizes_of(other)[-1] == 7000
    assert [(link, outcome) for _, link, outcome in other.closed] == [(line.link, CLOSED)]
    assert one.closed == []
    line.write(CLIENT, 1)
    line.write(SERVER, 1)
    sent = len(line.lab.ledger.segments)
    line.run(5.0)
    assert len(line.lab.ledger.segments) == sent


@pytest.mark.parametrize("victim", [CLIENT, SERVER])
def test_a_process_that_dies_resets_its_links(victim: int) -> None:
    line = Line()
    line.greet()
    died = line.lab.now
    line.lab.host(victim).crash(died)
    line.run(1.0)
    other = line.server if victim == CLIENT else line.client
    assert other.closed == [(pytest.approx(died + ONE_WAY), line.link, CLOSED)]


@pytest.mark.parametrize("victim", [CLIENT, SERVER])
def test_a_host_that_fails_is_silent_and_its_next_life_resets_the_link(victim: int) -> None:
    line = Line()
    line.greet()
    line.lab.host(victim).unplug()
    other, talker = (SERVER, line.server) if victim == CLIENT else (CLIENT, line.client)
    line.write(other, 1)
    line.run(20.0)
    assert talker.closed == []
    line.lab.host(victim).start(Talker())
    line.run(60.0)
    assert [outcome for _, _, outcome in talker.closed] == [CLOSED]


def test_a_kernel_gives_up_after_a_quarter_of_an_hour() -> None:
    line = Line()
    line.greet()
    line.lab.host(SERVER).unplug()
    began = line.lab.now
    line.write(CLIENT, 1)
    line.run(3000.0)
    ((at, _, outcome),) = line.client.closed
    assert outcome == IO_TIMEOUT
    assert 800.0 < at - began < 1300.0


@pytest.mark.parametrize(("trouble", "outcome"), [("dead", DIAL_REFUSED), ("gone", DIAL_TIMEOUT)])
def test_a_dial_that_fails_closes_the_link(trouble: str, outcome: int) -> None:
    line = Line()
    host = line.lab.host(SERVER)
    if trouble == "dead":
        host.crash(line.lab.now)
    else:
        host.unplug()
    line.run(1.0)
    line.client.closed.clear()
    link = line.lab.host(CLIENT).open_link(SERVER, DIAL_TIMEOUT_S, line.lab.now)
    line.run(15.0)
    assert [(number, why) for _, number, why in line.client.closed] == [(link, outcome)]


def test_a_kernel_without_a_route_refuses_the_dial() -> None:
    line = Line()
    line.lab.network.rules.between(Effect(refuses=True), TCP, [CLIENT], [SERVER])
    link = line.lab.host(CLIENT).open_link(SERVER, DIAL_TIMEOUT_S, line.lab.now)
    line.run(1.0)
    assert line.client.closed == [(1.0, link, DIAL_NO_ROUTE)]


def test_a_paused_process_reads_when_it_resumes() -> None:
    line = Line()
    line.lab.host(SERVER).pause()
    line.write(CLIENT, 10, 20)
    line.run(5.0)
    assert line.server.heard == []
    line.lab.host(SERVER).resume(line.lab.now)
    assert sizes_of(line.server) == [10, 20]


def test_a_stalled_process_writes_and_reads_when_its_stall_ends() -> None:
    line = Line()
    line.greet()
    line.server.heard.clear()
    line.client.heard.clear()
    begin_stall(line.lab.host(SERVER))
    line.write(SERVER, 30)
    line.write(CLIENT, 40)
    line.run(1.0)
    assert line.client.heard == line.server.heard == []
    end_stall(line.lab.host(SERVER), line.lab.now)
    line.run(1.0)
    assert (sizes_of(line.client), sizes_of(line.server)) == ([30], [40])


def test_a_frozen_host_goes_on_with_its_links() -> None:
    line = Line()
    line.greet()
    line.server.heard.clear()
    line.lab.host(SERVER).freeze(line.lab.now)
    line.write(CLIENT, 10, 20)
    line.run(5.0)
    assert line.server.heard == []
    line.lab.host(SERVER).thaw(line.lab.now)
    line.run(5.0)
    assert sizes_of(line.server) == [10, 20]
    assert line.client.closed == []
