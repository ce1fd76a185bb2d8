"""The base of everything in a scenario: frozen, and strict about keys.

An unknown key is refused with the keys that would have been right and the nearest of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema, InitErrorDetails

from serfsim.base.english import nearest
from serfsim.scenario.problems import CUSTOM, MOST_NAMES, custom_error, found_expected, invalid, listed


class Part(BaseModel):
    """A mapping of the scenario file."""

    # A part that stands alone is built when it is first used: most are only ever used inside another.
    model_config = ConfigDict(
        extra="forbid", frozen=True, defer_build=True, validate_by_name=True, validate_by_alias=True
    )

    shorthand: ClassVar[Mapping[str, Any]] = {}
    """JSON Schema of what may stand in place of the mapping, such as a bare name."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        mapping = handler(core_schema)
        return {"anyOf": [mapping, dict(cls.shorthand)]} if cls.shorthand else mapping

    other_words: ClassVar[Mapping[str, str]] = {}
    """What people write for a key that is called otherwise, and what it is called here."""

    @classmethod
    def keys(cls) -> list[str]:
        """Return the keys as they are written in a file."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @model_validator(mode="wrap")
    @classmethod
    def _name_unknown_keys(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return handler(value)
        except ValidationError as error:
            raise cls._with_names(error) from None

    @classmethod
    def _with_names(cls, error: ValidationError) -> ValidationError:
        """Return the error with the message for unknown keys."""
        lines = []
        for details in error.errors(include_url=False):
            line = InitErrorDetails(type=details["type"], loc=details["loc"], input=details["input"])
            if details["type"] == CUSTOM:
                line["type"] = custom_error(details["ctx"])
            elif details["type"] == "extra_forbidden":
                line["type"] = custom_error({"message": cls._unknown(str(details["loc"][-1])), "inside": ()})
            elif details["type"] == "model_type" and not details["loc"]:
                keys = f" with {listed(cls.keys())}" if len(cls.keys()) <= MOST_NAMES else ""
                line["type"] = invalid(f"a mapping{keys}", details["input"])
            else:
                line["ctx"] = details.get("ctx", {})
            lines.append(line)
        return ValidationError.from_exception_data(cls.__name__, lines)

    @classmethod
    def _unknown(cls, key: str) -> str:
        keys = cls.keys()
        expected = listed(keys) if len(keys) <= MOST_NAMES else f"one of the {len(keys)} known keys"
        return found_expected("an unknown key", expected, cls.other_words.get(key) or nearest(key, keys))


class Model(Part):
    """A part chosen by its `model` key, which is therefore always written."""

    def model_post_init(self, context: Any, /) -> None:
        self.__pydantic_fields_set__.add("model")

    def describe(self) -> str:
        """Describe the model as it was given, each value on half a line."""
        values = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        model = str(values.pop("model", type(self).__name__))
        return ", ".join([model, *(f"{key} {_shorten(value)}" for key, value in values.items())])


def _shorten(value: Any) -> str:
    """Shorten a value of the file to half a line; of a file to its name, of a list to its length."""
    if isinstance(value, (list, dict)):
        return f"({len(value)})"
    return str(value).rsplit("/", 1)[-1]


class NamedModel(NamedTuple):
    """The annotation of a key that takes one of some models, or the bare name of one that needs no more."""

    names: tuple[str, ...]
    default: str = ""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        models = handler(core_schema)
        return {**models, "anyOf": [*models["anyOf"], {"enum": list(self.names)}]}


def choose(models: Mapping[str, type[Part]], what: str, value: Any, default: str = "") -> Any:
    """Return the part of `models` that `value` describes; a bare name is the model with its defaults."""
    if isinstance(value, Part):
        return value
    if isinstance(value, str):
        value = {"model": value}
    if not isinstance(value, Mapping):
        raise invalid(f"{what}: a mapping with a model", value)
    name = value.get("model", default)
    if name == "":
        raise invalid(f"a model: {listed(models)}", found="no model")
    if not isinstance(name, str) or name not in models:
        meant = nearest(name, models) if isinstance(name, str) else None
        raise invalid(f"{what}: {listed(models)}", name, meant=meant, inside=("model",))
    return models[name].model_validate(dict(value))
