"""The gallery of situations: a page for each kind, written from library and table when Sphinx builds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reference_pages import write
from sphinx.application import Sphinx

from serfsim.cli.answer import shown_by
from serfsim.scenario.library import KINDS
from serfsim.scenario.shelf import Entry, situations
from serfsim.study.situations.table import IMAGES, anchor, figures_of, read, share_text

DOCS = Path(__file__).resolve().parents[1]
SOURCES = "https://github.com/serfsim/serfsim/blob/main/scenarios"


def pages() -> dict[str, str]:
    """Return the text of each kind's page by its name from the folder of the sources."""
    rows = {row["name"]: row for row in read(DOCS)}
    found = {}
    for kind, holds in KINDS.items():
        sections = [_section(entry, rows[entry.name]) for entry in situations(kind) if entry.name in rows]
        if sections:
            title = f"# {kind.replace('_', ' ').capitalize().replace('Udp', 'UDP')}"
            found[f"situations/{kind}.md"] = "\n\n".join([title, f"{holds.capitalize()}.", *sections]) + "\n"
    return found


def _section(entry: Entry, row: dict[str, Any]) -> str:
    assert entry.situation is not None
    threads = ", ".join(f"[{thread}]({thread_url(thread)})" for thread in entry.situation.threads)
    source = entry.file.relative_to(entry.file.parents[1 if entry.file.parent.name == entry.kind else 0])
    parts = [
        f"({anchor(entry.name)})=\n## {entry.name}",
        f"**{entry.question}**",
        entry.situation.answer,
        f"![{entry.question}](../{IMAGES}/{entry.name}.png)",
        f"```sh\n{shown_by(entry)}\n```",
        f"Asked in {threads}. Seeds that hold: {share_text(row)}. [The file]({SOURCES}/{source.as_posix()}).",
        "\n".join(f"- {line}" for line in figures_of(row)),
    ]
    return "\n\n".join(parts)


def thread_url(thread: str) -> str:
    """Return the address of a thread, owner/repository#number; GitHub forwards pull requests."""
    repository, _, number = thread.partition("#")
    return f"https://github.com/{repository}/issues/{number}"


def setup(app: Sphinx) -> dict[str, Any]:
    """Have Sphinx write the pages before it reads any."""
    app.connect("builder-inited", lambda started: write(Path(started.srcdir), pages()))
    return {"parallel_read_safe": True}
