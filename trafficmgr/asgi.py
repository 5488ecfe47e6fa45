"""The web process: UI, REST, edge feed and user measurements."""

from __future__ import annotations

import os

import django

from trafficmgr.celery import app as celery_app  # tasks sent from the web process go through this application

__all__ = ["application", "celery_app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trafficmgr.settings")

django.setup(set_prefix=False)

from api import push, rum  # noqa: E402 - needs the applications that Django has loaded by now
from api.bounds import BoundedApplication  # noqa: E402
from api.lean import LeanApplication  # noqa: E402
from api.metrics import MeasuredApplication  # noqa: E402
from telemetry.rum.beacon import MAX_BATCH_OCTETS  # noqa: E402
from trafficmgr.runtime.handler import Handler  # noqa: E402

VIEWS = {push.PATH: push.push, **{f"/rum/v1/{name}": view for name, view in rum.VIEWS.items()}}

application = MeasuredApplication(BoundedApplication(LeanApplication(Handler(), VIEWS, MAX_BATCH_OCTETS)))
