"""The kinds of step and their options (docs/steering.md), as operators write them: with names for what they refer to.

A new kind is its class and its place in `Step`.
"""

from __future__ import annotations

import re
from collections import Counter
from enum import StrEnum
from math import isfinite
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from steering.locations import check_location, check_regional_location

MAX_FIRST = 16
MAX_CANDIDATES = 256
"""What the responder has room for, those of fallback pools included."""
MAX_METADATA = 2**31 - 1

RegionName = Annotated[str, Field(description="Name of a region.")]
PoolName = Annotated[str, Field(description="Name of a pool.")]
PolicyName = Annotated[str, Field(description="Name of a policy.")]
Location = Annotated[str, AfterValidator(check_location)]
RegionalLocation = Annotated[str, AfterValidator(check_regional_location)]


SELECTOR = re.compile(r"(?P<key>[^=!<>]+)(?:!?=.*|(?P<comparison>[<>]=?)(?P<bound>.*))?", re.DOTALL)
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def check_selector(text: str) -> str:
    """`key`, `key=value` or `key!=value` of labels; `key>=7`, `>`, `<=` or `<` of those that are numbers."""
    parts = SELECTOR.fullmatch(text)
    if parts is None:
        raise ValueError(
            f'"{text}" selects nothing: write key, key=value or key!=value, or of numbers key>=7, key>7, key<=7, key<7.'
        )
    bound = parts["bound"]
    if bound is not None and not (NUMBER.fullmatch(bound) and isfinite(float(bound))):
        raise ValueError(f'"{bound}" behind {parts["comparison"]} is not a number.')
    return text


WholeNumber = Annotated[int, Field(strict=True)]  # without it, true counts as 1
Selector = Annotated[str, AfterValidator(check_selector)]


class Purpose(StrEnum):
    """What kinds of step are for, in the order to offer them."""

    SIFT = "Leave endpoints out"
    SORT = "Put them in order"
    DRAW = "Share clients out"
    ANSWER = "Hand over and answer"


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    purpose: ClassVar[Purpose] = Purpose.SORT


class Bypass(Options):
    """Keep all candidates."""

    action: Literal["bypass"] = "bypass"


class Fallback(Options):
    """Serve a pool or a policy without asking its health."""

    action: Literal["fallback"] = "fallback"
    pool: PoolName | None = None
    policy: PolicyName | None = None

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.pool is None) == (self.policy is None):
            raise ValueError("A fallback names either a pool or a policy.")
        return self


class Refuse(Options):
    """Answer that there is no such record."""

    action: Literal["refuse"] = "refuse"


IfEmpty = Annotated[Bypass | Fallback | Refuse, Field(discriminator="action")]


class Sifting(Options):
    """A step that drops candidates, and says what happens if it would drop all (S1)."""

    purpose = Purpose.SIFT

    if_empty: IfEmpty = Field(default=Bypass(), description="What happens if the step would drop every candidate.")

    @field_validator("if_empty")
    @classmethod
    def _refused_by_fences_only(cls, value: IfEmpty) -> IfEmpty:
        if isinstance(value, Refuse) and not issubclass(cls, Fence):
            raise ValueError("Only a fence may refuse: choose bypass or fallback.")
        return value


class Healthy(Sifting):
    """Drops endpoints that are down for the address family asked."""

    kind: Literal["healthy"] = "healthy"
    relative: bool = Field(
        default=False,
        description="While vantages disagree about an endpoint, the one nearest to the client decides.",
    )


class Admin(Sifting):
    """Drops endpoints that are draining or disabled."""

    kind: Literal["admin"] = "admin"


class Fence(Sifting):
    """Keeps endpoints for, or from, places and networks."""

    kind: Literal["fence"] = "fence"
    label: Selector | None = Field(
        default=None, description="Which endpoints are fenced, such as tier=gpu; all, if left out."
    )
    allow: list[Location] = Field(
        default=[], description="Clients who get them, such as country:DE or cidr:10.0.0.0/8."
    )
    deny: list[Location] = Field(default=[], description="Clients who do not get them.")

    @model_validator(mode="after")
    def _has_locations(self) -> Self:
        if not (self.allow or self.deny):
            raise ValueError("A fence names at least one location to allow or to deny.")
        return self


class Label(Sifting):
    """Keeps endpoints by their labels, or by the name asked for."""

    kind: Literal["label"] = "label"
    select: list[Selector] = Field(
        default=[], description="What their labels must be, such as tenant=acme or index_version>=7; all of it."
    )
    name_label: str | None = Field(
        default=None,
        min_length=1,
        description="The label that must be the first of the name asked for: shard keeps shard=17 for 17.example.com.",
    )

    @model_validator(mode="after")
    def _keeps_by_something(self) -> Self:
        if not (self.select or self.name_label):
            raise ValueError("A label step selects by labels, by the name asked for, or by both.")
        return self


class Members(Options):
    """Candidates that live in one of the regions or belong to one of the pools."""

    regions: list[RegionName] = []
    pools: list[PoolName] = []

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not (self.regions or self.pools):
            raise ValueError("Name at least one region or pool.")
        return self


class GeoRule(Members):
    location: RegionalLocation = Field(description="A continent, country or subdivision, such as continent:EU.")


def _default_form(value: object) -> str:
    return "members" if isinstance(value, dict | Members) else "all"


GeoDefault = Annotated[
    Annotated[Literal["all"], Tag("all")] | Annotated[Members, Tag("members")], Discriminator(_default_form)
]


class Geo(Sifting):
    """Keeps the endpoints declared for the client's subdivision, country or continent, or the default."""

    kind: Literal["geo"] = "geo"
    rules: list[GeoRule] = Field(default=[], description="Who serves which place; the most specific match wins.")
    default: GeoDefault = Field(
        description='Who serves clients that no rule matches: "all", or regions and pools (S10).'
    )

    @field_validator("rules")
    @classmethod
    def _one_rule_a_place(cls, rules: list[GeoRule]) -> list[GeoRule]:
        counts = Counter(rule.location for rule in rules)
        twice = [location for location, count in counts.items() if count > 1]
        if twice:
            raise ValueError(f"There is more than one rule for {', '.join(twice)}.")
        return rules


class Distance(Options):
    """Nearest first."""

    kind: Literal["distance"] = "distance"
    within_km: float = Field(default=0, ge=0, description="Endpoints this much farther than the nearest count as near.")
    bias: WholeNumber = Field(default=0, ge=-99, le=99, description="For endpoints of which nobody says one.")


class Latency(Options):
    """Nearest first, by the round trip predicted for the client."""

    kind: Literal["latency"] = "latency"
    within_ms: float = Field(
        default=0, ge=0, description="Endpoints this many milliseconds further than the best count as near, too."
    )
    within_percent: float = Field(
        default=0, ge=0, description="The same in percent of the best; the larger of the two counts."
    )


class Explore(Options):
    """Sends a few clients to a runner-up, so that paths that are not used stay known."""

    kind: Literal["explore"] = "explore"
    percent: float = Field(default=1, ge=0, le=50, description="Of clients, drawn anew every hour.")


class Cost(Options):
    """Cheapest first."""

    kind: Literal["cost"] = "cost"
    within_percent: float = Field(
        default=0, ge=0, description="Endpoints that cost this much more than the cheapest count as cheap."
    )
    cost: float = Field(default=0, ge=0, description="For endpoints of which nobody says one.")


class Load(Sifting):
    """Spares endpoints that say they are nearly full, the more the fuller they are."""

    kind: Literal["load"] = "load"
    low: float = Field(default=0.8, ge=0, description="Up to this load, a share of its capacity, none is spared.")
    high: float = Field(default=0.95, gt=0, description="From this load on it is spared wholly; in between, in part.")

    @model_validator(mode="after")
    def _low_below_high(self) -> Self:
        if self.low >= self.high:
            raise ValueError("Low must be below high.")
        return self


class Priority(Options):
    """Lowest number first: failover."""

    kind: Literal["priority"] = "priority"
    priority: WholeNumber = Field(
        default=0, ge=0, le=MAX_METADATA, description="For endpoints of which nobody says one."
    )


class Weighted(Options):
    """A draw by weight, anew for each TTL."""

    purpose = Purpose.DRAW
    kind: Literal["weighted"] = "weighted"
    weight: WholeNumber = Field(default=1, ge=0, le=MAX_METADATA, description="For endpoints of which nobody says one.")


class Sticky(Options):
    """A draw by weight that stays the same for a client."""

    purpose = Purpose.DRAW
    kind: Literal["sticky"] = "sticky"
    weight: WholeNumber = Field(default=1, ge=0, le=MAX_METADATA, description="For endpoints of which nobody says one.")


class Use(Options):
    """Another policy answers while enough of its endpoints are healthy."""

    purpose = Purpose.ANSWER
    kind: Literal["use"] = "use"
    policy: PolicyName
    min_healthy: WholeNumber = Field(
        default=1,
        ge=1,
        le=MAX_CANDIDATES,
        description="With fewer healthy endpoints it is passed by, and the steps behind go on.",
    )


class First(Options):
    """How many addresses to answer; without it one."""

    purpose = Purpose.ANSWER
    kind: Literal["first"] = "first"
    count: WholeNumber = Field(ge=1, le=MAX_FIRST, description=f"From 1 to {MAX_FIRST}.")


Step = (
    Healthy
    | Admin
    | Fence
    | Label
    | Geo
    | Distance
    | Latency
    | Explore
    | Cost
    | Load
    | Priority
    | Weighted
    | Sticky
    | Use
    | First
)

KINDS: dict[str, type[Options]] = {kind.model_fields["kind"].default: kind for kind in get_args(Step)}
"""The classes by their names, in the order to offer them."""


def options_of(step: Step) -> dict[str, Any]:
    """What a step says, its defaults included, without its kind."""
    return step.model_dump(mode="json", exclude={"kind"}, exclude_none=True)
