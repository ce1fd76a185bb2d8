"""The network between hosts: the fate of each datagram and segment, and the dispatch of events to hosts.

    a packet is sent -> route -> uplink -> rules (drop, delay, loss) -> loss -> latency + jitter -> arrival

All of this is decided when the packet is sent; a rule that begins later does not affect it. From arrival
on, the host takes over (`host`); TCP (`tcp`) sends its segments the same way. A host's address is its
index unless there is a table of addresses (`addresses`); packets to an address that nobody has are counted.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import Random, i32, i64, vec
from serfsim.network.addresses import NOBODY, AddressTable
from serfsim.network.capture import Capture
from serfsim.network.host import Host
from serfsim.network.host_events import KIND_BITS, KIND_MASK, PACKET, READ, STREAM
from serfsim.network.jitter import Jitter, JitterByPair, NoJitter
from serfsim.network.journal import UDP_HEADERS, Journal
from serfsim.network.latency import Latency
from serfsim.network.loss import Loss, NoLoss
from serfsim.network.rules import POOL_BITS, TCP, UDP, RuleSet
from serfsim.network.scheduler import Dispatcher, Scheduler
from serfsim.network.tcp import Tcp
from serfsim.network.tcp_stream import Stream
from serfsim.protocol.memberlist.messages import Packet

IP_HEADER: Final = 20
NEVER: Final = -1.0
NEXT_DOOR: Final = 1e-3  # seconds from a sender outside to any host


class Network(Dispatcher):
    """`hosts` is how many there will be; `add_host` brings them in, in the order of their numbers.

    `bandwidth` is bits a second of each host's uplink, 0 without limit; `mtu` is bytes. A datagram
    that needs several fragments is lost if any of them is.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        journal: Journal,
        latency: Latency,
        hosts: i64,
        jitter: Jitter | None = None,
        udp_loss: Loss | None = None,
        tcp_loss: Loss | None = None,
        bandwidth: float = 0.0,
        mtu: i64 = 1500,
    ) -> None:
        self.scheduler = scheduler
        self.journal = journal
        self.latency = latency
        self.rules = RuleSet(hosts)
        self.hosts: list[Host] = []
        self.bandwidth = bandwidth
        self.has_uplinks = bandwidth > 0.0
        self.jitter_by_pair: JitterByPair | None = None
        self.mtu: i64 = mtu
        self.jitter: Jitter = NoJitter() if jitter is None else jitter
        self.udp_loss: Loss = NoLoss() if udp_loss is None else udp_loss
        self.tcp_loss: Loss = NoLoss() if tcp_loss is None else tcp_loss
        self._has_jitter = not isinstance(self.jitter, NoJitter)
        self._has_udp_loss = not isinstance(self.udp_loss, NoLoss)
        self._has_tcp_loss = not isinstance(self.tcp_loss, NoLoss)
        self.capture: Capture | None = None
        self.is_pool = False
        self.places = vec[i32]()
        self.zones = vec[i32]()  # of each host, below 0 for none; empty in a cluster without zones
        self.udp_bit: i64 = UDP
        self.tcp_bit: i64 = TCP
        self.addresses: AddressTable | None = None
        self.tcp = Tcp(self)

    def add_host(self, host: Host) -> None:
        assert host.number == len(self.hosts)
        self.hosts.append(host)

    def stand_on(self, cluster: Network, places: list[int], pool: i64) -> None:
        """Make this the network of a pool (`pools`): its host i stands on host places[i] of the cluster.

        Everything on the path of a packet is that of the cluster's network; `pool` is the pool's number in
        the rules. Hosts are added before.
        """
        self.is_pool = True
        self.places = vec[i32]([i32(place) for place in places])
        self.rules = cluster.rules
        self.has_uplinks = cluster.has_uplinks
        self.zones = cluster.zones
        self.jitter_by_pair = cluster.jitter_by_pair
        self._has_jitter = cluster._has_jitter
        self.udp_bit = UDP << (POOL_BITS * pool)
        self.tcp_bit = TCP << (POOL_BITS * pool)
        for host in self.hosts:
            host.shares_link = cluster.hosts[places[host.number]]
            host.bandwidth = cluster.hosts[places[host.number]].bandwidth

    def place_of(self, host: i64) -> i64:
        """Return the number of a host, or of the cluster's host that it stands on, in models and rules."""
        if not self.is_pool:
            return host
        return i64(self.places[host]) if self.host_at(host) >= 0 else NOBODY

    def refuses(self, source: i64, target: i64, transport: i64) -> bool:
        """Return whether the kernel of `source` refuses to send to `target`; `transport` as in `rules`."""
        if self.rules.refusing == 0:
            return False
        bit: i64 = self.udp_bit if transport == UDP else self.tcp_bit
        return self.rules.refuses(self.place_of(source), self.place_of(target), bit)

    def set_jitter_by_pair(self, jitter: JitterByPair) -> None:
        """Draw each pair's jitter from that pair's model."""
        self.jitter_by_pair = jitter
        self._has_jitter = True

    def limit_uplink(self, host: i64, bandwidth: float) -> None:
        """Limit a host's uplink to a bandwidth in bits a second."""
        self.hosts[host].bandwidth = bandwidth
        self.has_uplinks = True

    def set_zones(self, zones: list[int]) -> None:
        """Set the number of each host's zone, below 0 for none, to report what goes to another zone."""
        self.zones = vec[i32]([i32(zone) for zone in zones])

    def _report_zones(self, source: i64, target: i64, size: i64, now: float) -> None:
        here, there = self.place_of(source), self.place_of(target)
        if here >= 0 and there >= 0 and self.zones[here] != self.zones[there]:
            self.journal.sent_between_zones(now, size)

    def host_at(self, address: i64) -> i64:
        """Return the host of an address where there is no table, or NOBODY."""
        return address if 0 <= address < len(self.hosts) else NOBODY

    def address_of(self, host: i64) -> i64:
        """Return the address that a host is bound to."""
        return host if self.addresses is None else self.addresses.address(host)

    # Sending -------------------------------------------------------------------------------------

    def transmit(self, source: Host, address: i64, packet: Packet, now: float) -> bool:
        """Send a datagram; it arrives as a PACKET event of its target, or not at all.

        Return False where the sender's kernel refuses it, which is no traffic.

        What a host sends to itself never comes to the network: it takes no time and is no traffic.
        """
        number = source.number
        seen = number
        table = self.addresses
        if table is None:
            target_number = self.host_at(address)
        else:
            target_number = table.resolve(number, address, UDP, now)
            seen = table.seen
        if target_number == number:
            at = now + source.journey_delay
            self.scheduler.schedule(at, number, PACKET, seen, source.journey_ns, packet)
            return True
        if self.rules.refusing > 0 and self.refuses(number, target_number, UDP):
            return False
        size: i64 = packet.size + UDP_HEADERS
        fragments: i64 = 1
        if size > self.mtu:
            fragments = self._fragments(size)
            size += (fragments - 1) * IP_HEADER
        self.journal.packet_sent(now, number, packet, size)
        delay = NEVER
        if target_number >= 0:
            if len(self.zones) > 0:
                self._report_zones(number, target_number, size, now)
            delay = self._udp_delay(source, target_number, size, fragments, now)
            if self.rules.doubled:
                self._deliver_copy(source, seen, target_number, packet, delay, now)
        if self.capture is not None:
            self.capture.datagram(now, NEVER if delay < 0.0 else now + delay, number, address, packet)
        if target_number < 0:
            self.journal.packet_to_nobody(now, number, size)
            return True
        if delay < 0.0:
            self.journal.packet_lost(now, number, packet, size)
            return True
        target = self.hosts[target_number]
        at = now + delay + target.journey_delay
        if target.running:
            self.journal.bytes_under_way(now, target_number, size)
        self.scheduler.schedule(at, target_number, PACKET, seen, target.journey_ns, packet)
        return True

    def from_outside(self, address: i64, target: Host, packet: Packet, now: float) -> None:
        """Deliver a datagram of a sender that is none of the hosts, and next door to all of them.

        The target's NAT, rules about what comes to it, and the network's loss may stop it.
        """
        delay = self._delay_from_outside(address, target, packet, now)
        if self.capture is not None:
            at = NEVER if delay < 0.0 else now + delay
            self.capture.from_outside(now, at, address, target.number, packet)
        if delay >= 0.0:
            at = now + delay + target.journey_delay
            self.scheduler.schedule(at, target.number, PACKET, address, target.journey_ns, packet)

    def _delay_from_outside(self, address: i64, target: Host, packet: Packet, now: float) -> float:
        """Seconds until a datagram from outside is at its target's socket, or NEVER."""
        table, place = self.addresses, self.place_of(target.number)
        if table is not None and not table.admits(target.number, address, now):
            return NEVER
        delay = NEXT_DOOR
        if self.rules.count > 0:
            size: i64 = packet.size + UDP_HEADERS
            size = size if size < self.mtu else self.mtu
            added = self.rules.verdict_from_outside(place, self.udp_bit, target.loss_rng, size, now)
            if added < 0.0:
                return NEVER
            delay += added
        if self._has_udp_loss and self.udp_loss.drops(place, place, target.loss_rng):
            return NEVER
        return delay

    def _deliver_copy(
        self, source: Host, seen: i64, target_number: i64, packet: Packet, delay: float, now: float
    ) -> None:
        """Deliver a datagram a second time, with jitter drawn anew."""
        self.rules.doubled = False
        if delay < 0.0:
            return
        number, target = source.number, self.hosts[target_number]
        at = now + delay + target.journey_delay
        if self._has_jitter:
            here, there = self.place_of(number), self.place_of(target_number)
            at += self._jitter(here, there, self.latency.one_way(here, there), source.jitter_rng)
        if target.running:
            self.journal.bytes_under_way(now, target_number, packet.size + UDP_HEADERS)
        self.scheduler.schedule(at, target_number, PACKET, seen, target.journey_ns, packet)

    def _fragments(self, size: i64) -> i64:
        """Return the number of IP packets of a datagram; each but the last holds a multiple of 8 bytes."""
        room: i64 = (self.mtu - IP_HEADER) // 8 * 8
        return (size - IP_HEADER + room - 1) // room

    def _udp_delay(self, source: Host, target: i64, size: i64, fragments: i64, now: float) -> float:
        """Seconds until the datagram is at its target's socket, or NEVER."""
        number = source.number
        if self.is_pool:
            number = i64(self.places[number])
            target = i64(self.places[target])
        queued = 0.0
        extra = 0.0
        if self.has_uplinks and source.bandwidth > 0.0:
            queued = self._uplink(source, size, now)
        base = self.latency.one_way(number, target)
        if self.rules.count > 0:
            # The largest of several fragments is as large as the network lets it be.
            largest = size if fragments == 1 else self.mtu
            extra = self.rules.verdict(number, target, self.udp_bit, source.loss_rng, largest, base, now)
            if extra < 0.0:
                return NEVER
        if self._has_udp_loss:
            while fragments > 0:
                if self.udp_loss.drops(number, target, source.loss_rng):
                    return NEVER
                fragments -= 1
        if self._has_jitter:
            extra += self._jitter(number, target, base, source.jitter_rng)
        return base + (queued + extra)

    def segment(self, source: i64, target: i64, size: i64, rng: Random, now: float) -> float:
        """Send a TCP segment of `size` IP bytes; when it arrives, or NEVER. `rng` decides over its fate."""
        if self.rules.refusing > 0 and self.refuses(source, target, TCP):
            return NEVER
        self.journal.segment_sent(now, source, size)
        if source == target:
            return now
        if len(self.zones) > 0:
            self._report_zones(source, target, size, now)
        at = self._segment_at(source, target, size, rng, now)
        if at >= 0.0 and self.hosts[target].running:
            self.journal.bytes_under_way(now, target, size)
        return at

    def _segment_at(self, source: i64, target: i64, size: i64, rng: Random, now: float) -> float:
        """Decide over a segment; return when it arrives, or NEVER."""
        queued = 0.0
        extra = 0.0
        if self.has_uplinks and self.hosts[source].bandwidth > 0.0:
            queued = self._uplink(self.hosts[source], size, now)
        if self.is_pool:
            source = i64(self.places[source])
            target = i64(self.places[target])
        base = self.latency.one_way(source, target)
        if self.rules.count > 0:
            extra = self.rules.verdict(source, target, self.tcp_bit, rng, size, base, now)
            if extra < 0.0:
                return NEVER
        if self._has_tcp_loss and self.tcp_loss.drops(source, target, rng):
            return NEVER
        if self._has_jitter:
            extra += self._jitter(source, target, base, rng)
        return now + (base + (queued + extra))

    def _jitter(self, source: i64, target: i64, base: float, rng: Random) -> float:
        """Draw a packet's jitter in seconds."""
        by_pair = self.jitter_by_pair
        if by_pair is None:
            return self.jitter.sample(base, rng)
        return by_pair.of(source, target).sample(base, rng)

    def _uplink(self, source: Host, size: i64, now: float) -> float:
        """Seconds until the last bit of a packet is on the wire; one packet at a time, in order.

        A packet that is lost later on has taken its time here all the same.
        """
        host = source if source.shares_link is None else source.shares_link
        begin = host.uplink_free_at if host.uplink_free_at > now else now
        host.uplink_free_at = begin + float(8 * size) / host.bandwidth
        return host.uplink_free_at - now

    # Events --------------------------------------------------------------------------------------

    def dispatch(self, target: i64, kind: i64, a: i64, b: i64, payload: object | None, now: float) -> None:
        host = self.hosts[target]
        sort: i64 = kind & KIND_MASK
        if sort == PACKET:
            assert isinstance(payload, Packet)
            host.packet_arrived(payload, a, b, now)
        elif sort == STREAM:
            if payload is None:
                self.tcp.deadline(host, kind >> KIND_BITS, a, now)
            else:
                assert isinstance(payload, Stream)
                self.tcp.step(host, kind >> KIND_BITS, a, payload, now, b)
        elif sort == READ:
            host.packet_read(a, b, now)
        else:
            host.timer_due(kind, a, b, now)
