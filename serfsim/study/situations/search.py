"""The search for the situation nearest to a question, a thread or lines of a log.

A question is compared word by word: each of its words counts by its rarity in the library, as far as the
situation has it or one spelt much like it. Lines of a log count by the messages that situations name.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from rapidfuzz import fuzz, process

from serfsim.logs import recognition
from serfsim.scenario.library import KINDS
from serfsim.scenario.shelf import Entry, situations

NEAR: Final = 0.42  # share of the question's words, by their weight, that a near situation has
ALIKE: Final = 79.0  # per cent: the likeness of a misspelt word
SHORT: Final = 4  # letters: shorter words are compared exactly
MOST_ALTERNATIVES: Final = 4
OF_BEST: Final = 0.6  # share of the best score that an alternative has at least
IN_ANSWER: Final = 0.7  # weight of a word that only the answer has
PHRASE: Final = 90.0  # per cent: the likeness of a message to a line whose message is unknown

_PLAIN: Final = """
a about after again all am an and any are as at be because been before but by can could do does
did for from get gets got had has have how i if in into is it its just keep keeps many may me
might more much my no not of on one only or other our out over same see should so some than that
the their them then there they this to too up us use used very was we were what when where which
while who why will with would you your cluster serf consul nomad memberlist
"""
NO_WORDS: Final = frozenset(_PLAIN.split())
"""Words that tell no situation from another."""
_SAME: Final[Mapping[str, str]] = {
    **dict.fromkeys(("node", "agent", "server", "host", "peer", "machine", "instance", "client"), "member"),
    **dict.fromkeys(("dead", "die", "died", "down", "fail", "failure"), "failed"),
    **dict.fromkeys(("packet", "datagram"), "packet"),
    **dict.fromkeys(("drop", "lose", "lost"), "loss"),
    **dict.fromkeys(("start", "reboot", "redeploy", "rolling"), "restart"),
    **dict.fromkeys(("rtt", "latency", "ping"), "round"),
    **dict.fromkeys(("dc", "datacenter", "datacentre", "region"), "region"),
    **dict.fromkeys(("freeze", "frozen", "hang", "stall", "stop", "pause"), "pause"),
    **dict.fromkeys(("cpu", "starved", "throttle", "overload", "overloaded"), "slow"),
}
"""Words of operators, and the word they are compared as."""


@dataclass(frozen=True)
class Near:
    """A situation found. `score`: 0 to 1 for a question, the number of its messages for a log."""

    entry: Entry
    score: float


@dataclass(frozen=True)
class Found:
    """The outcome of a search, nearest first. `messages`: {message recognised in a log: number of lines}."""

    near: tuple[Near, ...]
    messages: Mapping[str, int] = field(default_factory=dict)


def search(text: str, library: Sequence[Entry] | None = None) -> Found:
    """Return the situations near to a question, a thread (serf#283) or lines of a log; none where none is."""
    library = situations() if library is None else library
    by_thread = _of_thread(text.strip(), library)
    if by_thread:
        return Found(by_thread)
    lines = [line for line in text.splitlines() if line.strip()]
    in_log = _of_log(lines, library)
    if in_log.near or in_log.messages:
        return in_log
    return Found(_of_question(text, library))


def _of_thread(text: str, library: Sequence[Entry]) -> tuple[Near, ...]:
    match = re.fullmatch(r"(?:https?://github\.com/)?([\w.-]+/)?([\w.-]+)(?:#|/(?:issues|pull)/)(\d+)", text)
    if match is None:
        return ()
    owner, repository, number = match.groups()
    end = f"{owner or '/'}{repository}#{number}"
    return tuple(
        Near(entry, 1.0)
        for entry in library
        if entry.situation and any(f"/{thread}".endswith(end) for thread in entry.situation.threads)
    )


# Logs --------------------------------------------------------------------------------------------------


def _of_log(lines: Sequence[str], library: Sequence[Entry]) -> Found:
    """Rank by the number of different messages that a situation names, then by the share of the lines."""
    seen: Counter[str] = Counter()
    normal: dict[str, str] = {}
    for line in lines:
        message = recognition.recognise(line)
        if message is not None:
            seen[message.shown] += 1
            normal[message.shown] = message.plain
        elif _phrases_in(recognition.normal(line), library):
            shown = " ".join(line.split())
            seen[shown] += 1
            normal[shown] = recognition.normal(line)
    ranked = []
    for place, entry in enumerate(library):
        phrases = entry.situation.log if entry.situation else ()
        named = {shown for shown in seen if any(_names(phrase, normal[shown]) for phrase in phrases)}
        if named:
            rank = (-len(named), -sum(seen[shown] for shown in named), len(phrases), place)
            ranked.append((rank, Near(entry, float(len(named)))))
    near = [one for _, one in sorted(ranked, key=lambda pair: pair[0])]
    return Found(tuple(near[: MOST_ALTERNATIVES + 1]), dict(seen.most_common()))


def _phrases_in(line: str, library: Iterable[Entry]) -> bool:
    phrases = (phrase for entry in library if entry.situation for phrase in entry.situation.log)
    return any(_names(phrase, line) for phrase in phrases)


def _names(phrase: str, message: str) -> bool:
    wanted = recognition.normal(phrase)
    return wanted in message or (len(wanted) > 15 and fuzz.partial_ratio(wanted, message) >= PHRASE)


# Questions ---------------------------------------------------------------------------------------------


def _of_question(text: str, library: Sequence[Entry]) -> tuple[Near, ...]:
    documents = [_document(entry) for entry in library]
    rarity = {
        word: math.log(1 + len(documents) / count)
        for word, count in Counter(word for document in documents for word in document).items()
    }
    asked = dict.fromkeys(words_of(text))
    most = math.log(1 + len(documents))
    weights = {word: rarity.get(word) or _rarity_of_alike(word, rarity) or most for word in asked}
    total = sum(weights.values())
    if not total:
        return ()
    scored = [
        Near(entry, sum(weights[word] * _has(word, document) for word in asked) / total)
        for entry, document in zip(library, documents, strict=True)
    ]
    best = sorted(scored, key=lambda near: -near.score)
    least = max(NEAR, OF_BEST * best[0].score) if best else 0.0
    return tuple(near for near in best[: MOST_ALTERNATIVES + 1] if near.score >= least)


def _document(entry: Entry) -> dict[str, float]:
    """Return the words of a situation with their weights."""
    assert entry.situation is not None
    said = dict.fromkeys(words_of(f"{entry.situation.answer} {KINDS[entry.kind]}"), IN_ANSWER)
    asked = [entry.question, entry.name.replace("_", " "), *entry.situation.words, *entry.situation.log]
    return said | dict.fromkeys(words_of(" ".join(asked)), 1.0)


def _has(word: str, document: Mapping[str, float]) -> float:
    if word in document:
        return document[word]
    alike = _alike(word, document)
    return document[alike[0]] * alike[1] / 100 if alike else 0.0


def _rarity_of_alike(word: str, rarity: Mapping[str, float]) -> float | None:
    alike = _alike(word, rarity)
    return rarity[alike[0]] if alike else None


def _alike(word: str, known: Iterable[str]) -> tuple[str, float] | None:
    """Return the known word spelt most like one, and the likeness in per cent."""
    if len(word) < SHORT:
        return None
    found = process.extractOne(word, list(known), scorer=fuzz.ratio, score_cutoff=ALIKE)
    return None if found is None else (found[0], found[1])


def words_of(text: str) -> list[str]:
    """Return the stems of the words that matter, each under the name it is compared by."""
    plain = re.sub(r"[^a-z0-9_]+", " ", text.lower().replace("'s ", " "))
    words = (word for word in plain.split() if word not in NO_WORDS and not word.isdigit())
    return [SAME.get(stem := _stem(word), stem) for word in words]


def _stem(word: str) -> str:
    """Remove the common endings of English, so that 'flapping' and 'flaps' are one word."""
    for ending in ("ing", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > 3 and (word[-1] == "e" or word[-1] == word[-2] != "s") else word


SAME: Final = {_stem(word): _stem(same) for word, same in _SAME.items()}
