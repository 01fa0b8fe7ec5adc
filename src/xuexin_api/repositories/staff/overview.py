"""What waits in the whole service, counted so far and no further."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select, text, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.models.cases import IdentityCase
from xuexin_api.models.claims import RecordClaim
from xuexin_api.models.corrections import RecordCorrection
from xuexin_api.models.help_requests import HelpRequest
from xuexin_api.models.identity import IdentityVerification
from xuexin_api.models.imports import ImportJob
from xuexin_api.models.messages import OutboxMessage
from xuexin_api.repositories.identity.cases import WAITS_FOR_PEOPLE
from xuexin_api.repositories.staff.verification_desk import IN_REVIEW

COUNTED_TO: Final = 1000
# Written out, as the partial indexes have them: with parameters in their place, none would be known to fit.
_LIMIT: Final[ColumnElement[int]] = literal_column(str(COUNTED_TO + 1))
_CORRECTIONS: Final = text("due_at IS NOT NULL AND state <> 'returned'")
_REQUESTS: Final = text("state = 'open' AND expires_at > :now")


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of a kind wait, one more than COUNTED_TO at most, and since when the oldest of them."""

    what: str
    count: int
    oldest_at: datetime | None


class OverviewRepository:
    """One statement; each part of it reads some rows of one index."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_waiting(self, *, now: datetime) -> list[Waiting]:
        """Each kind, also where nothing waits, and last the messages that were given up, as long as they are kept."""
        parts = [
            _first("identity_cases", IdentityCase.queued_at, WAITS_FOR_PEOPLE, IdentityCase.queued_at),
            _first(
                "identity_verifications",
                IdentityVerification.queued_at,
                IN_REVIEW,
                IdentityVerification.queued_at,
            ),
            _first("corrections", RecordCorrection.held_since, _CORRECTIONS, RecordCorrection.due_at),
            *(
                _first(what, RecordClaim.state_since, text(f"state = '{state}'"), RecordClaim.due_at)
                for what, state in (
                    ("claims_at_schools", "school_review"),
                    ("claims_at_provinces", "province_review"),
                )
            ),
            _first("help_requests", HelpRequest.created_at, _REQUESTS, HelpRequest.id),
            _first("imports", ImportJob.created_at, text("state IN ('queued', 'reading', 'judging')"), ImportJob.id),
            _first("messages", OutboxMessage.created_at, text("state = 'waiting'"), OutboxMessage.next_try_at),
            _first("messages_given_up", OutboxMessage.created_at, text("state = 'given_up'"), OutboxMessage.created_at),
        ]
        rows = await self._session.execute(union_all(*parts), {"now": now})
        return [Waiting(*row) for row in rows]


def _first(what: str, since: Any, where: Any, order: Any) -> Select[*tuple[Any, ...]]:
    found = select(since.label("since")).where(where).order_by(order).limit(_LIMIT).subquery(what)
    return select(literal(what), func.count(), func.min(found.c.since))
