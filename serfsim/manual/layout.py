"""The canonical form of a scenario file: order of keys, indentation, and short entries on one line.

Comments stay: those above a key move with it, those at the head of the file stay there. Nothing that a
scenario means changes, which is checked before anything is returned.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scanner import RoundTripScanner
from ruamel.yaml.tokens import CommentToken

from serfsim.base.errors import ScenarioError
from serfsim.manual.key_order import SECTIONS, ordered
from serfsim.scenario.loading import loads
from serfsim.scenario.source import RangedNames, SourceScanner

WIDTH: Final = 110  # of a collection on one line
MOST_PASSES: Final = 5
_UNWRAPPED: Final = 1_000_000

Where = tuple[str, ...]


def formatted(text: str, label: str = "scenario") -> str:
    """Return a scenario file in its canonical form.

    ScenarioError where the file is no scenario, or where a comment stands so that it could not be kept.
    """
    before = loads(text, label, kept=True)
    laid_out = text
    for _ in range(MOST_PASSES):  # comments that moved may let another entry stand on one line
        again = _dumped(_reordered(laid_out))
        if again == laid_out:
            break
        laid_out = again
    if _comments(laid_out) != _comments(text):
        raise ScenarioError(
            f"{label}: a comment within a list or mapping in brackets cannot be kept; write it above"
        )
    if loads(laid_out, label, kept=True) != before:
        raise ScenarioError(f"{label}: its canonical form would be another scenario; it was left as it is")
    return laid_out


class _RoundTripScanner(RangedNames, RoundTripScanner):
    """A scanner that keeps comments."""


def _safe() -> YAML:
    yaml = YAML(typ="safe", pure=True)
    yaml.Scanner = SourceScanner
    return yaml


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.Scanner = _RoundTripScanner
    yaml.preserve_quotes = True
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _comments(text: str) -> list[str]:
    """Return every comment of a file, sorted."""
    _, parser = _round_trip().get_constructor_parser(io.StringIO(text))
    found: dict[tuple[int, int], str] = {}
    while parser.check_event():
        for token in _tokens(parser.get_event().comment):
            found[token.start_mark.line, token.start_mark.column] = token.value
    return sorted(line.strip() for value in found.values() for line in value.splitlines() if line.strip())


def _tokens(comment: Any) -> Iterator[CommentToken]:
    if isinstance(comment, CommentToken):
        yield comment
    elif isinstance(comment, (list, tuple)):
        for inner in comment:
            yield from _tokens(inner)


# Order of keys -----------------------------------------------------------------------------------------


def _reordered(text: str) -> str:
    """Return the text with the keys of block mappings in order, moved with all their lines."""
    lines = text.rstrip().splitlines()
    root = _safe().compose(text)
    if root is None or re.search(r"(?:^|[\s\[{,:-])[&*]\w", text):  # an alias must stay behind its anchor
        return text
    return "\n".join(_reorder(lines, root, (), is_root=True)) + "\n"


def _reorder(lines: list[str], node: Node, path: Where, *, is_root: bool = False) -> list[str]:
    """Return `lines` with the mappings in `node` in order; the number of lines stays."""
    if getattr(node, "flow_style", None):
        return lines
    if isinstance(node, SequenceNode):
        for item in node.value:
            lines = _reorder(lines, item, (*path, "[]"))
        return lines
    if not isinstance(node, MappingNode):
        return lines
    for key, value in node.value:
        lines = _reorder(lines, value, (*path, str(key.value)))
    keys = {str(key.value): _plain(value) for key, value in node.value}
    if len(keys) != len(node.value) or ordered(path, keys) == list(keys):
        return lines
    return _permuted(lines, node, ordered(path, keys), is_root=is_root)


def _plain(node: Node) -> Any:
    return node.value if isinstance(node, ScalarNode) else None


def _permuted(lines: list[str], node: MappingNode, order: list[str], *, is_root: bool) -> list[str]:
    """Return `lines` with the keys of one block mapping in this order."""
    names = [str(key.value) for key, _ in node.value]
    starts = [key.start_mark.line for key, _ in node.value]
    column = node.value[0][0].start_mark.column
    dash = lines[starts[0]][:column]
    begins = [_comments_above(lines, start, column) for start in starts]
    if is_root or dash.strip():
        begins[0] = starts[0]  # the comments above it are those of the file, or of the entry
    end = _last_line(node.value[-1][1], starts[-1]) + 1
    lines = [*lines[: starts[0]], " " * column + lines[starts[0]][column:], *lines[starts[0] + 1 :]]
    pieces, gaps = {}, []
    for number, name in enumerate(names):
        piece = lines[begins[number] : begins[number + 1] if number + 1 < len(names) else end]
        content = len(piece)
        while content and not piece[content - 1].strip():
            content -= 1
        gaps.append(piece[content:])
        pieces[name] = piece[:content]
    moved = [line for name, gap in zip(order, gaps, strict=True) for line in (*pieces[name], *gap)]
    if not is_root and dash.strip():
        first = next(number for number, line in enumerate(moved) if not line.lstrip().startswith("#"))
        moved[first] = dash + moved[first][column:]
    return [*lines[: begins[0]], *moved, *lines[end:]]


def _comments_above(lines: list[str], start: int, column: int) -> int:
    """Return the first of the lines right above a key that are comments in its column."""
    while start and re.match(rf" {{{column}}}#", lines[start - 1]):
        start -= 1
    return start


def _last_line(node: Node, start: int) -> int:
    """Return the last line on which a value stands."""
    if isinstance(node, ScalarNode):
        is_block = node.style in ("|", ">")
        return max(int(node.end_mark.line) - (1 if is_block else 0), start)
    if getattr(node, "flow_style", None):
        return int(node.end_mark.line)
    inner = [pair[1] for pair in node.value] if isinstance(node, MappingNode) else node.value
    return max([start, *(_last_line(one, one.start_mark.line) for one in inner)])


# Style -------------------------------------------------------------------------------------------------


def _dumped(text: str) -> str:
    """Return the text with its indentation and its collections in canonical form."""
    yaml = _round_trip()
    data = yaml.load(text)
    if isinstance(data, CommentedMap):
        for section in SECTIONS:
            entries = data.get(section)
            for number, entry in enumerate(entries if isinstance(entries, CommentedSeq) else ()):
                if isinstance(entry, CommentedMap):
                    _on_one_line(entries, number, entry)
        _style(data, (), 0)
    out = io.StringIO()
    yaml.dump(data, out)
    return _aligned(out.getvalue())


def _on_one_line(entries: CommentedSeq, number: int, entry: CommentedMap) -> None:
    """Write an entry of faults or workload as a flow mapping, unless a comment stands within it."""
    last = list(entry)[-1] if entry else None
    behind = entry.ca.items.pop(last, None)
    if any(_has_comment(part) for part in _within(entry)) or (behind and number in entries.ca.items):
        if behind:
            entry.ca.items[last] = behind
        return
    if behind:
        entries.ca.items[number] = [next(_tokens(behind), None), None, None, None]
    entry.fa.set_flow_style()


def _within(value: Any) -> Iterator[Any]:
    """Yield a collection and all in it."""
    if isinstance(value, (CommentedMap, CommentedSeq)):
        yield value
        for inner in value.values() if isinstance(value, CommentedMap) else value:
            yield from _within(inner)


def _has_comment(value: Any) -> bool:
    return any(token.value.strip() for token in _tokens([value.ca.comment, *value.ca.items.values()]))


def _style(value: Any, path: Where, column: int) -> None:
    """Put flow mappings in order, and write as a block what does not fit on a line.

    `column` is that of a mapping's keys, or of the key whose value a sequence is.
    """
    if isinstance(value, CommentedMap):
        for key, inner in value.items():
            _fit(inner, (*path, str(key)), column + len(str(key)) + 2)
            _style(inner, (*path, str(key)), column + (2 if isinstance(inner, CommentedMap) else 0))
    elif isinstance(value, CommentedSeq):
        for inner in value:
            _fit(inner, (*path, "[]"), column + 4)
            _style(inner, (*path, "[]"), column + 4)


def _fit(value: Any, path: Where, column: int) -> None:
    """Put a flow mapping in order; write a flow collection that is too long as a block."""
    if not isinstance(value, (CommentedMap, CommentedSeq)) or not value.fa.flow_style():
        return
    if isinstance(value, CommentedMap):
        for key in ordered(path, value):
            value.move_to_end(key)
    out = io.StringIO()
    yaml = _round_trip()
    yaml.width = _UNWRAPPED
    yaml.dump(value, out)
    if column + len(out.getvalue().strip()) <= WIDTH:
        return
    value.fa.set_block_style()
    for one in value.values() if isinstance(value, CommentedMap) else value:
        if isinstance(one, (CommentedMap, CommentedSeq)):
            one.fa.set_flow_style()


def _lines_of_long_texts(node: Node | None) -> Iterator[int]:
    """Yield the lines of texts that go over several, but the first of each."""
    if isinstance(node, ScalarNode):
        yield from range(node.start_mark.line + 1, _last_line(node, node.start_mark.line) + 1)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _lines_of_long_texts(item)
    elif isinstance(node, MappingNode):
        for _, item in node.value:
            yield from _lines_of_long_texts(item)


def _aligned(text: str) -> str:
    """Return the text with comments in the column of what they stand above, and no blank line too many."""
    lines = [line.rstrip() for line in text.splitlines()]
    below = ""
    within_text = set(_lines_of_long_texts(_safe().compose(text)))
    for number in range(len(lines) - 1, -1, -1):
        if lines[number].lstrip().startswith("#") and number not in within_text:
            if below:
                lines[number] = below[: len(below) - len(below.lstrip())] + lines[number].lstrip()
        else:
            below = lines[number]
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip("\n") + "\n"
