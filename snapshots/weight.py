"""How much of a generation is new."""

from __future__ import annotations

from django.db.models import Func, IntegerField, Sum

from snapshots.manifest import Contents
from snapshots.models import Chunk


def octets_to_fetch(before: Contents | None, after: Contents, manifest: str) -> int:
    """Octets of the manifest and of the chunks that `before` does not name; the chunks are stored already."""
    new = after.digests() - (before.digests() if before else set())
    sizes = Chunk.objects.filter(digest__in=new).annotate(
        octets=Func("content", function="octet_length", output_field=IntegerField())
    )
    return len(manifest.encode()) + (sizes.aggregate(total=Sum("octets"))["total"] or 0)
