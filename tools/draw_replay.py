"""Draw the pictures of `docs/howto/replay.md`: `python -m tools.draw_replay`.

Records `udp_blocked` and `crash`, and photographs their pages in headless Chromium. Needs the package
playwright.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import serfsim

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images" / "replay"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = {"width": 1280, "height": 900}
# The moment of a probe by TCP: behind its first event, while a packet is on its way.
PROBE = "serfsimReplay.stepEvent(true); serfsimReplay.seek(serfsimReplay.player.t + 0.03)"
PICTURES = (
    ("probe_light", "udp_blocked", "#t=75.6&span=1&speed=0.01", "light", PROBE),
    ("ring_dark", "crash", "#t=36.6&layout=ring&as=node-22&select=node-07", "dark", ""),
)


def main() -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    browser = next(found for name in BROWSERS if (found := shutil.which(name)))
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        pages = {}
        for name in {scenario for _, scenario, *_ in PICTURES}:
            scenario = serfsim.load(name, ["record.replay=true", "duration=2m", "claims=[]"])
            pages[name] = serfsim.run(scenario).replay(Path(temporary) / f"{name}.html")
        opened = driver.chromium.launch(executable_path=browser, args=["--no-sandbox", "--disable-gpu"])
        for name, scenario_name, place, scheme, script in PICTURES:
            tab = opened.new_page(viewport=SIZE, color_scheme=scheme)
            tab.goto(pages[scenario_name].as_uri() + place)
            tab.wait_for_function("window.serfsimReplay")
            if script:
                tab.evaluate(script)
            tab.wait_for_timeout(300)
            tab.screenshot(path=IMAGES / f"{name}.png")
            tab.close()
        opened.close()


if __name__ == "__main__":
    main()
