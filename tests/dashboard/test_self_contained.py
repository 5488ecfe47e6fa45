"""No page, style or script asks another host for anything, and nothing executable stands inline."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).parents[2]
OUTSIDE = re.compile(r"""(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+""", re.IGNORECASE)
INLINE = re.compile(r"""<style|\sstyle=|\son[a-z]+=["']|<script(?![^>]*\ssrc=)|javascript:""", re.IGNORECASE)
NAMESPACE = "http://www.w3.org/2000/svg"
OURS = [
    path
    for folder in ("templates", "static")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".html", ".css", ".js", ".svg"} and "vendor" not in path.parts
]


def outside_references(text: str) -> list[str]:
    return OUTSIDE.findall(text.replace(NAMESPACE, ""))


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_refers_to_no_other_host(path: Path):
    assert outside_references(path.read_text()) == []


@pytest.mark.parametrize(
    "planted",
    ['<script src="https://cdn.example.com/x.js">', "@import url(//fonts.example.com/a.css)", "fetch('http://a.b/c')"],
)
def test_a_planted_reference_is_found(planted: str):
    assert outside_references(planted)


@pytest.mark.parametrize(
    "path", [path for path in OURS if path.suffix == ".html"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_template_has_no_inline_script_or_style(path: Path):
    assert INLINE.findall(path.read_text()) == []


@pytest.mark.parametrize(
    "planted", ['<p style="x">', "<script>go()</script>", '<a onclick="go()">', "<style>p{}</style>"]
)
def test_a_planted_inline_script_or_style_is_found(planted: str):
    assert INLINE.findall(planted)


def test_every_page_forbids_the_browser_to_ask_other_hosts(db):
    policy = Client().get("/login/")["Content-Security-Policy"]

    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_the_map_is_served_from_here():
    chart_assets = (ROOT / "templates/dashboard/parts/chart_assets.html").read_text()

    assert "data-topojson" in chart_assets
    assert (ROOT / "static/vendor/plotly/world_110m.json").stat().st_size > 100_000
