"""What templates need that templates cannot say."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

SERIES_COLOURS = 8
SPARK_WIDTH, SPARK_HEIGHT = 120, 28
UNITS = [
    (timedelta(days=1), "d"),
    (timedelta(hours=1), "h"),
    (timedelta(minutes=1), "min"),
    (timedelta(seconds=1), "s"),
]

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
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing of the sprite."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', static("icons.svg"), name)


@register.simple_tag
def state(value: str, words: str = "") -> SafeString:
    """A coloured dot with its meaning in words: colour alone says nothing to some."""
    return format_html('<span class="state {}">{}</span>', value, words or STATE_WORDS.get(value, value))


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago, in the largest whole unit."""
    if not moment:  # a template's None may come as an empty text
        return "never"
    gone = timezone.now() - moment
    for length, unit in UNITS:
        if gone >= length:
            return f"{gone // length} {unit} ago"
    return "now"


@register.filter
def percent(share: float | None) -> str:
    """A share of one, as people read it; nothing for none."""
    return "" if share is None else f"{share * 100:.0f} %" if share >= 0.1 or not share else f"{share * 100:.1f} %"


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


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], path: str, exact: bool = False) -> SafeString:
    """Marks the link to where the reader is."""
    at = context["request"].path
    inside = at == path if exact else at.startswith(path)
    return SafeString(' aria-current="page"') if inside else SafeString("")
