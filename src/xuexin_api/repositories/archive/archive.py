"""Reading the archive. The hot reads fetch session, account and record in one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Label, and_, bindparam, case, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from xuexin_api.core.record_life import CERTIFIED
from xuexin_api.models.accounts import Account
from xuexin_api.models.accounts import Session as SessionRow
from xuexin_api.models.archive import (
    Degree,
    EarlierPhoto,
    Enrollment,
    EnrollmentChange,
    Institution,
    Person,
    Qualification,
    RecordAccess,
    RecordPhoto,
)
from xuexin_api.models.staff import Staff
from xuexin_api.repositories.database import Database, HotStatement

_SESSION = (
    SessionRow.epoch,
    SessionRow.ended_at,
    SessionRow.idle_until,
    SessionRow.ends_at,
    Account.state.label("account_state"),
)
RECORD = (
    Enrollment.id,
    Enrollment.name,
    Enrollment.sex,
    Enrollment.birth_date,
    Enrollment.ethnicity,
    Enrollment.document_ciphertext,
    Enrollment.institution_code,
    Institution.name.label("institution_name"),
    Enrollment.level,
    Enrollment.programme_code,
    Enrollment.programme_name,
    Enrollment.duration_years,
    Enrollment.category,
    Enrollment.study_form,
    Enrollment.branch,
    Enrollment.department,
    Enrollment.class_name,
    Enrollment.student_number,
    Enrollment.candidate_number,
    Enrollment.admission_date,
    Enrollment.status,
    Enrollment.expected_graduation_date,
    Enrollment.leaving_date,
    select(func.array_agg(RecordPhoto.kind))
    .where(RecordPhoto.enrollment_id == Enrollment.id)
    .correlate(Enrollment)
    .scalar_subquery()
    .label("photo_kinds"),
)
"""What a record shows, to its student and to its school."""
CERTIFIED_CHANGE = (
    select(func.max(EnrollmentChange.at))
    .where(
        EnrollmentChange.enrollment_id == Enrollment.id,
        EnrollmentChange.change.in_(("roster", "change_programme", "transfer_in")),
        or_(*(EnrollmentChange.before[name].is_distinct_from(EnrollmentChange.after[name]) for name in CERTIFIED)),
    )
    .correlate(Enrollment)
    .scalar_subquery()
    .label("certified_change")
)
"""When something that a certificate says of the record was changed last, by a school in its everyday work."""
TRANSFERRED_IN = (
    exists()
    .where(EnrollmentChange.enrollment_id == Enrollment.id, EnrollmentChange.change == "transfer_in")
    .correlate(Enrollment)
    .label("transferred_in")
)
"""Whether the record came from another school."""


def concerns(document_key: bytes) -> ColumnElement[bool]:
    """Whether the record, or the person whose it is by now, has this number."""
    return or_(Enrollment.document_key == document_key, Person.document_key == document_key)


_OWN = and_(Enrollment.person_id == Account.person_id, Account.state == "active")
_ASKING = and_(SessionRow.id == bindparam("session_id"), Account.id == bindparam("account_id"))


def _from_session(*columns: Any) -> Any:
    return select(*columns).join_from(SessionRow, Account, SessionRow.account_id == Account.id).where(_ASKING)


_ONE = HotStatement(
    _from_session(*_SESSION, *RECORD)
    .outerjoin(Enrollment, and_(_OWN, Enrollment.id == bindparam("enrollment_id")))
    .outerjoin(Institution, Institution.code == Enrollment.institution_code)
)
_PAGE = HotStatement(
    _from_session(*_SESSION, *RECORD)
    .outerjoin(Enrollment, and_(_OWN, Enrollment.id > bindparam("after")))
    .outerjoin(Institution, Institution.code == Enrollment.institution_code)
    .order_by(Enrollment.id)
    .limit(bindparam("most"))
)
CHANGE = (
    EnrollmentChange.id.label("change_id"),
    EnrollmentChange.change,
    EnrollmentChange.reason,
    EnrollmentChange.note,
    EnrollmentChange.effective_on,
    EnrollmentChange.before,
    EnrollmentChange.after,
    EnrollmentChange.at,
)
"""One change of a record, to its student and to its school: who it was is the school, or its roster."""
_Later = aliased(EnrollmentChange)
_GRANTED, _UNDONE = "claim_granted", "claim_undone"


def _handed_over_since(row: type[EnrollmentChange | EarlierPhoto], moment: Any) -> ColumnElement[int]:
    """Grants of the record less their undoings: below nought, what it got was under one that was undone."""
    return (
        select(func.coalesce(func.sum(case((_Later.change == _GRANTED, 1), else_=-1)), 0))
        .where(
            _Later.enrollment_id == row.enrollment_id,
            or_(_Later.change == _GRANTED, _Later.change == _UNDONE),
            _Later.at > moment,
        )
        .correlate(row)
        .scalar_subquery()
    )


# What somebody else had corrected, who had the record by a grant that was undone, tells who they are.
_READ_BY_ITS_STUDENT = or_(
    ~EnrollmentChange.change.startswith("correct_"), _handed_over_since(EnrollmentChange, EnrollmentChange.at) >= 0
)
# And a photo that came meanwhile may show them.
_SEEN_BY_ITS_STUDENT = _handed_over_since(EarlierPhoto, EarlierPhoto.imported_at) >= 0


def photo_until(*seen: ColumnElement[bool]) -> Label[datetime]:
    """Of a change, up to when what it replaced is kept, for whoever may see it."""
    return (
        select(EarlierPhoto.kept_until)
        .where(EarlierPhoto.change_id == EnrollmentChange.id, *seen)
        .correlate(EnrollmentChange)
        .scalar_subquery()
        .label("photo_until")
    )


_HISTORY = HotStatement(
    _from_session(*_SESSION, Enrollment.id, *CHANGE, photo_until(_SEEN_BY_ITS_STUDENT))
    .outerjoin(Enrollment, and_(_OWN, Enrollment.id == bindparam("enrollment_id")))
    .outerjoin(
        EnrollmentChange,
        and_(
            EnrollmentChange.enrollment_id == Enrollment.id,
            EnrollmentChange.id < bindparam("before_id"),
            _READ_BY_ITS_STUDENT,
        ),
    )
    .order_by(EnrollmentChange.id.desc())
    .limit(bindparam("most"))
)
_ACTIVE = Account.state == "active"
_QUALIFICATIONS = HotStatement(
    _from_session(
        *_SESSION,
        Qualification.id,
        Qualification.enrollment_id,
        Qualification.name,
        Qualification.sex,
        Qualification.birth_date,
        Qualification.admission_date,
        Qualification.graduation_date,
        Qualification.institution_code,
        Institution.name.label("institution_name"),
        Institution.place,
        Qualification.programme_code,
        Qualification.programme_name,
        Qualification.category,
        Qualification.duration_years,
        Qualification.study_form,
        Qualification.level,
        Qualification.conclusion,
        Qualification.exchanged_on,
        Qualification.president_name,
        Qualification.certificate_number,
        select(func.array_agg(RecordPhoto.kind))
        .where(RecordPhoto.enrollment_id == Qualification.enrollment_id)
        .correlate(Qualification)
        .scalar_subquery()
        .label("photo_kinds"),
        select(func.array_agg(Enrollment.status)).where(_OWN).correlate(Account).scalar_subquery().label("statuses"),
    )
    .outerjoin(
        Qualification,
        and_(
            Account.state == "active",
            Qualification.person_id == Account.person_id,
            Qualification.id > bindparam("after"),
        ),
    )
    .outerjoin(Institution, Institution.code == Qualification.institution_code)
    .order_by(Qualification.id)
    .limit(bindparam("most"))
)
_DEGREES = HotStatement(
    _from_session(
        *_SESSION,
        Degree.id,
        Degree.enrollment_id,
        Degree.institution_code,
        Institution.name.label("institution_name"),
        Degree.name,
        Degree.certificate_number,
        Degree.awarded_on,
    )
    .outerjoin(Degree, and_(_ACTIVE, Degree.person_id == Account.person_id, Degree.id > bindparam("after")))
    .outerjoin(Institution, Institution.code == Degree.institution_code)
    .order_by(Degree.id)
    .limit(bindparam("most"))
)
_ACCESSES = HotStatement(
    _from_session(
        *_SESSION,
        RecordAccess.id,
        RecordAccess.enrollment_id,
        RecordAccess.staff_id,
        RecordAccess.action,
        RecordAccess.purpose,
        RecordAccess.at,
        Institution.code.label("institution_code"),
        Institution.name.label("institution_name"),
        Staff.province,
    )
    .outerjoin(
        RecordAccess, and_(_ACTIVE, RecordAccess.person_id == Account.person_id, RecordAccess.id < bindparam("before"))
    )
    .outerjoin(Staff, Staff.id == RecordAccess.staff_id)
    .outerjoin(Institution, Institution.code == Staff.institution_code)
    .order_by(RecordAccess.id.desc())
    .limit(bindparam("most"))
)
_PHOTO = HotStatement(
    _from_session(*_SESSION, Enrollment.id, RecordPhoto.object_key, RecordPhoto.sha256)
    .outerjoin(Enrollment, and_(_OWN, Enrollment.id == bindparam("enrollment_id")))
    .outerjoin(RecordPhoto, and_(RecordPhoto.enrollment_id == Enrollment.id, RecordPhoto.kind == bindparam("kind")))
)
_EARLIER_PHOTO = HotStatement(
    _from_session(*_SESSION, Enrollment.id, EarlierPhoto.object_key, EarlierPhoto.sha256, EarlierPhoto.kept_until)
    .outerjoin(Enrollment, and_(_OWN, Enrollment.id == bindparam("enrollment_id")))
    .outerjoin(
        EarlierPhoto,
        and_(
            EarlierPhoto.change_id == bindparam("change_id"),
            EarlierPhoto.enrollment_id == Enrollment.id,
            _SEEN_BY_ITS_STUDENT,
        ),
    )
)


class ArchiveReads:
    """Every answer carries the session's columns; the record's are null where it is not the asker's own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get_enrollment(
        self, *, session_id: UUID, account_id: UUID, enrollment_id: UUID
    ) -> Mapping[str, Any] | None:
        return await self._database.row(_ONE, session_id=session_id, account_id=account_id, enrollment_id=enrollment_id)

    async def list_enrollments(
        self, *, session_id: UUID, account_id: UUID, after: UUID, most: int
    ) -> Sequence[Mapping[str, Any]]:
        return await self._database.rows(_PAGE, session_id=session_id, account_id=account_id, after=after, most=most)

    async def list_changes(
        self, *, session_id: UUID, account_id: UUID, enrollment_id: UUID, before_id: UUID, most: int
    ) -> Sequence[Mapping[str, Any]]:
        """Of one record, newest first."""
        rows = await self._database.rows(
            _HISTORY,
            session_id=session_id,
            account_id=account_id,
            enrollment_id=enrollment_id,
            before_id=before_id,
            most=most,
        )
        # A bare connection hands JSON over as its text.
        return [
            {**row, "before": json.loads(row["before"] or "{}"), "after": json.loads(row["after"] or "{}")}
            for row in rows
        ]

    async def list_qualifications(
        self, *, session_id: UUID, account_id: UUID, after: UUID, most: int
    ) -> Sequence[Mapping[str, Any]]:
        """With the statuses of all of one's records in every row."""
        return await self._database.rows(
            _QUALIFICATIONS, session_id=session_id, account_id=account_id, after=after, most=most
        )

    async def list_degrees(
        self, *, session_id: UUID, account_id: UUID, after: UUID, most: int
    ) -> Sequence[Mapping[str, Any]]:
        return await self._database.rows(_DEGREES, session_id=session_id, account_id=account_id, after=after, most=most)

    async def list_accesses(
        self, *, session_id: UUID, account_id: UUID, before: UUID, most: int
    ) -> Sequence[Mapping[str, Any]]:
        return await self._database.rows(
            _ACCESSES, session_id=session_id, account_id=account_id, before=before, most=most
        )

    async def get_photo(
        self, *, session_id: UUID, account_id: UUID, enrollment_id: UUID, kind: str
    ) -> Mapping[str, Any] | None:
        return await self._database.row(
            _PHOTO, session_id=session_id, account_id=account_id, enrollment_id=enrollment_id, kind=kind
        )

    async def get_earlier_photo(
        self, *, session_id: UUID, account_id: UUID, enrollment_id: UUID, change_id: UUID
    ) -> Mapping[str, Any] | None:
        """What the record had before the change, and until when it is kept; nothing that others brought it."""
        return await self._database.row(
            _EARLIER_PHOTO,
            session_id=session_id,
            account_id=account_id,
            enrollment_id=enrollment_id,
            change_id=change_id,
        )


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What a record knows that its owner may be asked."""

    person_id: UUID
    name: str
    candidate_number: str | None
    student_number: str
    admission_year: str
    institution_code: str
    programme_name: str
    certificate_number: str | None


class RecordRepository:
    """Records by person, for proving who one is."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def list_facts_for_document(self, document_key: bytes) -> list[RecordFacts]:
        """The records of persons with this number, whatever its type: a roster does not say one."""
        statement = (
            select(
                Enrollment.person_id,
                Enrollment.name,
                Enrollment.candidate_number,
                Enrollment.student_number,
                func.to_char(Enrollment.admission_date, "YYYY"),
                Enrollment.institution_code,
                Enrollment.programme_name,
                Qualification.certificate_number,
            )
            .join(Person, Person.id == Enrollment.person_id)
            .outerjoin(Qualification, Qualification.enrollment_id == Enrollment.id)
            .where(Person.document_key == document_key)
            .limit(50)
        )
        return [RecordFacts(*row) for row in await self._session.execute(statement)]
