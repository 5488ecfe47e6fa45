"""What templates need that templates cannot say."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.preferences import BROWSER, time_zone_of
from dashboard.scope import Scope
from dashboard.worldmap import known_countries
from healthchecks.probes import Certificate
from zones.models import RecordSet

register = template.Library()

SERIES_COLOURS = 8
WARNING_DAYS = 14
"""A certificate that ends sooner is to be noticed: whoever renews by machine does so well before."""
SPARK_WIDTH, SPARK_HEIGHT = 120, 28
UNITS = [
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
]
WORDS = re.compile(r'("[^"]+"|\b(?:and|or|not|\d+ of)\b|[a-z0-9@-]+)')

STATE_WORDS = {
    "up": "Up",
    "down": "Down",
    "unknown": "Unknown",
    "degraded": "Partly up",
    "none": "Empty",
    "enabled": "Enabled",
    "draining": "Draining",
    "disabled": "Disabled",
    "current": "Current",
    "behind": "Behind",
    "silent": "Silent",
    "never": "Never seen",
    "unchecked": "Not checked",
    "failing": "Failing, not yet down",
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of the sprite."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("icons.svg"), name)


@register.simple_tag
def state(value: str, words: str = "") -> SafeString:
    """A coloured dot with its meaning in words: colour alone says nothing to some."""
    return format_html('<span class="state {}">{}</span>', value, words or STATE_WORDS.get(value, value))


@register.simple_tag
def certificate(seen: Certificate | None) -> SafeString:
    """How long a certificate is valid and what is wrong with it; nothing for none."""
    if seen is None:
        return SafeString()
    days = math.floor((seen.not_after - timezone.now()) / timedelta(days=1))
    words = f"Certificate ends in {days} d" if days >= 0 else f"Certificate ended on {seen.not_after:%Y-%m-%d}"
    colour = "down" if days < 0 else "degraded" if days < WARNING_DAYS or seen.problem else ""
    problem = format_html('<span class="cause">Not verified: {}</span>', seen.problem) if seen.problem else ""
    return format_html('<span class="pill {}" title="{}">{}</span>{}', colour, seen.not_after, words, problem)


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago, in the largest whole unit, and when. static/js/times.js keeps it so."""
    if not moment:  # a template's None may come as an empty text
        return "never"
    gone = timezone.now() - moment
    words = next((f"{gone // length} {unit} ago" for length, unit in UNITS if gone >= length), "now")
    return _time(moment, words, "age")


@register.filter
def ahead(moment: datetime) -> SafeString:
    """In how long, in the largest whole unit, and when."""
    left = moment - timezone.now()
    words = next((f"in {left // length} {unit}" for length, unit in UNITS if left >= length), "now")
    return _time(moment, words, "ahead")


@register.filter
def moment(at: datetime | None) -> str:
    """Date and time: in the zone that the reader chose once static/js/times.js has seen it, and until then in UTC."""
    if not at:
        return "never"
    return format_html('<time datetime="{}" data-moment>{}</time>', _iso(at), _utc(at))


def _time(at: datetime, words: str, kind: str) -> SafeString:
    return format_html('<time datetime="{}" title="{}" data-{}>{}</time>', _iso(at), _utc(at), kind, words)


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


@register.simple_tag(takes_context=True)
def time_zone(context: dict[str, Any]) -> str:
    """Which zone the reader wants times in."""
    request = context.get("request")
    return time_zone_of(request) if request else BROWSER


@register.filter
def countdown(moment: datetime) -> str:
    """In how long, to the second below an hour."""
    left_s = max(0, math.ceil((moment - timezone.now()).total_seconds()))
    return ahead(moment) if left_s >= 3600 else f"in {left_s // 60}:{left_s % 60:02d}"


@register.simple_tag
def drawn(expression: str, states: Mapping[str, str]) -> SafeString:
    """The expression of a calculated check, each of its inputs with its state."""
    parts = ((part, states.get(part.strip('"'))) for part in WORDS.split(expression))
    return format_html_join("", "{}", ((state(known, part) if known else part,) for part, known in parts))


@register.filter
def span(seconds: int) -> str:
    """A length of time, in the largest unit that it is a whole number of."""
    length = timedelta(seconds=seconds)
    return next((f"{length // unit} {name}" for unit, name in UNITS if length >= unit and not length % unit), "0 s")


@register.filter
def duration(seconds: float | None) -> str:
    """A span, in the largest whole unit; nothing for none."""
    if not isinstance(seconds, float | int):  # a template's None may come as an empty text
        return ""
    length_of_time = timedelta(seconds=seconds)
    for length, unit in UNITS:
        if length_of_time >= length:
            return f"{length_of_time // length} {unit}"
    return "0 s"


@register.filter
def percent(share: float | None) -> str:
    """A share of one, as people read it; nothing for none."""
    return "" if share is None else f"{share * 100:.0f} %" if share >= 0.0995 or not share else f"{share * 100:.1f} %"


@register.filter
def exact_percent(share: float | None) -> str:
    """A share that is near one, never rounded up to it."""
    return "" if share is None else f"{math.floor(share * 10_000) / 100:.2f} %"


@register.filter
def ms(value: float | None) -> str:
    """A round trip; nothing for none, which may come as an empty text."""
    return f"{value:.1f} ms" if isinstance(value, float) else ""


@register.filter
def country(code: str) -> str:
    """The name of a country by its ISO 3166-1 alpha-2 code."""
    known = known_countries()
    return known[code].name if code in known else code or "unknown"


@register.filter
def signed_percent(logarithm: float) -> str:
    """A logarithm of a ratio as what it adds, in percent."""
    return f"{(math.exp(logarithm) - 1) * 100:+.1f}\N{NO-BREAK SPACE}%"


@register.filter
def worst(numbers: dict[str, Any], figure: str) -> dict[str, Any] | None:
    """Of a gate's comparisons of a figure (latency.gate) the one that is nearest to its margin, or furthest beyond."""
    found = [each for each in numbers.get("comparisons", []) if each["figure"] == figure] if numbers else []
    return max(found, key=lambda each: each["difference"] - each["margin"], default=None)


@register.filter
def figure(value: float, name: str) -> str:
    """A figure of the gate with its unit."""
    return f"{value:.1f} ms" if name.endswith("_ms") else f"{value:.3f}"


@register.simple_tag
def evidence_bar(shares: Sequence[tuple[str, float]]) -> SafeString:
    """Shares of a whole beside each other, and in words for who cannot see them."""
    said = ", ".join(f"{name} {percent(share)}" for name, share in shares if share)
    left, parts = 0.0, []
    for name, share in shares:
        parts.append((name, f"{left * 100:.2f}%", width(share)))
        left += share
    rects = format_html_join("", '<rect class="{}" x="{}" width="{}" height="12"></rect>', parts)
    return format_html('<svg class="evidence" role="img" aria-label="{}"><title>{}</title>{}</svg>', said, said, rects)


@register.simple_tag
def narrowed(scope: Scope, **asked: str) -> SafeString:
    """The query of a URL that asks for something else of the overview, and for the rest as it is."""
    return format_html("{}", scope.query_with(**asked))


@register.filter
def full_name(record_set: RecordSet) -> str:
    """The name of a record set with that of its zone."""
    return record_set.zone.origin if record_set.name == "@" else f"{record_set.name}.{record_set.zone.origin}"


@register.filter
def brief_ms(value: float | None) -> str:
    """A time that may be far below a millisecond; nothing for none."""
    if not isinstance(value, float):
        return ""
    return f"{value:.1f} ms" if value >= 1 else f"{value * 1000:.0f} µs"


@register.filter
def width(share: float) -> str:
    """A share of one as a length of SVG."""
    return f"{share * 100:.2f}%"


@register.filter
def bounded(share: float) -> float:
    """At most one: a bar ends where its track does."""
    return min(share, 1.0)


@register.filter
def signed(value: float) -> str:
    """A difference, to the tenth."""
    return f"{value:+.1f}"


@register.filter
def rate(value: float) -> str:
    """Something a second: as exact as it is small."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


@register.filter
def item(values: dict[str, Any], key: str) -> Any:
    """The value of a key that is no constant."""
    return values.get(key)


@register.filter
def field(form: Any, name: str) -> BoundField:
    """An input of a form by its name."""
    return form[name]  # type: ignore[no-any-return]


@register.filter
def series(place: int) -> int:
    """The colour of a series by its place, as in static/js/charts.js."""
    return place % SERIES_COLOURS


@register.filter
def said(value: Any) -> str:
    """A value of a document, as people read it."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(value)
    return json.dumps(value, ensure_ascii=False, indent=2)


@register.filter
def words(text: str) -> list[str]:
    """A list written in a template."""
    return text.split()


@register.simple_tag
def sparkline(values: Sequence[float]) -> SafeString:
    """A line of recent values. It adds nothing to the number beside it for who cannot see it."""
    top = max(values, default=0) or 1
    step = SPARK_WIDTH / max(len(values) - 1, 1)
    points = " ".join(
        f"{place * step:.1f},{SPARK_HEIGHT - 1 - value / top * (SPARK_HEIGHT - 3):.1f}"
        for place, value in enumerate(values)
    )
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<polygon points="0,{} {} {},{}"></polygon><polyline points="{}"></polyline></svg>',
        SPARK_WIDTH, SPARK_HEIGHT, SPARK_HEIGHT, points, SPARK_WIDTH, SPARK_HEIGHT, points,
    )  # fmt: skip


@register.filter
def state_word(value: str) -> str:
    """What a state is called."""
    return STATE_WORDS.get(value, value.capitalize())


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], path: str, exact: bool = False) -> SafeString:
    """Marks the link to where the reader is."""
    at = context["request"].path
    inside = at == path if exact else at.startswith(path)
    return SafeString(' aria-current="page"') if inside else SafeString("")


@register.simple_tag(takes_context=True)
def sorter(context: dict[str, Any], column: str, title: str, css_class: str = "") -> SafeString:
    """The head of a column that a table is sorted by when it is followed, and the other way round when it is again."""
    current = context["sort"]
    is_this, descends = current.lstrip("-") == column, current.startswith("-")
    query = context["request"].GET.copy()
    for place in ("after", "before"):
        query.pop(place, None)
    query["sort"] = f"-{column}" if is_this and not descends else column
    said = "none" if not is_this else "descending" if descends else "ascending"
    sign = "" if not is_this else "\N{NO-BREAK SPACE}↓" if descends else "\N{NO-BREAK SPACE}↑"
    return format_html(
        '<th class="{}" aria-sort="{}"><a class="sorter" href="?{}">{}{}</a></th>',
        css_class, said, query.urlencode(), title, sign,
    )  # fmt: skip


@register.filter
def lines(text: str | None) -> int:
    """The height of a text area that shows a text, within reason."""
    return min(max((text or "").count("\n") + 1, 1), 12)
