"""Everything with a name that a user can write or see, with its meaning: what `serfsim explain` looks up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from serfsim.manual.reference import (
    MODELS,
    VERBS,
    Key,
    PartReference,
    model_reference,
    scenario_keys,
    verb_reference,
)
from serfsim.manual.result_files import COLUMNS, FILES, SWEEP_FILES
from serfsim.scenario.figures import FIGURES, better, unit_of
from serfsim.scenario.settings import setting_rows

FRAMES: Final = {
    "fault": "faults:\n  - {}",
    "workload": "workload:\n  - {}",
    "topology": "network:\n  topology: {}",
    "jitter": "network:\n  jitter: {}",
    "loss": "network:\n  loss: {}",
    "generator": "network:\n  topology: {{model: graph, generator: {}}}",
}
"""The place of the example of a verb or a model in a scenario."""
_WAYS: Final = {"lower": "lower is better", "higher": "higher is better", "neither": "neither is better"}


class Topic(NamedTuple):
    """One name. `facts` are (label, text) in the order to print; `keys` those of a verb or a model."""

    name: str
    kind: str
    meaning: str
    facts: tuple[tuple[str, str], ...] = ()
    example: str = ""
    keys: tuple[Key, ...] = ()


# Examples of values that have no default to show.
_WRITTEN = {"networks": "[10.0.0.0/8]", "key": "AQEBAQEBAQEBAQEBAQEBAQ==", "tag": "rc_tm"}


def topics() -> Iterator[Topic]:
    """Yield every topic: keys, settings, faults, workload, models with the keys of each, figures, files."""
    for key in scenario_keys():
        yield _key_topic("key", key.path, key, nested(key.path, key.example))
    yield from settings()
    for kind, verbs in VERBS.items():
        for entry in verbs.values():
            yield from _part_topics(kind, verb_reference(entry), FRAMES[kind])
    for kind, models in MODELS.items():
        for name, model in models.items():
            yield from _part_topics(kind, model_reference(name, model), FRAMES[kind])
    yield from figures()
    for name, meaning in {**FILES, **SWEEP_FILES}.items():
        for file in name.split(", "):
            columns = COLUMNS.get(file.removesuffix(".parquet"), ())
            facts = ((one.name, one.meaning + (f" ({one.unit})" if one.unit else "")) for one in columns)
            yield Topic(file, "file", meaning, tuple(facts))


def settings() -> Iterator[Topic]:
    """Yield the settings of memberlist, Serf, its agent and its coordinates."""
    for row in setting_rows():
        defaults = row["defaults"]
        default = defaults["lan"]
        if len(set(defaults.values())) > 1:
            default = ", ".join(f"{value} ({profile})" for profile, value in defaults.items())
        releases = "; ".join(f"{value} {when}" for when, value in row["releases"].items())
        facts = (
            ("of", row["layer"]),
            ("value", row["constraint"]),
            ("unit", row["unit"]),
            ("default", default),
            ("releases", releases),
            ("needs", row["needs"]),
            ("rule", row["rule"]),
            ("modelled", row["modelled"] + (f": {row['instead']}" if row["instead"] else "")),
        )
        example = "3" if defaults["lan"] == "not given" else defaults["lan"]
        example = _WRITTEN.get(row["type"], example)
        path = f"cluster.config.{row['name']}"
        yield Topic(path, "setting", row["meaning"], _given(facts), nested(path, example))


def figures() -> Iterator[Topic]:
    """Yield the figures of a run."""
    for name, meaning in FIGURES.items():
        unit = unit_of(name)
        facts = (("unit", unit or _plain_unit(name)), ("direction", _WAYS[better(name)]))
        comparison = {"lower": "<", "higher": ">", "neither": ">="}[better(name)]
        yield Topic(name, "figure", meaning, facts, f"claims: ['{name} {comparison} 1{unit}']")


def _plain_unit(name: str) -> str:
    last = name.rsplit(".", 1)[-1]
    if last.endswith("_share") or last in {"query_accuracy", "nearest_accuracy", "rank_loss"}:
        return "share, 0 to 1"
    if "relative_error" in name or "believed_error" in name:
        return "share of the round trip"
    rate = re.search(r"_per_(node_s|node_hour|s)$", last)
    if rate:
        return {"node_s": "per node and second", "node_hour": "per node and hour", "s": "per second"}[rate[1]]
    return "number"


def _key_topic(kind: str, name: str, key: Key, example: str) -> Topic:
    default = "none: it must be given" if key.is_required else key.default or ""
    return Topic(name, kind, key.meaning, _given((("value", key.expects), ("default", default))), example)


def _part_topics(kind: str, part: PartReference, frame: str) -> Iterator[Topic]:
    example = frame.format(part.example)
    yield Topic(
        part.name, kind, " ".join(filter(None, (part.summary, part.details))), (), example, _own_keys(part)
    )
    beside = {f"{part.name}.{key.path}" for key in _own_keys(part)}
    for key in _own_keys(part):
        if key.path != part.name:
            # A key inside the verb's mapping keeps its path, unless one beside the verb has its name.
            is_inside = key.path.startswith(f"{part.name}.") and key.path not in beside
            below = key.path if is_inside else f"{part.name}.{key.path}"
            last = re.split(r"[.]", key.path)[-1]
            yield _key_topic(f"key of {kind} {part.name}", below, key, f"{last}: {key.example}")


def _own_keys(part: PartReference) -> tuple[Key, ...]:
    """Return its keys but `model`, which is the part's name."""
    return tuple(key for key in part.keys if key.path != "model")


def _given(facts: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(fact for fact in facts if fact[1])


def nested(path: str, value: str) -> str:
    """Return the YAML in which a path has a value: 'cluster: {start: {spread: 1s}}'."""
    *outer, last = path.split(".")
    text = f"{last}: {value}"
    for part in reversed(outer):
        inner = f"[{{{text}}}]" if part.endswith("[]") else f"{{{text}}}"
        text = f"{part.removesuffix('[]').replace('NAME', 'some')}: {inner}"
    return text


def matching(name: str, known: list[Topic]) -> list[Topic]:
    """Return the topics that a name means.

    Those of that very name, with the keys and settings that end so; else any that end so, or that begin so.
    """
    wanted = re.sub(r"\[\d*\]", "", name.strip()).removeprefix("faults.").removeprefix("workload.")
    plain = [(topic, topic.name.replace("[]", "")) for topic in known]
    return (
        [
            topic
            for topic, name in plain
            if name == wanted or (topic.kind in ("key", "setting") and name.endswith(f".{wanted}"))
        ]
        or [topic for topic, name in plain if name.endswith(f".{wanted}")]
        or [topic for topic, name in plain if name.startswith(f"{wanted}.")]
    )
