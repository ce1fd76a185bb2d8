"""The page: how much agrees, each cause once, and what was left out."""

from pathlib import Path

from serfsim.validation.causes import UNKNOWN
from serfsim.validation.compare import Pair, compare
from serfsim.validation.figures.measures import Figures
from serfsim.validation.golden import read
from serfsim.validation.page import lines
from serfsim.validation.tally import share_of, shares_by_release, table

FOLDER = Path(__file__).parent


def pair(name: str, recorded: Figures, simulated: Figures, seeds: int = 100) -> Pair:
    runs = {seed: dict(simulated) for seed in range(seeds)}
    return Pair(read(FOLDER / f"{name}.json.gz"), recorded, runs)


def baseline(name: str, ping: float, suspects: float = 0.0) -> Pair:
    recorded = {"ping_per_node_s": [ping], "suspects": [0.0], "ping_message_bytes": [71.0], "x": [7.0]}
    simulated = {"ping_per_node_s": [1.0], "suspects": [suspects], "ping_message_bytes": [71.0], "x": [1.0]}
    return pair(name, recorded, simulated)


def text(pairs: list[Pair], skipped: dict[str, str] | None = None) -> str:
    return "\n".join(lines(compare(pairs), pairs, skipped or {}))


def test_sizes_and_zeros_are_counted_apart_from_the_rest() -> None:
    rows = compare([baseline("a-baseline-n16-s1", 1.0), baseline("a-baseline-n32-s1", 2.0)])
    assert share_of(rows) == (
        "5 of 6 (83.3 %) judged figures agree; sizes of messages: 2 of 2 (100.0 %);"
        ' figures that are to be "0": 2 of 2 (100.0 %); all others: 1 of 2 (50.0 %).'
    )


def test_verdicts_are_counted_by_kind_and_release() -> None:
    rows = compare([baseline("a-baseline-n16-s1", 1.0), baseline("a-baseline-n16-serf0.10.2-s1", 2.0)])
    told = list(table(rows))
    assert told[2] == "| baseline | 0.10.2 | 1 of 1 | 1 of 1 | 0 of 1 | 0 | 1 | 0 |"
    assert told[3] == "| baseline | 0.9.4 | 1 of 1 | 1 of 1 | 1 of 1 | 0 | 0 | 0 |"


def test_agreement_is_told_by_release_at_the_top_of_the_page() -> None:
    names = ("a-baseline-n16-s1", "a-baseline-n16-serf0.10.2-s1", "a-baseline-n5-serf0.10.2-ml0.6.0-s1")
    pairs = [baseline(name, ping) for name, ping in zip(names, (1.0, 2.0, 1.0), strict=True)]
    told = list(shares_by_release(compare(pairs)))
    assert told == [
        "Serf 0.9.4: 3 of 3 (100.0 %) agree; chance may account for 0 of the other 0",
        "Serf 0.10.2: 2 of 3 (66.7 %) agree; chance may account for 0 of the other 1",
        "Serf 0.10.2 with memberlist 0.6.0: 3 of 3 (100.0 %) agree; chance may account for 0 of the other 0",
    ]
    page = text(pairs)
    assert all(f"- {one}\n" in page[: page.index("## What does not agree")] for one in told)


def test_releases_stand_side_by_side() -> None:
    page = text([baseline("a-baseline-n16-s1", 1.0), baseline("a-baseline-n16-serf0.10.2-s1", 2.0)])
    assert "| circumstances | figure | tolerance | 0.9.4 | 0.10.2 |" in page
    assert "| 1 / 1 [1, 1] | 2 / 1 [1, 1] **differs** |" in page


def test_a_cause_is_told_once_and_what_has_none_says_so() -> None:
    late = {"leave_intent_copies": [8.0], "leave_last_s": [9.0]}
    ours = {"leave_intent_copies": [7.0], "leave_last_s": [1.0]}
    names = ("i-leave-n32-s1", "i-leave-n32-serf0.10.2-s1")
    page = text([pair(name, late, ours) for name in names])
    assert page.count("hears of a leave by push/pull") == 1
    assert page.count("[1](#causes)") == 2
    assert page.count(UNKNOWN) == 2


def test_what_has_no_tolerance_is_listed_with_its_recordings() -> None:
    page = text([baseline("a-baseline-n16-s1", 1.0), baseline("a-baseline-n32-s1", 1.0)])
    assert "| baseline | x | above | 2 of 2 | 7, 1; 7, 1 |" in page


def test_a_reason_for_leaving_recordings_out_is_told_once() -> None:
    page = text([baseline("a-baseline-n16-s1", 1.0)], {"k-1": "no such fault", "k-2": "no such fault"})
    assert "- k-1, k-2: no such fault" in page
