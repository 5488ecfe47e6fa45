"""The embedded Postgres: private, remembered, and untroubled by how it ended."""

from __future__ import annotations

import signal
import socket

import psycopg
import pytest

from trafficmgr.runtime.postgres import PostgresProblem, embedded_postgres, running


@pytest.mark.django_db
def test_tests_have_a_postgres_with_the_extensions_that_the_tables_need(db):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_available_extensions where name = 'btree_gist'")
        assert cursor.fetchone() == (1,)
