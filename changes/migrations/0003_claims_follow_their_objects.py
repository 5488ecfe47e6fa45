from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('changes', '0002_declared_by_files'),
    ]

    operations = [
        migrations.AddField(
            model_name='claim',
            name='row',
            field=models.BigIntegerField(
                help_text='Primary key of the object, which it keeps under any name; NULL: there was none.', null=True
            ),
        ),
    ]
