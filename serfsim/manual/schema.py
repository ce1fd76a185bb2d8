"""The JSON Schema (2020-12) of a scenario file: durations as text with a unit, names or lists, and so on.

Parts and types say themselves what stands for them in a file (`units.Kind`, `Part.shorthand`); pydantic puts
it together. An editor completes and checks by it; `serfsim schema` prints it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema

from serfsim.manual.reference import meaning_of, summary_of
from serfsim.manual.result_files import HEADING, OWN_KEYS, SWEEP_KEYS
from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.figures import FIGURES, POOLS, better
from serfsim.scenario.model import Scenario
from serfsim.scenario.network import GilbertElliott
from serfsim.scenario.settings import Settings
from serfsim.scenario.topologies import Plane
from serfsim.scenario.units import PART
from serfsim.scenario.workload import WORKLOAD
from serfsim.scenario.workload.keys import KeyChange

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
SITE: Final = "https://serfsim.github.io/serfsim/"
"""The manual as it is published; `project.urls` names the same."""
SCENARIO_URL: Final = f"{SITE}scenario.schema.json"
EDITOR_LINE: Final = f"# yaml-language-server: $schema={SCENARIO_URL}"
"""The first line of a scenario file, by which an editor finds the schema."""


class _Generator(GenerateJsonSchema):
    """Pydantic's generator without the titles that it makes of names."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def model_schema(self, schema: Any) -> JsonSchemaValue:
        found = super().model_schema(schema)
        found.pop("title", None)
        part = schema["cls"]
        defaults = part.model_construct().model_dump(mode="json", by_alias=True, warnings=False)
        for key, described in found["properties"].items():
            described.pop("default", None)
            if defaults.get(key) not in (None, "", [], {}) and not isinstance(defaults[key], dict):
                described["default"] = defaults[key]  # as a file has it
        found["description"] = summary_of(part)[0]
        if "model" in part.model_fields:
            found["properties"]["model"]["description"] = meaning_of(part, "model")
            if part is not Plane:  # which is the topology of a mapping without a model
                found["required"] = ["model", *found.get("required", [])]
        return found


def scenario_schema() -> dict[str, Any]:
    """Return the schema of a scenario file."""
    models: list[type[BaseModel]] = [Scenario, Settings, GilbertElliott, KeyChange]
    models += [*FAULTS.values(), *WORKLOAD.values()]
    _, found = models_json_schema(
        [(model, "validation") for model in models], schema_generator=_Generator, by_alias=True
    )
    parts: dict[str, Any] = found["$defs"]
    scenario = parts.pop("Scenario")
    for section, verbs in (("faults", FAULTS), ("workload", WORKLOAD)):
        scenario["properties"][section]["items"] = _entry_schema(verbs)
    known = {"anyOf": [{"required": [verb]} for verb in FAULTS]}
    scenario["properties"]["faults"]["items"]["anyOf"].append(
        {"type": "object", "description": "a fault of your own, of `code.faults`", "not": known}
    )
    has_own = {"required": ["code"], "properties": {"code": {"type": "object", "required": ["faults"]}}}
    scenario |= {"if": has_own, "else": {"properties": {"faults": {"items": known}}}}
    for base in ("Fault", "Work"):
        parts.pop(base, None)
    document = {**_document("scenario", "A scenario"), **scenario, "$defs": dict(sorted(parts.items()))}
    resolved: dict[str, Any] = _resolved(document)
    return resolved


def _entry_schema(verbs: Mapping[str, type[Entry]]) -> dict[str, Any]:
    """One of the verbs, each a mapping that has its key."""
    return {"anyOf": [{"$ref": f"#/$defs/{entry.__name__}"} for entry in verbs.values()]}


def _resolved(value: Any) -> Any:
    """Return the same with {PART: NAME} as references."""
    if isinstance(value, Mapping):
        inner: dict[str, Any] = {key: _resolved(item) for key, item in value.items() if key != PART}
        return {"$ref": f"#/$defs/{value[PART]}", **inner} if PART in value else inner
    if isinstance(value, (list, tuple)):
        return [_resolved(item) for item in value]
    return value


def summary_schema() -> dict[str, Any]:
    """Return the schema of a result's summary.json. A figure without a value is null."""
    properties = {key: _typed(*row) for key, row in HEADING.items()}
    properties["claims"]["items"] = {
        "type": "object",
        "properties": {
            "claim": {"type": "string", "description": "the claim as it was written"},
            "holds": {"type": "boolean", "description": "whether it holds"},
            "value": {"type": ["number", "null"], "description": "the figure's value"},
        },
        "required": ["claim", "holds", "value"],
        "additionalProperties": False,
    }
    figures: dict[str, Any] = {}
    for name, meaning in FIGURES.items():
        *groups, last = name.split(".")
        level = figures
        for group in groups:
            level = level.setdefault(group, _group(group))["properties"]
        level[last] = {"type": ["number", "null"], "description": described_figure(name, meaning)}
    own = {key: _typed(*row) for key, row in OWN_KEYS.items()}
    own["own"]["additionalProperties"] = {"type": ["number", "null"]}
    own["own_failed"]["additionalProperties"] = {"type": "string"}
    own["violations"]["additionalProperties"] = {"type": "integer"}
    figures["traffic"]["properties"]["by_type"] = {
        "type": "object",
        "description": "messages and IP bytes per node and second, by transport and type of message",
        "additionalProperties": {"type": "object", "additionalProperties": {"type": ["number", "null"]}},
    }
    pool = {key: properties[key] for key in ("nodes", "digest")} | figures
    pools = {
        POOLS: {
            "type": "object",
            "description": "the same figures of each pool of the cluster, by its name",
            "additionalProperties": {**_mapping(dict(pool)), "required": list(pool)},
        },
        "pool": {"type": "string", "description": "the pool that it is of; none of the cluster's own agents"},
    }
    return {
        **_document("summary", "The summary of a run"),
        **_mapping({**properties, **figures, **own, **pools}),
        "required": [*HEADING, *figures],
    }


def sweep_schema() -> dict[str, Any]:
    """Return the schema of a sweep's sweep.json."""
    properties = {key: _typed(*row) for key, row in SWEEP_KEYS.items()}
    properties["grid"]["additionalProperties"] = {"type": "array", "minItems": 1}
    properties["seeds"]["items"] = {"type": "integer", "minimum": 0}
    optional = ("files", "own_code")
    for key in optional:
        properties[key]["additionalProperties"] = {"type": "string"}
    required = [key for key in SWEEP_KEYS if key not in optional]
    return {**_document("sweep", "A sweep"), **_mapping(properties), "required": required}


SCHEMAS: Final[Mapping[str, Callable[[], dict[str, Any]]]] = {
    "scenario": scenario_schema,
    "sweep": sweep_schema,
    "summary": summary_schema,
}


def described_figure(name: str, meaning: str) -> str:
    """Return the meaning of a figure with the way in which it improves."""
    return meaning + {"lower": "; lower is better", "higher": "; higher is better"}.get(better(name), "")


def _document(name: str, title: str) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": f"{SITE}{name}.schema.json", "title": title}


def _typed(kinds: str, meaning: str) -> dict[str, Any]:
    found = kinds.split("|")
    return {"type": found if len(found) > 1 else kinds, "description": meaning}


def _group(name: str) -> dict[str, Any]:
    return {**_mapping({}), "description": f"the figures of {name}"}


def _mapping(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def schema_text(name: str) -> str:
    """Return a schema as it is printed, committed and published."""
    return json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False) + "\n"


def keys_in(schema: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield (part, key, schema) of every key that a schema describes; the part of the top level is ""."""
    for part, described in [("", schema), *schema.get("$defs", {}).items()]:
        # The mapping of a part that has a shorthand is one of several.
        for mapping in [described, *described.get("anyOf", [])]:
            for key, value in mapping.get("properties", {}).items():
                yield part, key, value
