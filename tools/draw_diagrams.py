"""Draw the Mermaid diagrams of the manual as SVG files: `draw_diagrams.py MERMAID.min.js`.

GitHub draws Mermaid itself; the built manual must work without a network and a 3.5 MB script, so it shows
the files that this writes to `docs/images/diagrams`, named by a digest of their source. Needs Chromium and
the npm package mermaid. `tests/docs` fails where a diagram has no file, or a file no diagram.
"""

from __future__ import annotations

import html
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs" / "_ext"))
from diagrams import FOLDER, file_of, sources

PAGE = """<html><body><script src="{script}"></script><script>
mermaid.initialize({{startOnLoad: false, theme: "neutral", htmlLabels: false, fontFamily: "sans-serif",
                     state: {{useMaxWidth: false}}}});
(async () => {{
  const drawn = [];
  for (const [number, source] of {sources}.entries())
    drawn.push((await mermaid.render("d" + number, source)).svg);
  document.body.textContent = JSON.stringify(drawn);
}})();
</script></body></html>"""


def draw(texts: list[str], script: Path) -> list[str]:
    """Return the SVG of each Mermaid text, drawn by headless Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(
            PAGE.format(script=script.resolve().as_uri(), sources=json.dumps(texts)), encoding="utf-8"
        )
        command = [
            "chromium",
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--allow-file-access-from-files",
        ]
        done = subprocess.run(
            [*command, "--virtual-time-budget=30000", "--dump-dom", page.as_uri()],
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
    body = re.search(r"<body>(.*)</body>", done.stdout, re.DOTALL)
    if body is None or not body[1].startswith("["):
        raise SystemExit(f"nothing was drawn: {done.stdout[:400]}")
    return list(json.loads(html.unescape(body[1])))


if __name__ == "__main__":
    wanted = sources()
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.svg"):
        old.unlink()
    for text, svg in zip(wanted, draw(wanted, Path(sys.argv[1])), strict=True):
        file_of(text).write_text(svg + "\n", encoding="utf-8")
    print(f"{len(wanted)} diagrams in {FOLDER}")
