"""The report page as text: what it says, in which order, of results of every kind; and what it costs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from serfsim import Result, open_result, run
from serfsim.base import manifest
from serfsim.report.figures import FIGURES, page_figures
from serfsim.report.page import page, page_style, write_page
from serfsim.report.svg import PROPERTIES, page_figure
from serfsim.report.timeline import more_than_shown
from serfsim.scenario import Scenario
from tests.report.conftest import empty, large, small

LARGEST = 1_500_000  # bytes of a page of thirty nodes
VOID = {"meta", "link", "br", "wbr", "path", "use", "rect", "image"}


class Reader(HTMLParser):
    """Everything of a page that a test asks for; a tag that is never closed is a mistake."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.loaded: list[str] = []
        self.drawings: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self.loaded += [str(given[name]) for name in ("src", "href", "xlink:href") if given.get(name)]
        if tag == "svg" and "aria-hidden" not in given:
            assert given["role"] == "img"
            self.drawings.append(str(given["aria-label"]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["title"]) and data.strip():
            self.words.append(" ".join(data.split()))


def page_of(result: Result) -> str:
    return page(result, page_figures(result))


def words_of(result: Result) -> str:
    return " ".join(Reader(page_of(result)).words)


@pytest.fixture(scope="module")
def real() -> Result:
    """A run of a real scenario, with a fault of a random node, a crash and a claim that fails."""
    from serfsim import run

    scenario = Scenario(
        name="real",
        question="Who <b>knows</b> & when?",
        duration="60s",
        warm_up="10s",
        cluster={"nodes": 8},
        faults=[{"pause": 1, "at": "5s", "for": "2s"}, {"crash": ["node-03"], "at": "20s"}],
        workload=[{"event": "<deploy>", "at": "30s"}],
        claims=["detection.missed == 0", "detection.first_s.max < 1s", "health.score.max < 2000%"],
    )
    return run(scenario, progress=lambda fraction: None)


@pytest.fixture(scope="module")
def text(real: Result) -> str:
    """Its page."""
    return page_of(real)


def test_the_page_comes_in_the_order_of_a_readers_interest(real: Result, text: str) -> None:
    words = " ".join(Reader(text).words)
    order = [
        "Who <b>knows</b> & when?",
        "1 of 3 claims fails.",
        "The crash was first detected after",
        "detection.first_s.max < 1s",
        "What happened",
        "node-03 crashes",
        "Figures",
        "Crashes",
        "All figures",
        "Reproduce this run",
        str(real.summary["digest"]),
        "question: Who <b>knows</b>",
    ]
    places = [words.index(part) for part in order]
    assert places == sorted(places)


def test_claims_are_told_with_their_value_in_their_unit_and_what_it_means(real: Result, text: str) -> None:
    words = Reader(text).words
    row = words.index("detection.first_s.max < 1s")
    found = real.summary["detection"]["first_s"]["max"]
    assert words[row + 1 : row + 4] == [
        f"{found:.2f} s",
        "fails",
        "seconds from a crash to the first observer's failed event: the largest",
    ]
    assert words[words.index("health.score.max < 2000%") + 1].endswith(" %")


def test_whoever_was_picked_at_random_is_named(real: Result, text: str) -> None:
    (picked,) = [node for node, one in enumerate(real.truth.faulted) if one and one[0].start == 5.0]
    assert f"at 5 s, for 2 s a random node stands still (node-0{picked})" in " ".join(Reader(text).words)


def test_each_crash_has_its_times(real: Result, text: str) -> None:
    first = real.summary["detection"]["first_s"]["max"]
    last = real.summary["detection"]["full_s"]["max"]
    words = Reader(text).words
    events = real.member_events
    observers = int(((events["subject"] == "node-03") & (events["kind"] == "failed")).sum())
    row = words.index("declared by") + 1
    assert words[row : row + 2] == ["node-03", "20"]
    assert words[row + 3 : row + 6] == [f"{first:.2f}", f"{last:.2f}", str(observers)]


def test_the_page_is_whole_html_with_headings_in_order_and_ids_of_its_own(text: str) -> None:
    reader = Reader(text)
    assert reader.headings[0] == 1
    assert reader.headings.count(1) == 1
    assert all(
        after - before <= 1 for before, after in zip(reader.headings, reader.headings[1:], strict=False)
    )
    assert len(set(reader.ids)) == len(reader.ids)
    assert len(reader.drawings) == len(FIGURES)
    assert all(len(told) > 40 for told in reader.drawings)


def test_the_page_loads_nothing(text: str) -> None:
    assert "<script" not in text
    assert "url(" not in text.replace("url(#", "")
    loaded = Reader(text).loaded
    assert [link for link in loaded if not link.startswith(("#", "data:"))] == []


def test_figures_are_drawn_in_the_colours_of_the_page(text: str) -> None:
    style, drawings = text.split("</style>", 1)
    assert re.findall(r"#[0-9a-f]{6}", "".join(re.findall("<svg.*?</svg>", drawings, re.DOTALL))) == []
    for name in {*PROPERTIES.values(), *re.findall(r"var\(--([\w-]+)\)", text)} - {"mono"}:
        assert style.count(f"--{name}:") == 2, f"{name} in light and in dark"
    assert "font-family" not in drawings


def luminance(colour: str) -> float:
    """Relative luminance of a colour such as #fff or #14181d (WCAG 2.1)."""
    digits = colour.lstrip("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(scheme: int) -> None:
    """By 4.5 to 1, as WCAG 2.1 asks at level AA."""
    properties = dict(re.findall(r"--([\w-]+):(#[0-9a-f]+)", page_style().split(":root{")[1 + scheme]))
    pairs = [("ink", "paper"), ("soft", "paper"), ("holds", "paper"), ("fails", "paper")]
    pairs += [("ink", f"{state}-panel") for state in ("holds", "fails")]
    pairs += [(state, f"{state}-panel") for state in ("holds", "fails")]
    pairs += [("ink", "panel"), ("soft", "fault")]
    for words, behind in pairs:
        darker, lighter = sorted(luminance(properties[name]) for name in (words, behind))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5, (words, behind)


def test_the_page_is_the_same_for_the_same_result(real: Result, text: str, tmp_path: Path) -> None:
    assert page_of(open_result(real.save(tmp_path / "r", figures=False))) == text
    assert len(text.encode()) < LARGEST


def test_a_page_written_beside_images_is_the_same_as_one_without(saved: Path, tmp_path: Path) -> None:
    write_page(open_result(saved), tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == (saved / "report.html").read_text(
        encoding="utf-8"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_an_interrupted_run_says_so_at_the_top() -> None:
    words = " ".join(Reader(page(small(interrupted_at=30.0), [])).words)
    told = "Interrupted at 30.0 s of 50 s: the figures end there."
    assert words.index(told) < words.index("No claims to check")
    assert "nothing was scored" in page(small(interrupted_at=-3.0), [])


def test_nodes_that_are_wrong_alike_at_the_end_share_a_row() -> None:
    from serfsim import load, run

    scenario = load("version_gate", ["duration=20s"])
    reader = Reader(page(run(scenario, progress=lambda fraction: None), []))
    row = reader.words.index("still see, although down") + 1
    old = "node-15, node-16, node-17, node-18 and node-19"
    assert reader.words[row : row + 3] == [
        "node-00, node-01, node-02, node-03, node-04 and 10 others",
        old,
        "-",
    ]
    # Each of the old ones misses everybody else; of so many the first are named, the same for all.
    everybody = "node-00, node-01, node-02, node-03, node-04 and 14 others"
    assert reader.words[row + 3 : row + 5] == [old, everybody]


def test_a_run_of_nothing_has_a_page_that_says_what_is_missing() -> None:
    text = words_of(empty())
    assert "No claims to check." in text
    assert "Not drawn: Events by observer (no events after the warm-up" in text
    assert "Not drawn: Error of estimated round-trip times (no coordinates were recorded)." in text


def small_cluster(nodes: int) -> str:
    faults = [{"crash": ["node-01"], "at": "5s", "for": "5s"}] if nodes > 1 else []
    cluster = Scenario(cluster={"nodes": nodes}, duration="20s", warm_up="5s", faults=faults)
    result = run(cluster)
    return " ".join(Reader(page(result, page_figures(result))).words)


def test_numbers_on_an_axis_are_not_cut_short() -> None:
    figure = Figure()
    ax = figure.add_subplot()
    ax.plot([0.0, 1.0], [0.04512, 0.0555])
    ax.set_yticks([0.045, 0.05, 0.055], ["0.045", "0.050", "0.055"])
    svg = page_figure(figure, "small", 3.0, named=False).svg
    assert all(f">{number}</text>" in svg for number in ("0.045", "0.050", "0.055"))
    assert not re.search(r' d="[^"]*\d\.\d{3}', svg)


def test_what_is_left_out_is_counted_in_good_grammar() -> None:
    told = [more_than_shown(count, 4, "crash") for count in (4, 5, 6)]
    assert told == ["", "and 1 crash more", "and 2 crashes more"]


def test_one_node_and_two_are_told_of_in_good_grammar_and_with_the_reason_for_what_is_missing() -> None:
    one, two = small_cluster(1), small_cluster(2)
    assert "1 node of Serf 0.9" in one
    assert "1 node; 1 distinct size seen" in one
    assert "Not drawn: Probe outcomes (no probe completed)." in one
    assert "1 nodes" not in one
    assert "(fewer than three nodes had coordinates" in two


def described(result: Result, **changes: Any) -> Result:
    return Result(result.scenario, {**result.summary, **changes}, result.truth, result._makers)


def test_names_and_questions_of_any_letters_stay_what_they_are(result: Result) -> None:
    question = "Ist „node<0>“ & Freunde 100 % 😀 ausgefallen? </title><script>alert(1)</script>"
    text = page(described(result, question=question), [])
    assert question in Reader(text).words
    assert "<script>" not in text


def test_a_scenario_that_cannot_be_read_any_more_still_has_its_page(saved: Path, tmp_path: Path) -> None:
    result = open_result(saved)
    result.scenario = type(result.scenario)("small", "", "cluster: {nodes: 4}\nsomething: of later\n")
    text = " ".join(Reader(page(result, [])).words)
    assert "at 20 s node-3 crashes" in text
    assert "serfsim run scenario.yaml --seed 7" in text


def without(names: tuple[str, ...]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda summary: {name: value for name, value in summary.items() if name not in names}


def test_a_summary_with_fewer_names_than_today_still_has_its_page(saved: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "r"
    shutil.copytree(saved, folder)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    summary = without(("serf_releases", "claims", "interrupted_at_s", "events_per_s"))(summary)
    del summary["detection"]["lifeguard"], summary["detection"]["last_false_positive_s"]
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    manifest.renew(folder, "result", ["summary.json"])
    assert "No claims to check" in page(open_result(folder), [])


@pytest.mark.slow
def test_a_page_of_many_nodes_and_marks_stays_small() -> None:
    assert len(page_of(large(400, times=40)).encode()) < LARGEST
