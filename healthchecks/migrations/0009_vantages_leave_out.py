from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("healthchecks", "0008_certificates_and_templates")]

    operations = [
        migrations.AddField(
            model_name="vantagehealth",
            name="left_out",
            field=models.PositiveIntegerField(
                db_default=0, default=0, help_text="Probes that it had no time for since the heartbeat before."
            ),
        ),
    ]
