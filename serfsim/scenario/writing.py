"""A scenario as a file again, with every default filled in unless only what was given is wanted.

Loading what was written gives an equal scenario: numbers are written so that they read back as the
same floats, and files of the topology are named from the folder of the scenario file.
"""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from serfsim.scenario.sections import Sections

SHORT = 6  # mappings of so few plain values stand on one line
WIDTH = 100


def write(scenario: Sections, file: str | Path) -> None:
    """Write `scenario` to `file`."""
    path = Path(file)
    path.write_text(dumps(scenario, path.parent), encoding="utf-8")


def dumps(scenario: Sections, folder: str | Path | None = None, *, whole: bool = True) -> str:
    """`scenario` as YAML, without defaults unless `whole`.

    With `folder`, a topology's file is named relative to it.
    """
    data = scenario.complete() if whole else scenario.given()
    for section, entries in (("faults", scenario.faults), ("workload", scenario.workload)):
        if entries or whole:
            data[section] = [
                _verb_first(written, entry.verb)
                for written, entry in zip(data[section], entries, strict=True)
            ]
    files = [(data.get("network", {}).get("topology", {}), "file"), (data.get("code", {}), "folder")]
    files += [
        (fault, "snapshot") for fault in data.get("faults", ()) if os.path.isabs(fault.get("snapshot", ""))
    ]
    for place, key in files:
        if folder is not None and key in place:
            place[key] = os.path.relpath(place[key], Path(folder).resolve())
    yaml = YAML()
    yaml.width = WIDTH
    yaml.indent(mapping=2, sequence=4, offset=2)
    text = StringIO()
    yaml.dump(_styled(data), text)
    return text.getvalue()


def _verb_first(entry: dict[str, Any], verb: str) -> dict[str, Any]:
    """Return the entry with its verb first."""
    return {key: entry[key] for key in sorted(entry, key=lambda key: key != verb)}


def _styled(value: Any) -> Any:
    """Return the data with short mappings and lists of plain values on one line."""
    if isinstance(value, dict):
        mapping = CommentedMap((key, _styled(item)) for key, item in value.items())
        if all(_is_plain(item) for item in value.values()) and len(value) <= SHORT:
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        sequence = CommentedSeq(_styled(item) for item in value)
        if all(_is_plain(item) for item in value) and not any(_is_sentence(item) for item in value):
            sequence.fa.set_flow_style()
        return sequence
    return value


def _is_plain(value: Any) -> bool:
    return not isinstance(value, (dict, list)) or not value


def _is_sentence(value: Any) -> bool:
    return isinstance(value, str) and " " in value
