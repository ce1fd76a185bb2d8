"""Replays: one self-contained HTML page that plays a run, from the packets up.

`document` gathers what the page needs of a result, `agent_logs` what it needs of real agents' logs, and
`captures` what it needs of their packets. `tables` lays it out as columns of Arrow, and `page` packs all into
the page of `templates/replay.html`, which is built from the sources in `web`.
"""

from serfsim.replays.agent_logs import AgentLogs, read_agent_logs
from serfsim.replays.captures import Capture, read_capture
from serfsim.replays.document import Caption
from serfsim.replays.page import replay, replay_capture, replay_logs, replay_page

__all__ = [
    "AgentLogs",
    "Caption",
    "Capture",
    "read_agent_logs",
    "read_capture",
    "replay",
    "replay_capture",
    "replay_logs",
    "replay_page",
]
