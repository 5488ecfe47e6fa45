"""The Celery application: queues `probe.NAME`, one a vantage region, and `control`."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trafficmgr.settings")

app = Celery("trafficmgr")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
