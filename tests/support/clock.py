"""Time that moves when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class HandClock:
    """Starts in the far future of every real clock, so that nothing depends on today."""

    def __init__(self) -> None:
        self.moment = datetime(2031, 3, 5, 2, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **duration: float) -> None:
        """Let time pass, as timedelta takes it: `pass_time(minutes=31)`."""
        self.moment += timedelta(**duration)
