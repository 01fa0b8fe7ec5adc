"""Counts of what people read, asked, and found helpful."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.help_centre import HelpFeedback, HelpInterest


@dataclass(frozen=True, slots=True)
class DayOfInterest:
    """One topic on one day."""

    slug: str
    day: date
    opened: int
    asked: int


class HelpCountRepository:
    """Adds to counts, so that several processes may do so at once."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_interest(self, day: date, counts: Mapping[str, tuple[int, int]]) -> None:
        """Add (opened, asked) to each topic; sorted, so that two processes do not wait for each other in a circle."""
        rows = [
            {"day": day, "slug": slug, "opened": opened, "asked": asked}
            for slug, (opened, asked) in sorted(counts.items())
        ]
        new = insert(HelpInterest).values(rows)
        await self._session.execute(
            new.on_conflict_do_update(
                index_elements=["day", "slug"],
                set_={
                    "opened": HelpInterest.opened + new.excluded.opened,
                    "asked": HelpInterest.asked + new.excluded.asked,
                },
            )
        )

    async def list_interest(self, since: date) -> list[DayOfInterest]:
        """Every topic and day since then."""
        statement = select(HelpInterest.slug, HelpInterest.day, HelpInterest.opened, HelpInterest.asked).where(
            HelpInterest.day >= since
        )
        return [DayOfInterest(*row) for row in await self._session.execute(statement)]

    async def add_feedback(self, day: date, slug: str, *, helped: bool) -> None:
        new = insert(HelpFeedback).values(day=day, slug=slug, helped=int(helped), not_helped=int(not helped))
        await self._session.execute(
            new.on_conflict_do_update(
                index_elements=["day", "slug"],
                set_={
                    "helped": HelpFeedback.helped + new.excluded.helped,
                    "not_helped": HelpFeedback.not_helped + new.excluded.not_helped,
                },
            )
        )
