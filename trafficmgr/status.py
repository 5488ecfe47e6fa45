"""Is this web process alive, and can it serve?"""

from __future__ import annotations

from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse

from snapshots.models import Snapshot


def healthz(_request: HttpRequest) -> JsonResponse:
    """200 while the process answers at all."""
    return JsonResponse({"status": "ok"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """200 once the database is migrated and a snapshot is published, else 503 with the reason."""
    try:
        connection.ensure_connection()
        generation = Snapshot.objects.order_by("-generation").values_list("generation", flat=True).first()
    except DatabaseError as error:
        return JsonResponse({"status": "unavailable", "reason": str(error).splitlines()[0]}, status=503)
    if generation is None:
        return JsonResponse({"status": "unavailable", "reason": "no snapshot is published yet"}, status=503)
    return JsonResponse({"status": "ready", "generation": generation})
