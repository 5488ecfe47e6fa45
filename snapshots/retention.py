"""Old generations go, and the chunks that nothing names any more with them."""

from __future__ import annotations

from django.db import connection

from snapshots.models import Snapshot

DELETE_UNNAMED_CHUNKS = """
    WITH parsed AS (SELECT manifest::jsonb AS members FROM snapshots_snapshot),
    direct AS (
        SELECT value AS digest FROM parsed, jsonb_each_text(members -> 'zones')
        UNION SELECT value FROM parsed, jsonb_each_text(members -> 'geo')
        UNION SELECT members ->> 'policies' FROM parsed
        UNION SELECT chunk_id FROM snapshots_compiledzone
    ),
    lists AS MATERIALIZED (
        SELECT content FROM snapshots_chunk WHERE kind = 'zones' AND digest IN (SELECT digest FROM direct)
    ),
    named AS (
        SELECT digest FROM direct
        UNION SELECT value FROM lists, jsonb_each_text(convert_from(content, 'UTF8')::jsonb)
    )
    DELETE FROM snapshots_chunk WHERE NOT EXISTS (SELECT FROM named WHERE named.digest = snapshots_chunk.digest)
"""


def forget_old_generations(keep: int) -> int:
    """Delete all but the newest `keep` generations. Returns how many chunks went with them."""
    kept = Snapshot.objects.order_by("-generation").values("generation")[:keep]
    Snapshot.objects.exclude(generation__in=kept).delete()
    with connection.cursor() as cursor:
        cursor.execute(DELETE_UNNAMED_CHUNKS)
        deleted: int = cursor.rowcount
    return deleted
