from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("healthchecks", "0011_standing_of_endpoints")]

    operations = [
        migrations.AlterField(
            model_name="alarm",
            name="kind",
            field=models.CharField(
                choices=[
                    ("vantage_not_well", "vantage not well"),
                    ("quorum_lost", "quorum lost"),
                    ("mass_failure", "mass failure"),
                    ("publication_held", "publication held"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="alarm",
            name="subject_id",
            field=models.BigIntegerField(help_text="Of the vantage's health, the check, the pool or the refusal."),
        ),
        migrations.RemoveConstraint(model_name="alarm", name="alarm_kind_known"),
        migrations.AddConstraint(
            model_name="alarm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["vantage_not_well", "quorum_lost", "mass_failure", "publication_held"])
                ),
                name="alarm_kind_known",
            ),
        ),
    ]
