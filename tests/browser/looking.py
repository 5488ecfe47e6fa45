"""A page as its readers have it: at a desk and on a phone, in light and in dark; judged by axe, kept as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Page

AXE = (Path(__file__).parent / "vendor/axe/axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VIEWPORTS = {1440: 900, 390: 844}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
OF_COLOURS = ["color-contrast", "link-in-text-block"]
JUDGED_WHOLE = {"1440-light", "390-dark"}
"""By every rule: each window and each theme once. The other two looks differ from them in colours alone."""
PICTURES = Path(__file__).parents[2] / "build" / "screenshots"
RUN_AXE = """rules => axe.run(document, {runOnly: rules, resultTypes: ["violations"]})"""


def looks(page: Page) -> Iterator[str]:
    """Have the page shown each way in turn; yields what each is called."""
    for width, height in VIEWPORTS.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in THEMES:
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            yield f"{width}-{theme}"


def violations(page: Page, look: str) -> list[str]:
    """What axe finds: a line for each element."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate(RUN_AXE, RULES if look in JUDGED_WHOLE else OF_COLOURS)
    return [
        f"{violation['id']}: {node['html'][:160]} — {node['failureSummary'].splitlines()[-1].strip()}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wide


def keep_picture(page: Page, name: str, look: str) -> None:
    """Keep the page as it looks now among the files that the build leaves."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}-{look}.png", full_page=True, animations="disabled")
