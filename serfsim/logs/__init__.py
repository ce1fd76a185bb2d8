"""Log messages of agents by release, and the format of log lines.

words        lines of real agents that a simulation has too: one template for each number
live_words   lines that only an agent on real sockets or an RPC server writes
names        the names and addresses of members that fill in the templates
lines        levels, dates, and the last lines of an agent's log
"""

from serfsim.logs.lines import LEVELS, AgentLog, LevelWriter, LogReader, format_line, rank
from serfsim.logs.names import NodeNames, SimulatedNames
from serfsim.logs.words import MEMBER_EVENTS, Entry, Names, Words, format_words

__all__ = [
    "LEVELS",
    "MEMBER_EVENTS",
    "AgentLog",
    "Entry",
    "LevelWriter",
    "LogReader",
    "Names",
    "NodeNames",
    "SimulatedNames",
    "Words",
    "format_line",
    "format_words",
    "rank",
]
