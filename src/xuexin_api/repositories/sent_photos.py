"""Photos that people sent: what is known of each. The bytes lie in the file store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from xuexin_api.models.cases import IdentityCase, Upload
from xuexin_api.models.claims import RecordClaim
from xuexin_api.models.corrections import RecordCorrection
from xuexin_api.models.identity import IdentityVerification
from xuexin_api.repositories.identity.endings import case_is_over, verification_is_over

_COLUMNS: Final[tuple[InstrumentedAttribute[Any], ...]] = (
    Upload.id,
    Upload.account_id,
    Upload.side,
    Upload.state,
    Upload.reason,
    Upload.object_key,
    Upload.sha256,
    Upload.byte_size,
    Upload.width,
    Upload.height,
    Upload.reduced,
    Upload.rules,
    Upload.hints,
    Upload.created_at,
    Upload.removed_at,
    Upload.erased_at,
)


@dataclass(frozen=True, slots=True)
class PhotoPlace:
    """What photos belong to: one of these, each a column of theirs."""

    case_id: UUID | None = None
    verification_id: UUID | None = None
    enrollment_id: UUID | None = None
    correction_id: UUID | None = None
    claim_id: UUID | None = None

    @property
    def columns(self) -> dict[str, UUID]:
        """What a row has that belongs here."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name)) is not None}

    @property
    def holds(self) -> ColumnElement[bool]:
        """Whether a row belongs here."""
        return and_(*(getattr(Upload, name) == value for name, value in self.columns.items()))


_HOMELESS: Final = and_(*(getattr(Upload, name).is_(None) for name in PhotoPlace.__slots__))


def _waits(since: datetime) -> ColumnElement[bool]:
    """For something that takes it along, since before."""
    return and_(Upload.enrollment_id.is_not(None), Upload.created_at <= since)


_THERE: Final = and_(Upload.object_key.is_not(None), Upload.removed_at.is_(None), Upload.state != "storing")


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """A photo as it is stored, without its bytes."""

    id: UUID
    account_id: UUID | None
    side: str | None
    state: str
    reason: str | None
    object_key: str | None
    sha256: bytes | None
    byte_size: int
    width: int | None
    height: int | None
    reduced: bool
    rules: list[Any]
    hints: list[Any]
    created_at: datetime
    removed_at: datetime | None
    erased_at: datetime | None


class PhotoRepository:
    """Statements on photos, wherever they were sent to."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(Upload).values(**values))

    async def list_sent(
        self, places: Sequence[PhotoPlace], *, account_id: UUID, most: int
    ) -> dict[PhotoPlace, list[PhotoRow]]:
        """What one account sent to places of one kind, and whatever became of it; of each so many, oldest first."""
        found: dict[PhotoPlace, list[PhotoRow]] = {place: [] for place in places}
        for name in {name for place in places for name in place.columns}:
            column = getattr(Upload, name)
            rank = func.row_number().over(partition_by=column, order_by=(Upload.created_at, Upload.id))
            sent = (
                select(column.label("place"), *_COLUMNS, rank.label("rank"))
                .where(
                    column.in_([place.columns[name] for place in places]),
                    Upload.account_id == account_id,
                    Upload.state != "storing",
                )
                .subquery()
                .c
            )
            statement = select(sent.place, *(sent[one.key] for one in _COLUMNS)).where(sent.rank <= most)
            for place, *photo in await self._session.execute(statement.order_by(sent.rank)):
                found[PhotoPlace(**{name: place})].append(PhotoRow(*photo))
        return found

    async def list_shown(self, place: PhotoPlace) -> list[PhotoRow]:
        """What there is to look at, whoever sent it."""
        statement = select(*_COLUMNS).where(place.holds, _THERE).order_by(Upload.created_at, Upload.id)
        return [PhotoRow(*row) for row in await self._session.execute(statement)]

    async def get_shown(self, photo_id: UUID, place: PhotoPlace) -> PhotoRow | None:
        """A photo that is there to be looked at."""
        statement = select(*_COLUMNS).where(Upload.id == photo_id, place.holds, _THERE)
        row = (await self._session.execute(statement)).first()
        return None if row is None else PhotoRow(*row)

    async def count_sent(self, place: PhotoPlace, *, account_id: UUID) -> int:
        """All that one account sent, refused and removed ones too; not what the store did not take."""
        statement = (
            select(func.count())
            .select_from(Upload)
            .where(place.holds, Upload.account_id == account_id, Upload.state != "storing")
        )
        return int(await self._session.scalar(statement) or 0)

    async def note_received(self, photo_id: UUID) -> bool:
        """Its bytes are in the store: from now on it is there. False where it was erased or given up meanwhile."""
        statement = (
            update(Upload)
            .where(
                Upload.id == photo_id,
                Upload.state == "storing",
                Upload.object_key.is_not(None),
                Upload.removed_at.is_(None),
            )
            .values(state="received")
            .returning(Upload.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def note_seen(self, photo_id: UUID) -> None:
        """A reviewer looks at it."""
        await self._session.execute(
            update(Upload).where(Upload.id == photo_id, Upload.state == "received").values(state="seen")
        )

    async def remove_side(self, place: PhotoPlace, side: str, *, account_id: UUID, now: datetime) -> list[UUID]:
        """Another photo takes the place of these, which nobody has looked at."""
        statement = (
            update(Upload)
            .where(
                place.holds,
                Upload.account_id == account_id,
                Upload.side == side,
                Upload.state == "received",
                Upload.removed_at.is_(None),
            )
            .values(removed_at=now)
            .returning(Upload.id)
        )
        return list(await self._session.scalars(statement))

    async def remove(self, photo_id: UUID, place: PhotoPlace, *, account_id: UUID, now: datetime) -> bool:
        """Its owner takes it back, while nobody has looked at it; once."""
        statement = (
            update(Upload)
            .where(
                Upload.id == photo_id,
                place.holds,
                Upload.account_id == account_id,
                Upload.state.in_(("storing", "received")),
                Upload.removed_at.is_(None),
            )
            .values(removed_at=now)
            .returning(Upload.id)
        )
        return (await self._session.execute(statement)).first() is not None

    async def list_unjudged(self, place: PhotoPlace) -> list[tuple[UUID, str]]:
        """(photo, side) of those that wait for a reviewer's word; of a case its claimant's."""
        statement = (
            select(Upload.id, Upload.side)
            .outerjoin(IdentityCase, IdentityCase.id == Upload.case_id)
            .where(
                place.holds,
                or_(Upload.case_id.is_(None), Upload.account_id == IdentityCase.account_id),
                Upload.state.in_(("received", "seen")),
                Upload.removed_at.is_(None),
            )
        )
        # Only a refused one may have no side.
        return [(row[0], row[1]) for row in await self._session.execute(statement) if row[1] is not None]

    async def judge(self, photo_ids: list[UUID], *, accepted: bool, reason: str) -> None:
        """Photos that waited for a reviewer's word have had it."""
        await self._session.execute(
            update(Upload)
            .where(Upload.id.in_(photo_ids))
            .values(state="accepted" if accepted else "rejected", reason=None if accepted else reason)
        )

    async def list_to_erase(
        self,
        *,
        decided_before: datetime,
        stored_before: datetime,
        waiting_before: datetime,
        now: datetime,
        after: UUID,
        most: int,
    ) -> list[tuple[UUID, str]]:
        """(photo, object) of what is in the store and must not be there any more.

        What its owner took back, what came to nothing or waited for too long to be handed in, what was decided long
        enough ago and can be undone no more, whatever has no account or home any more, and what a crash left half
        stored. Nothing else that is being stored: a row that forgot its object before that arrives would leave it to
        nobody.
        """
        corrected = or_(RecordCorrection.state == "withdrawn", RecordCorrection.decided_at <= decided_before)
        claimed = or_(
            RecordClaim.state == "withdrawn",
            and_(RecordClaim.state == "draft", RecordClaim.expires_at <= now),
            and_(
                RecordClaim.decided_at <= decided_before,
                or_(RecordClaim.state != "granted", RecordClaim.undo_until <= now),
            ),
        )
        statement = (
            select(Upload.id, Upload.object_key)
            .outerjoin(RecordClaim, RecordClaim.id == Upload.claim_id)
            .outerjoin(RecordCorrection, RecordCorrection.id == Upload.correction_id)
            .outerjoin(IdentityCase, IdentityCase.id == Upload.case_id)
            .outerjoin(IdentityVerification, IdentityVerification.id == Upload.verification_id)
            .where(
                Upload.object_key.is_not(None),
                Upload.id > after,
                or_(Upload.state != "storing", Upload.created_at <= stored_before),
                or_(
                    Upload.removed_at.is_not(None),
                    Upload.account_id.is_(None),
                    _HOMELESS,
                    Upload.state == "storing",
                    case_is_over(decided_before=decided_before, now=now),
                    verification_is_over(decided_before=decided_before, now=now),
                    corrected,
                    claimed,
                    _waits(waiting_before),
                ),
            )
            .order_by(Upload.id)
            .limit(most)
        )
        return [(row[0], row[1]) for row in await self._session.execute(statement) if row[1] is not None]

    async def get_object(self, photo_id: UUID) -> str | None:
        """Where the bytes of a removed photo lie, until they are erased."""
        statement = select(Upload.object_key).where(Upload.id == photo_id, Upload.removed_at.is_not(None))
        key: str | None = await self._session.scalar(statement)
        return key

    async def note_erased(self, photo_id: UUID, *, now: datetime) -> None:
        """Its bytes are gone from the store."""
        await self._session.execute(update(Upload).where(Upload.id == photo_id).values(object_key=None, erased_at=now))

    async def delete_abandoned(self, *, waiting_before: datetime, most: int) -> int:
        """Rows without bytes of erased accounts, or of what waited for too long to be handed in; how many."""
        abandoned = or_(Upload.account_id.is_(None), _waits(waiting_before))
        found = select(Upload.id).where(Upload.object_key.is_(None), abandoned).limit(most)
        deleted = delete(Upload).where(Upload.id.in_(found.scalar_subquery())).returning(Upload.id)
        return len(list(await self._session.scalars(deleted)))
