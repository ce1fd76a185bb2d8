"""The snapshot: whom to join after a restart, and what not to live through again (spec serf.md section 14).

    alive: NAME ADDR:PORT     a member joined                     replay: alive
    not-alive: NAME           a member left or failed             replay: not alive
    clock: N                  the member clock less one, grown    replay: the last counts
    event-clock: N            a user event, later than all before
    query-clock: N            a query, later than all before
    leave                     this node left                      replay: nobody alive, clocks 0 (*)
    coordinate: ...           of old releases                     replay: skipped, as # comments are

    (*) unless rejoin_after_leave: then the line is skipped, and at the leave nobody is forgotten.

After a leave only clock lines follow. Lines go through a buffer as the library's do: a line flushes it
if the last flush was more than half a second ago, and what exceeds its size goes at once, so that a
process that is killed loses its last lines, and the file may end in half a line, which replay skips.
A file that has grown too long is written anew from what is known.
"""

from __future__ import annotations

from typing import Final

from serfsim.native import i64, mypyc_attr
from serfsim.protocol import events
from serfsim.protocol.directory import DEFAULT_PORT, ipv4_number
from serfsim.protocol.serf.core import LamportClock
from serfsim.protocol.serf.members import SerfMembers
from serfsim.protocol.wire.reader import LARGEST_LTIME

FLUSH_INTERVAL: Final = 0.5
CLOCK_INTERVAL: Final = 0.5
BUFFER_SIZE: Final = 4096
LEAST_COMPACTED: Final = 131072  # bytes; the agent's
BYTES_PER_NODE: Final = 128
THRESHOLD: Final = 2
ERROR_RECOVERY_INTERVAL: Final = 30.0
MOST_DIGITS: Final = 19  # of a Lamport time


@mypyc_attr(allow_interpreted_subclasses=True)
class SnapshotFile:
    """A file in memory; a subclass may keep it elsewhere. `content` outlives the process."""

    def __init__(self) -> None:
        self.content = b""

    def append(self, data: bytes) -> bool:
        """Write at the end; False if that failed."""
        self.content += data
        return True

    def replace(self, data: bytes) -> bool:
        """Put a new content in the place of the old; False if that failed."""
        self.content = data
        return True


def address_of(text: str) -> int:
    """Return the address that a text contains, or -1."""
    number = 0
    host, _, port = text.partition(":")
    parts = host.split(".")
    if len(parts) != 4:
        return -1
    for part in parts:
        byte = _number(part)
        if byte < 0 or byte > 255:
            return -1
        number = number * 256 + byte
    given = _number(port)
    return ipv4_number(number, DEFAULT_PORT if given < 0 else given & 0xFFFF)


def _number(text: str) -> int:
    """Return a number given in decimal digits, or -1 where there is none or it exceeds a Lamport time."""
    if not (text.isascii() and text.isdigit()) or len(text) > MOST_DIGITS:
        return -1
    number = int(text)
    return number if number <= LARGEST_LTIME else -1


@mypyc_attr(allow_interpreted_subclasses=True)
class Snapshot:
    """One node's snapshot, replayed from `file` when it is made."""

    def __init__(
        self,
        file: SnapshotFile,
        rejoin_after_leave: bool,
        clock: LamportClock,
        members: SerfMembers,
        least_compacted: i64 = LEAST_COMPACTED,
    ) -> None:
        self.file = file
        self.rejoin_after_leave = rejoin_after_leave
        self.clock = clock
        self.members = members
        self.least_compacted: i64 = least_compacted
        self.alive: dict[str, str] = {}  # address by name
        self.last_clock: i64 = 0
        self.last_event_clock: i64 = 0
        self.last_query_clock: i64 = 0
        self.is_leaving = False
        self._buffer = b""
        self._size: i64 = len(file.content)
        self._flushed_at = -1e18
        self._recovered_at = -1e18
        self._is_broken = False  # a write has failed: nothing more is written before the file is replaced
        self._replay()

    # Replay ------------------------------------------------------------------------------------

    def _replay(self) -> None:
        lines = self.file.content.split(b"\n")
        lines.pop()  # empty, or a line that was not written to its end
        for line in lines:
            self.replay_line(line.decode("utf-8", "replace"))

    def replay_line(self, line: str) -> bool:
        """Take a line into account; False if it makes no sense."""
        key, separator, value = line.partition(": ")
        if line == "leave":
            if not self.rejoin_after_leave:
                self.alive = {}
                self.last_clock = 0
                self.last_event_clock = 0
                self.last_query_clock = 0
            return True
        if line.startswith("#"):
            return True
        if separator == "":
            return False
        if key == "alive":
            name, space, address = value.rpartition(" ")
            if space != "":
                self.alive[name] = address
            return space != ""
        if key == "not-alive":
            self.alive.pop(value, None)
            return True
        return key == "coordinate" or self._replay_clock(key, _number(value))

    def _replay_clock(self, key: str, time: int) -> bool:
        if time < 0:
            return False
        if key == "clock":
            self.last_clock = time
        elif key == "event-clock":
            self.last_event_clock = time
        elif key == "query-clock":
            self.last_query_clock = time
        else:
            return False
        return True

    def previous(self) -> list[str]:
        """Return the names of the members alive at the end of the file."""
        return list(self.alive.keys())

    # Recording ---------------------------------------------------------------------------------

    def member_event(self, kind: i64, member: i64, now: float) -> None:
        if self.is_leaving:
            return
        name = self.members.directory.names[member]
        if kind == events.JOIN:
            self.alive[name] = self._address(member)
            self._append(f"alive: {name} {self.alive[name]}\n", now)
        elif kind == events.LEFT or kind == events.LEFT_FORCED or kind == events.FAILED:
            self.alive.pop(name, None)
            self._append(f"not-alive: {name}\n", now)
        self.update_clock(now)

    def _address(self, member: i64) -> str:
        return self.members.directory.endpoint(self.members.address(member))

    def user_event(self, ltime: i64, now: float) -> None:
        if not self.is_leaving and ltime > self.last_event_clock:
            self.last_event_clock = ltime
            self._append(f"event-clock: {ltime}\n", now)

    def query(self, ltime: i64, now: float) -> None:
        if not self.is_leaving and ltime > self.last_query_clock:
            self.last_query_clock = ltime
            self._append(f"query-clock: {ltime}\n", now)

    def update_clock(self, now: float) -> None:
        """To be called every CLOCK_INTERVAL besides."""
        seen = self.clock.time() - 1
        if seen > self.last_clock:
            self.last_clock = seen
            self._append(f"clock: {seen}\n", now)

    def leave(self, now: float) -> None:
        self.is_leaving = True
        if not self.rejoin_after_leave:
            self.alive = {}
        self._append("leave\n", now)
        self._flush()

    def shut_down(self, now: float) -> None:
        """Flush the buffer before the process ends."""
        self.update_clock(now)
        self._flush()

    # Writing -----------------------------------------------------------------------------------

    def _append(self, line: str, now: float) -> None:
        if not self._write(line.encode(), now) and now - self._recovered_at > ERROR_RECOVERY_INTERVAL:
            self._recovered_at = now
            self._compact(now)

    def _write(self, line: bytes, now: float) -> bool:
        if self._is_broken:
            return False
        self._buffer += line
        while len(self._buffer) > BUFFER_SIZE:
            full = self._buffer[:BUFFER_SIZE]
            self._buffer = self._buffer[BUFFER_SIZE:]
            if not self._append_to_file(full):
                return False
        if now - self._flushed_at > FLUSH_INTERVAL:
            self._flushed_at = now
            if not self._flush():
                return False
        self._size += len(line)
        return self._size <= self.largest_size() or self._compact(now)

    def _flush(self) -> bool:
        data = self._buffer
        self._buffer = b""
        return len(data) == 0 or self._append_to_file(data)

    def _append_to_file(self, data: bytes) -> bool:
        self._is_broken = not self.file.append(data)
        return not self._is_broken

    def largest_size(self) -> i64:
        """Bytes beyond which the file is compacted."""
        threshold: i64 = len(self.alive) * BYTES_PER_NODE * THRESHOLD
        return threshold if threshold > self.least_compacted else self.least_compacted

    def _compact(self, now: float) -> bool:
        lines = [f"alive: {name} {address}\n" for name, address in self.alive.items()]
        lines.append(f"clock: {self.last_clock}\n")
        lines.append(f"event-clock: {self.last_event_clock}\n")
        lines.append(f"query-clock: {self.last_query_clock}\n")
        data = "".join(lines).encode()
        self._buffer = b""
        if not self.file.replace(data):
            return False
        self._is_broken = False
        self._size = len(data)
        self._flushed_at = now
        return True
