"""`serfsim answer WORDS...`: the situation nearest to a question, a thread or lines of a log."""

from __future__ import annotations

import json as json_module
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serfsim.base.english import format_count, printable
from serfsim.base.errors import SerfsimError
from serfsim.cli import codes

if TYPE_CHECKING:
    from serfsim.scenario.shelf import Entry
    from serfsim.study.situations.search import Found

LONGEST_LOG = 16 * 1024 * 1024  # bytes
MOST_MESSAGES = 6


def answer(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="WORDS...",
            help="A question, a thread (serf#283), a line of a log; - reads a log from stdin.",
        ),
    ],
    json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Answer a question by the situation nearest to it.

    Lines of a log are recognised by the messages of memberlist and Serf, whatever
    names, addresses and prefixes they have.

    Exit code 0: a situation is near; 1: none is.
    """
    # start-up: the help works without it
    from serfsim.study.situations.search import search

    text = _standard_input() if words == ["-"] else " ".join(words)
    if not text.strip():
        raise SerfsimError("answer: found no words; expected a question, a thread or lines of a log")
    found = search(text)
    typer.echo(json_module.dumps(_as_json(found), indent=2) if json else _as_text(found))
    raise typer.Exit(codes.FINE if found.near else codes.NO_ANSWER)


def _standard_input() -> str:
    text = sys.stdin.buffer.read(LONGEST_LOG + 1)
    if len(text) > LONGEST_LOG:
        expected = f"at most {LONGEST_LOG // 1024**2} MiB: try its last lines, tail -n 10000"
        raise SerfsimError(f"answer: found a longer log; expected {expected}")
    return text.decode("utf-8", "replace")


def shown_by(entry: Entry) -> str:
    """Return the command that shows the answer."""
    study = entry.situation.study if entry.situation else None
    return f"serfsim {'run' if study is None else 'tune' if study.is_tuning else 'sweep'} {entry.name}"


def _as_text(found: Found) -> str:
    seen = [
        f"{format_count(count, 'line')}: {printable(message)}" for message, count in found.messages.items()
    ]
    lines = [
        *seen[:MOST_MESSAGES],
        *([f"and {len(seen) - MOST_MESSAGES} more"] if seen[MOST_MESSAGES:] else []),
    ]
    if not found.near:
        none = "no situation is about these messages" if seen else "no situation is near to that question"
        return "\n".join([*lines, f"{none}; serfsim list shows all"])
    nearest, *others = [near.entry for near in found.near]
    assert nearest.situation is not None
    lines += [""] if lines else []
    lines += [f"{nearest.name} ({nearest.kind}): {nearest.question}", "", f"  {nearest.situation.answer}", ""]
    lines += [f"  asked in  {', '.join(nearest.situation.threads)}", f"  shown by  {shown_by(nearest)}"]
    if others:
        lines += ["", "also near:", *(f"  {entry.name}: {entry.question}" for entry in others)]
    return "\n".join(lines)


def _as_json(found: Found) -> dict[str, Any]:
    return {
        "messages": [{"message": message, "lines": count} for message, count in found.messages.items()],
        "situations": [{**_described(near.entry), "score": round(near.score, 3)} for near in found.near],
    }


def _described(entry: Entry) -> dict[str, Any]:
    assert entry.situation is not None
    return {
        "name": entry.name,
        "kind": entry.kind,
        "question": entry.question,
        "answer": entry.situation.answer,
        "threads": list(entry.situation.threads),
        "command": shown_by(entry),
    }
