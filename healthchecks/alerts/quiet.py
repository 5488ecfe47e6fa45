"""Quiet hours: every day from one time of a time zone to another, which may be past midnight. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

DAY = timedelta(days=1)


@dataclass(frozen=True)
class QuietHours:
    begin: time
    end: time
    zone: ZoneInfo

    def end_after(self, moment: datetime) -> datetime:
        """When the quiet hours that `moment` is in are over; `moment` itself if it is in none.

        A time that the clocks skip or show twice is taken as Python takes it (PEP 495, fold 0).
        """
        local = moment.astimezone(self.zone)
        for days in (-1, 0):  # those that began yesterday may last until today
            day = local.date() + days * DAY
            begin = datetime.combine(day, self.begin, self.zone).astimezone(UTC)
            last = day if self.begin < self.end else day + DAY
            end = datetime.combine(last, self.end, self.zone).astimezone(UTC)
            if begin <= moment < end:
                return end
        return moment


def time_zone_problem(name: str) -> str | None:
    """What is wrong with the name of a time zone."""
    if name in available_timezones():
        return None
    return f"{name} is no time zone: give a name such as Europe/Berlin, America/New_York or UTC."
