"""The commands of the RPC protocol, by their names. Each file is one theme."""

from __future__ import annotations

from serfsim.live.rpc.commands import asking, following, keys, knowing, membership
from serfsim.live.rpc.session import Command

COMMANDS: dict[str, Command] = {
    **knowing.COMMANDS,
    **asking.COMMANDS,
    **membership.COMMANDS,
    **keys.COMMANDS,
    **following.COMMANDS,
}
