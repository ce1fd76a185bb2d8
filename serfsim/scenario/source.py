"""YAML with the place of everything: plain values, and the line each of them stands on.

YAML 1.2, so `on` and `no` are words. Within brackets, where YAML asks for quotes, `node-[03..17]` needs none.
Keys are always text. A key that stands twice in a mapping is refused: the second would silently win.
"""

from __future__ import annotations

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scanner import Scanner
from ruamel.yaml.tokens import ScalarToken

from serfsim.base.errors import ScenarioError
from serfsim.scenario.problems import Path, found_expected, path_text, quoted

_TAG = "tag:yaml.org,2002:"
_PLAIN = {_TAG + kind for kind in ("null", "bool", "int", "float")}
_TEXT = {_TAG + kind for kind in ("str", "timestamp")}
DEEPEST = 50
MOST_NODES = 200_000  # of a document; to read so many takes some seconds
MOST_VALUES = 500_000  # of a document, each counted as often as aliases and merges repeat it
LARGEST_NUMBER = 10**30  # in size; what is smaller is judged by the setting that it is for


class Source:
    """The place that every value of a scenario came from: 'FILE:LINE', or the command line."""

    def __init__(self, label: str, *, has_lines: bool = True) -> None:
        self.label = label
        self._has_lines = has_lines
        self._places: dict[Path, str] = {}

    def note(self, path: Path, place: str) -> None:
        """Note that the value at `path`, and all below it, came from `place`."""
        for known in [known for known in self._places if known[: len(path)] == path]:
            del self._places[known]
        self._places[path] = place

    def mark(self, path: Path, line: int) -> None:
        """Note that the value at `path` begins on this line, counted from 0."""
        self._places[path] = self.line(line)

    def line(self, line: int) -> str:
        """Return the place of a line, counted from 0."""
        return f"{self.label}:{line + 1}" if self._has_lines else self.label

    def knows(self, path: Path) -> bool:
        """Return whether this very path has a place."""
        return path in self._places

    def where(self, path: Path) -> str:
        """Return the place of `path`, or of the nearest enclosing value."""
        for length in range(len(path), -1, -1):
            if path[:length] in self._places:
                return self._places[path[:length]]
        return self.label


def read_yaml(text: str, source: Source, at: Path = ()) -> Any:
    """Read the plain values of a YAML document, and note places in `source`, below the path `at`.

    Raises ScenarioError for what is no YAML, for a doubled key, and for tags of a program's own.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Composer = _Composer
    yaml.Scanner = SourceScanner
    try:
        root = yaml.compose(text)
        if root is None:
            return None
        _check_repetition(root, source)
        return _Reader(yaml, source).read(root, at, 0)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = source.label if mark is None else source.line(mark.line)
        raise ScenarioError(f"{place}: not valid YAML: {_words(error)}") from None
    except (YAMLError, RecursionError) as error:
        raise ScenarioError(f"{source.label}: not valid YAML: {str(error).splitlines()[0]}") from None


def _words(error: MarkedYAMLError) -> str:
    problem = str(error.problem or error.context or "it cannot be read").strip()
    return f"{error.context}: {problem}" if error.context and error.problem else problem


_RANGED = re.compile(r"[A-Za-z0-9._*?-]+\[[0-9., ]+\](?:[A-Za-z0-9._*?-]|\[[0-9., ]+\])*")
LONGEST_PATTERN = 128


class RangedNames:
    """For a scanner: a name with a range is one word within brackets too, where YAML has an error."""

    def scan_plain(self: Any) -> Any:
        found = _RANGED.match(self.reader.prefix(LONGEST_PATTERN)) if self.flow_level else None
        if found is None:
            return super().scan_plain()  # type: ignore[misc]
        start = self.reader.get_mark()
        self.allow_simple_key = False
        self.reader.forward(len(found[0]))
        return ScalarToken(found[0], True, start, self.reader.get_mark())


class SourceScanner(RangedNames, Scanner):
    """The scanner of scenario files."""


class _Composer(Composer):
    """A composer that stops at the budget: what lies deeper, or beyond it, is never read."""

    def __init__(self, loader: Any = None) -> None:
        super().__init__(loader=loader)
        self._depth = 0
        self._count = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        self._depth += 1
        self._count += 1
        if self._depth > DEEPEST + 1 or self._count > MOST_NODES:
            found, most = (
                ("more values", MOST_NODES) if self._count > MOST_NODES else ("more levels", DEEPEST)
            )
            mark = self.loader.parser.peek_event().start_mark
            raise ComposerError(None, None, found_expected(found, f"at most {most}"), mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _check_repetition(root: Node, source: Source) -> None:
    """Refuse a document whose aliases make a huge one of it, before it is made."""
    sizes: dict[int, int] = {}

    def size(node: Node, depth: int) -> int:
        if isinstance(node, ScalarNode) or depth > DEEPEST:
            return 1
        known = sizes.get(id(node))
        if known is None:
            sizes[id(node)] = 1  # one that holds itself nests endlessly, which the reader refuses
            pairs = isinstance(node, MappingNode)
            inner = [value for _, value in node.value] if pairs else node.value
            known = sizes[id(node)] = 1 + sum(size(value, depth + 1) for value in inner)
        return known

    count = size(root, 0)
    if count > MOST_VALUES:
        found = f"{count} values once every alias is replaced"
        raise ScenarioError(f"{source.line(0)}: {found_expected(found, f'at most {MOST_VALUES}')}")


class _Reader:
    """Turns composed nodes into values."""

    def __init__(self, yaml: YAML, source: Source) -> None:
        self._constructor: Any = yaml.constructor
        self._source = source

    def read(self, node: Node, path: Path, depth: int) -> Any:
        line = node.start_mark.line
        if not self._source.knows(path):
            self._source.mark(path, line)
        if depth > DEEPEST:
            raise self._refused(
                path[:3], line, found_expected("an endless nesting", f"at most {DEEPEST} levels")
            )
        if isinstance(node, MappingNode):
            return self._mapping(node, path, depth)
        if isinstance(node, SequenceNode):
            return [self.read(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _scalar(self, node: Node, path: Path) -> Any:
        tag = str(node.tag)
        text = str(node.value)
        if tag in _TEXT:
            if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
                raise self._refused(
                    path, node.start_mark.line, found_expected("half a character", "UTF-8 text")
                )
            return text
        if tag in _PLAIN:
            return self._number(node, path, text, tag.removeprefix(_TAG))
        raise self._refused(
            path, node.start_mark.line, found_expected(f"the tag {tag[:60]}", "a plain value")
        )

    def _number(self, node: Node, path: Path, text: str, kind: str) -> Any:
        """Return the value of a tagged scalar: a number that fits in 64 bits, true, false or null."""
        try:
            value = self._constructor.construct_object(node)
        except (ValueError, TypeError, KeyError, OverflowError, AttributeError, IndexError):
            found = f"{quoted(text)} with the tag !!{kind}" if len(text) <= 60 else f"{len(text)} characters"
            raise self._refused(
                path, node.start_mark.line, found_expected(found, f"a value of type {kind}")
            ) from None
        if type(value) is int and abs(value) > LARGEST_NUMBER:
            message = found_expected(quoted(text), "a whole number of at most 30 digits")
            raise self._refused(path, node.start_mark.line, message)
        return value

    def _mapping(self, node: MappingNode, path: Path, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: list[Node] = []
        for key_node, value_node in node.value:
            line = key_node.start_mark.line
            if not isinstance(key_node, ScalarNode):
                raise self._refused(path, line, found_expected("a key that is a list or a mapping", "a name"))
            if str(key_node.tag) == _TAG + "merge":
                merged += value_node.value if isinstance(value_node, SequenceNode) else [value_node]
                continue
            key = str(key_node.value)
            if key in lines:
                message = found_expected(f"'{key}' twice (first on line {lines[key] + 1})", "each key once")
                raise self._refused((*path, key), line, message)
            lines[key] = line
            self._source.mark((*path, key), line)
            found[key] = self.read(value_node, (*path, key), depth + 1)
        for base in merged:
            if not isinstance(base, MappingNode):
                raise self._refused(
                    path, base.start_mark.line, found_expected("<< of no mapping", "a mapping")
                )
            for key, value in self.read(base, path, depth + 1).items():
                found.setdefault(key, value)
        return found

    def _refused(self, path: Path, line: int, message: str) -> ScenarioError:
        place = self._source.line(line)
        return ScenarioError(": ".join([place, path_text(path), message] if path else [place, message]))
