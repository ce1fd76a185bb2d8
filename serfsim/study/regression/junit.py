"""A comparison as JUnit XML, which CI systems show as tests: a suite a scenario, a case a tested figure."""

from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

from serfsim.base.english import printable
from serfsim.study.regression.comparison import Compared, Comparison, FigureTest
from serfsim.study.regression.describe import line_of
from serfsim.study.regression.failing import Failing, smallest_failing

DIGESTS = "digests"


def junit(comparison: Comparison, counts: Callable[[FigureTest], bool], *, exact: bool = False) -> str:
    """Return the document.

    `counts`: True for changed figures that make the exit code 1; others are cases that pass, with what
    changed as their output. `exact`: digests that differ fail, too.
    """
    root = ET.Element("testsuites", name="serfsim regress")
    shown = {one.scenario: one for one in smallest_failing(comparison)}
    names = [scenario.name for scenario in comparison.scenarios]
    for scenario in comparison.scenarios:
        suite = ET.SubElement(root, "testsuite", name=scenario.name)
        _digests(suite, scenario, exact)
        for test in scenario.tests:
            _figure(suite, test, counts(test), shown.get(scenario.name))
    for failure in comparison.failures:
        suites = [suite for suite in root if suite.get("name") == failure.scenario]
        suite = suites[0] if suites else ET.SubElement(root, "testsuite", name=failure.scenario)
        case = ET.SubElement(suite, "testcase", classname=failure.scenario, name=f"seed {failure.seed}")
        ET.SubElement(case, "error", type="run", message=printable(failure.error))
    for name in comparison.added:
        if name not in names:
            suite = ET.SubElement(root, "testsuite", name=name)
            case = ET.SubElement(suite, "testcase", classname=name, name=DIGESTS)
            ET.SubElement(case, "skipped", message="the base does not have this scenario")
    totals = dict.fromkeys(("tests", "failures", "errors", "skipped"), 0)
    for suite in root:
        counted = {
            "tests": len(suite.findall("testcase")),
            "failures": len(suite.findall("testcase/failure")),
            "errors": len(suite.findall("testcase/error")),
            "skipped": len(suite.findall("testcase/skipped")),
        }
        for key, value in counted.items():
            suite.set(key, str(value))
            totals[key] += value
    for key in ("tests", "failures", "errors"):
        root.set(key, str(totals[key]))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _digests(suite: ET.Element, scenario: Compared, exact: bool) -> None:
    case = ET.SubElement(suite, "testcase", classname=scenario.name, name=DIGESTS)
    if scenario.identical:
        return
    text = f"{scenario.same} of {scenario.common} seeds have the digest that they had"
    if exact:
        ET.SubElement(case, "failure", type="digest", message=text)
    else:
        ET.SubElement(case, "system-out").text = text


def _figure(suite: ET.Element, test: FigureTest, counts: bool, shown: Failing | None) -> None:
    case = ET.SubElement(suite, "testcase", classname=test.scenario, name=test.figure)
    if not test.verdict:
        return
    text = line_of(test)
    if shown is not None:
        text += (
            f"\nThe smallest seed that shows a change of the scenario is {shown.seed}: {printable(shown.why)}"
        )
    if counts:
        ET.SubElement(case, "failure", type=test.verdict, message=line_of(test)).text = text
    else:
        ET.SubElement(case, "system-out").text = text
