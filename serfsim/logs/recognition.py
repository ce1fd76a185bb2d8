"""Recognition of real agents' messages in lines that people paste: any release, prefix and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from string import Formatter
from typing import Final, NamedTuple

from serfsim.logs import live_words, words
from serfsim.protocol.memberlist import keyring
from serfsim.protocol.serf import key_queries
from serfsim.protocol.wire import cipher

SHORTEST: Final = 10  # letters of a message without its slots: shorter ones would be found anywhere
OTHERS: Final = (
    "{queue} queue depth: {depth}",
    "{queue} queue depth ({depth}) exceeds limit ({limit}), dropping messages!",
    "timeout waiting for update broadcast",
    "timeout while waiting for graceful leave",
    "Decrypt packet failed: {error}",
    cipher.WRONG_KEYS,
    cipher.NOT_CONFIGURED,
    cipher.NOT_ENCRYPTED,
    "Payload is too small to decrypt: {size}",
    "Unsupported encryption version {version}",
    "discarding packet with unacceptable label {label}",
    "discarding stream with unacceptable label {label}",
    "unexpected double packet label header",
    "unexpected double stream label header",
    keyring.NOT_INSTALLED,
    keyring.PRIMARY_STAYS,
    keyring.WRONG_SIZE,
    key_queries.NO_KEYRING,
    key_queries.EMPTY_KEYRING,
    "truncated key list response, showing first {shown} of {all} keys",
    "Failed fallback ping: {error}",
    "Failed TCP fallback ping: {error}",
    "Failed UDP ping: {subject} (timeout reached)",
    "Refuting an alive message for {subject}",
)
"""Messages that fill one slot of ours whole, and some that only newer releases or their users write."""


class Message(NamedTuple):
    """A message of agents. `shown` has an ellipsis for each slot, `plain` is `normal` of its words."""

    shown: str
    plain: str
    pattern: re.Pattern[str]


def recognise(line: str) -> Message | None:
    """Return the message in a line, the longest of several, or None."""
    return next((message for message in messages() if message.pattern.search(line)), None)


@cache
def messages() -> tuple[Message, ...]:
    """Return every message with enough words, those with the most first."""
    known = {message.shown: message for message in map(_message, dict.fromkeys(_templates()))}
    enough = (one for one in known.values() if sum(letter.isalpha() for letter in one.plain) >= SHORTEST)
    return tuple(sorted(enough, key=lambda message: -len(message.plain)))


def _templates() -> Iterator[str]:
    yield from words.LINES.values()
    for by_release in (
        words.FALLBACK,
        words.FAILED_PING,
        words.PING_REFUSED,
        words.HELPER_PING_REFUSED,
        words.FALLBACK_FAILED,
    ):
        yield from by_release.values()
    yield from (text for name, text in vars(live_words).items() if name.isupper() and isinstance(text, str))
    yield from OTHERS


def _message(template: str) -> Message:
    text = re.sub(r"^\[\w+\] (?:memberlist|serf|agent(?:\.ipc)?): ", "", template)
    literals = [literal for literal, *_ in Formatter().parse(text)]
    shown = re.sub(r"\{[^}]*\}", "…", text)
    found = ".*?".join(r"\s+".join(map(re.escape, literal.split(" "))) for literal in literals)
    return Message(shown, normal(" ".join(literals)), re.compile(found, re.IGNORECASE))


def normal(text: str) -> str:
    """Return lower-case words without dates, levels, addresses and numbers."""
    text = re.sub(
        r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*|\[(?:TRACE|DEBUG|INFO|WARN|ERR\w*)\]", " ", text
    )
    text = re.sub(
        r"\[[0-9a-f:]*:[0-9a-f:]*\](?::\d+)?|\d+(?:\.\d+){3}(?::\d+)?", " ", text, flags=re.IGNORECASE
    )
    return " ".join(re.sub(r"[^a-z/ ]+", " ", text.lower()).split())
