"""Where the line of an accepted change goes."""

from __future__ import annotations

from pathlib import Path

from serfsim.study.regression.changelog import entry_of, find, with_entry

TEXT = """\
# Changelog

## 0.2.0, not yet released

### Results may differ

- Suspicions last longer.

### Added

- Something.

## 0.1.0

### Results may differ

- Nothing came before.
"""


def test_the_line_goes_to_the_end_of_the_newest_list() -> None:
    found = with_entry(TEXT, "indirect probes ask two members")
    assert found is not None
    assert "- Suspicions last longer.\n- indirect probes ask two members.\n\n### Added" in found
    assert found.replace("- indirect probes ask two members.\n", "") == TEXT


def test_a_line_that_is_there_already_is_not_added_again() -> None:
    found = with_entry(TEXT, "Suspicions last\n longer")
    assert found == TEXT


def test_nothing_came_before_gives_way() -> None:
    text = "## 0.1.0\n\n### Results may differ\n\n- Nothing came before.\n"
    assert (
        with_entry(text, "Now something did")
        == "## 0.1.0\n\n### Results may differ\n\n- Now something did.\n"
    )


def test_an_empty_section_gets_a_list() -> None:
    text = "## 1\n\n### Results may differ\n\n### Fixed\n\n- A.\n"
    assert with_entry(text, "B") == "## 1\n\n### Results may differ\n\n- B.\n\n### Fixed\n\n- A.\n"


def test_without_the_section_in_the_newest_version_the_line_is_to_be_pasted() -> None:
    assert with_entry("# Changelog\n\n## 0.3\n\n- A.\n\n" + TEXT[TEXT.index("## 0.2") :], "B") is None


def test_long_lines_are_wrapped_as_items_of_a_list() -> None:
    lines = entry_of("word " * 40).splitlines()
    assert lines[0].startswith("- word")
    assert all(line.startswith("  word") for line in lines[1:])
    assert max(map(len, lines)) <= 110


def test_the_changelog_is_that_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "project" / "results" / "baseline").mkdir(parents=True)
    (tmp_path / "CHANGELOG.md").write_text("of another")
    (tmp_path / "project" / ".git").mkdir()
    start = tmp_path / "project" / "results" / "baseline"
    assert find(start) is None
    (tmp_path / "project" / "CHANGELOG.md").write_text(TEXT)
    assert find(start) == tmp_path / "project" / "CHANGELOG.md"
