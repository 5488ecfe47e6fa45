"""Small drawings beside numbers, as SVG that the server writes: no script, no inline style."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from dashboard.matrix import Stay
from dashboard.templatetags.dashboard import STATE_WORDS, series, width
from regions.models import Region

register = template.Library()

LINE_WIDTH = 80


@register.simple_tag
def share_bar(shares: Sequence[tuple[Region, float]]) -> SafeString:
    """The shares of regions beside each other, each in the colour of the region; the words stand below it."""
    left, parts = 0.0, []
    for region, share in shares:
        parts.append((series(region.pk), f"{left * 100:.2f}%", width(share)))
        left += share
    rects = format_html_join("", '<rect class="part series-{}" x="{}" width="{}" height="14"></rect>', parts)
    return format_html('<svg aria-hidden="true">{}</svg>', rects)


@register.simple_tag
def gapped(values: Sequence[float | None]) -> SafeString:
    """A line of recent values with gaps where there is none. It adds nothing to the number beside it."""
    known = [value for value in values if value is not None]
    if not known:
        return SafeString()
    top, step = max(known) or 1, LINE_WIDTH / max(len(values) - 1, 1)
    marks = [
        f"{'L' if place and values[place - 1] is not None else 'M'}{place * step:.1f} {19 - value / top * 17:.1f}"
        + ("h1" if len(known) == 1 else "")
        for place, value in enumerate(values)
        if value is not None
    ]
    return format_html(
        '<svg class="line" viewBox="0 0 {} 20" preserveAspectRatio="none" aria-hidden="true">'
        '<path d="{}"></path></svg>',
        LINE_WIDTH,
        "".join(marks),
    )


@register.simple_tag
def strip(stays: Sequence[Stay]) -> SafeString:
    """How something was over time, a colour for each state, and in words for who cannot see them."""
    changes = len(stays) - 1
    was = ", ".join(dict.fromkeys(STATE_WORDS.get(stay.state, stay.state).lower() for stay in stays))
    said = f"{changes} change{'' if changes == 1 else 's'}: {was}" if changes else f"{was} all the time"
    rects = format_html_join(
        "",
        '<rect class="{}" x="{}" width="{}" height="14"></rect>',
        ((stay.state, width(stay.start), width(stay.length)) for stay in stays),
    )
    return format_html('<svg class="strip" role="img" aria-label="{}"><title>{}</title>{}</svg>', said, said, rects)


@register.simple_tag
def bars(values: Sequence[int]) -> SafeString:
    """A bar for each minute. It adds nothing to the number beside it for who cannot see it."""
    top = max(values, default=0) or 1
    rects = format_html_join(
        "",
        '<rect x="{}" y="{}" width="6" height="{}"></rect>',
        ((place * 8, f"{24 - value / top * 23:.1f}", f"{value / top * 23:.1f}") for place, value in enumerate(values)),
    )
    return format_html('<svg class="bars" viewBox="0 0 {} 25" aria-hidden="true">{}</svg>', len(values) * 8, rects)
