from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0001_people_are_told")]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="assignment_id",
            field=models.BigIntegerField(
                help_text="Of that check to the endpoint, whatever it is called. No foreign key, likewise.", null=True
            ),
        ),
    ]
