"""The student reads the archive: own records, and only after a verification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from xuexin_api.core.clock import Clock
from xuexin_api.core.code_tables import EnrollmentStatus
from xuexin_api.core.documents import mask_document_number
from xuexin_api.core.errors import PhotoNotFoundError, RecordNotFoundError
from xuexin_api.core.sealing import DOCUMENT_CONTEXT, Sealer
from xuexin_api.core.tokens import Claims
from xuexin_api.gateways.photo_store import PhotoStore
from xuexin_api.repositories.archive.archive import ArchiveReads
from xuexin_api.services.archive.outcomes import (
    DegreePage,
    QualificationPage,
    degree_view,
    explain,
    qualification_view,
)
from xuexin_api.services.archive.record_accesses import AccessPage, access_page
from xuexin_api.services.archive.record_history import AFTER_ALL, HistoryPage, history_page, without_others
from xuexin_api.services.assurance import VerificationRule, refuse_unless_live
from xuexin_api.services.paging import read_cursor, write_cursor

PHOTO_KINDS: Final = ("admission", "graduation")
_BEFORE_ALL: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class EnrollmentView:
    """学籍 in the source's display order; the status in words and as a code."""

    id: UUID
    name: str
    sex: str
    birth_date: date
    ethnicity: str
    document_number_masked: str
    institution_code: str
    institution_name: str
    level: str
    programme_code: str
    programme_name: str
    duration_years: Decimal
    category: str
    study_form: str
    branch: str | None
    department: str | None
    class_name: str | None
    student_number: str
    candidate_number: str | None
    admission_date: date
    status: EnrollmentStatus
    expected_graduation_date: date | None
    leaving_date: date | None
    photo_kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EnrollmentPage:
    """A page of records and where the next one starts."""

    items: list[EnrollmentView]
    explanation: Literal["no_enrollment"] | None
    next_cursor: str | None


class ArchiveService:
    """The archive for one caller: pure reads, each one statement for session, account and record."""

    def __init__(
        self,
        *,
        claims: Claims,
        reads: ArchiveReads,
        photos: PhotoStore,
        sealer: Sealer,
        rule: VerificationRule,
        clock: Clock,
    ) -> None:
        self._claims = claims
        self._reads = reads
        self._photos = photos
        self._sealer = sealer
        self._rule = rule
        self._clock = clock

    async def get_enrollment(self, enrollment_id: UUID) -> EnrollmentView:
        """One record of one's own; RecordNotFoundError also for somebody else's."""
        row = await self._reads.get_enrollment(
            session_id=self._claims.session_id, account_id=self._claims.account_id, enrollment_id=enrollment_id
        )
        allowed = await self._allow(row)
        if allowed["id"] is None:
            raise RecordNotFoundError
        return enrollment_view(allowed, self._sealer)

    async def list_enrollments(self, *, cursor: str | None, most: int) -> EnrollmentPage:
        """One's own records, oldest registration first, and why there may be none."""
        after = _BEFORE_ALL if cursor is None else read_cursor(cursor)
        rows = await self._reads.list_enrollments(
            session_id=self._claims.session_id, account_id=self._claims.account_id, after=after, most=most + 1
        )
        await self._allow(rows[0] if rows else None)
        views = [enrollment_view(row, self._sealer) for row in rows if row["id"] is not None]
        more = len(views) > most
        none = not views and cursor is None
        return EnrollmentPage(
            views[:most],
            "no_enrollment" if none else None,
            write_cursor(views[most - 1].id) if more else None,
        )

    async def list_changes(self, enrollment_id: UUID, *, cursor: str | None, most: int) -> HistoryPage:
        """What became of one's own record, newest first."""
        rows = await self._reads.list_changes(
            session_id=self._claims.session_id,
            account_id=self._claims.account_id,
            enrollment_id=enrollment_id,
            before_id=AFTER_ALL if cursor is None else read_cursor(cursor),
            most=most + 1,
        )
        if (await self._allow(rows[0] if rows else None))["id"] is None:
            raise RecordNotFoundError
        changes = [without_others(row) for row in rows if row["change_id"] is not None]
        return history_page(changes, most, self._clock.now())

    async def list_qualifications(self, *, cursor: str | None, most: int) -> QualificationPage:
        """One's own 学历, oldest first, and why one may be missing."""
        rows = await self._reads.list_qualifications(
            session_id=self._claims.session_id,
            account_id=self._claims.account_id,
            after=_BEFORE_ALL if cursor is None else read_cursor(cursor),
            most=most + 1,
        )
        statuses = (await self._allow(rows[0] if rows else None))["statuses"] or ()
        views = [qualification_view(row) for row in rows if row["id"] is not None]
        return QualificationPage(
            views[:most],
            explain(statuses, any_qualification=bool(views) or cursor is not None),
            write_cursor(views[most - 1].id) if len(views) > most else None,
        )

    async def list_degrees(self, *, cursor: str | None, most: int) -> DegreePage:
        """One's own 学位, oldest first."""
        rows = await self._reads.list_degrees(
            session_id=self._claims.session_id,
            account_id=self._claims.account_id,
            after=_BEFORE_ALL if cursor is None else read_cursor(cursor),
            most=most + 1,
        )
        await self._allow(rows[0] if rows else None)
        views = [degree_view(row) for row in rows if row["id"] is not None]
        return DegreePage(
            views[:most],
            None if views or cursor is not None else "no_degree_reported",
            write_cursor(views[most - 1].id) if len(views) > most else None,
        )

    async def list_accesses(self, *, cursor: str | None, most: int) -> AccessPage:
        """Who looked at one's own records, newest first."""
        rows = await self._reads.list_accesses(
            session_id=self._claims.session_id,
            account_id=self._claims.account_id,
            before=AFTER_ALL if cursor is None else read_cursor(cursor),
            most=most + 1,
        )
        await self._allow(rows[0] if rows else None)
        return access_page([row for row in rows if row["id"] is not None], most)

    async def get_photo(self, enrollment_id: UUID, kind: str) -> tuple[bytes, str]:
        """JPEG bytes and their entity tag."""
        row = await self._reads.get_photo(
            session_id=self._claims.session_id,
            account_id=self._claims.account_id,
            enrollment_id=enrollment_id,
            kind=kind,
        )
        allowed = await self._allow(row)
        if allowed["id"] is None:
            raise RecordNotFoundError
        return await self._stored(allowed)

    async def get_earlier_photo(self, enrollment_id: UUID, change_id: UUID) -> tuple[bytes, str]:
        """What one's own record had before this change, while it is kept: JPEG bytes and their entity tag."""
        row = await self._reads.get_earlier_photo(
            session_id=self._claims.session_id,
            account_id=self._claims.account_id,
            enrollment_id=enrollment_id,
            change_id=change_id,
        )
        allowed = await self._allow(row)
        if allowed["id"] is None:
            raise RecordNotFoundError
        if allowed["kept_until"] is None or allowed["kept_until"] <= self._clock.now():
            raise PhotoNotFoundError
        return await self._stored(allowed)

    async def _stored(self, row: Mapping[str, Any]) -> tuple[bytes, str]:
        photo = None if row["object_key"] is None else await self._photos.get(row["object_key"])
        if photo is None:
            raise PhotoNotFoundError
        return photo, row["sha256"].hex()

    async def _allow(self, row: Mapping[str, Any] | None) -> Mapping[str, Any]:
        now = self._clock.now()
        refuse_unless_live(row, self._claims, now=now)
        assert row is not None, "refused where there is none"
        await self._rule.refuse_unless_met(self._claims, now=now)
        return row


def enrollment_view(row: Mapping[str, Any], sealer: Sealer) -> EnrollmentView:
    """A record's columns as they are shown."""
    number = sealer.open(row["document_ciphertext"], DOCUMENT_CONTEXT).decode()
    return EnrollmentView(
        id=row["id"],
        name=row["name"],
        sex=row["sex"],
        birth_date=row["birth_date"],
        ethnicity=row["ethnicity"],
        document_number_masked=mask_document_number(number),
        institution_code=row["institution_code"],
        institution_name=row["institution_name"],
        level=row["level"],
        programme_code=row["programme_code"],
        programme_name=row["programme_name"],
        duration_years=row["duration_years"],
        category=row["category"],
        study_form=row["study_form"],
        branch=row["branch"],
        department=row["department"],
        class_name=row["class_name"],
        student_number=row["student_number"],
        candidate_number=row["candidate_number"],
        admission_date=row["admission_date"],
        status=EnrollmentStatus(row["status"]),
        expected_graduation_date=row["expected_graduation_date"],
        leaving_date=row["leaving_date"],
        photo_kinds=tuple(row["photo_kinds"] or ()),
    )
