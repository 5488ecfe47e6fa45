import django.contrib.postgres.fields
from django.db import migrations, models

# Django makes no partitioned tables. Partitions for the first days and months are made here, later ones by a task.
CREATE = """
CREATE TABLE history_minuteoutcomes (
    minute timestamptz NOT NULL, assignment_id bigint NOT NULL, writer bigint NOT NULL, vantage_id integer NOT NULL,
    probes integer NOT NULL, failures integer NOT NULL, family smallint NOT NULL,
    buckets smallint[] NOT NULL, counts integer[] NOT NULL,
    PRIMARY KEY (assignment_id, vantage_id, family, minute, writer),
    CONSTRAINT minuteoutcomes_failures_within_probes CHECK (probes >= 1 AND failures >= 0 AND failures <= probes),
    CONSTRAINT minuteoutcomes_each_bucket_counted CHECK (cardinality(buckets) = cardinality(counts))
) PARTITION BY RANGE (minute);
CREATE TABLE history_houroutcomes (
    hour timestamptz NOT NULL, assignment_id bigint NOT NULL, vantage_id integer NOT NULL,
    probes integer NOT NULL, failures integer NOT NULL, family smallint NOT NULL,
    buckets smallint[] NOT NULL, counts integer[] NOT NULL,
    PRIMARY KEY (assignment_id, vantage_id, family, hour),
    CONSTRAINT houroutcomes_failures_within_probes CHECK (probes >= 1 AND failures >= 0 AND failures <= probes),
    CONSTRAINT houroutcomes_each_bucket_counted CHECK (cardinality(buckets) = cardinality(counts))
) PARTITION BY RANGE (hour);
DO $$
DECLARE today timestamp := date_trunc('day', now() AT TIME ZONE 'UTC');
DECLARE month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
BEGIN
    FOR ahead IN 0..2 LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF history_minuteoutcomes FOR VALUES FROM (%L) TO (%L)',
            'history_minuteoutcomes_p' || to_char(today + ahead * interval '1 day', 'YYYYMMDD'),
            (today + ahead * interval '1 day') AT TIME ZONE 'UTC',
            (today + (ahead + 1) * interval '1 day') AT TIME ZONE 'UTC'
        );
    END LOOP;
    FOR ahead IN 0..1 LOOP
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF history_houroutcomes FOR VALUES FROM (%L) TO (%L)',
            'history_houroutcomes_p' || to_char(month + ahead * interval '1 month', 'YYYYMMDD'),
            (month + ahead * interval '1 month') AT TIME ZONE 'UTC',
            (month + (ahead + 1) * interval '1 month') AT TIME ZONE 'UTC'
        );
    END LOOP;
END $$;
"""
DROP = "DROP TABLE history_minuteoutcomes, history_houroutcomes"


def outcomes(table, *key):
    """The columns and constraints that both tables have; `key` are those of the primary key."""
    return {
        'fields': [
            ('assignment_id', models.BigIntegerField()),
            ('vantage_id', models.IntegerField()),
            ('family', models.SmallIntegerField()),
            ('probes', models.PositiveIntegerField()),
            ('failures', models.PositiveIntegerField()),
            ('buckets', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(), size=None)),
            ('counts', django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(), size=None)),
            ('pk', models.CompositePrimaryKey(*key, blank=True, editable=False, primary_key=True, serialize=False)),
        ],
        'options': {
            'abstract': False,
            'constraints': [
                models.CheckConstraint(condition=models.Q(('failures__lte', models.F('probes')), ('probes__gte', 1)), name=f'{table}_failures_within_probes'),
                models.CheckConstraint(condition=models.Q(('buckets__len', models.F('counts__len'))), name=f'{table}_each_bucket_counted'),
            ],
        },
    }


HOURS = outcomes('houroutcomes', 'assignment_id', 'vantage_id', 'family', 'hour')
HOURS['fields'].append(('hour', models.DateTimeField(help_text='When it began.')))
MINUTES = outcomes('minuteoutcomes', 'assignment_id', 'vantage_id', 'family', 'minute', 'writer')
MINUTES['fields'] += [('minute', models.DateTimeField(help_text='When it began.')), ('writer', models.BigIntegerField())]


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CREATE, DROP)],
            state_operations=[
                migrations.CreateModel(name='HourOutcomes', **HOURS),
                migrations.CreateModel(name='MinuteOutcomes', **MINUTES),
            ],
        ),
        migrations.CreateModel(
            name='Rollup',
            fields=[
                ('singleton', models.BooleanField(default=True, primary_key=True, serialize=False)),
                ('until', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('singleton', True)), name='rollup_single_row')],
            },
        ),
    ]
