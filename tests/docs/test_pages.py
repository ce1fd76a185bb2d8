"""Every block of the manual works as printed: commands and Python run, links lead somewhere."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.docs.blocks import DOCS, ROOT, SHELLS, blocks_of, extension, run_page

diagrams, reference_pages, gallery = map(extension, ("diagrams", "reference_pages", "gallery"))

# What the code writes is not there in a fresh clone, and need not be that of this code.
WRITTEN = {**reference_pages.pages(), **gallery.pages()}
PAGES = sorted(
    page
    for page in DOCS.rglob("*.md")
    if not {"spec", "reference", "notebooks", "situations"} & set(page.parts)
)
TRIED = [
    page
    for page in PAGES
    if page.name == "tutorial.md" or (page.parent.name == "howto" and page.name != "index.md")
]


def name_of(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


@pytest.mark.slow
@pytest.mark.parametrize("page", TRIED, ids=name_of)
def test_a_page_can_be_followed_from_top_to_bottom(page: Path, tmp_path: Path) -> None:
    assert any(block.language in (*SHELLS, "python") for block in blocks_of(page))
    assert run_page(page, tmp_path) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link, place in re.findall(r"\]\(([^)#\s]+)(?:#([^)\s]+))?[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" in link:
            continue
        name = Path(os.path.relpath(page.parent / link, DOCS)).as_posix()
        if name in WRITTEN:
            assert not place or f"#{place}}}" in WRITTEN[name] or f"({place})=" in WRITTEN[name], (
                f"{link}#{place}"
            )
        else:
            assert (page.parent / link).exists() or (ROOT / link).exists(), link


def test_every_diagram_is_drawn_as_it_is_written() -> None:
    """Else: `npm install mermaid`, then `tools/draw_diagrams.py node_modules/mermaid/dist/mermaid.min.js`."""
    written = {diagrams.file_of(text) for text in diagrams.sources()}
    assert written == set(diagrams.FOLDER.glob("*.svg"))
