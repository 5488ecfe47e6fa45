"""A worker that does nothing but deliver, until it is killed. Argument: how many seconds its clock is ahead."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta

import django

django.setup()

from healthchecks.alerts.courier import Courier  # noqa: E402 - needs the settings

ahead = timedelta(seconds=float(sys.argv[1]))
courier = Courier(lambda: datetime.now(UTC) + ahead)
while True:
    courier.deliver()
    time.sleep(0.05)
