"""The journal: who did what, when and from where. Written once and never changed.

    door ─► Actor ─► record ─► AuditEntry      (in the transaction of what it tells of)

What a generation was made of is told by `horizon`: which entries its publisher saw.
"""
