"""The lines of real agents' logs that no event stands for: one number a line, behind those of `events`.

A machine reports them through `Runtime.log` with whom they are about (`subject`, or -1), up to two numbers
and a text. The words are in `serfsim.logs.words`. Those up to LAST_RECEIPT come with every received copy.
"""

from __future__ import annotations

from typing import Final

# Serf messages as they come in, each copy of them.
MESSAGE_JOIN: Final = 100
MESSAGE_LEAVE: Final = 101
MESSAGE_EVENT: Final = 102  # text: the name
MESSAGE_QUERY: Final = 103  # text: the name
MESSAGE_RESPONSE: Final = 104
LAST_RECEIPT: Final = 104

# Serf.
RELAYING: Final = 110  # text: the address
REFUTING_LEAVE: Final = 111
BAD_STATE: Final = 112  # a: the status
NO_LEAVE: Final = 113
OLD_EVENT: Final = 114  # a: its time; b: the present; text: the name
OLD_QUERY: Final = 115
STRAY_RESPONSE: Final = 116  # a: time; b: id
WRONG_RESPONSE: Final = 117  # a: the id here; b: in the response
ACK_UNWANTED: Final = 118
UNKNOWN_QUERY: Final = 119  # text: the name
CONFLICT_ASKED: Final = 120  # text: the name in question
NAME_CONFLICT: Final = 121  # text: both addresses
OWN_NAME_CONFLICT: Final = 122  # a: 1 where it is resolved; text: the address
REJOINING: Final = 123  # text: name and address
REJOINED: Final = 124
COORDINATE_REJECTED: Final = 125  # a: why; b: the round-trip time in ns
KEY_QUERY: Final = 126  # text: the query, without its prefix
KEY_ERROR: Final = 127  # text: all of it
KEY_WARNING: Final = 128  # text: all of it

# memberlist.
STREAM_FROM: Final = 140  # text: the address
PUSH_PULL: Final = 141  # subject: -1 where an address was dialled; text: the address
PUSH_PULL_FAILED: Final = 142  # text: the error
JOIN_FAILED: Final = 143  # text: the error
MERGE_FAILED: Final = 144  # text: the error
TOO_MANY_PUSH_PULLS: Final = 145
STRANGE_PING: Final = 146  # subject: whom it was for; text: the address
STRANGE_STREAM_PING: Final = 147
FALLBACK_FAILED: Final = 148  # b: the time that was left, in ns; text: the error
CONFLICTING_ADDRESS: Final = 149  # a: the state; text: mine and theirs
REFUTING_ALIVE: Final = 150  # text: what differs
HANDLER_FULL: Final = 151  # a: the message's kind; text: the address
STREAM_TIMEOUT: Final = 152  # text: all of it
PING_REFUSED: Final = 153  # by the own kernel; text: the error
HELPER_PING_REFUSED: Final = 154  # the ping that a helper was to be asked with
ACK_REFUSED: Final = 155  # text: the error and the address
GOSSIP_REFUSED: Final = 156  # text: the address and the error
NOT_ADMITTED: Final = 157  # text: all of it
ALIVE_REFUSED: Final = 158  # text: the error
LARGE_STATE: Final = 159  # a: its bytes, b: the limit
ZONE_WITHOUT_BRIDGE: Final = 160  # dskit's, once where it says so at each choice; text: the zone
PACKET_FAILED: Final = 161  # over TCP, in dskit's words; text: where and the error

# The agent.
STARTING: Final = 170
JOINING_CLUSTER: Final = 171  # a: replay
JOINING: Final = 172  # a: replay; text: the addresses
JOINED: Final = 173  # a: how many
JOIN_ERROR: Final = 174  # text: the error
JOIN_COMPLETED: Final = 175  # a: how many
JOIN_RETRY: Final = 176  # a: milliseconds; text: the error
RECEIVED_MEMBERS: Final = 177  # a: the kind, a number of `events`
RECEIVED_EVENT: Final = 178  # text: the name
RECEIVED_QUERY: Final = 179
SENDING_EVENT: Final = 180  # a: coalesced; b: bytes of payload; text: the name
SENDING_QUERY: Final = 181  # b: bytes of payload; text: the name
REMOVING: Final = 182
PRUNING: Final = 183
LEAVING: Final = 184
SHUTTING_DOWN: Final = 185
SHUT_DOWN: Final = 186
QUITTING: Final = 187
JOIN_GIVEN_UP: Final = 188
KEY_COMMAND: Final = 189  # text: what was begun
