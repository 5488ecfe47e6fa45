"""The web process: UI, REST and edge feed."""

from __future__ import annotations

import os

from django.core.asgi import get_asgi_application

from trafficmgr.celery import app as celery_app  # tasks sent from the web process go through this application

__all__ = ["application", "celery_app"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trafficmgr.settings")

application = get_asgi_application()
