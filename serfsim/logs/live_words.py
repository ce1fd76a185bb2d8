"""Log messages without a number, written only by a live agent or an RPC server.

Each is a template for `str.format`. Wording is memberlist's and Serf's where these log the same event.
"""

from __future__ import annotations

from typing import Final

# memberlist: sockets and streams.
UDP_ERROR: Final = "[DEBUG] memberlist: UDP: {error}"
UDP_SEND_FAILED: Final = "[ERR] memberlist: Failed to send UDP packet to {address}: {error}"
BAD_PACKET: Final = "[ERR] memberlist: {error} from={address}"
RECEIVE_FAILED: Final = "[ERR] memberlist: failed to receive: {error} from={address}"
REMOTE_ERROR: Final = "[ERR] memberlist: remote error: {error}"

# The agent.
EVENT_REFUSED: Final = "[WARN] agent: failed to send user event: {error}"
QUERY_REFUSED: Final = "[WARN] agent: failed to start user query: {error}"
RESPONSE_REFUSED: Final = "[ERR] agent: Failed to respond to query: {error}"
REMOVAL_FAILED: Final = "[WARN] agent: failed to remove {kind}: {error}"

# The agent's RPC server.
CLIENT_ACCEPTED: Final = "[INFO] agent.ipc: Accepted client: {peer}"
BAD_HEADER: Final = "[ERR] agent.ipc: failed to decode request header: {error}"
BAD_REQUEST: Final = "[ERR] agent.ipc: Failed to evaluate request: {error}"
NOT_AUTHENTICATED: Final = "[WARN] agent.ipc: Client sending commands before auth"
EVENT_DROPPED: Final = "[WARN] agent.ipc: Dropping event to {client}"
LEAVE_TRIGGERED: Final = "[INFO] agent.ipc: Graceful leave triggered"
LEAVE_FAILED: Final = "[ERR] agent.ipc: leave failed: {error}"
NOT_OPENED: Final = "[WARN] agent.ipc: Closing {client}: no handshake, or no key, within {seconds:g} s"
NOT_READING: Final = "[WARN] agent.ipc: Closing {client}: it does not read its streams"
