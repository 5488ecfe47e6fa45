from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("healthchecks", "0009_vantages_leave_out")]

    operations = [
        migrations.AddField(
            model_name="healthsequence",
            name="held_for",
            field=models.TextField(
                db_default="",
                default="",
                help_text="The version of mass failures and their pools that was settled last.",
            ),
        ),
    ]
