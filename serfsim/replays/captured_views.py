"""Events of members as their messages tell them.

A member passes on only what it accepted, so each message that it sends about another is its belief at that
time or before; who a suspicion or a death is from believed it too. What is older than its last word about
the other is passed over, by memberlist's own order of incarnations and states.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from serfsim.capture.messages import CapturedTraffic
from serfsim.protocol import events
from serfsim.protocol.memberlist.members import STATE_ALIVE, STATE_DEAD, STATE_LEFT, STATE_SUSPECT
from serfsim.protocol.memberlist.messages import ALIVE, DEAD, SUSPECT, Message, StreamPing, SuspectOrDead
from serfsim.protocol.memberlist.push_pull import PushPull
from serfsim.replays.captured_names import NOBODY, CapturedNames
from serfsim.replays.observed import Event

NS: Final = 1e9


class _Word(NamedTuple):
    """A belief as it was sent; `said_by` is who accused the subject, if anybody."""

    t: float
    observer: int
    subject: int
    state: int
    incarnation: int
    said_by: int


def views_of(traffic: CapturedTraffic, names: CapturedNames) -> list[Event]:
    """Return the events of the senders' views."""
    views = _Views()
    for word in sorted(_words(traffic, names)):
        views.hear(word)
    return views.events


def _words(traffic: CapturedTraffic, names: CapturedNames) -> Iterator[_Word]:
    for sent, read in traffic.datagrams:
        observer = names.at(sent.part.source)
        for packet in read.packets:
            yield from _told(sent.part.ns / NS, observer, packet.broadcasts or (), names)
    for talk in traffic.talks:
        server = names.at(talk.captured.server)
        for message, observer in ((talk.request, names.client_of(talk)), (talk.answer, server)):
            if isinstance(message, StreamPing) or not isinstance(message, PushPull):
                continue
            ends = talk.captured.client if message is talk.request else talk.captured.server
            sent_at = next(part.ns for part in talk.captured.segments if part.source == ends and part.payload)
            for node, key in zip(message.nodes, message.keys, strict=True):
                subject = names.of_node(int(node))
                yield _Word(sent_at / NS, observer, subject, int(key) & 3, int(key) >> 2, NOBODY)


def _told(t: float, observer: int, messages: Iterable[Message], names: CapturedNames) -> Iterator[_Word]:
    for message in messages:
        subject, said_by, state = names.of_node(int(message.node)), NOBODY, STATE_ALIVE
        if message.kind not in (ALIVE, SUSPECT, DEAD):
            continue
        if isinstance(message, SuspectOrDead):
            said_by = names.of_node(int(message.from_node))
            state = STATE_SUSPECT if message.kind == SUSPECT else STATE_DEAD
            if state == STATE_DEAD and said_by == subject:
                state = STATE_LEFT
        yield _Word(t, observer, subject, state, int(message.incarnation), said_by)


class _Views:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self._known: dict[tuple[int, int], tuple[int, int]] = {}  # pair -> (incarnation, state)
        self._accused: dict[int, tuple[int, int, int]] = {}  # subject -> (incarnation, state, accuser)

    def hear(self, word: _Word) -> None:
        if word.state == STATE_ALIVE:
            self._note_refutation(word)
        else:
            self._note_accusation(word)
        self._believe(word)

    def _note_accusation(self, word: _Word) -> None:
        """Remember the accusation that a refutation answers; the accuser believed it first."""
        if word.state in (STATE_SUSPECT, STATE_DEAD) and word.said_by not in (NOBODY, word.subject):
            before = self._accused.get(word.subject)
            if before is None or (word.incarnation, word.state) > before[:2]:
                self._accused[word.subject] = (word.incarnation, word.state, word.said_by)
            if word.said_by != word.observer:
                self._believe(word._replace(observer=word.said_by))

    def _note_refutation(self, word: _Word) -> None:
        accused = self._accused.get(word.subject)
        if accused is not None and word.incarnation > accused[0]:
            _, state, accuser = self._accused.pop(word.subject)
            kind = events.REFUTE_SUSPECT if state == STATE_SUSPECT else events.REFUTE_DEAD
            self.events.append((word.t, word.subject, accuser, kind, word.incarnation))

    def _believe(self, word: _Word) -> None:
        if word.observer == word.subject:
            return
        pair = word.observer, word.subject
        incarnation, state = self._known.get(pair, (-1, -1))
        if word.state == STATE_ALIVE:
            is_news = word.incarnation > incarnation
        else:
            is_news = word.incarnation >= incarnation and word.state > state
            is_news |= word.incarnation > incarnation
        if not is_news:
            return
        self._known[pair] = word.incarnation, word.state
        self.events.extend((word.t, *pair, kind, detail) for kind, detail in _means(word, state))


def _means(word: _Word, before: int) -> Iterator[tuple[int, int]]:
    """Yield kind and detail of the events of a member's new belief."""
    is_own = word.said_by == word.observer
    if word.state == STATE_ALIVE:
        if before == STATE_SUSPECT:
            yield events.SUSPECT_CLEARED, word.incarnation
        elif before != STATE_ALIVE:
            yield events.JOIN, 0
    elif word.state == STATE_SUSPECT:
        if before not in (STATE_SUSPECT, STATE_DEAD, STATE_LEFT):
            yield (events.SUSPECT, 1) if is_own else (events.SUSPECT_HEARD, word.said_by)
    elif word.state == STATE_LEFT:
        if before not in (STATE_DEAD, STATE_LEFT):
            yield events.LEFT, 0
    elif before not in (STATE_DEAD, STATE_LEFT):
        if is_own:
            yield events.SUSPICION_TIMEOUT, 0
        yield events.FAILED, 0
