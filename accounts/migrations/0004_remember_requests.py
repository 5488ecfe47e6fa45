from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_roles_and_token_limits")]

    operations = [
        migrations.CreateModel(
            name="RememberedAnswer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("caller", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(help_text="SHA-256 of method, path, query and body.", max_length=64)),
                ("answer", models.BinaryField(default=b"", help_text="Status, headers and body, encrypted.")),
                ("created", models.DateTimeField(db_index=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("caller", "key"), name="remembered_answer_once")],
            },
        ),
        migrations.RunSQL(
            "CREATE UNLOGGED TABLE accounts_quota (caller text PRIMARY KEY, due timestamptz NOT NULL)"
            " WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.5)",
            "DROP TABLE accounts_quota",
        ),
    ]
