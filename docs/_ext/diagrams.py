"""Show the Mermaid diagrams of pages as the SVG files that `tools/draw_diagrams.py` drew of them."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent.parent
FOLDER = DOCS / "images" / "diagrams"


def file_of(text: str) -> Path:
    """Return the file of a diagram, named by a digest of its source."""
    return FOLDER / f"{hashlib.blake2b(text.strip().encode(), digest_size=8).hexdigest()}.svg"


def sources() -> list[str]:
    """Return the Mermaid sources of all pages, each once, in order."""
    found: dict[str, None] = {}
    for page in sorted(DOCS.rglob("*.md")):
        for block in re.findall(
            r"^```mermaid\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
        ):
            found[block.strip()] = None
    return list(found)


def setup(app: Any) -> dict[str, Any]:
    """Register the transform with Sphinx."""
    from docutils import nodes
    from sphinx.transforms import SphinxTransform

    class ShowDiagrams(SphinxTransform):
        """Replace each Mermaid block by its drawing."""

        default_priority = 5

        def apply(self, **_: Any) -> None:
            for block in list(self.document.findall(nodes.literal_block)):
                if block.get("language") != "mermaid":
                    continue
                file = file_of(block.astext())
                uri = Path("/", file.relative_to(DOCS)).as_posix()
                block.replace_self(
                    nodes.image(uri=uri, alt="State diagram; the table below has the same transitions")
                )

    app.add_transform(ShowDiagrams)
    return {"parallel_read_safe": True, "version": "1"}
