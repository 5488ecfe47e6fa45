"""Real user measurements, under `/rum/v1/`. The web process answers them without Django's middleware (api.lean)."""

from __future__ import annotations

from django.urls import path

from api.rum import VIEWS

urlpatterns = [path(name, view, name=f"rum-{name}") for name, view in VIEWS.items()]
