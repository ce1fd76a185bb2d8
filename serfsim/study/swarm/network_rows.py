"""The rows of the network's tables, counted by wrapping its methods, which takes the interpreted form.

`install` wraps them once in a process. The wrappers compare states before and after, and count into the
counter that `count_into` has set; without one they only call on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from serfsim.network.host import Host
from serfsim.network.listener import Listener
from serfsim.network.tcp import Tcp
from serfsim.network.tcp_steps import (
    ANSWER,
    ANSWER_SEGMENT,
    CLIENT_RST,
    CLOSURE,
    CONNECTION,
    DIAL_END,
    HANDSHAKE_ACK,
    IO_END,
    NO_ROUTE,
    PACKET_WRITTEN,
    REFUSAL,
    REQUEST,
    REQUEST_SEGMENT,
    SERVER_FIN,
    SERVER_RST,
    SYN,
    SYN_ACK_TIMER,
)
from serfsim.network.tcp_stream import CLIENT_STATES, SERVER_STATES, Stream
from serfsim.network.tcp_transfer import SEGMENT_STATES, TIMEOUT, Transfer
from serfsim.protocol.memberlist.messages import PUSH_PULL
from serfsim.scenario.faults import stall
from serfsim.speed import is_compiled

_CLIENT: Final = {
    CONNECTION: "SYN-ACK",
    REFUSAL: "RST",
    NO_ROUTE: "no route",
    DIAL_END: "dial_timeout",
    PACKET_WRITTEN: "a packet is in the kernel",
    ANSWER: "whole answer",
    IO_END: "I/O deadline",
}
_SERVER: Final = {HANDSHAKE_ACK: "ACK", REQUEST_SEGMENT: "data", SERVER_RST: "RST"}


class _Counting:
    """The counter in use, and whether the methods are wrapped already."""

    counter: Counter[str] | None = None
    installed = False


def count_into(counter: Counter[str] | None) -> None:
    """Count the rows of all networks of this process there from now on; None ends that."""
    _Counting.counter = counter


def install() -> bool:
    """Wrap the network's methods; return False in the compiled form, whose methods cannot be wrapped."""
    if is_compiled():
        return False
    if not _Counting.installed:
        _Counting.installed = True
        _wrap_hosts()
        _wrap_streams()
        _wrap_listeners()
        _wrap_transfers()
    return True


def _take(row: str) -> None:
    if _Counting.counter is not None:
        _Counting.counter[row] += 1


def _wrap(owner: Any, name: str, around: Callable[..., Any]) -> None:
    """Put `around(own, *arguments)` in the place of a method or function."""
    own = getattr(owner, name)

    def wrapped(*arguments: Any) -> Any:
        if _Counting.counter is None:
            return own(*arguments)
        return around(own, *arguments)

    setattr(owner, name, wrapped)


# Hosts -------------------------------------------------------------------------------------------------


def _state(host: Host) -> str:
    if not host.running:
        return "crashed" if host.plugged else "unplugged"
    if host.standstill is not None:
        return "frozen"
    return "stalled" if host.stalled else "paused" if host.paused else "running"


def _host_input(given: str) -> Callable[..., Any]:
    def around(own: Callable[..., Any], host: Host, *arguments: Any) -> Any:
        _take(f"network/host_events: {_state(host)}: {given}")
        return own(host, *arguments)

    return around


def _wrap_hosts() -> None:
    inputs = {
        **{name: name for name in ("pause", "crash", "unplug", "freeze", "resume", "thaw", "start")},
        "packet_arrived": "packet",
        "timer_due": "timer",
        "send_packet": "send",
    }
    for name, given in inputs.items():
        _wrap(Host, name, _host_input(given))
    _wrap(stall, "begin_stall", _host_input("stall"))
    _wrap(stall, "end_stall", _host_input("stall ends"))


# Streams -----------------------------------------------------------------------------------------------


def _step(
    own: Callable[..., Any], tcp: Tcp, host: Host, step: int, a: int, stream: Stream, *rest: Any
) -> Any:
    if step == SYN:
        _take(f"network/host_events: {_state(host)}: request")
    elif step in (ANSWER_SEGMENT, SERVER_FIN) and a == 0:
        _take(f"network/host_events: {_state(host)}: answer")
    before = SERVER_STATES[stream.server_state]
    result = own(tcp, host, step, a, stream, *rest)
    after = SERVER_STATES[stream.server_state]
    if step == SYN and host.plugged and host.standstill is None:
        given = "SYN" if host.running else "SYN, no process"
        if before in ("silent", "accepted"):
            _take(f"network/tcp: {before}: {given}")
    elif step == SYN_ACK_TIMER and (before, after) == ("accepted", "gone"):
        _take("network/tcp: accepted: no ACK for five SYN-ACKs more")
    elif step in _SERVER and before != after and (step == SERVER_RST or before == "accepted"):
        _take(f"network/tcp: {before}: {_SERVER[step]}")
    elif step == CLIENT_RST and not host.paused:
        pass  # counted where the client's process learns of it
    return result


def _take_step(own: Callable[..., Any], tcp: Tcp, host: Host, step: int, stream: Stream, *rest: Any) -> Any:
    client, server = CLIENT_STATES[stream.client_state], SERVER_STATES[stream.server_state]
    connected = bool(stream.is_connected)
    result = own(tcp, host, step, stream, *rest)
    if client != CLIENT_STATES[stream.client_state]:
        given = _CLIENT.get(step, "")
        if step == CLOSURE:
            given = "FIN without an answer" if connected else "RST"
        if given:
            _take(f"network/tcp: {client}: {given}")
        if step == CONNECTION and CLIENT_STATES[stream.client_state] == "ended":
            _take("network/tcp: connected: a packet is in the kernel")
    if step == REQUEST and server == "established" and SERVER_STATES[stream.server_state] == "answering":
        given = "whole request" if stream.request.packet is None else "whole packet and FIN"
        _take(f"network/tcp: established: {given}")
    return result


def _server_died(own: Callable[..., Any], tcp: Tcp, host: Host, *rest: Any) -> Any:
    for stream in host.served.values():
        _take(f"network/tcp: {SERVER_STATES[stream.server_state]}: process dies")
    return own(tcp, host, *rest)


def _hang_up(own: Callable[..., Any], tcp: Tcp, host: Host, stream: Stream, *rest: Any) -> Any:
    if SERVER_STATES[stream.server_state] == "answering":
        _take("network/tcp: answering: process hangs up")
    return own(tcp, host, stream, *rest)


def _wrap_streams() -> None:
    _wrap(Tcp, "step", _step)
    _wrap(Tcp, "take_step", _take_step)
    _wrap(Tcp, "server_died", _server_died)
    _wrap(Tcp, "hang_up", _hang_up)


# Listeners ---------------------------------------------------------------------------------------------


def _read(own: Callable[..., Any], listener: Listener, stream: Stream, *rest: Any) -> Any:
    before, counted = SERVER_STATES[stream.server_state], int(listener.push_pulls)
    result = own(listener, stream, *rest)
    if before == "established" and SERVER_STATES[stream.server_state] != before:
        given = "whole request"
        if stream.request.packet is None and stream.request.kind == PUSH_PULL:
            many = not stream.is_counted and int(listener.push_pulls) == counted and stream.reply is None
            given = f"whole push/pull{', one too many' if many else ''}"
        _take(f"network/listener: accepted: {given}")
    return result


def _serve(own: Callable[..., Any], listener: Listener, stream: Stream, *rest: Any) -> Any:
    is_push_pull, waiting = (
        stream.request.kind == PUSH_PULL,
        SERVER_STATES[stream.server_state] == "answering",
    )
    result = own(listener, stream, *rest)
    if is_push_pull and waiting and stream.reply is not None:
        long = ", a long answer" if stream.number in listener.host.served else ""
        _take(f"network/listener: in service: its turn is over{long}")
    return result


def _written(own: Callable[..., Any], listener: Listener, stream: Stream, *rest: Any) -> Any:
    if SERVER_STATES[stream.server_state] == "answering" and stream.number in listener._waiting:
        _take("network/listener: answered: all of it is in the kernel")
    return own(listener, stream, *rest)


def _complain(own: Callable[..., Any], listener: Listener, stream: Stream, *rest: Any) -> Any:
    answered = SERVER_STATES[stream.server_state] == "answering"
    _take(f"network/listener: {'answered' if answered else 'accepted'}: timeout")
    if not answered:
        _take("network/tcp: established: process gives up")
    return own(listener, stream, *rest)


def _abandoned(own: Callable[..., Any], listener: Listener, stream: Stream, *rest: Any) -> Any:
    if SERVER_STATES[stream.server_state] == "established":
        _take("network/listener: accepted: client hangs up")
        _take("network/tcp: established: FIN without a request")
    return own(listener, stream, *rest)


def _wrap_listeners() -> None:
    around = {
        "read": _read,
        "serve": _serve,
        "written": _written,
        "_complain": _complain,
        "abandoned": _abandoned,
    }
    for name, function in around.items():
        _wrap(Listener, name, function)


# Segments ----------------------------------------------------------------------------------------------


def _segment(state: int, given: str) -> None:
    _take(f"network/tcp_transfer: {SEGMENT_STATES[state]}: {given}")


def _next_segment(own: Callable[..., Any], transfer: Transfer, *rest: Any) -> Any:
    lost = int(transfer.lost)
    segment = own(transfer, *rest)
    if segment >= 0:
        _take(
            f"network/tcp_transfer: {'lost' if int(transfer.lost) < lost else 'unsent'}: room in the window"
        )
    return segment


def _acknowledge(own: Callable[..., Any], transfer: Transfer, count: int, *rest: Any) -> Any:
    for arrival in range(int(transfer.reported), count):
        _segment(int(transfer.state[int(transfer.arrivals[arrival])]), "reported")
    return own(transfer, count, *rest)


def _lose(own: Callable[..., Any], transfer: Transfer, segment: int) -> Any:
    _segment(int(transfer.state[segment]), "a later one reported, and time has passed")
    return own(transfer, segment)


def _time_out(own: Callable[..., Any], transfer: Transfer, *rest: Any) -> Any:
    before = [int(state) for state in transfer.state]
    purpose = int(transfer.purpose)
    segment = own(transfer, *rest)
    if purpose == TIMEOUT:
        for state, after in zip(before, transfer.state, strict=True):
            if state != after:
                _segment(state, "retransmission timer")
    elif segment >= 0:
        given = (
            "room in the window"
            if SEGMENT_STATES[before[segment]] == "unsent"
            else "probe timer, nothing unsent"
        )
        _segment(before[segment], given)
    return segment


def _wrap_transfers() -> None:
    around = {
        "next_segment": _next_segment,
        "acknowledge": _acknowledge,
        "_lose": _lose,
        "time_out": _time_out,
    }
    for name, function in around.items():
        _wrap(Transfer, name, function)
