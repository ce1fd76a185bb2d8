"""The lessons of the manual tell what their runs show."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import DOCS, extension

lessons = extension("lessons")


@pytest.mark.parametrize("name", sorted(lessons.LESSONS))
def test_a_lesson_tells_its_run_in_order(name: str) -> None:
    result, captions = lessons.play(name)
    times = [caption.t for caption in captions]
    assert times == sorted(times)
    assert 0.0 <= times[0] < times[-1] <= result.truth.end_s
    assert len(captions) >= 4
    for caption in captions:
        assert set(re.findall(r"node-\d+", caption.text)) <= set(result.truth.names)
        assert caption.select is None or caption.select in result.truth.names


def test_the_lesson_about_a_probe_ends_without_a_suspicion() -> None:
    result, captions = lessons.play("probe")
    begins, ends = captions[0].t, captions[-1].t
    prober = captions[0].select
    own = result.member_events[(result.member_events.observer == prober)]
    during = own[(own.t_s > begins) & (own.t_s < ends + 1.0)]
    assert "failed_ping" in set(during.kind)
    assert "suspect" not in set(during.kind)


def test_every_lesson_is_on_the_page() -> None:
    page = (DOCS / "lessons.md").read_text(encoding="utf-8")
    for name in lessons.LESSONS:
        assert f'src="lessons/{name}.html' in page
