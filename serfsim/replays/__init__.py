"""Replays: one self-contained HTML page that plays a run, from the packets up.

`document` gathers what the page needs of a result, `tables` lays it out as columns of Arrow, and `page`
packs both into the page of `templates/replay.html`, which is built from the sources in `web`.
"""

from serfsim.replays.document import Caption
from serfsim.replays.page import replay, replay_page

__all__ = ["Caption", "replay", "replay_page"]
