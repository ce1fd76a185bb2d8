"""Every packet of a run in a capture file, as a sniffer on each sending host would have written it.

`packets` is told of the network's packets and has them written out; `conversation` keeps the sequence
numbers of a TCP connection, `headers` writes IPv4, UDP and TCP, `pcap` the file.

Captured is what is sent, at the time at which it is sent: packets that are lost on the way are in it, those
that arrive are not in it a second time. As pcapng it marks the lost ones. Datagrams hold the very bytes that
memberlist would send, compression, checksum and encryption included, so that their lengths differ a little
from the reckoned ones of the traffic counters, where they are compressed (protocol.wire.sizes says by how
much). Of TCP it is what the network model moves: a FIN that comes after the other side has closed is not
acknowledged, and selective acknowledgements, which the counters do not know, make a segment longer than they
say.
"""

from serfsim.capture.packets import PacketCapture
from serfsim.capture.pcap import FORMATS, CaptureFile, KeptCapture

__all__ = ["FORMATS", "CaptureFile", "KeptCapture", "PacketCapture"]
