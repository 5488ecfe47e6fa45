"""Real user measurements, under `/rum/v1/`."""

from __future__ import annotations

from django.urls import path

from api import rum

urlpatterns = [
    path("beacon.js", rum.script, name="rum-script"),
    path("candidates", rum.candidates, name="rum-candidates"),
    path("beacons", rum.beacons, name="rum-beacons"),
]
