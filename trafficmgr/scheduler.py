"""Beat's scheduler: tasks as the database has them, looked at again once a second."""

from __future__ import annotations

import time

from django_celery_beat.schedulers import DatabaseScheduler

ASK_EVERY_S = 1.0


class Scheduler(DatabaseScheduler):  # type: ignore[misc]  # it has no types
    """The library asks the database whether its schedule has changed with every task that it sends, several times: with
    some vantages, that is most of what beat does."""

    _ask_at_s = 0.0

    def schedule_changed(self) -> bool:
        now_s = time.monotonic()
        if now_s < self._ask_at_s:
            return False
        self._ask_at_s = now_s + ASK_EVERY_S
        return bool(super().schedule_changed())
