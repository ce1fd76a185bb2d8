"""Packet captures of a run, as a sniffer on each sending host would have written them.

`packets` receives the network's packets and writes them; `conversation` keeps the sequence numbers of a
TCP connection, `headers` builds IPv4, UDP and TCP headers, `pcap` writes the file.

A capture holds every packet sent, at its time of sending: packets lost on the way are included, arrivals
are not repeated. pcapng marks the lost ones. Datagrams hold the bytes that memberlist would send, with
compression, checksum and encryption, so the length of a compressed one differs a little from the computed
length in the traffic counters (protocol.wire.sizes states the difference). TCP follows the network model:
a FIN that arrives after the other side has closed is not acknowledged, and selective acknowledgements,
which the counters omit, make a segment longer than counted.
"""

from serfsim.capture.packets import PacketCapture
from serfsim.capture.pcap import FORMATS, CaptureFile, KeptCapture

__all__ = ["FORMATS", "CaptureFile", "KeptCapture", "PacketCapture"]
