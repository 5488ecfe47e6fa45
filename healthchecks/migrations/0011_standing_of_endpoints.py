from django.db import migrations, models

# One row for each endpoint: how many of its families are up and down, and from that one word for all of them.
STANDING = """
    CREATE VIEW healthchecks_standing AS
    WITH told AS (
        SELECT health.endpoint_id, max(health.since) AS since, bool_or(health.failing) AS failing,
               count(*) FILTER (WHERE health.state = 'up') AS ups,
               count(*) FILTER (WHERE health.state = 'down') AS downs
        FROM healthchecks_endpointhealth AS health JOIN regions_endpoint AS endpoint ON endpoint.id = health.endpoint_id
        WHERE CASE health.family WHEN 0 THEN endpoint.hostname IS NOT NULL
                                 WHEN 4 THEN endpoint.ipv4 IS NOT NULL
                                 ELSE endpoint.ipv6 IS NOT NULL END
        GROUP BY health.endpoint_id
    ), watched AS (
        SELECT DISTINCT assignment.endpoint_id
        FROM healthchecks_assignment AS assignment
        JOIN healthchecks_check AS probed ON probed.id = assignment.check_definition_id AND probed.enabled
    ), counted AS (
        SELECT endpoint.id AS endpoint_id, told.since, coalesce(told.failing, false) AS failing,
               watched.endpoint_id IS NOT NULL AS checked, coalesce(told.downs, 0) AS downs,
               num_nonnulls(endpoint.hostname, endpoint.ipv4, endpoint.ipv6) AS families,
               CASE WHEN watched.endpoint_id IS NULL
                    THEN num_nonnulls(endpoint.hostname, endpoint.ipv4, endpoint.ipv6) - coalesce(told.downs, 0)
                    ELSE coalesce(told.ups, 0) END AS ups
        FROM regions_endpoint AS endpoint
        LEFT JOIN told ON told.endpoint_id = endpoint.id
        LEFT JOIN watched ON watched.endpoint_id = endpoint.id
    )
    SELECT counted.endpoint_id,
           CASE WHEN downs = families THEN 'down' WHEN ups = families THEN 'up'
                WHEN ups = 0 AND downs = 0 THEN 'unknown' ELSE 'degraded' END AS state,
           (CASE WHEN downs = families THEN 0 WHEN ups = families THEN 3
                 WHEN ups = 0 AND downs = 0 THEN 2 ELSE 1 END)::smallint AS rank,
           counted.since, counted.failing, counted.checked, coalesce(forced.state, '') AS forced
    FROM counted
    LEFT JOIN healthchecks_forcedstate AS forced ON forced.endpoint_id = counted.endpoint_id AND forced.ended IS NULL
"""


class Migration(migrations.Migration):

    dependencies = [
        ('healthchecks', '0010_holds_are_settled_once'),
        ('regions', '0003_sites_say_their_region'),
    ]

    operations = [
        migrations.RunSQL(STANDING, 'DROP VIEW healthchecks_standing'),
        migrations.CreateModel(
            name='Standing',
            fields=[
                ('endpoint', models.OneToOneField(db_constraint=False, on_delete=models.DO_NOTHING, primary_key=True, related_name='standing', serialize=False, to='regions.endpoint')),
                ('state', models.CharField(max_length=8)),
                ('rank', models.SmallIntegerField()),
                ('since', models.DateTimeField(help_text='When one of its families changed last; NULL: not yet.', null=True)),
                ('failing', models.BooleanField(help_text='It fails, but is not yet down.')),
                ('checked', models.BooleanField(help_text='An enabled check watches it.')),
                ('forced', models.CharField(blank=True, help_text='What an operator has forced; empty: nothing.', max_length=5)),
            ],
            options={
                'db_table': 'healthchecks_standing',
                'managed': False,
            },
        ),
    ]
