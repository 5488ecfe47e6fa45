"""The zone that a page is about, and who writes to it."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from dashboard.access import signed_in, visible
from dashboard.noting import actor_of
from documents.zone_files import note_contents
from zones.edits import Author
from zones.models import Zone


def zone_of(request: HttpRequest, origin: str) -> Zone:
    """The zone of that origin, or 404 if there is none that the user may see."""
    return get_object_or_404(visible(Zone.objects.all(), signed_in(request)), origin=origin)


def author_of(request: HttpRequest) -> Author:
    """The user, now, with what they do written down."""
    return Author(signed_in(request), timezone.now(), partial(note_contents, actor_of(request)))
