"""The JSON Schema (2020-12) of a scenario file: durations as text with a unit, names or lists, and so on.

Parts and types say themselves what stands for them in a file (`units.Kind`, `Part.shorthand`); pydantic puts
it together. An editor completes and checks by it; `serfsim schema` prints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue, models_json_schema

from serfsim.scenario.entry import Entry
from serfsim.scenario.faults import FAULTS
from serfsim.scenario.model import Scenario
from serfsim.scenario.network import GilbertElliott
from serfsim.scenario.reference import meaning_of, summary_of
from serfsim.scenario.settings import Settings
from serfsim.scenario.topologies import Plane
from serfsim.scenario.units import PART
from serfsim.scenario.workload import WORKLOAD

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
    """The schema of a scenario file."""
    models: list[type[BaseModel]] = [Scenario, Settings, GilbertElliott, *FAULTS.values(), *WORKLOAD.values()]
    # Every class by itself: two of one name would be told apart in ways that no reference here knows.
    _, found = models_json_schema(
        [(model, "validation") for model in models], schema_generator=_Generator, by_alias=True
    )
    parts: dict[str, Any] = found["$defs"]
    scenario = parts.pop("Scenario")
    for section, verbs in (("faults", FAULTS), ("workload", WORKLOAD)):
        scenario["properties"][section]["items"] = _entry_schema(verbs)
    for base in ("Fault", "Work"):
        parts.pop(base, None)
    return _resolved(
        {
            "$schema": DIALECT,
            "$id": SCENARIO_URL,
            "title": "A scenario of serfsim",
            **scenario,
            "$defs": dict(sorted(parts.items())),
        }
    )


def _entry_schema(verbs: Mapping[str, type[Entry]]) -> dict[str, Any]:
    """One of the verbs, each a mapping that has its key."""
    return {"anyOf": [{"$ref": f"#/$defs/{entry.__name__}"} for entry in verbs.values()]}


def _resolved(value: Any) -> Any:
    """The same with {PART: NAME} as references."""
    if isinstance(value, Mapping):
        inner = {key: _resolved(item) for key, item in value.items() if key != PART}
        return {"$ref": f"#/$defs/{value[PART]}", **inner} if PART in value else inner
    if isinstance(value, (list, tuple)):
        return [_resolved(item) for item in value]
    return value


def keys_in(schema: Mapping[str, Any]) -> Iterable[tuple[str, str, Mapping[str, Any]]]:
    """Yield (part, key, schema) of every key that a schema describes; the part of the top level is ""."""
    for part, described in [("", schema), *schema.get("$defs", {}).items()]:
        for key, value in described.get("properties", {}).items():
            yield part, key, value
