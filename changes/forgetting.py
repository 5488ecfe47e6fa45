"""Secrets of what is over: nobody will write them any more, so they are kept no longer.

A draft holds where a channel sends to as the channel itself does, and shows it to nobody. Once the change is published
or withdrawn the channel alone has it.
"""

from __future__ import annotations

from changes.models import Change, Edit
from documents.kinds import KINDS

SECRETIVE = frozenset(plural for plural, kind in KINDS.items() if kind.secrets)
"""Kinds whose documents hold secrets."""


def forget_secrets(change: Change) -> None:
    """Have the edits of a change that is over say that there was a secret, and no more."""
    edits = list(change.edits.filter(kind__in=SECRETIVE, document__isnull=False))
    for edit in edits:
        edit.document = KINDS[edit.kind].veiled(edit.document)
    Edit.objects.bulk_update(edits, ["document"])
