"""Every URL of the dashboard, with arguments filled in."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, reverse

from dashboard.urls import urlpatterns

PUBLIC = {"login", "logout"}


def routes() -> Iterator[tuple[str, dict[str, object]]]:
    """Names of routes that need a login, with arguments that fit their converters."""
    for pattern in urlpatterns:
        assert isinstance(pattern, URLPattern)
        if pattern.name not in PUBLIC:
            converters = pattern.pattern.converters
            yield str(pattern.name), {name: _fitting(converter) for name, converter in converters.items()}


def urls() -> list[str]:
    return [reverse(name, kwargs=arguments) for name, arguments in routes()]


def _fitting(converter: object) -> object:
    return 1 if type(converter).__name__ == "IntConverter" else "demo.test."
