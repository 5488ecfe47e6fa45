"""What the pages of signing in need to know of this installation."""

from __future__ import annotations

from django import template
from django.conf import settings

from accounts.login.password_reset import is_offered

register = template.Library()


@register.simple_tag
def ways_to_sign_in() -> dict[str, object]:
    """Beside the password: the provider's name, or None, and whether passwords are reset by e-mail."""
    return {"provider": settings.OIDC_NAME if settings.OIDC_ISSUER else None, "password_reset": is_offered()}
