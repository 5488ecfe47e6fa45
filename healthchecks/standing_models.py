"""How each endpoint is, all its families together, in one row: what lists of many endpoints filter and sort by.

It stands beside the tables of models.py, which Django loads, and which loads it.
"""

from __future__ import annotations

from django.db import models

from regions.models import Endpoint


class Standing(models.Model):
    """A view over beliefs, so nothing is stored twice. The same rules as reading.endpoint_states and dashboard.health.

    `state` is `up`, `down`, `unknown`, or `degraded` where families differ. `rank` puts those first that somebody has
    to look at: 0 down, 1 degraded, 2 unknown, 3 up.
    """

    endpoint = models.OneToOneField(
        Endpoint, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="standing"
    )
    state = models.CharField(max_length=8)
    rank = models.SmallIntegerField()
    since = models.DateTimeField(null=True, help_text="When one of its families changed last; NULL: not yet.")
    failing = models.BooleanField(help_text="It fails, but is not yet down.")
    checked = models.BooleanField(help_text="An enabled check watches it.")
    forced = models.CharField(max_length=5, blank=True, help_text="What an operator has forced; empty: nothing.")

    class Meta:
        managed = False
        db_table = "healthchecks_standing"

    def __str__(self) -> str:
        return f"{self.endpoint_id} is {self.state}"
