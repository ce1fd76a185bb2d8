"""Note which tests reach which lines: `python -m tests.mutation.reach FILE TESTS...`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import coverage
import pytest

AREAS = ("serfsim/protocol", "serfsim/network", "serfsim/results/scoring")
SLOWEST_S = 4.0


class Noting:
    """Tells coverage which test runs, and keeps how long each took."""

    def __init__(self, noted: coverage.Coverage) -> None:
        self.coverage = noted
        self.durations: dict[str, float] = {}
        self.failed: set[str] = set()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):  # type: ignore[no-untyped-def]
        self.coverage.switch_context(item.nodeid)
        yield
        self.coverage.switch_context("")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.durations[report.nodeid] = self.durations.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.add(report.nodeid)


def main(target: Path, tests: list[str]) -> None:
    noted = coverage.Coverage(data_file=None, source=list(AREAS), branch=False, config_file=False)
    noting = Noting(noted)
    noted.start()
    pytest.main(["-q", "-p", "no:cacheprovider", *tests], plugins=[noting])
    noted.stop()
    found: dict[str, dict[str, list[str]]] = {}
    data = noted.get_data()
    durations = noting.durations
    usable = {test for test, took in durations.items() if took < SLOWEST_S} - noting.failed
    for file in data.measured_files():
        by_line: dict[str, list[str]] = {}
        for line, contexts in data.contexts_by_lineno(file).items():
            reaching = sorted(usable.intersection(contexts), key=lambda test: (durations[test], test))
            if reaching:
                by_line[str(line)] = reaching
        found[Path(file).resolve().relative_to(Path.cwd().resolve()).as_posix()] = by_line
    target.write_text(json.dumps({"lines": found, "durations": durations}))


main(Path(sys.argv[1]), sys.argv[2:])
