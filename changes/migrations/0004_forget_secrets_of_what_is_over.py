from django.db import migrations

SECRETS = ("url", "secret")
VEIL = "(not shown)"


def forget(apps, schema_editor):
    """Of channels, as changes.forgetting does it from now on when a change is published or withdrawn."""
    edits = apps.get_model("changes", "Edit").objects.filter(
        kind="channels", document__isnull=False, change__state__in=["published", "withdrawn"]
    )
    for edit in edits.iterator():
        said = edit.document.items()
        edit.document = {name: VEIL if name in SECRETS and value else value for name, value in said}
        edit.save(update_fields=["document"])


class Migration(migrations.Migration):

    dependencies = [
        ('changes', '0003_claims_follow_their_objects'),
    ]

    operations = [
        migrations.RunPython(forget, migrations.RunPython.noop),
    ]
