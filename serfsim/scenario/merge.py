"""The merge delegate of members: the application's word on whom they let into their cluster."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, Strict, model_validator

from serfsim.base.expressions import compile_expression, is_match
from serfsim.scenario.part import Part
from serfsim.scenario.patterns import is_pattern, read_pattern
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import Kind


def _read_names(value: Any) -> Any:
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(name, str) for name in value):
        raise invalid("names or patterns such as [web-*, node-[03..17]]", value)
    for name in value:
        if is_pattern(name):
            read_pattern(name)
    return tuple(value)


def _read_tags(value: Any) -> Any:
    expected = "tags and regular expressions, such as {dc: ^eu}"
    if not isinstance(value, dict) or not value:
        raise invalid(expected, value)
    for tag, expression in value.items():
        if not isinstance(expression, str) or compile_expression(expression) is None:
            raise invalid("a regular expression as RE2 reads it", expression, inside=(tag,))
    return value


NamePatterns = Annotated[
    tuple[str, ...],
    BeforeValidator(_read_names),
    Kind(
        "names or patterns",
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]},
    ),
]
TagRules = Annotated[
    dict[str, str],
    BeforeValidator(_read_tags),
    Kind(
        "tags and regular expressions",
        {"type": "object", "additionalProperties": {"type": "string"}, "minProperties": 1},
    ),
]


class Refusal(Part):
    """The members that a merge delegate refuses: those that any of these fits."""

    names: NamePatterns | None = Field(default=None, description="members of these names or patterns")
    tags: TagRules | None = Field(
        default=None, description="members one of whose tags matches its regular expression (RE2)"
    )
    without: TagRules | None = Field(
        default=None,
        description="members one of whose tags, or its absence, does not match: {dc: ^eu$} admits one"
        " datacenter, as Consul does",
    )
    above: Annotated[int, Strict(), Field(ge=1)] | None = Field(
        default=None, description="every merge that would make the cluster larger than so many members"
    )

    @model_validator(mode="after")
    def _some_rule(self) -> Refusal:
        if not self.model_fields_set:
            raise invalid("at least one of `names`, `tags`, `without` and `above`", found="none of them")
        return self

    def error(self, name: str, tags: dict[str, str]) -> str:
        """Return why a member is refused, "" where it is not."""
        for pattern in self.names or ():
            fits = read_pattern(pattern).matches(name) if is_pattern(pattern) else pattern == name
            if fits:
                return f"Member '{name}' is refused by its name, {pattern}"
        for tag, expression in (self.tags or {}).items():
            if tag in tags and is_match(expression, tags[tag]):
                return f"Member '{name}' is refused by its tag {tag}={tags[tag]}"
        for tag, expression in (self.without or {}).items():
            if not is_match(expression, tags.get(tag, "")):
                return f"Member '{name}' is refused by its tag {tag}={tags.get(tag, '')}"
        return ""


class Merge(Part):
    """The merge delegate that an application such as Consul gives its Serf."""

    refuse: Refusal = Field(description="whom it refuses")
