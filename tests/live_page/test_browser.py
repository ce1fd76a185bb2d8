"""The page of a running simulation in a real browser: a crash by hand, pace, keys, names and both schemes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serfsim import load, run
from tests.live_page.conftest import Served
from tests.replays.test_browser import BROWSER, OVERFLOW, UNNAMED

driver = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no browser"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with driver.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture
def tab(browser: Any, served: Served) -> Iterator[Any]:
    """Yield the page; assert that it loaded nothing from elsewhere and said nothing on the console."""
    # The page's policy forbids the evaluation of text, by which this test looks inside.
    context = browser.new_context(viewport={"width": 1280, "height": 900}, bypass_csp=True)
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.url)
    page.wait_for_function("window.serfsimReplay")
    yield page
    context.close()
    assert said == []
    origin = served.url.partition("/#")[0]
    assert [url for url in asked if not url.startswith((origin, "data:", "blob:"))] == []


def test_a_member_crashed_by_hand_is_seen_to_fail_and_comes_back(tab: Any, served: Served) -> None:
    tab.get_by_label("Member", exact=True).first.fill("node-03")
    tab.get_by_label("Member", exact=True).first.press("Enter")
    tab.get_by_role("button", name="Crash node-03").click()
    tab.wait_for_selector("#said:has-text('node-03 crashes, at')")
    tab.wait_for_selector("#in-force li:has-text('node-03 crashes since')")
    tab.wait_for_function("document.querySelector('#facts').innerText.startsWith('In truth\\ndown')")
    # All the others see it fail: no view is wrong about it any longer.
    tab.wait_for_function(
        "serfsimReplay.run.recording.say && [...document.querySelectorAll('#events li')]"
        ".some((one) => one.innerText.includes('node-03') && one.innerText.includes('failed'))"
    )
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save as a scenario").click()
    saved = Path(download.value.path()).read_text(encoding="utf-8")
    file = served.folder / "saved.yaml"
    file.write_text(saved, encoding="utf-8")
    digest = re.search(r"^# Digest .* ([0-9a-f]{64})$", saved, re.MULTILINE)
    assert digest is not None
    assert run(load(file), progress=lambda fraction: None).summary["digest"] == digest[1]
    tab.get_by_role("button", name="Restart node-03").click()
    tab.wait_for_selector("#done li:has-text('end of: node-03 crashes')")
    tab.wait_for_function("document.querySelector('#facts').innerText.startsWith('In truth\\nup')")


def test_the_simulation_pauses_steps_and_the_past_can_be_looked_at(tab: Any) -> None:
    tab.locator("body").press("p")
    tab.wait_for_selector("#room-state:has-text('Paused')")
    tab.wait_for_function("serfsimReplay.player.t === serfsimReplay.player.end")
    stood = tab.evaluate("serfsimReplay.player.end")
    tab.get_by_role("button", name="Step", exact=True).click()
    tab.wait_for_function(f"serfsimReplay.player.t > {stood} + 0.999")
    tab.evaluate("serfsimReplay.seek(0.5)")
    assert tab.evaluate("serfsimReplay.player.following") is False
    tab.get_by_role("button", name="Follow").click()
    assert tab.evaluate("serfsimReplay.player.t === serfsimReplay.player.end")
    tab.locator("#act-verb").select_option("query")
    tab.get_by_label("Name", exact=True).fill("uptime")
    tab.get_by_label("From", exact=True).press("Enter")
    tab.wait_for_selector("#said:has-text('the first node asks the query uptime')")
    tab.get_by_role("button", name="Go on with the simulation").click()
    tab.wait_for_selector("#room-state:has-text('Running at 4')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_and_everything_has_a_name(tab: Any, scheme: str) -> None:
    tab.emulate_media(color_scheme=scheme)
    tab.get_by_label("Member", exact=True).first.fill("node-01")
    tab.get_by_label("Member", exact=True).first.press("Enter")
    for width in (1280, 390):
        tab.set_viewport_size({"width": width, "height": 844})
        for verb in ("block-udp", "partition", "other"):
            tab.locator("#act-verb").select_option(verb)
            assert tab.evaluate(OVERFLOW) <= 0
    assert tab.evaluate(UNNAMED) == []
    assert tab.get_by_role("heading", name="Control room").is_visible()
