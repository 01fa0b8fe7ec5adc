"""What may be deleted once its time has passed, a bounded number of rows at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import BindParameter, ColumnElement, Delete, any_, bindparam, delete, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from xuexin_api.core.entropy import uuid7
from xuexin_api.models.accounts import Flow
from xuexin_api.models.accounts import Session as SessionRow
from xuexin_api.models.base import Base
from xuexin_api.models.changes import AccountChange
from xuexin_api.models.claims import RecordClaim
from xuexin_api.models.codes import AttemptCounter, OneTimeCode, PhoneProof, SpentChallenge
from xuexin_api.models.help_requests import HelpRequest
from xuexin_api.models.help_robot import HelpConversation, UnansweredQuestion
from xuexin_api.models.idempotency import KeyedOperation
from xuexin_api.models.messages import OutboxMessage
from xuexin_api.models.recovery import Recovery
from xuexin_api.models.staff import StaffSession
from xuexin_api.models.third_party import ThirdPartyFlow

_BEFORE: Final[BindParameter[datetime]] = bindparam("before")


def _some(table: type[Base], past: ColumnElement[bool]) -> Delete:
    """What somebody changes just now, as a counter whose window begins again, stays: waiting for it could be mutual."""
    place: ColumnElement[object] = literal_column("ctid")
    found = select(place).select_from(table).where(past).limit(bindparam("most")).with_for_update(skip_locked=True)
    return (
        delete(table)
        .where(place == any_(func.array(found.scalar_subquery())))
        .execution_options(synchronize_session=False)
    )


_EXPIRED: Final[Mapping[str, Delete]] = {
    table.__tablename__: _some(table, past)
    for table, past in (
        (OneTimeCode, OneTimeCode.expires_at <= _BEFORE),
        (PhoneProof, PhoneProof.expires_at <= _BEFORE),
        (SpentChallenge, SpentChallenge.expires_at <= _BEFORE),
        (Flow, Flow.expires_at <= _BEFORE),
        (ThirdPartyFlow, ThirdPartyFlow.expires_at <= _BEFORE),
        (AccountChange, AccountChange.undo_until <= _BEFORE),
        (Recovery, Recovery.expires_at <= _BEFORE),
        (KeyedOperation, KeyedOperation.expires_at <= _BEFORE),
        (HelpConversation, HelpConversation.expires_at <= _BEFORE),
        (UnansweredQuestion, UnansweredQuestion.expires_at <= _BEFORE),
        (HelpRequest, HelpRequest.expires_at <= _BEFORE),
        (RecordClaim, (RecordClaim.state == "draft") & (RecordClaim.expires_at <= _BEFORE)),
        (StaffSession, StaffSession.ends_at <= _BEFORE),
        # Found by their ids, which sort by birth: an index of its own would cost at each login.
        (SessionRow, (SessionRow.id < bindparam("born_before")) & (SessionRow.ends_at <= _BEFORE)),
        (AttemptCounter, AttemptCounter.window_ends_at <= _BEFORE),
        (OutboxMessage, (OutboxMessage.state != "waiting") & (OutboxMessage.created_at <= _BEFORE)),
    )
}
EXPIRING: Final = tuple(_EXPIRED)


class ExpiryRepository:
    """Deletes from the tables named by EXPIRING."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def delete_some(self, table: str, *, before: datetime, born_before: datetime, most: int) -> int:
        """At most `most` rows whose time ended (of messages that have left: that were written) before; how many."""
        values: dict[str, object] = {"before": before, "most": most}
        if table == SessionRow.__tablename__:
            values["born_before"] = uuid7(int(born_before.timestamp() * 1000), bytes(10))
        result = await self._session.execute(_EXPIRED[table], values)
        return int(result.rowcount)  # type: ignore[attr-defined]
