"""Indexes that search reads. Made while the previous release goes on writing, so not in a transaction."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently, TrigramExtension
from django.db import migrations, models
from django.db.models.functions import Collate


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('zones', '0002_zone_grants'),
    ]

    operations = [
        TrigramExtension(),
        AddIndexConcurrently(
            model_name='recordset',
            index=models.Index(Collate('name', 'C'), 'zone', name='recordset_name_begins'),
        ),
        AddIndexConcurrently(
            model_name='recordset',
            index=GinIndex(fields=['name'], name='recordset_name_contains', opclasses=['gin_trgm_ops']),
        ),
    ]
