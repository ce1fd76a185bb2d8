"""The agent's log: the lines that a real agent would have logged, in its words."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from typing import Final

from serfsim.agent.addresses import endpoint_of
from serfsim.protocol import events
from serfsim.protocol.runtime import DIAL_REFUSED
from serfsim.protocol.serf.node import SerfNode
from serfsim.report.log import DETAILS, REAP_FORCED, UNNAMED_SYNC, wording
from serfsim.rpc.logs import LEVELS, rank, stamped

LEVEL_NAMES: Final = {"trace": "TRACE", "debug": "DEBUG", "info": "INFO", "warn": "WARN", "err": "ERR"}


class NodeLog:
    """Has `write` take a line for each thing that a node reports, if its level is `level` or above."""

    node: SerfNode

    def __init__(self, write: Callable[[str], None], level: str = "info", release: str = "0.9") -> None:
        self._write = write
        self._least = LEVELS.index(LEVEL_NAMES[level])
        self._lines = wording(release)

    def say(self, text: str) -> None:
        """A line whose text begins with its level in brackets."""
        if rank(text) >= self._least:
            self._write(stamped(time.time(), 0.0, text))

    def report(self, event: int, subject: int, detail: int) -> None:
        """What `Runtime.notify` was told."""
        node = self.node
        me = int(node.me)
        if event == events.LEAVING and subject == me:
            return  # an agent does not log its own leave intent
        ip, port = self._address(subject)
        if event == events.PUSH_PULL and detail > 0:
            event = UNNAMED_SYNC
            ip, port = endpoint_of(detail - 1, node.directory) or ("?", 0)
        elif event == events.JOINED and detail == 0:
            return  # whoever asked for it knows the address
        elif event == events.REAP and detail == 1:
            event = REAP_FORCED
        line = self._lines.get(event)
        if line is None:
            return
        if event == events.PUSH_PULL_FAILED and detail == DIAL_REFUSED:
            line = line.replace("i/o timeout", "connect: connection refused")
        self.say(
            line.format(
                observer=self._name(me),
                own_ip=self._address(me)[0],
                subject=self._name(subject),
                ip=ip,
                port=port,
                detail=DETAILS[event](detail) if event in DETAILS else detail,
            )
        )

    def _name(self, member: int) -> str:
        names = self.node.directory.names
        return names[member] if 0 <= member < len(names) else "?"

    def _address(self, member: int) -> tuple[str, int]:
        directory = self.node.directory
        if not 0 <= member < len(directory.names):
            return "?", 0
        record = self.node.memberlist.core.members.record(member)
        data = directory.address_bytes(record.address, 4) if record.address >= 0 else b""
        return str(ipaddress.ip_address(data)) if len(data) in (4, 16) else "?", int(record.port)
