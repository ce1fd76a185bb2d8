"""`cores`: the processor cores that members share."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, Strict, model_validator

from serfsim.scenario.names import NAMES_SCHEMA, read_members
from serfsim.scenario.part import Part
from serfsim.scenario.problems import invalid
from serfsim.scenario.units import Duration, Kind

MOST_SHARING: Final = 100_000
_PLACEMENT: Final = "lists of the members on each core, such as [[node-00, node-01], [node-02]]"


def _read_placement(value: Any) -> Any:
    if not isinstance(value, (list, tuple)) or not value:
        raise invalid(_PLACEMENT, value)
    for position, members in enumerate(value):
        if not isinstance(members, (list, tuple)):
            raise invalid("a list of the members on a core", members, inside=(position,))
    return tuple(read_members(members) for members in value)


class Cores(Part):
    """Processor cores that members share: a core does one thing at a time, in the order in which it came.

    What its members' `read_cost` and long `processing_delay` take is time of the core.
    """

    share: Annotated[int, Strict(), Field(ge=1, le=MOST_SHARING)] | None = Field(
        default=None, description="how many members share a core, in the order of their names"
    )
    placement: (
        Annotated[
            tuple[tuple[str, ...], ...],
            BeforeValidator(_read_placement),
            Kind(_PLACEMENT, {"type": "array", "items": NAMES_SCHEMA, "minItems": 1}),
        ]
        | None
    ) = Field(
        default=None,
        description="the members on each core, instead of `share`; each of the others has a core of its own",
    )
    send: Duration = Field(
        default=0.0,
        description="time of the core that sending a datagram takes; it leaves at once, what follows waits",
    )

    @model_validator(mode="after")
    def _one_way(self) -> Cores:
        if (self.share is None) == (self.placement is None):
            found = "neither" if self.share is None else "both"
            raise invalid("either `share` or `placement`", found=found)
        return self


OWN_CORES: Final = "the cores that its members share, instead of those of the cluster"
