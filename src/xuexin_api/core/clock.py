"""Time comes in through a constructor; this is the only place that asks the machine for it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final, Protocol

CHINA: Final = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock(Protocol):
    """One method: the present moment, aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the one door


def china_date(moment: datetime) -> date:
    """The calendar day in China at `moment`: limits "per day" and birth dates follow it."""
    return moment.astimezone(CHINA).date()


def next_china_midnight(moment: datetime) -> datetime:
    """When the day of `moment` ends in China, in UTC."""
    local = moment.astimezone(CHINA)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return (start + timedelta(days=1)).astimezone(UTC)
