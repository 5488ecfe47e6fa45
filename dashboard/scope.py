"""What the overview is about: a stretch of time, and in it a zone, policy, region or country. It is in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from accounts.models import User
from dashboard.access import visible
from dashboard.worldmap import known_countries
from regions.models import Region
from steering.models import Policy
from telemetry.slices import Slice

MOST_SUGGESTED = 100


@dataclass(frozen=True)
class Span:
    """A stretch of time up to now, and the steps that charts show it in. Live figures come every `cadence_s`."""

    name: str
    words: str
    length: timedelta
    step_s: int
    cadence_s: float


SPANS = {
    span.name: span
    for span in (
        Span("15m", "15 minutes", timedelta(minutes=15), 10, 2.0),
        Span("1h", "hour", timedelta(hours=1), 60, 10.0),
        Span("6h", "6 hours", timedelta(hours=6), 600, 30.0),
        Span("24h", "24 hours", timedelta(hours=24), 600, 30.0),
        Span("7d", "7 days", timedelta(days=7), 3600, 60.0),
    )
}
DEFAULT = "15m"
FIELDS = ("zone", "policy", "region", "country")


@dataclass(frozen=True)
class Scope:
    """`problems` says what of the URL names nothing: then nothing is shown instead of everything."""

    span: Span
    asked: dict[str, str]
    policy_ids: list[int]
    region: Region | None
    problems: list[str]

    @property
    def country(self) -> str | None:
        return self.asked["country"].upper() or None

    @property
    def country_name(self) -> str:
        """As people know it; of a code that is none, the code."""
        known = known_countries().get(self.country or "")
        return known.name if known else self.asked["country"]

    @property
    def is_narrow(self) -> bool:
        """Not everything is asked for."""
        return any(self.asked.values())

    @property
    def query(self) -> str:
        """The part of the URL after the question mark; what is not asked for is left out."""
        return self.query_with()

    def query_with(self, **other: str) -> str:
        """The same with something else asked for."""
        said = {"span": self.span.name, **self.asked, **other}
        return urlencode({name: value for name, value in said.items() if value and (name, value) != ("span", DEFAULT)})

    def slice(self, now: datetime) -> Slice:
        """The counts of it. Static data counts where nothing is left out."""
        ids = self.policy_ids if self.is_narrow else None
        span = Slice.before(now, self.span.length, self.span.step_s)
        return Slice(span.since, span.until, span.step_s, ids, self.region.pk if self.region else None, self.country)

    def steered(self, now: datetime) -> Slice:
        """The counts of its policies, and of no others."""
        found = self.slice(now)
        return Slice(found.since, found.until, found.step_s, self.policy_ids, found.region_id, found.country)


def read_scope(query: Mapping[str, str], user: User) -> Scope:
    """What a URL asks for, of what `user` may see."""
    asked = {field: query.get(field, "").strip() for field in FIELDS}
    policies = visible(Policy.objects.all(), user)
    problems = []
    if asked["zone"]:
        origin = asked["zone"].lower().rstrip(".") + "."
        policies = policies.filter(bindings__record_set__zone__origin=origin).distinct()
    if asked["policy"]:
        policies = policies.filter(name=asked["policy"])
    policy_ids = list(policies.values_list("id", flat=True))
    if not policy_ids and (asked["zone"] or asked["policy"]):
        of = f"policy {asked['policy']}" if asked["policy"] else "policy"
        problems.append(f"No {of} answers a name" + (f" of the zone {asked['zone']}." if asked["zone"] else "."))
    region = visible(Region.objects.all(), user).filter(name=asked["region"]).first() if asked["region"] else None
    if asked["region"] and region is None:
        problems.append(f"There is no region {asked['region']}.")
    if asked["country"] and asked["country"].upper() not in known_countries():
        problems.append(f"{asked['country']} is no country: choose one of the list.")
    return Scope(SPANS.get(query.get("span", ""), SPANS[DEFAULT]), asked, policy_ids, region, problems)


def suggestions(user: User) -> dict[str, list[str]]:
    """The first names of what can be asked for, for fields that take text."""
    policies = visible(Policy.objects.all(), user)
    zones = policies.exclude(bindings=None).values_list("bindings__record_set__zone__origin", flat=True)
    return {
        "zones": list(zones.distinct().order_by("bindings__record_set__zone__origin")[:MOST_SUGGESTED]),
        "policies": list(policies.values_list("name", flat=True)[:MOST_SUGGESTED]),
        "regions": list(visible(Region.objects.all(), user).values_list("name", flat=True)[:MOST_SUGGESTED]),
    }
