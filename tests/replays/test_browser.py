"""The page in a real browser: play, seek, select, links, keys, and nothing on the console."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serfsim import Result
from serfsim.replays import Caption, replay
from tests.replays.conftest import recorded

driver = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason=f"there is no browser: none of {', '.join(BROWSERS)}"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with driver.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


# What a member sees of each, at a time.
VIEW = """([observer, t]) => {
    const states = new Uint8Array(serfsimReplay.run.recording.size);
    serfsimReplay.run.beliefs.view(observer, t, states);
    return [...states];
}"""
UNNAMED = """[...document.querySelectorAll("button, select, input, canvas[role]")]
    .filter((one) => !(one.labels?.length || one.textContent.trim() || one.getAttribute("aria-label")))
    .map((one) => one.outerHTML)"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Tab:
    """The page in a tab. Leaving it asserts that nothing was said on the console, and nothing loaded."""

    def __init__(self, browser: Any, page: Path, hash_: str = "", **options: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.tab = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.tab.on("console", lambda message: self.said.append(message.text))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.tab.goto(page.as_uri() + hash_)
        self.tab.wait_for_function("window.serfsimReplay")
        drawn(self.tab)

    def __enter__(self) -> Any:
        return self.tab

    def __exit__(self, *error: object) -> None:
        self.context.close()
        if error[0] is None:
            assert self.said == []
            assert [url for url in self.asked if not url.startswith(("file:", "data:", "blob:"))] == []


def now(tab: Any) -> float:
    return float(tab.evaluate("serfsimReplay.player.t"))


def drawn(tab: Any) -> None:
    """Wait until the page shows what was asked of it: panels follow with the next frame."""
    tab.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def test_it_plays_pauses_and_seeks(browser: Any, page: Path) -> None:
    with Tab(browser, page) as tab:
        assert now(tab) == 0.0
        tab.get_by_role("button", name="Play", exact=True).click()
        tab.wait_for_function("serfsimReplay.player.t > 0.2")
        tab.get_by_role("button", name="Pause", exact=True).click()
        stands = now(tab)
        tab.wait_for_timeout(100)
        assert now(tab) == stands
        box = tab.locator("#timeline").bounding_box()
        tab.mouse.click(box["x"] + 52 + 0.5 * (box["width"] - 64), box["y"] + 30)
        assert now(tab) == pytest.approx(15.0, abs=0.2)  # the middle of -10 s to 40 s
        slider = tab.get_by_label("Position in seconds")
        slider.fill("31.5")
        assert now(tab) == pytest.approx(31.5)
        tab.get_by_label("Speed").select_option("100")
        tab.locator("body").press(" ")
        tab.wait_for_function("serfsimReplay.player.t === 40")
        assert tab.get_by_role("button", name="Play", exact=True).is_visible()


def test_a_link_leads_to_a_moment_and_the_page_writes_such_links(browser: Any, page: Path) -> None:
    with Tab(browser, page, "#t=12.5&as=node-07&select=node-03&speed=0.01&layout=ring&span=10") as tab:
        assert now(tab) == 12.5
        assert tab.get_by_label("Seen by").input_value() == "node-07"
        assert tab.get_by_role("heading", name="node-03", exact=True).is_visible()
        assert tab.get_by_label("Layout").input_value() == "ring"
        assert tab.locator("#facts").inner_text().startswith("In truth\nup, under a fault")
        tab.evaluate("location.hash = '#t=30&select=node-05'")
        tab.wait_for_function("serfsimReplay.player.t === 30")
        drawn(tab)
        assert "down" in tab.locator("#facts").inner_text()
        tab.get_by_label("Seen by").fill("node-01")
        tab.get_by_label("Seen by").press("Enter")
        tab.wait_for_function("location.hash.includes('as=node-01')")
        assert "t=30" in tab.evaluate("location.hash")


def test_views_are_those_of_the_result(browser: Any, page: Path, stored: Result) -> None:
    views = stored.views
    with Tab(browser, page) as tab:
        for t in (0.5, 15.0, 21.0, 28.0, 39.9):
            present = views.present.copy()
            for row in range(len(views.t)):
                if views.t[row] <= t:
                    place = views.observer[row], present.column[views.subject[row]]
                    present.values[place] = views.appears[row]
            up = ~stored.truth.down_spans.covered_at(t)
            wrong = int(present.differing(up)[up].sum())
            assert tab.evaluate(f"serfsimReplay.run.beliefs.totals({t})[0]") == wrong, t
            for observer in (0, 4):
                seen = tab.evaluate(VIEW, [observer, t])
                assert [state in {1, 2, 5} for state in seen] == [
                    bool(there) or subject == observer for subject, there in enumerate(present.of(observer))
                ]


def test_a_click_on_a_member_selects_it_and_one_on_an_event_leads_there(browser: Any, page: Path) -> None:
    with Tab(browser, page, "#t=12&layout=ring") as tab:
        place = tab.evaluate(
            "(() => { const { stage } = serfsimReplay; const box = stage.canvas.getBoundingClientRect();"
            " return [box.x + stage.x[3], box.y + stage.y[3]] })()"
        )
        tab.mouse.click(*place)
        drawn(tab)
        assert tab.get_by_role("heading", name="node-03", exact=True).is_visible()
        assert "[" in tab.locator("#log code").first.inner_text()
        assert tab.locator("#probe-title").inner_text().startswith("node-03 probes ")
        event = tab.locator("#events button", has_text=re.compile("^1.*no ack from node-03")).first
        said = event.inner_text()
        event.click()
        drawn(tab)
        assert now(tab) == pytest.approx(float(said.split(" s")[0]), abs=1e-3)
        packets = tab.locator("#probe .packet").all_inner_texts()
        assert "pings node-03, lost" in packets[0]
        assert any("asks" in packet for packet in packets)
        assert any("TCP syn" in packet for packet in packets)


def test_keys_step_through_events_and_say_them(browser: Any, page: Path) -> None:
    with Tab(browser, page, "#t=7.9") as tab:
        tab.locator("body").press(".")
        first = now(tab)
        assert first > 7.9
        said = tab.locator("#live").inner_text()
        assert said.startswith(f"{first:.3f} s: ")
        tab.locator("body").press(".")
        assert now(tab) >= first
        tab.locator("body").press(",")
        assert now(tab) == pytest.approx(first)
        for key, name in (("g", "grid"), ("r", "ring"), ("m", "map")):
            tab.locator("body").press(key)
            assert tab.get_by_label("Layout").input_value() == name
        tab.locator("body").press("Home")
        assert now(tab) == -10.0
        tab.locator("body").press("]")
        assert tab.get_by_label("Speed").input_value() == "3"
        tab.locator("body").press("?")
        assert tab.get_by_role("dialog").is_visible()


def test_packets_of_a_slow_replay_are_in_flight_and_kinds_can_be_hidden(browser: Any, page: Path) -> None:
    with Tab(browser, page) as tab:
        sent = tab.evaluate(
            "(() => { const p = serfsimReplay.run.recording.packets; for (let row = 0; row < p.count; row++)"
            " if (p.kind[row] === 0 && p.sent[row] > 10 && !Number.isNaN(p.arrives[row]))"
            " return (p.sent[row] + p.arrives[row]) / 2 })()"
        )
        tab.evaluate(f"serfsimReplay.seek({sent})")
        tab.wait_for_function("serfsimReplay.stage.drawn > 0")
        tab.evaluate("for (const box of document.querySelectorAll('#kinds input')) box.click()")
        tab.wait_for_function("serfsimReplay.stage.drawn === 0")


def test_a_screen_reader_finds_landmarks_headings_and_names(browser: Any, page: Path) -> None:
    with Tab(browser, page, "#t=12&select=node-03") as tab:
        for role in ("banner", "main", "contentinfo"):
            assert tab.get_by_role(role).count() == 1
        headings = tab.get_by_role("heading").all_inner_texts()
        assert headings[:3] == ["small", "Cluster", "Time"]
        assert tab.evaluate(UNNAMED) == []
        tab.wait_for_function("document.querySelector('#stages canvas[role]').ariaLabel.includes('wrong')")
        assert tab.locator("#bands li").count() == 2
        tab.locator("summary").click()
        tab.wait_for_function("document.querySelectorAll('#members tr').length === 8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out_in_either_scheme(browser: Any, page: Path, scheme: str, width: int) -> None:
    options = {"color_scheme": scheme, "viewport": {"width": width, "height": 844}}
    with Tab(browser, page, "#t=12&select=node-03", **options) as tab:
        assert tab.evaluate(OVERFLOW) <= 0
        paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 29)")
        tab.get_by_label("Theme").select_option("dark" if scheme == "light" else "light")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != paper


def test_less_motion_means_fewer_frames(browser: Any, page: Path) -> None:
    with Tab(browser, page, reduced_motion="reduce") as tab:
        tab.locator("body").press(" ")
        tab.wait_for_timeout(1200)
        drawn = tab.evaluate("serfsimReplay.frames")
        assert 0 < drawn < 12


def test_two_runs_are_side_by_side_and_captions_appear(browser: Any, played: Result, tmp_path: Path) -> None:
    other = recorded(seed=2, duration="20s", faults=[])
    captions = [Caption(3.0, "First", "look at node-02", select="node-02"), Caption(6.0, "Second", "done")]
    path = replay(played, tmp_path / "two.html", other, captions=captions)
    with Tab(browser, path) as tab:
        assert tab.locator("#stages canvas[role]").count() == 2
        tab.evaluate("serfsimReplay.seek(3.5)")
        tab.wait_for_selector("#caption:visible")
        drawn(tab)
        assert "look at node-02" in tab.locator("#caption").inner_text()
        assert tab.get_by_role("heading", name="node-02", exact=True).is_visible()
        tab.get_by_role("button", name="Skip", exact=True).click()
        assert now(tab) == 6.0
        tab.locator("#stages canvas[role]").nth(1).click(position={"x": 5, "y": 5})
        assert tab.evaluate("serfsimReplay.active") == 1
