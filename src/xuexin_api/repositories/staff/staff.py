"""Members of staff, their sessions, and the trail of what they did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.core.institutions import province_of
from xuexin_api.core.staff import Role
from xuexin_api.models.staff import Staff, StaffEvent, StaffSession

_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Staff.id,
    Staff.login_name,
    Staff.role,
    Staff.institution_code,
    Staff.province,
    Staff.state,
    Staff.password_hash,
    Staff.totp_sealed,
    Staff.document_key,
    Staff.phone_key,
    Staff.created_at,
)


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A member of staff as it is stored."""

    id: UUID
    login_name: str
    role: str
    institution_code: str | None
    province: str | None
    state: str
    password_hash: str | None
    totp_sealed: bytes | None
    document_key: bytes
    phone_key: bytes
    created_at: datetime

    @property
    def office(self) -> str | None:
        """For whom the member works: the code of the institution, or the province; None for all others."""
        return self.institution_code or self.province

    def reaches(self, institution_code: str) -> bool:
        """Whether it is the member's own institution, or one of the member's province."""
        return institution_code == self.institution_code or province_of(institution_code) == self.province


class StaffRepository:
    """Statements on staff."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(Staff).values(**values))

    async def get_by_login_name(self, login_name: str) -> StaffRow | None:
        row = (await self._session.execute(select(*_COLUMNS).where(Staff.login_name == login_name))).first()
        return None if row is None else StaffRow(*row)

    async def get_for_update(self, staff_id: UUID) -> StaffRow | None:
        """Before anything else of the member's is; who only names the member, in a trail or a case, does not wait."""
        statement = select(*_COLUMNS).where(Staff.id == staff_id).with_for_update(key_share=True)
        row = (await self._session.execute(statement)).first()
        return None if row is None else StaffRow(*row)

    async def list_for_update(self, *staff_ids: UUID) -> dict[UUID, StaffRow]:
        """`get_for_update` for several, in one order whoever asks: nobody waits for who waits for them."""
        statement = select(*_COLUMNS).where(Staff.id.in_(staff_ids)).order_by(Staff.id)
        rows = await self._session.execute(statement.with_for_update(key_share=True))
        return {row.id: StaffRow(*row) for row in rows}

    async def list_subjects(self, staff_id: UUID, action: str, subject_ids: list[UUID]) -> set[UUID]:
        """Which of these the member has done this to."""
        statement = select(StaffEvent.subject_id).where(
            StaffEvent.staff_id == staff_id, StaffEvent.action == action, StaffEvent.subject_id.in_(subject_ids)
        )
        return {subject for subject in await self._session.scalars(statement) if subject is not None}

    async def list_registrars_for_share(self, staff_ids: Sequence[UUID], institution_code: str) -> list[StaffRow]:
        """Those of these members who are registrars of the institution, and stay so until the transaction ends."""
        statement = select(*_COLUMNS).where(
            Staff.id.in_(staff_ids),
            Staff.institution_code == institution_code,
            Staff.role == Role.REGISTRAR,
            Staff.state == "active",
        )
        rows = await self._session.execute(statement.order_by(Staff.id).with_for_update(read=True))
        return [StaffRow(*row) for row in rows]

    async def list_all(self, *, most: int) -> list[StaffRow]:
        rows = await self._session.execute(select(*_COLUMNS).order_by(Staff.login_name).limit(most))
        return [StaffRow(*row) for row in rows]

    async def list_newest(self, *, before: UUID | None, most: int) -> list[StaffRow]:
        """Made last first."""
        statement = select(*_COLUMNS).order_by(Staff.id.desc()).limit(most)
        if before is not None:
            statement = statement.where(Staff.id < before)
        return [StaffRow(*row) for row in await self._session.execute(statement)]

    async def get_invited(self, invitation_hash: bytes, *, now: datetime) -> StaffRow | None:
        """Who holds this invitation, while it is good."""
        statement = select(*_COLUMNS).where(
            Staff.invitation_hash == invitation_hash, Staff.invitation_expires_at > now, Staff.state == "invited"
        )
        row = (await self._session.execute(statement)).first()
        return None if row is None else StaffRow(*row)

    async def invite(self, staff_id: UUID, invitation_hash: bytes, *, expires_at: datetime) -> None:
        """From now on nothing of the member's but this invitation works."""
        await self._session.execute(
            update(Staff)
            .where(Staff.id == staff_id)
            .values(
                state="invited",
                password_hash=None,
                totp_sealed=None,
                totp_step=0,
                invitation_hash=invitation_hash,
                invitation_expires_at=expires_at,
            )
        )

    async def disable(self, staff_id: UUID) -> None:
        await self._session.execute(
            update(Staff)
            .where(Staff.id == staff_id)
            .values(
                state="disabled",
                password_hash=None,
                totp_sealed=None,
                invitation_hash=None,
                invitation_expires_at=None,
            )
        )

    async def propose_factors(self, staff_id: UUID, invitation_hash: bytes, password_hash: str, sealed: bytes) -> bool:
        """What counts once a code was given; False when the invitation was used meanwhile."""
        statement = (
            update(Staff)
            .where(Staff.id == staff_id, Staff.invitation_hash == invitation_hash, Staff.state == "invited")
            .values(password_hash=password_hash, totp_sealed=sealed, totp_step=0)
            .returning(Staff.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def accept_invitation(
        self, confirmed: StaffRow, invitation_hash: bytes, step: int | None, *, now: datetime
    ) -> bool:
        """Invited becomes active, once, with the factors that were confirmed; False where others were set meanwhile.

        Invitation and code are used up. Without a step no app was confirmed.
        """
        app: dict[str, Any] = {"totp_sealed": None} if step is None else {"totp_step": step}
        statement = (
            update(Staff)
            .where(
                Staff.id == confirmed.id,
                Staff.invitation_hash == invitation_hash,
                Staff.invitation_expires_at > now,
                Staff.state == "invited",
                Staff.password_hash == confirmed.password_hash,
                Staff.totp_sealed == confirmed.totp_sealed,
                Staff.password_hash.is_not(None),
            )
            .values(state="active", invitation_hash=None, invitation_expires_at=None, **app)
            .returning(Staff.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def use_step(self, staff_id: UUID, step: int) -> bool:
        """Use a time step of the authenticator app up; False when it, or a later one, was used."""
        statement = (
            update(Staff)
            .where(Staff.id == staff_id, Staff.state == "active", Staff.totp_step < step)
            .values(totp_step=step)
            .returning(Staff.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def add_session(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(StaffSession).values(**values))

    async def get_by_session(self, session_id: UUID, *, unused_since: datetime, now: datetime) -> StaffRow | None:
        """Who is logged in by a living session; using it keeps it alive."""
        used = (
            update(StaffSession).where(*_lives(session_id, unused_since, now)).values(used_at=now).returning(*_COLUMNS)
        )
        row = (await self._session.execute(used)).first()
        return None if row is None else StaffRow(*row)

    async def has_session(self, session_id: UUID, *, unused_since: datetime, now: datetime) -> bool:
        """Whether somebody is logged in by it; it is not kept alive by asking."""
        return bool(await self._session.scalar(select(exists().where(*_lives(session_id, unused_since, now)))))

    async def end_session(self, session_id: UUID, *, now: datetime) -> None:
        await self._session.execute(
            update(StaffSession)
            .where(StaffSession.id == session_id, StaffSession.ended_at.is_(None))
            .values(ended_at=now)
        )

    async def end_all_sessions(self, staff_id: UUID, *, but: UUID | None = None, now: datetime) -> None:
        ended = update(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
        if but is not None:
            ended = ended.where(StaffSession.id != but)
        await self._session.execute(ended.values(ended_at=now))

    async def add_event(
        self, event_id: UUID, action: str, *, staff_id: UUID, subject_id: UUID | None, now: datetime
    ) -> None:
        """One line of the trail."""
        await self._session.execute(
            insert(StaffEvent).values(id=event_id, staff_id=staff_id, action=action, subject_id=subject_id, at=now)
        )


def _lives(session_id: UUID, unused_since: datetime, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return (
        StaffSession.id == session_id,
        StaffSession.ended_at.is_(None),
        StaffSession.used_at > unused_since,
        StaffSession.ends_at > now,
        StaffSession.staff_id == Staff.id,
        Staff.state == "active",
    )
