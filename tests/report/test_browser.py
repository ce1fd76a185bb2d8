"""The report page in a real browser: nothing on the console, nothing loaded, nothing that does not fit."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from serfsim import load, run

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"there is no browser: none of {', '.join(BROWSERS)}"),
]

# What each copy of the page tells of itself, once it is laid out.
PROBE = """
<script>
const box = (element) => element.getBoundingClientRect();
const root = document.documentElement;
const visible = [...document.querySelectorAll("body *")].filter((e) => !e.closest(".box") && box(e).width);
const texts = [...document.querySelectorAll(".plot .box svg text")].filter((e) => box(e).width);
parent.postMessage({
  width: innerWidth,
  overflow: root.scrollWidth - root.clientWidth,
  sticksOut: visible.filter((e) => box(e).right > root.clientWidth + 1).map((e) => e.className || e.tagName),
  loaded: performance.getEntriesByType("resource").map((entry) => entry.name),
  paper: getComputedStyle(document.body).backgroundColor,
  numbers: [...new Set(texts.map((e) => getComputedStyle(e).fill))],
  smallest: Math.min(...texts.map((e) =>
    parseFloat(getComputedStyle(e).fontSize) * e.getScreenCTM().a)),
  answered: box(document.querySelector(".answer")).bottom,
  claimed: box(document.querySelectorAll(".claims tbody tr")[2]).bottom,
}, "*");
</script>
"""
HARNESS = """<!doctype html><title>harness</title>
<script>addEventListener("message", (event) => {
  const told = document.createElement("pre");
  told.textContent = JSON.stringify(event.data);
  document.body.append(told);
})</script>
<body><iframe src="page.html" width="390" height="844"></iframe>
<iframe src="page.html" width="1280" height="800"></iframe></body>
"""
LIGHT, DARK = 1, 0  # the browser's own numbers for prefers-color-scheme
PHONE, LAPTOP = 390, 1280


def browsed(folder: Path, page: Path, scheme: int, *options: str) -> tuple[str, str]:
    """Open a page; what the browser prints, and what it logs. It is ended with all its processes."""
    command = [
        str(BROWSER),
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--enable-logging=stderr",
        "--v=0",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}",
        f"--blink-settings=preferredColorScheme={scheme}",
        *options,
        page.as_uri(),
    ]
    # The environment of a fresh account, so that nothing of the real one is touched.
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "config")}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
        env=environment,
    )
    try:
        return process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def console(log: str) -> list[str]:
    """What was written on the console of the page, by it or about it."""
    return [line for line in log.splitlines() if ":CONSOLE" in line]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a shipped scenario, in a folder of its own."""
    result = run(load("crash"), progress=lambda fraction: None)
    return result.save(tmp_path_factory.mktemp("browser") / "r") / "report.html"


@pytest.fixture(scope="module", params=[LIGHT, DARK], ids=["light", "dark"])
def told(
    page: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, dict[str, Any]]:
    """What the page tells of itself on a phone and on a laptop, by the width of the window."""
    folder = tmp_path_factory.mktemp("probed")
    text = page.read_text(encoding="utf-8")
    (folder / "page.html").write_text(text.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    (folder / "harness.html").write_text(HARNESS, encoding="utf-8")
    printed, log = browsed(
        folder, folder / "harness.html", request.param, "--dump-dom", "--virtual-time-budget=3000"
    )
    assert console(log) == []
    found = [json.loads(unescape(told)) for told in re.findall("<pre>(.*?)</pre>", printed)]
    assert sorted(one["width"] for one in found) == [PHONE, LAPTOP], log
    return {one["width"]: {**one, "scheme": request.param} for one in found}


def test_the_console_would_show_what_is_wrong(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.html"
    wrong.write_text("<!doctype html><script>console.warn('oh')</script>", encoding="utf-8")
    _, log = browsed(tmp_path, wrong, LIGHT, "--dump-dom")
    assert len(console(log)) == 1


def test_nothing_is_loaded_and_nothing_reaches_beyond_the_window(told: dict[int, dict[str, Any]]) -> None:
    for one in told.values():
        assert one["loaded"] == []
        assert one["overflow"] <= 0
        assert one["sticksOut"] == []


def test_the_page_and_the_plots_follow_the_colour_scheme(told: dict[int, dict[str, Any]]) -> None:
    for one in told.values():
        numbers = [brightness(colour) for colour in one["numbers"]]
        if one["scheme"] == DARK:
            assert brightness(one["paper"]) < 40
            assert min(numbers) > 140
        else:
            assert brightness(one["paper"]) == 255
            assert max(numbers) < 110


def brightness(colour: str) -> float:
    """The mean of red, green and blue, 0 to 255."""
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3


def test_words_in_plots_can_be_read_and_the_answer_is_on_the_first_screen(
    told: dict[int, dict[str, Any]],
) -> None:
    assert told[PHONE]["smallest"] >= 8.5
    assert told[LAPTOP]["smallest"] >= 9.0
    assert told[PHONE]["answered"] <= 844
    assert told[LAPTOP]["claimed"] <= 800


def test_the_page_is_painted(page: Path, tmp_path: Path) -> None:
    _, log = browsed(
        tmp_path,
        page,
        DARK,
        f"--screenshot={tmp_path / 's.png'}",
        "--window-size=1280,2600",
        "--hide-scrollbars",
    )
    assert console(log) == []
    picture = Image.open(tmp_path / "s.png").convert("RGB")
    assert picture.size == (1280, 2600)
    assert picture.getpixel((3, 3)) == (0x14, 0x18, 0x1D)
    colours = {colour for _, colour in picture.getcolors(2**24) or []}
    # The blue and the orange of the dark scheme: the plots are there, in its colours.
    assert {(0x4B, 0xA6, 0xE3), (0xF0, 0xB0, 0x30)} <= colours


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_the_printed_page_has_the_scenario(tmp_path: Path) -> None:
    page = (
        run(load("udp_blocked", ["duration=20s", "faults=[]", "claims=[]"]), seed=1).save(tmp_path / "r")
        / "report.html"
    )
    paper = tmp_path / "page.pdf"
    options = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}")
    assert BROWSER is not None
    subprocess.run(
        [BROWSER, *options, f"--print-to-pdf={paper}", page.as_uri()],
        check=True,
        capture_output=True,
        timeout=60,
    )
    text = subprocess.run(
        ["pdftotext", "-layout", str(paper), "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "vivaldi_error_max: 1.5" in text
