from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_sign_ins_are_throttled'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='second_factor_required',
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text='Nothing can be opened before a second factor is set up.',
            ),
        ),
    ]
