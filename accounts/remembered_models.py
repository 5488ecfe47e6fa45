"""Answers to requests that carried an Idempotency-Key, and how often each caller has asked of late."""

from __future__ import annotations

from django.db import models


class RememberedAnswer(models.Model):
    """What a request with a key was answered. `caller` is a digest of who asked, so that keys of two never meet.

    The answer may hold a secret that is shown once. It is kept encrypted with what the caller authenticates by, of
    which this database has a digest at most: only who sends the same request again can read it.
    """

    caller = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path, query and body.")
    answer = models.BinaryField(default=b"", help_text="Status, headers and body, encrypted.")
    created = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="remembered_answer_once")]

    def __str__(self) -> str:
        return self.key
